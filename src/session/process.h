/* SPDX-License-Identifier: MIT */
/*
 * The session's process: ONE spawn for shells, commands and PTYs, in both protocols; then signals
 * and its status.
 *
 * Order of calls: process_spawn(), the pump runs, process_reap() when SIGCHLD came,
 * process_terminate() when the peer is gone. The child gets its own session (setsid), default
 * signals and an empty mask, umask 022, the account's ids, its environment and working directory,
 * and no descriptor above 2.
 */
#ifndef SESSION_PROCESS_H
#define SESSION_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct account;
struct pty;

struct process_spec {
    const char *path;  /* program to execute; searched in envp's PATH when it has no slash */
    char *const *argv; /* argv[0] "-bash" makes a login shell */
    char *const *envp;
    const char *cwd; /* NULL or "" = the account's home, "/" if that cannot be entered */
    const struct account *account; /* NULL = stay who we are */
    const struct pty *pty;         /* NULL = three pipes */
};

struct process {
    pid_t pid;    /* also its session and process group */
    int stdin_fd; /* parent's ends, non-blocking, close-on-exec; -1 with a PTY (use pty->master_fd)
                   */
    int stdout_fd;
    int stderr_fd;
    bool exited;
    int status; /* of waitpid(2), once exited */
};

/* What became of it, for exit messages. */
struct process_result {
    bool signalled;
    bool core_dumped;
    int code; /* 0-255, or the signal number */
};

/*
 * Starts the process. A failed exec, chdir to an explicitly wanted cwd, or privilege drop comes
 * back over a pipe: the call then returns that errno (negative), *ret_stage says which step, and
 * nothing is left to reap. Blocks for the time of the exec only.
 */
enum process_stage {
    PROCESS_STAGE_FORK,
    PROCESS_STAGE_ACCOUNT,
    PROCESS_STAGE_CWD,
    PROCESS_STAGE_EXEC
};
int process_spawn(const struct process_spec *spec, struct process *ret,
                  enum process_stage *ret_stage);

/*
 * argv for the usual cases; the caller frees *ret_argv (one piece). A login shell: command NULL,
 * argv[0] "-name". A command: shell -c command.
 */
int process_shell_argv(const char *shell, const char *command, char ***ret_argv);

/* Exit status for a failed exec as shells give it: 127 not found, 126 not executable. */
int process_exec_status(int error);

/* Polls waitpid(2) for this PID only. True once it has ended. */
bool process_reap(struct process *process);
struct process_result process_result(const struct process *process);

/* Sends a signal to the process group (with a PTY: its foreground group). 0 or a negative errno. */
int process_signal(const struct process *process, int master_fd, int signo);

/*
 * Ends every process of the session (session id == pid, found in /proc, so that background jobs in
 * their own groups are met, too): HUP at once, TERM after 1 s, KILL after 3 s; returns as soon as
 * none is left, within 5 s. Blocks. For a process that is its own reaper; the loop is over by then.
 */
void process_terminate(struct process *process);

/* Closes the parent's descriptors that are still open. */
void process_close(struct process *process);

#endif
