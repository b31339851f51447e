/* SPDX-License-Identifier: MIT */
/*
 * The one spawn: pipes, fork, and what the child said about its exec. Owns the PID and the parent's
 * ends; what the child does before exec is process_child.c, how a session is ended
 * process_terminate.c.
 */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "session/account.h"
#include "session/environ.h"
#include "session/process_child.h"
#include "session/process_record.h"
#include "session/pty.h"
#include "session/record.h"

#define DEFAULT_PATH "/usr/local/bin:/usr/bin:/bin"

/*
 * A frame's worth, measured: half as fast again as the kernel's 64 KiB, and 1 MiB is no faster.
 * Every byte counts against the user's pipe-user-pages-soft (pipe(7)), so stderr stays small.
 */
#define PIPE_BYTES (256 * 1024)

/* Everything the child would have to allocate. The caller frees candidate and script_argv. */
static int plan_exec(struct process_plan *plan)
{
    const struct process_spec *spec = plan->spec;
    const char *home = spec->account ? spec->account->home : environ_find(spec->envp, "HOME", NULL);
    size_t argc = 0;

    plan->home = home && home[0] != '\0' ? home : "/";
    if (!strchr(spec->path, '/')) {
        const char *path = environ_find(spec->envp, "PATH", NULL);
        plan->search = path && path[0] != '\0' ? path : DEFAULT_PATH;
        plan->candidate = malloc(strlen(plan->search) + strlen(spec->path) + 2);
        if (!plan->candidate) {
            return -ENOMEM;
        }
    }
    while (spec->argv[argc]) {
        argc++;
    }
    plan->script_argv = calloc(argc + 3, sizeof(*plan->script_argv));
    if (!plan->script_argv) {
        return -ENOMEM;
    }
    static char shell_name[] = "sh";
    plan->script_argv[0] = shell_name;
    for (size_t i = 1; i < argc; i++) {
        plan->script_argv[i + 1] = spec->argv[i];
    }
    return 0;
}

/* One pipe: the parent's end is non-blocking, the child's is an ordinary one. */
static int make_pipe(int *ret_parent, int *ret_child, bool child_reads)
{
    int fds[2];

    if (pipe2(fds, O_CLOEXEC) < 0) {
        return -errno;
    }
    *ret_child = fds[child_reads ? 0 : 1];
    *ret_parent = fds[child_reads ? 1 : 0];
    return fd_set_nonblock(*ret_parent, true);
}

static int make_pipes(struct process *process, int child_fds[3])
{
    /* stderr first: the lower number is the one that a poll loop looks at first. */
    int r = make_pipe(&process->stderr_fd, &child_fds[2], false);

    if (r == 0) {
        r = make_pipe(&process->stdout_fd, &child_fds[1], false);
    }
    if (r == 0) {
        r = make_pipe(&process->stdin_fd, &child_fds[0], true);
    }
    if (r == 0) {
        (void)fcntl(process->stdout_fd, F_SETPIPE_SZ, PIPE_BYTES);
        (void)fcntl(process->stdin_fd, F_SETPIPE_SZ, PIPE_BYTES);
    }
    return r;
}

/*
 * Forks with every signal blocked, so that no handler of ours runs in the child before it has reset
 * them; the parent's mask is restored. Returns the PID or a negative errno.
 */
static pid_t fork_child(const struct process_plan *plan)
{
    sigset_t all, before;

    (void)sigfillset(&all);
    (void)sigprocmask(SIG_SETMASK, &all, &before);
    pid_t pid = fork();
    if (pid == 0) {
        process_child_run(plan);
    }
    pid_t result = pid < 0 ? -errno : pid;
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    return result;
}

/* Waits for the exec to happen (end of file) or to fail. */
static int read_failure(int fd, struct process_failure *failure)
{
    ssize_t n;

    do {
        n = read(fd, failure, sizeof(*failure));
    } while (n < 0 && errno == EINTR);
    return n == (ssize_t)sizeof(*failure) ? -failure->error : 0;
}

