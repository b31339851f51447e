/* SPDX-License-Identifier: MIT */
/*
 * One target file in the making: a partial beside the target, renamed over it when it is whole, so
 * that nobody ever sees half a file.
 *
 * Order of calls: file_stage_open() or file_stage_open_path(); writes; then exactly one of publish,
 * discard and keep. The partial's name follows from the target's, so that a later attempt finds
 * it; a lock on it (flock(2)) keeps two copies to one target apart: the second gets a name of its
 * own. A partial that is not ours alone (owner, links, mode) is never reused.
 *
 * Many small files, which nobody resumes, would pay for a lock and three looks each: who fills a
 * folder locks it once with file_stage_lock_folder(), and stages them with FILE_STAGE_ALONE under
 * other names (".NAME.vsh-HASH-new"), which belong to the holder of that lock.
 */
#ifndef FILE_STAGE_H
#define FILE_STAGE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#define FILE_STAGE_NEW 0x1u /* the target must not exist: -EEXIST, at open and at publish */
#define FILE_STAGE_RESUME                                                                          \
    0x2u                     /* keep what an earlier attempt left; -EALREADY when it still runs    \
                              */
#define FILE_STAGE_SYNC 0x4u /* publish: fsync(2) file and folder */
#define FILE_STAGE_ALONE                                                                           \
    0x8u /* dir_fd is locked by the caller; the target is looked at in publish */
#define FILE_STAGE_TIDY                                                                            \
    0x10u /* dir_fd is locked, too: remove what the other way of staging left for name */

struct file_stage {
    int dir_fd; /* the target's folder */
    bool owns_dir;
    int fd; /* the partial, read and write; -1 when closed */
    uint32_t flags;
    uint64_t size; /* length of the partial: where file_stage_write() goes on */
    bool unique;   /* not to be kept: no later attempt would look for this name, or use it */
    char name[NAME_MAX + 1];
    char partial[NAME_MAX + 1];
};

struct file_meta {
    bool bare; /* neither is known: mode of the file that is replaced or by umask, time of now */
    mode_t mode;
    struct timespec mtime;
};

#define FILE_STAGE_INIT ((struct file_stage){.dir_fd = -1, .fd = -1})

/*
 * Opens a partial for name (one component) in dir_fd (borrowed until publish, discard or keep; may
 * be O_PATH). Returns 0 or a negative errno: -EEXIST (FILE_STAGE_NEW), -EISDIR, -ENOTSUP when the
 * target is a device, FIFO or socket (these two from publish with FILE_STAGE_ALONE), -EALREADY
 * (FILE_STAGE_RESUME), or the kernel's. On failure there is nothing to discard.
 */
int file_stage_open(struct file_stage *stage, int dir_fd, const char *name, uint32_t flags);

/* The same by path, beneath root_fd unless it is -1. The folder must exist. */
int file_stage_open_path(struct file_stage *stage, int root_fd, const char *path, uint32_t flags);

/* Appends. Returns 0 or a negative errno. A user of random access may write to fd instead. */
int file_stage_write(struct file_stage *stage, const void *bytes, size_t length);
int file_stage_hole(struct file_stage *stage, uint64_t length);
int file_stage_restart(struct file_stage *stage); /* length 0 again */

/*
 * Gives mode (never set-user-ID, set-group-ID or sticky) and time, then renames. meta may be NULL
 * (= bare). On failure the partial is removed. Returns 0 or a negative errno.
 */
int file_stage_publish(struct file_stage *stage, const struct file_meta *meta);

/* Removes the partial and closes. Does nothing on a closed stage, so it fits every error path. */
void file_stage_discard(struct file_stage *stage);

/* Closes and leaves the partial for a later FILE_STAGE_RESUME; a unique one is removed. */
void file_stage_keep(struct file_stage *stage);

/*
 * Locks a folder for FILE_STAGE_ALONE until dir_fd is closed. False when another copy works there,
 * dir_fd is O_PATH, or the file system has no locks for folders that keep out all who may write to
 * it, which is so on a network: then without FILE_STAGE_ALONE and FILE_STAGE_TIDY.
 */
bool file_stage_lock_folder(int dir_fd);

/* Removes what an earlier attempt left for name, if it is ours and nobody works on it. */
void file_stage_forget(int dir_fd, const char *name);

#endif
