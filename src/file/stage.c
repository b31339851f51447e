/* SPDX-License-Identifier: MIT */
/*
 * Opening, filling, publishing and dropping the partial of one target file. Which name a partial
 * has and when an existing one is taken over is stage_partial.c's.
 */
#include "file/stage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "file/stage_partial.h"

static int check_target(int dir_fd, const char *name, uint32_t flags)
{
    struct stat st;

    if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
        return errno == ENOENT ? 0 : -errno;
    }
    if (flags & FILE_STAGE_NEW) {
        return -EEXIST;
    }
    if (S_ISDIR(st.st_mode)) {
        return -EISDIR;
    }
    /* A rename would put a plain file in the place of /dev/null. A link is replaced: writing
     * through it would mean to trust where it leads. */
    return S_ISREG(st.st_mode) || S_ISLNK(st.st_mode) ? 0 : -ENOTSUP;
}

int file_stage_open(struct file_stage *stage, int dir_fd, const char *name, uint32_t flags)
{
    *stage = FILE_STAGE_INIT;
    if (dir_fd < 0) {
        return -EBADF; /* never the working directory by mistake */
    }
    if (strlen(name) > NAME_MAX) {
        return -ENAMETOOLONG;
    }
    /* Alone it is for the rename to find out what is there: for most files it is nothing. */
    int rc = (flags & (FILE_STAGE_ALONE | FILE_STAGE_NEW)) == FILE_STAGE_ALONE
                 ? 0
                 : check_target(dir_fd, name, flags);
    if (rc < 0) {
        return rc;
    }
    stage->flags = flags;
    memcpy(stage->name, name, strlen(name) + 1);
    rc = stage_partial_open(stage, dir_fd);
    if (rc == 0) {
        stage->dir_fd = dir_fd;
    }
    return rc;
}

int file_stage_open_path(struct file_stage *stage, int root_fd, const char *path, uint32_t flags)
{
    char name[NAME_MAX + 1];

    *stage = FILE_STAGE_INIT;
    cleanup_close int dir_fd = beneath_open_parent(root_fd, path, name);
    if (dir_fd < 0) {
        return dir_fd;
    }
    int rc = path[strlen(path) - 1] == '/' ? -EISDIR : file_stage_open(stage, dir_fd, name, flags);
    if (rc == 0) {
        stage->owns_dir = true;
        (void)take_fd(&dir_fd);
    }
    return rc;
}

int file_stage_write(struct file_stage *stage, const void *bytes, size_t length)
{
    const char *from = bytes;

    while (length > 0) {
        ssize_t count = pwrite(stage->fd, from, length, (off_t)stage->size);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            return count < 0 ? -errno : -EIO;
        }
        from += count;
        length -= (size_t)count;
        stage->size += (uint64_t)count;
    }
    return 0;
}

int file_stage_hole(struct file_stage *stage, uint64_t length)
{
    if (length > INT64_MAX - stage->size) {
        return -EFBIG;
    }
    /* At once, not at the end: the partial's length says how far a later attempt may trust it. */
    if (ftruncate(stage->fd, (off_t)(stage->size + length)) < 0) {
        return -errno;
    }
    stage->size += length;
    return 0;
}

int file_stage_restart(struct file_stage *stage)
{
    if (ftruncate(stage->fd, 0) < 0) {
        return -errno;
    }
    stage->size = 0;
    return 0;
}

/* There is no call that only reads the umask. Nobody else runs in these programs meanwhile. */
static mode_t current_umask(void)
{
    mode_t mask = umask(077);

    (void)umask(mask);
    return mask;
}

