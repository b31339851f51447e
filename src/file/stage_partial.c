/* SPDX-License-Identifier: MIT */
/*
 * ".NAME.vsh-HASH": the name is cut where it is long, the hash is over all of it, so any target has
 * one partial that a later attempt finds. The holder of its lock owns it; who does not get the
 * lock, or finds there what he did not make, works under a random name that is never kept.
 *
 * ".NAME.vsh-HASH-new" belongs to the holder of the folder's lock. What lies there was left by one
 * who was killed, and is removed, so that no litter outlives the next attempt.
 */
#include "file/stage_partial.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/cleanup.h"

#define PARTIAL_PREFIX_MAX 100 /* some file systems take only 143 bytes of a name */
#define PARTIAL_TRIES      16
#define SUFFIX_SIZE        10 /* "-" and eight digits */
#define ALONE_SUFFIX       "-new"
#define ZFS_MAGIC          0x2fc12fc1u /* is not in the kernel's headers */
#define PARTIAL_OPEN       (O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)

/* Bytes of name that the partial's name shows, cut at a whole UTF-8 character. */
static size_t shown_length(const char *name, size_t length)
{
    if (length <= PARTIAL_PREFIX_MAX) {
        return length;
    }
    length = PARTIAL_PREFIX_MAX;
    while (length > 0 && ((unsigned char)name[length] & 0xc0) == 0x80) {
        length--;
    }
    return length;
}

static char *put_text(char *at, const char *text, size_t length)
{
    memcpy(at, text, length);
    return at + length;
}

static char *put_hex(char *at, uint32_t value)
{
    for (int shift = 28; shift >= 0; shift -= 4) {
        *at++ = "0123456789abcdef"[(value >> shift) & 15];
    }
    return at;
}

/* Without printf, which was a fifth of the instructions that a small file costs this process. */
static void set_name(struct file_stage *stage, const char *suffix)
{
    static const char mark[] = ".vsh-";
    size_t length = strlen(stage->name);
    char *at = stage->partial;

    _Static_assert(PARTIAL_PREFIX_MAX + sizeof(mark) + 8 + SUFFIX_SIZE < sizeof(stage->partial),
                   "a partial's name always fits");
    *at++ = '.';
    at = put_text(at, stage->name, shown_length(stage->name, length));
    at = put_text(at, mark, sizeof(mark) - 1);
    at = put_hex(at, (uint32_t)XXH3_64bits(stage->name, length));
    at = put_text(at, suffix, strlen(suffix));
    *at = '\0';
}

/* Somebody may have put it there for us to fill: it must be a file of ours that nobody else can
 * open. */
static bool is_ours(const struct stat *st)
{
    return S_ISREG(st->st_mode) && st->st_uid == geteuid() && st->st_nlink == 1 &&
           (st->st_mode & 0077) == 0;
}

static bool is_open_of_ours(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && is_ours(&st);
}

static bool name_leads_to(int dir_fd, const char *name, const struct stat *st)
{
    struct stat now;

    return fstatat(dir_fd, name, &now, AT_SYMLINK_NOFOLLOW) == 0 && now.st_dev == st->st_dev &&
           now.st_ino == st->st_ino;
}

/*
 * Takes the lock of an open partial. Returns 0 and what it is like; -EAGAIN when it went away in
 * between; -EALREADY when somebody else has the lock; -ENOLCK when it cannot be locked.
 */
static int lock_partial(const struct file_stage *stage, int dir_fd, int fd, struct stat *ret_st)
{
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        return errno == EWOULDBLOCK ? -EALREADY : -ENOLCK;
    }
    /* Its last owner may have renamed or removed it before he let go of the lock, and may have
     * written more before that. */
    return fstat(fd, ret_st) == 0 && name_leads_to(dir_fd, stage->partial, ret_st) ? 0 : -EAGAIN;
}

/* One try at the well-known name. Returns the locked descriptor, or as lock_partial(). */
static int open_known(struct file_stage *stage, int dir_fd)
{
    struct stat st;
    cleanup_close int fd = openat(dir_fd, stage->partial, PARTIAL_OPEN | O_CREAT | O_EXCL, 0600);

    if (fd < 0 && errno == EEXIST) {
        fd = openat(dir_fd, stage->partial, PARTIAL_OPEN);
        if (fd < 0) {
            return errno == ENOENT ? -EAGAIN : -ENOLCK;
        }
        if (!is_open_of_ours(fd)) {
            return -ENOLCK;
        }
    }
    if (fd < 0) {
        return -errno;
    }
    int rc = lock_partial(stage, dir_fd, fd, &st);
    if (rc < 0) {
        return rc;
    }
    stage->size = (uint64_t)st.st_size;
    /* A file system may give it to another owner, or a mode of its own: made by us, but no later
     * attempt would believe it. */
    stage->unique = !is_ours(&st);
    return take_fd(&fd);
}

