/* SPDX-License-Identifier: MIT */
/*
 * The SFTP server under arbitrary bytes: inside a scratch folder as root, so that a found escape
 * would also show as files outside. The first byte says how the stream is cut.
 */
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/ssh/sftpd.h"

#define WORK_MAX 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MEMORY  "/dev/shm/"
#define DISK    "/tmp/"
#define SCRATCH "vsh-fuzz-sftp-XXXXXX"
#define ESCAPED "vsh-fuzz-escaped"

static char folder[sizeof(MEMORY SCRATCH)] = MEMORY SCRATCH;
static int root_fd = -1;

static int remove_entry(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    return ftw->level > 0 ? remove(path) : 0;
}

static void remove_folder(void)
{
    (void)nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    (void)rmdir(folder);
}

static void prepare(void)
{
    const struct rlimit small = {.rlim_cur = 1 << 20, .rlim_max = 1 << 20};
    if (root_fd < 0) {
        /* In memory it is five times as fast. */
        if (mkdtemp(folder) == NULL && mkdtemp(strcpy(folder, DISK SCRATCH)) == NULL) {
            abort();
        }
        root_fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
        (void)atexit(remove_folder);
        (void)signal(SIGXFSZ, SIG_IGN);
        (void)setrlimit(RLIMIT_FSIZE, &small);
    } else {
        (void)nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    }
    int fd = openat(root_fd, "f", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, "content", 7) != 7 || close(fd) < 0 ||
        mkdirat(root_fd, "d", 0700) < 0 || symlinkat("f", root_fd, "link") < 0 ||
        symlinkat("..", root_fd, "up") < 0) {
        abort();
    }
}

static void check_outside(void)
{
    struct stat st;
    if (lstat(MEMORY ESCAPED, &st) == 0 || lstat(DISK ESCAPED, &st) == 0) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t init[] = {0, 0, 0, 5, 1, 0, 0, 0, 3};
    const uint8_t *out;
    struct sftpd *sftpd;
    if (size < 2) {
        return 0;
    }
    prepare();
    const struct sftpd_options options = {
        .root_fd = root_fd,
        .home = "/",
        .no_upload = data[0] & 0x80 ? "no uploads" : NULL,
        .no_download = data[0] & 0x40 ? "no downloads" : NULL,
    };
    if (sftpd_new(&options, &sftpd) < 0) {
        abort();
    }
    (void)sftpd_input(sftpd, init, sizeof(init));
    size_t step = (data[0] & 0x3f) == 0 ? size : data[0] & 0x3f;
    for (size_t at = 1; at < size;) {
        size_t piece = step < size - at ? step : size - at;
        ssize_t n = sftpd_input(sftpd, data + at, piece);
        if (n < 0) {
            break;
        }
        at += (size_t)n;
        for (int i = 0; sftpd_busy(sftpd) && i < WORK_MAX; i++) {
            sftpd_work(sftpd);
        }
        sftpd_consume(sftpd, sftpd_output(sftpd, &out));
        if (n == 0 && sftpd_busy(sftpd)) {
            break;
        }
    }
    sftpd_free(sftpd);
    check_outside();
    return 0;
}