static mode_t default_mode(const struct file_stage *stage)
{
    struct stat st;

    if (fstatat(stage->dir_fd, stage->name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
        st.st_uid == geteuid()) {
        return st.st_mode & 0777;
    }
    return 0666 & ~current_umask();
}

static int apply_meta(const struct file_stage *stage, const struct file_meta *meta)
{
    bool bare = !meta || meta->bare;
    mode_t mode = bare ? default_mode(stage) : meta->mode & 0777;

    /* The file is ours, so a refusal means a file system without modes: 0600 or its own stays. */
    if (fchmod(stage->fd, mode) < 0 && errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS) {
        return -errno;
    }
    if (bare) {
        return 0;
    }
    const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, meta->mtime};
    return futimens(stage->fd, times) < 0 ? -errno : 0;
}

/* A close reports what a network file system could not store. Ours would give up the lock, so a
 * copy is closed; without a lock it is the file itself. */
static int flush_delayed(struct file_stage *stage)
{
    int fd = stage->fd;

    if (stage->flags & FILE_STAGE_ALONE) {
        stage->fd = -1;
    } else {
        fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    }
    if (fd < 0) {
        return 0; /* only a check that could not be made */
    }
    return close(fd) < 0 && errno != EINTR ? -errno : 0;
}

static int rename_new(int dir_fd, const char *from, const char *to)
{
    int r = rename_without_replacing(dir_fd, from, dir_fd, to);

    if (r != -EINVAL && r != -ENOSYS) {
        return r;
    }
    /* A file system that cannot promise it in one call: a hard link never replaces either. */
    if (linkat(dir_fd, from, dir_fd, to, 0) < 0) {
        return -errno;
    }
    return unlinkat(dir_fd, from, 0) < 0 ? -errno : 0;
}

static int rename_over(const struct file_stage *stage)
{
    if (stage->flags & FILE_STAGE_ALONE) {
        /* Whatever stops it: a file system, or a filter of system calls, may only be without it. */
        int r = rename_without_replacing(stage->dir_fd, stage->partial, stage->dir_fd, stage->name);
        if (r == 0) {
            return 0;
        }
        r = check_target(stage->dir_fd, stage->name, stage->flags);
        if (r < 0) {
            return r;
        }
    }
    return renameat(stage->dir_fd, stage->partial, stage->dir_fd, stage->name) < 0 ? -errno : 0;
}

static int sync_folder(int dir_fd)
{
    /* dir_fd may be O_PATH, which cannot be synced. */
    cleanup_close int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

static int publish(struct file_stage *stage, const struct file_meta *meta)
{
    int rc = apply_meta(stage, meta);
    if (rc == 0 && (stage->flags & FILE_STAGE_SYNC) && fsync(stage->fd) < 0) {
        rc = -errno;
    }
    if (rc == 0) {
        rc = flush_delayed(stage);
    }
    if (rc < 0) {
        return rc;
    }
    /* Renamed while the lock is held: whoever waits for it finds the name gone, not our bytes. */
    if (stage->flags & FILE_STAGE_NEW) {
        return rename_new(stage->dir_fd, stage->partial, stage->name);
    }
    return rename_over(stage);
}

static void close_both(struct file_stage *stage)
{
    if (stage->fd >= 0) {
        (void)close(stage->fd);
    }
    if (stage->owns_dir) {
        (void)close(stage->dir_fd);
    }
    stage->fd = -1;
    stage->dir_fd = -1;
}

static void remove_partial(struct file_stage *stage)
{
    (void)unlinkat(stage->dir_fd, stage->partial, 0); /* may have gone with its folder */
    close_both(stage);
}

int file_stage_publish(struct file_stage *stage, const struct file_meta *meta)
{
    int rc = publish(stage, meta);
    if (rc < 0) {
        remove_partial(stage);
        return rc;
    }
    if (stage->flags & FILE_STAGE_SYNC) {
        rc = sync_folder(stage->dir_fd);
    }
    close_both(stage);
    return rc;
}

void file_stage_discard(struct file_stage *stage)
{
    if (stage->fd >= 0) {
        remove_partial(stage);
    }
}

void file_stage_keep(struct file_stage *stage)
{
    if (stage->unique) {
        file_stage_discard(stage);
    } else if (stage->fd >= 0) {
        close_both(stage);
    }
}
