/* SPDX-License-Identifier: MIT */
/* What beneath_open() does on a kernel without openat2(2). Private to base/. */
#ifndef BASE_BENEATH_WALK_H
#define BASE_BENEATH_WALK_H

#include <sys/types.h>

/*
 * Opens path beneath root_fd, one component at a time, without ever following a link in the kernel.
 * path is relative and not empty; flags hold O_CLOEXEC. Returns a descriptor or a negative errno,
 * -EXDEV for whatever would leave root_fd.
 */
int beneath_walk(int root_fd, const char *path, int flags, mode_t mode);

#endif