void file_stage_forget(int dir_fd, const char *name)
{
    struct file_stage stage = FILE_STAGE_INIT;
    struct stat st;

    if (strlen(name) > NAME_MAX) {
        return;
    }
    memcpy(stage.name, name, strlen(name) + 1);
    set_name(&stage, "");
    cleanup_close int fd = openat(dir_fd, stage.partial, PARTIAL_OPEN);
    if (fd >= 0 && is_open_of_ours(fd) && lock_partial(&stage, dir_fd, fd, &st) == 0) {
        (void)unlinkat(dir_fd, stage.partial, 0); /* only litter if it cannot be removed */
    }
}

static int open_unique(struct file_stage *stage, int dir_fd)
{
    for (int i = 0; i < PARTIAL_TRIES; i++) {
        uint32_t random;
        char suffix[SUFFIX_SIZE] = "-";
        if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random)) {
            return -EIO;
        }
        *put_hex(suffix + 1, random) = '\0';
        set_name(stage, suffix);
        stage->fd = openat(dir_fd, stage->partial, PARTIAL_OPEN | O_CREAT | O_EXCL, 0600);
        if (stage->fd >= 0) {
            stage->unique = true;
            return 0;
        }
        if (errno != EEXIST) {
            return -errno;
        }
    }
    return -EEXIST;
}

/* On a file system of one machine, yes. Others often know no lock of a folder; Linux then gives one
 * that holds on this machine alone, even where that of a file holds on all of them (NFS, 9P). */
static bool locks_hold_everywhere(int dir_fd)
{
    static const uint32_t types[] = {
        EXT4_SUPER_MAGIC, XFS_SUPER_MAGIC, BTRFS_SUPER_MAGIC,     F2FS_SUPER_MAGIC,
        TMPFS_MAGIC,      RAMFS_MAGIC,     OVERLAYFS_SUPER_MAGIC, ZFS_MAGIC,
    };
    struct statfs fs;

    if (fstatfs(dir_fd, &fs) < 0) {
        return false;
    }
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if ((uint32_t)fs.f_type == types[i]) {
            return true;
        }
    }
    return false;
}

bool file_stage_lock_folder(int dir_fd)
{
    return locks_hold_everywhere(dir_fd) && flock(dir_fd, LOCK_EX | LOCK_NB) == 0;
}

/* What a killed copy left: removed, but nothing that was not a staged file of ours. */
static bool remove_stale(const struct file_stage *stage, int dir_fd)
{
    struct stat st;

    return fstatat(dir_fd, stage->partial, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
           st.st_uid == geteuid() && unlinkat(dir_fd, stage->partial, 0) == 0;
}

/* Nobody else uses this name while the folder is locked: neither lock nor looks are needed. */
static int open_alone(struct file_stage *stage, int dir_fd)
{
    if (stage->flags & FILE_STAGE_TIDY) {
        file_stage_forget(dir_fd, stage->name);
    }
    set_name(stage, ALONE_SUFFIX);
    for (int i = 0; i < 2; i++) {
        stage->fd = openat(dir_fd, stage->partial, PARTIAL_OPEN | O_CREAT | O_EXCL, 0600);
        if (stage->fd >= 0) {
            stage->unique = true;
            return 0;
        }
        if (errno != EEXIST) {
            return -errno;
        }
        if (!remove_stale(stage, dir_fd)) {
            break;
        }
    }
    return open_unique(stage, dir_fd);
}

int stage_partial_open(struct file_stage *stage, int dir_fd)
{
    int fd = -EAGAIN;

    if (stage->flags & FILE_STAGE_ALONE) {
        return open_alone(stage, dir_fd);
    }
    if (stage->flags & FILE_STAGE_TIDY) {
        set_name(stage, ALONE_SUFFIX);
        (void)remove_stale(stage, dir_fd);
    }
    set_name(stage, "");
    for (int i = 0; i < PARTIAL_TRIES && fd == -EAGAIN; i++) {
        fd = open_known(stage, dir_fd);
    }
    if (fd == -ENOLCK || fd == -EAGAIN ||
        (fd == -EALREADY && !(stage->flags & FILE_STAGE_RESUME))) {
        return open_unique(stage, dir_fd);
    }
    if (fd < 0) {
        return fd;
    }
    stage->fd = fd;
    if (stage->size > 0 && !(stage->flags & FILE_STAGE_RESUME)) {
        int rc = file_stage_restart(stage);
        if (rc < 0) {
            (void)close(fd);
            stage->fd = -1;
            return rc;
        }
    }
    return 0;
}
