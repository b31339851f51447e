/* SPDX-License-Identifier: MIT */
/*
 * Reading authorized_keys. The checks are made on the open file and on the folders of its real
 * path: whoever can write to one of them can give himself a key.
 */
#include "server/ssh/authorized_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "session/account.h"

static int append(char *path, size_t *length, const char *text)
{
    size_t more = strlen(text);
    if (*length + more >= PATH_MAX) {
        return -ENAMETOOLONG;
    }
    memcpy(path + *length, text, more + 1);
    *length += more;
    return 0;
}

int authorized_file_path(const char *pattern, const struct account *account, char *ret)
{
    char uid[16];
    size_t length = 0;
    int r = 0;
    ret[0] = '\0';
    (void)snprintf(uid, sizeof(uid), "%u", account->uid);
    if (pattern[0] != '/' && strncmp(pattern, "%h", 2) != 0) {
        (void)append(ret, &length, account->home);
        r = append(ret, &length, "/");
    }
    for (; *pattern != '\0' && r == 0; pattern++) {
        char letter[2] = {*pattern, '\0'};
        if (*pattern != '%') {
            r = append(ret, &length, letter);
            continue;
        }
        switch (*++pattern) {
        case 'h':
            r = append(ret, &length, account->home);
            break;
        case 'u':
            r = append(ret, &length, account->name);
            break;
        case 'U':
            r = append(ret, &length, uid);
            break;
        case '%':
            r = append(ret, &length, "%");
            break;
        default:
            return -EINVAL;
        }
    }
    return r;
}

static bool is_safe(const struct stat *st, uid_t uid)
{
    return (st->st_uid == 0 || st->st_uid == uid) && (st->st_mode & 022) == 0;
}

static int refuse(const char *what, const char *path, char *error, size_t size)
{
    (void)snprintf(error, size,
                   "%s %.300s must belong to the user or root and be writable by nobody else", what,
                   path);
    return -EPERM;
}

/* The folders above the file; the home is the last one that the user answers for. */
static int check_folders(const char *path, const struct account *account, char *error, size_t size)
{
    char real[PATH_MAX], home[PATH_MAX];
    struct stat st;
    if (realpath(path, real) == NULL) {
        return -errno;
    }
    bool has_home = realpath(account->home, home) != NULL;
    for (char *slash = strrchr(real, '/'); slash != NULL; slash = strrchr(real, '/')) {
        *slash = '\0';
        const char *folder = real[0] != '\0' ? real : "/";
        if (stat(folder, &st) < 0) {
            return -errno;
        }
        if (!is_safe(&st, account->uid)) {
            return refuse("folder", folder, error, size);
        }
        if (has_home && strcmp(folder, home) == 0) {
            break;
        }
    }
    return 0;
}

static int read_all(int fd, size_t length, char **ret)
{
    cleanup_free char *text = malloc(length + 1);
    size_t at = 0;
    if (text == NULL) {
        return -ENOMEM;
    }
    while (at < length) {
        ssize_t n = read(fd, text + at, length - at);
        if (n < 0 && errno != EINTR) {
            return -errno;
        }
        if (n == 0) {
            break; /* it shrank meanwhile */
        }
        at += n > 0 ? (size_t)n : 0;
    }
    text[at] = '\0';
    *ret = text;
    text = NULL;
    return (int)at;
}

int authorized_file_read(const char *path, const struct account *account, char **ret,
                         size_t *ret_length, char *error, size_t size)
{
    struct stat st;
    /* O_NONBLOCK: a FIFO of that name must not stop the login. */
    cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 || fstat(fd, &st) < 0) {
        int failure = errno;
        (void)snprintf(error, size, "cannot read %.300s: %s", path, strerror(failure));
        return -failure;
    }
    if (!S_ISREG(st.st_mode) || st.st_size > (off_t)AUTHORIZED_FILE_MAX) {
        (void)snprintf(error, size, "%.300s is no regular file of at most %u bytes", path,
                       AUTHORIZED_FILE_MAX);
        return -EPERM;
    }
    if (!is_safe(&st, account->uid)) {
        return refuse("file", path, error, size);
    }
    int r = check_folders(path, account, error, size);
    if (r == 0) {
        r = read_all(fd, (size_t)st.st_size, ret);
    }
    if (r < 0) {
        if (r != -EPERM) {
            (void)snprintf(error, size, "cannot read %.300s: %s", path, strerror(-r));
        }
        return r;
    }
    *ret_length = (size_t)r;
    return 0;
}
