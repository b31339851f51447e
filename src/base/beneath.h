/* SPDX-License-Identifier: MIT */
/*
 * Opening beneath a folder: no path, "..", symbolic link or magic link leads out of it (openat2(2),
 * RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS), with a component-by-component walk on kernels without
 * it.
 */
#ifndef BASE_BENEATH_H
#define BASE_BENEATH_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Opens path as open(2) would. With root_fd >= 0 the path is taken relative to that folder ("/x" is
 * "x" in it) and cannot leave it (-EXDEV); with -1 it is an ordinary path, relative to the working
 * directory. Always O_CLOEXEC. Returns a descriptor or a negative errno.
 */
int beneath_open(int root_fd, const char *path, int flags, mode_t mode);

/*
 * Opens the folder that holds path's last component and gives that component in name (NAME_MAX + 1
 * bytes): the base of every call that creates, renames or removes. Trailing slashes are ignored; a
 * path without a last component ("/", "..", ".") is -EISDIR. Returns an O_PATH|O_DIRECTORY
 * descriptor or a negative errno.
 */
int beneath_open_parent(int root_fd, const char *path, char *name);

/* Test switch: pretend the kernel has no openat2. */
void beneath_use_fallback(bool on);

#endif
