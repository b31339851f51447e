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
    if (strlen(name) > NAME_MAX) {
        return -ENAMETOOLONG;
    }
    int rc = check_target(dir_fd, name, flags);
    if (rc < 0) {
        return rc;
    }

    cleanup_close int own = fcntl(dir_fd, F_DUPFD_CLOEXEC, 0);
    if (own < 0) {
        return -errno;
    }
    stage->flags = flags;
    memcpy(stage->name, name, strlen(name) + 1);
    rc = stage_partial_open(stage, own);
    if (rc < 0) {
        return rc;
    }
    stage->dir_fd = take_fd(&own);
    return 0;
}

int file_stage_open_path(struct file_stage *stage, int root_fd, const char *path, uint32_t flags)
{
    char name[NAME_MAX + 1];

    *stage = FILE_STAGE_INIT;
    cleanup_close int dir_fd = beneath_open_parent(root_fd, path, name);
    if (dir_fd < 0) {
        return dir_fd;
    }
    return path[strlen(path) - 1] == '/' ? -EISDIR : file_stage_open(stage, dir_fd, name, flags);
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

/* A close reports what a network file system could not store; this one keeps our lock. */
static int flush_delayed(int fd)
{
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

    if (copy < 0) {
        return 0; /* only a check that could not be made */
    }
    return close(copy) < 0 && errno != EINTR ? -errno : 0;
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

static int sync_folder(int dir_fd)
{
    /* dir_fd may be O_PATH, which cannot be synced. */
    cleanup_close int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

static int publish(const struct file_stage *stage, const struct file_meta *meta)
{
    int rc = apply_meta(stage, meta);
    if (rc == 0 && (stage->flags & FILE_STAGE_SYNC) && fsync(stage->fd) < 0) {
        rc = -errno;
    }
    if (rc == 0) {
        rc = flush_delayed(stage->fd);
    }
    if (rc < 0) {
        return rc;
    }
    /* Renamed while the lock is held: whoever waits for it finds the name gone, not our bytes. */
    if (stage->flags & FILE_STAGE_NEW) {
        return rename_new(stage->dir_fd, stage->partial, stage->name);
    }
    return renameat(stage->dir_fd, stage->partial, stage->dir_fd, stage->name) < 0 ? -errno : 0;
}

static void close_both(struct file_stage *stage)
{
    (void)close(stage->fd);
    (void)close(stage->dir_fd);
    stage->fd = -1;
    stage->dir_fd = -1;
}

int file_stage_publish(struct file_stage *stage, const struct file_meta *meta)
{
    int rc = publish(stage, meta);
    if (rc < 0) {
        file_stage_discard(stage);
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
    if (stage->fd < 0) {
        return;
    }
    (void)unlinkat(stage->dir_fd, stage->partial, 0); /* may have gone with its folder */
    close_both(stage);
}

void file_stage_keep(struct file_stage *stage)
{
    if (stage->unique) {
        file_stage_discard(stage);
    } else if (stage->fd >= 0) {
        close_both(stage);
    }
}
