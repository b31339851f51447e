/* SPDX-License-Identifier: MIT */
/* The folder of --record and the files in it. Runs with the server's rights. */
#include "server/record_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"

#define TRIES_MAX 100

static const char *find_fault(const struct stat *st)
{
    if (st->st_uid != geteuid() && st->st_uid != 0) {
        return "belongs to another user: give it to the server's user or to root";
    }
    if (st->st_mode & 022) {
        return "is writable for others than its owner: chmod 700 it";
    }
    return NULL;
}

int record_folder_open(const char *path, char *error, size_t size)
{
    struct stat st;
    int r = 0;
    cleanup_close int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 || fstat(fd, &st) < 0) {
        r = -errno;
        (void)snprintf(error, size, "--record: cannot open the folder '%s': %s", path,
                       strerror(-r));
        return r;
    }
    const char *fault = find_fault(&st);
    if (fault) {
        (void)snprintf(error, size, "--record: the folder '%s' %s", path, fault);
        return -EPERM;
    }
    if (faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) < 0) {
        r = -errno;
        (void)snprintf(error, size, "--record: cannot write to the folder '%s': %s", path,
                       strerror(-r));
        return r;
    }
    return take_fd(&fd);
}

/* A user's name may be anything that the database holds: no slash, no leading dot comes of it. */
static void make_plain(char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";

    for (; *text != '\0'; text++) {
        if (!strchr(plain, *text)) {
            *text = *text == ':' ? '.' : '-';
        }
    }
}

static void make_name(char *name, size_t size, const struct record_subject *subject,
                      unsigned number)
{
    char when[32];
    char suffix[16] = "";
    struct tm tm;
    time_t now = time(NULL);

    (void)gmtime_r(&now, &tm);
    (void)strftime(when, sizeof(when), "%Y%m%dT%H%M%SZ", &tm);
    if (number > 1) {
        (void)snprintf(suffix, sizeof(suffix), "_%u", number);
    }
    (void)snprintf(name, size, "%s_%.64s_%.64s_%d%s.cast", when, subject->peer, subject->user,
                   (int)subject->pid, suffix);
    make_plain(name);
}

static int64_t now_us(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int record_file_open(struct record_file *file, int folder_fd, const struct record_subject *subject)
{
    int flags = O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC;

    /* A name is taken when the pid has come round within the second. */
    for (unsigned i = 0; i < TRIES_MAX; i++) {
        make_name(file->name, sizeof(file->name), subject, subject->number + i);
        file->fd = openat(folder_fd, file->name, flags, 0600);
        if (file->fd >= 0 || errno != EEXIST) {
            break;
        }
    }
    if (file->fd < 0) {
        return -errno;
    }
    (void)fchmod(file->fd, 0600); /* whatever the umask took away */
    file->whole = 0;
    file->start_us = now_us();
    return 0;
}

void record_file_close(struct record_file *file)
{
    if (file->fd >= 0) {
        (void)close(take_fd(&file->fd));
    }
}

void record_file_discard(struct record_file *file, int folder_fd)
{
    record_file_close(file);
    (void)unlinkat(folder_fd, file->name, 0);
}

int64_t record_file_us(const struct record_file *file)
{
    return now_us() - file->start_us;
}

int record_file_write(struct record_file *file, const void *line, size_t length)
{
    int r = fd_write_full(file->fd, line, length, -1);

    if (r < 0) {
        (void)!ftruncate(file->fd, file->whole);
        return r;
    }
    file->whole += (off_t)length;
    return 0;
}