static int start(struct process_plan *plan, struct process *process, enum process_stage *ret_stage)
{
    cleanup_close int error_read = -1, error_write = -1;
    struct process_failure failure;
    int fds[2];

    if (pipe2(fds, O_CLOEXEC) < 0) {
        return -errno;
    }
    error_read = fds[0];
    error_write = fds[1];
    plan->error_fd = error_write;
    pid_t pid = fork_child(plan);
    if (pid < 0) {
        return pid;
    }
    /* Ours would keep the pipe from ever ending. */
    (void)close(take_fd(&error_write));
    int r = read_failure(error_read, &failure);
    if (r < 0) {
        *ret_stage = failure.stage;
        pid_t reaped;
        do {
            reaped = waitpid(pid, NULL, 0);
        } while (reaped < 0 && errno == EINTR);
        return r;
    }
    process->pid = pid;
    return 0;
}

int process_spawn(const struct process_spec *spec, struct process *ret,
                  enum process_stage *ret_stage)
{
    struct process_plan plan = {.spec = spec, .stdio = {-1, -1, -1}, .error_fd = -1};
    struct process process = {.stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1};
    int pipes[3] = {-1, -1, -1};

    *ret_stage = PROCESS_STAGE_RECORD;
    int r = process_record_start(spec, &process.record);
    if (r < 0) {
        return r;
    }
    *ret_stage = PROCESS_STAGE_FORK;
    r = plan_exec(&plan);
    if (r == 0 && !spec->pty) {
        r = make_pipes(&process, pipes);
    }
    for (int i = 0; i < 3; i++) {
        plan.stdio[i] = spec->pty ? spec->pty->slave_fd : pipes[i];
    }
    if (r == 0) {
        process_guard_start(&process.guard);
        plan.guard = &process.guard;
        r = start(&plan, &process, ret_stage);
    }
    for (int i = 0; i < 3; i++) {
        if (pipes[i] >= 0) {
            (void)close(pipes[i]);
        }
    }
    free(plan.candidate);
    free(plan.script_argv);
    if (r < 0) {
        process_close(&process);
        return r;
    }
    *ret = process;
    return 0;
}

int process_shell_argv(const char *shell, const char *command, char ***ret_argv)
{
    const char *slash = strrchr(shell, '/');
    const char *name = slash ? slash + 1 : shell;
    const char *words[3] = {name, command ? "-c" : NULL, command};
    size_t size = 4 * sizeof(char *) + 1;

    for (int i = 0; i < 3 && words[i]; i++) {
        size += strlen(words[i]) + 1;
    }
    char **argv = calloc(1, size);
    if (!argv) {
        return -ENOMEM;
    }
    char *text = (char *)(argv + 4);
    for (int i = 0; i < 3 && words[i]; i++) {
        argv[i] = text;
        if (i == 0 && !command) {
            *text++ = '-';
        }
        text = stpcpy(text, words[i]) + 1;
    }
    *ret_argv = argv;
    return 0;
}

int process_exec_status(int error)
{
    error = abs(error);
    return error == ENOENT || error == ENOTDIR ? 127 : 126;
}

bool process_reap(struct process *process)
{
    int status = 0;
    pid_t pid;

    if (process->exited) {
        return true;
    }
    do {
        pid = waitpid(process->pid, &status, WNOHANG);
    } while (pid < 0 && errno == EINTR);
    if (pid == 0) {
        return false;
    }
    process->exited = true;
    /* Now, not later: the number may soon be another's. */
    process_guard_release(&process->guard);
    /* Somebody took the status (SIGCHLD ignored): there is a failure to tell, and no more. */
    process->status = pid > 0 ? status : 255 << 8;
    return true;
}

struct process_result process_result(const struct process *process)
{
    int status = process->status;

    if (WIFSIGNALED(status)) {
        return (struct process_result){
            .signalled = true, .core_dumped = WCOREDUMP(status), .code = WTERMSIG(status)};
    }
    return (struct process_result){.code = WEXITSTATUS(status)};
}

void process_close(struct process *process)
{
    int *fds[] = {&process->stdin_fd, &process->stdout_fd, &process->stderr_fd};

    for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
        if (*fds[i] >= 0) {
            (void)close(take_fd(fds[i]));
        }
    }
    process_guard_release(&process->guard);
    record_end(process->record);
    process->record = NULL;
}
