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

#include "session/process_guard.h"

struct account;
struct pty;
struct record;
struct recorder;

/*
 * The soft limit of open descriptors that a session starts with, when ours is higher: the server
 * raises its own for many connections, and select(2) of an old program breaks above this. The hard
 * limit stays, so a program that needs more may ask.
 */
#define PROCESS_NOFILE_SOFT 1024

struct process_spec {
    const char *path;  /* program to execute; searched in envp's PATH when it has no slash */
    char *const *argv; /* argv[0] "-bash" makes a login shell */
    char *const *envp;
    const char *cwd; /* NULL or "" = the account's home, "/" if that cannot be entered */
    const struct account *account; /* NULL = stay who we are; home is then envp's HOME */
    const struct pty *pty;     /* NULL = three pipes; the caller closes slave_fd after the spawn */
    struct recorder *recorder; /* records a process on a PTY; NULL = nobody does */
};

struct process {
    pid_t pid;    /* also its session and process group */
    int stdin_fd; /* parent's ends, non-blocking, close-on-exec; -1 with a PTY (use pty->master_fd)
                   */
    int stdout_fd;
    int stderr_fd;
    struct process_guard guard;
    struct record *record; /* of its terminal; NULL = not recorded */
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
 * Starts the process, and its recording before it. A failed exec, chdir to an explicitly wanted
 * cwd, or privilege drop comes back over a pipe: the call then returns that errno (negative),
 * *ret_stage says which step, and nothing is left to reap. Blocks for the time of the exec only.
 */
enum process_stage {
    PROCESS_STAGE_PTY, /* never of the spawn itself: for callers that open the terminal before */
    PROCESS_STAGE_RECORD,
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

/*
 * Polls waitpid(2) for this PID only. True once it has ended. SIGCHLD must not be ignored, or the
 * kernel throws the status away (it counts as exit 255 then).
 */
bool process_reap(struct process *process);
struct process_result process_result(const struct process *process);

/*
 * Sends a signal to the process group, or with master_fd >= 0 to the terminal's foreground group.
 * 0 or a negative errno: -ESRCH once it has been reaped.
 */
int process_signal(const struct process *process, int master_fd, int signo);

/*
 * Ends every process of the session (session id == pid, found in /proc, so that background jobs in
 * their own groups are met, too; without /proc the process group): HUP and CONT at once, TERM after
 * 1 s, KILL after 3 s; reaps the leader and returns as soon as none is left, within 5 s. Blocks:
 * the loop is over by then. A process that made a session of its own (setsid, a daemon) is not
 * ours.
 */
void process_terminate(struct process *process);

/*
 * The same for a session whose leader is no child of ours (its own parent was killed); the leader
 * is waited for by whoever has it now.
 */
void process_terminate_orphans(pid_t session);

/* Closes the parent's descriptors that are still open, and ends the recording; a process
 * that still runs is left alone from now on. */
void process_close(struct process *process);

#endif
