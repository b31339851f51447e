/* SPDX-License-Identifier: MIT */
/*
 * LD_PRELOAD: splice(2) that writes down what it moved ($SPLICE_LOG), and that $SPLICE_MODE makes
 * refuse as a kernel does that cannot, or tear every frame and give up in its middle.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

ssize_t splice(int in, off64_t *in_at, int out, off64_t *out_at, size_t size, unsigned flags)
{
    static unsigned calls;
    const char *mode = getenv("SPLICE_MODE");
    FILE *log = fopen(getenv("SPLICE_LOG"), "ae");
    ssize_t moved = -1;

    calls++;
    if (mode && strcmp(mode, "refuse") == 0) {
        errno = EINVAL;
    } else if (mode && strcmp(mode, "tear") == 0 && calls % 5 >= 3) {
        errno = EAGAIN;
    } else {
        size = mode && strcmp(mode, "tear") == 0 && size > 10001 ? 10001 : size;
        moved = syscall(SYS_splice, in, in_at, out, out_at, size, flags);
    }
    int error = errno;
    if (log) {
        (void)fprintf(log, "%zd\n", moved);
        (void)fclose(log);
    }
    errno = error;
    return moved;
}
