/* SPDX-License-Identifier: MIT */
/*
 * Signals to a session's processes, and the end of all of them. A session is found by its id in
 * /proc: process groups are not enough, since a shell gives each job its own. The guard of a
 * session calls this without a heap (process_guard.c): nothing here allocates, not in the C
 * library either.
 */
#include "process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"

#define PAUSE_FIRST_MS 5
#define PAUSE_MAX_MS   100

/* What the processes hear, and when. After the last step every look repeats it: new ones may come.
 */
static const struct step {
    int64_t after_ms;
    int signals[2];
} steps[] = {
    {0, {SIGHUP, SIGCONT}},
    {1000, {SIGTERM, SIGCONT}},
    {3000, {SIGKILL, 0}},
};
#define STEP_COUNT (sizeof(steps) / sizeof(steps[0]))
#define GIVE_UP_MS 4900

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

int process_signal(const struct process *process, int master_fd, int signo)
{
    /* Once reaped, the number may belong to somebody else. */
    if (process->exited) {
        return -ESRCH;
    }
    pid_t group = master_fd >= 0 ? tcgetpgrp(master_fd) : -1;
    if (group > 1 && kill(-group, signo) == 0) {
        return 0;
    }
    return kill(-process->pid, signo) < 0 ? -errno : 0;
}

/* A decimal number after blanks, and the place behind it. No process has more than nine digits. */
static pid_t read_number(const char **text)
{
    pid_t number = 0;

    while (**text == ' ') {
        (*text)++;
    }
    while (is_digit(**text) && number < 100000000) {
        number = number * 10 + (*(*text)++ - '0');
    }
    return number;
}

/*
 * Reads state and session id of one process: "77 (comm) S ppid pgrp session ...", where comm may
 * hold blanks and parentheses. False when the process has gone.
 */
static bool read_stat(int proc_fd, const char *pid, char *ret_state, pid_t *ret_session)
{
    char path[32], text[512];

    if (strlen(pid) > sizeof(path) - sizeof("/stat")) {
        return false;
    }
    (void)stpcpy(stpcpy(path, pid), "/stat");
    cleanup_close int fd = openat(proc_fd, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    ssize_t n = read(fd, text, sizeof(text) - 1);
    if (n <= 0) {
        return false;
    }
    text[n] = '\0';
    const char *p = strrchr(text, ')');
    if (!p || p[1] != ' ' || p[2] == '\0') {
        return false;
    }
    *ret_state = p[2];
    p += 3;
    (void)read_number(&p); /* its parent */
    (void)read_number(&p); /* its group */
    *ret_session = read_number(&p);
    return true;
}

static void send_both(pid_t pid, const struct step *step)
{
    for (size_t i = 0; step && i < 2 && step->signals[i] != 0; i++) {
        (void)kill(pid, step->signals[i]);
    }
}

/* One process of the list; true when it is a living one of the session. */
static bool signal_process(int proc_fd, const char *name, pid_t session, const struct step *step)
{
    char state = 0;
    pid_t sid = 0;
    const char *p = name;

    if (!read_stat(proc_fd, name, &state, &sid) || sid != session || state == 'Z' || state == 'X') {
        return false;
    }
    send_both(read_number(&p), step);
    return true;
}

/*
 * Sends the step's signals to every living process of the session (step may be NULL). Returns how
 * many there are, or a negative errno when /proc does not help. Not with opendir(), which
 * allocates.
 */
static int signal_session(pid_t session, const struct step *step)
{
    _Alignas(struct dirent) char entries[4096];
    bool seen_self = false;
    int count = 0;
    ssize_t n;

    cleanup_close int proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (proc_fd < 0) {
        return -errno;
    }
    while ((n = syscall(SYS_getdents64, proc_fd, entries, sizeof(entries))) > 0) {
        const struct dirent *entry;
        for (ssize_t at = 0; at < n; at += entry->d_reclen) {
            entry = (const struct dirent *)(const void *)(entries + at);
            const char *p = entry->d_name;
            if (is_digit(*p)) {
                seen_self = seen_self || read_number(&p) == getpid();
                count += signal_process(proc_fd, entry->d_name, session, step);
            }
        }
    }
    /* An empty /proc folder (a chroot) is no news of an empty session. */
    return seen_self ? count : -ENOENT;
}

/* Without /proc there is only the process group. */
static int signal_all(pid_t session, const struct step *step)
{
    int count = signal_session(session, step);

    if (count < 0) {
        send_both(-session, step);
        count = kill(-session, 0) == 0 ? 1 : 0;
    }
    return count;
}

static void pause_ms(int64_t ms)
{
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    (void)nanosleep(&time, NULL);
}

/* leader NULL = not ours to reap. */
static void end_session(pid_t session, struct process *leader)
{
    int64_t start = monotonic_ms();
    int64_t pause = PAUSE_FIRST_MS;
    size_t next = 0;

    for (;;) {
        int64_t passed = monotonic_ms() - start;
        const struct step *step = NULL;

        if (next < STEP_COUNT && passed >= steps[next].after_ms) {
            step = &steps[next++];
        } else if (next == STEP_COUNT) {
            step = &steps[STEP_COUNT - 1];
        }
        int left = signal_all(session, step);
        bool reaped = !leader || process_reap(leader);
        if ((left == 0 && reaped) || passed >= GIVE_UP_MS) {
            return;
        }
        pause_ms(pause);
        pause = pause * 2 > PAUSE_MAX_MS ? PAUSE_MAX_MS : pause * 2;
    }
}

void process_terminate(struct process *process)
{
    /* Kept until all are gone: the leader may be the first of them. */
    struct process_guard guard = process->guard;

    process->guard.pid = 0;
    /*
     * A session keeps its leader's number from being used again. So when we have reaped the leader
     * and the number lives, it is a stranger's and no process of ours is left.
     */
    if (!process_reap(process) || kill(process->pid, 0) < 0) {
        end_session(process->pid, process);
    }
    process_guard_release(&guard);
}

void process_terminate_orphans(pid_t session)
{
    end_session(session, NULL);
}
