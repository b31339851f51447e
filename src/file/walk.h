/* SPDX-License-Identifier: MIT */
/*
 * Walks a source: one file, or a tree in the order its folders have on disk, in memory that depends
 * on the depth only.
 *
 * Order of calls: file_walk_new(), then file_walk_next() until FILE_WALK_END. A folder is not
 * entered by itself: after FILE_WALK_ENTRY of a folder call file_walk_enter(), or do not; only what
 * was entered is left with FILE_WALK_LEAVE.
 */
#ifndef FILE_WALK_H
#define FILE_WALK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include <vsock-shell/file_message.h>

struct file_walk;

struct file_walk_options {
    int root_fd;
    const char *path; /* copied */
    uint32_t flags;   /* VSH_FILE_RECURSIVE, VSH_FILE_FOLLOW */
    bool opens;       /* file_walk_open() will be called for most regular files */
    uint32_t excludes;
    const char *const *exclude; /* borrowed for the walk's life */
};

enum file_walk_event {
    FILE_WALK_END,
    FILE_WALK_ENTRY,   /* kind, name, path, st; and target for a link */
    FILE_WALK_LEAVE,   /* the folder entered last is done */
    FILE_WALK_SPECIAL, /* path: neither file, folder nor link; inside a tree only */
    FILE_WALK_ERROR,   /* path, act, error: this one cannot be had, the walk goes on */
};

struct file_walk_item {
    enum vsh_file_kind kind;
    const char *name; /* one component; "." for a source whose content is wanted */
    const char *path; /* as the request named it */
    struct stat st;
    char target[VSH_FILE_PATH_MAX + 1]; /* links */
    const char *act;                    /* "open it", for file_sentence() */
    int error;                          /* negative errno */
};

int file_walk_new(const struct file_walk_options *options, struct file_walk **ret);
void file_walk_free(struct file_walk *walk);

/* Gives the next thing; item's pointers are good until the next call. Blocks only for the disk. */
enum file_walk_event file_walk_next(struct file_walk *walk, struct file_walk_item *ret);

/* Opens the regular file that the last FILE_WALK_ENTRY told of, for reading, and looks at it in
 * *ret_st: a descriptor, or a negative errno (-ENOTSUP: it is no regular file any more). To be
 * called once at most per entry. */
int file_walk_open(struct file_walk *walk, struct stat *ret_st);

/* Enters the folder that the last FILE_WALK_ENTRY told of. Returns 0 or a negative errno: -ELOOP
 * when it is one of those entered already, -E2BIG beyond VSH_FILE_DEPTH_MAX. */
int file_walk_enter(struct file_walk *walk);

/* Passes over what is left of the folder entered last: the next event is its FILE_WALK_LEAVE. */
void file_walk_prune(struct file_walk *walk);

unsigned file_walk_depth(const struct file_walk *walk); /* folders entered and not left */

#endif
