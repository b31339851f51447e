/* SPDX-License-Identifier: MIT */
/*
 * The walk over a source. Everything beneath the named source is opened relative to its folder's
 * descriptor; a path is resolved as text only for the source itself and, with FOLLOW, for a link
 * beneath a root, where beneath_open() sees to it that it stays there.
 */
#include "file/walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/cleanup.h"
#include "file/path.h"

struct level {
    DIR *dir;
    dev_t device;
    ino_t inode;
    size_t path_length; /* of the folder's own path */
    bool pruned;
};

struct file_walk {
    struct file_walk_options options;
    char *source;
    char base[NAME_MAX + 1];
    struct file_path path; /* of the entry told of last */
    size_t top_length;     /* of the source's path: patterns see what is behind it */
    bool started;
    bool through_link; /* the last entry is what a link points to */
    unsigned depth;
    struct level levels[VSH_FILE_DEPTH_MAX];
    char name[NAME_MAX + 1];
    unsigned char type;    /* of name, as the folder lists it */
    int file_fd;           /* the last entry, when it was opened to look at it; else -1 */
    struct stat file_stat; /* of file_fd */
};

int file_walk_new(const struct file_walk_options *options, struct file_walk **ret)
{
    struct file_walk *walk = calloc(1, sizeof(*walk));

    if (!walk) {
        return -ENOMEM;
    }
    walk->options = *options;
    walk->file_fd = -1;
    walk->source = strdup(*options->path ? options->path : ".");
    if (!walk->source || file_path_init(&walk->path, options->path) < 0) {
        file_walk_free(walk);
        return -ENOMEM;
    }
    walk->top_length = walk->path.length;
    *ret = walk;
    return 0;
}

static void close_file(struct file_walk *walk)
{
    if (walk->file_fd >= 0) {
        (void)close(walk->file_fd);
        walk->file_fd = -1;
    }
}

void file_walk_free(struct file_walk *walk)
{
    if (!walk) {
        return;
    }
    close_file(walk);
    while (walk->depth > 0) {
        (void)closedir(walk->levels[--walk->depth].dir);
    }
    file_path_done(&walk->path);
    free(walk->source);
    free(walk);
}

unsigned file_walk_depth(const struct file_walk *walk)
{
    return walk->depth;
}

static enum file_walk_event tell_error(const struct file_walk *walk, struct file_walk_item *item,
                                       const char *act, int error)
{
    item->path = walk->path.text;
    item->act = act;
    item->error = error;
    return FILE_WALK_ERROR;
}

/* A link named on the command line is followed as cp does it: not with -r, unless -L. */
static int top_nofollow(const struct file_walk *walk)
{
    bool keep =
        (walk->options.flags & (VSH_FILE_RECURSIVE | VSH_FILE_FOLLOW)) == VSH_FILE_RECURSIVE;

    return keep ? O_NOFOLLOW : 0;
}

static int current_folder(const struct file_walk *walk)
{
    return walk->depth > 0 ? dirfd(walk->levels[walk->depth - 1].dir) : -1;
}

/* Opens the current entry again: the source itself, through a link, or by its name. */
static int open_entry(const struct file_walk *walk, int flags)
{
    int fd;

    flags |= O_CLOEXEC;
    if (walk->depth == 0) {
        return beneath_open(walk->options.root_fd, walk->source, flags | top_nofollow(walk), 0);
    }
    if (!walk->through_link) {
        fd = openat(current_folder(walk), walk->name, flags | O_NOFOLLOW);
    } else if (walk->options.root_fd < 0) {
        fd = openat(current_folder(walk), walk->name, flags);
    } else {
        return beneath_open(walk->options.root_fd, walk->path.text, flags, 0);
    }
    return fd < 0 ? -errno : fd;
}

static enum file_walk_event tell_link(struct file_walk *walk, struct file_walk_item *item, int fd,
                                      const char *name)
{
    ssize_t length = readlinkat(fd, name, item->target, sizeof(item->target));

    if (length <= 0 || (size_t)length >= sizeof(item->target)) {
        return tell_error(walk, item, "read the link", length < 0 ? -errno : -ENAMETOOLONG);
    }
    item->target[length] = '\0';
    item->kind = VSH_FILE_LINK;
    return FILE_WALK_ENTRY;
}

static enum file_walk_event tell_entry(struct file_walk *walk, struct file_walk_item *item)
{
    item->path = walk->path.text;
    if (S_ISREG(item->st.st_mode)) {
        item->kind = VSH_FILE_REGULAR;
        return FILE_WALK_ENTRY;
    }
    if (S_ISDIR(item->st.st_mode)) {
        item->kind = VSH_FILE_FOLDER;
        return FILE_WALK_ENTRY;
    }
    return FILE_WALK_SPECIAL;
}

static enum file_walk_event first(struct file_walk *walk, struct file_walk_item *item)
{
    int rc = file_base_name(walk->source, walk->base);
    if (rc < 0) {
        return tell_error(walk, item, "open it", rc);
    }
    cleanup_close int fd = open_entry(walk, O_PATH);
    if (fd < 0 || fstat(fd, &item->st) < 0) {
        return tell_error(walk, item, "open it", fd < 0 ? fd : -errno);
    }
    item->name = walk->base;
    item->path = walk->path.text;
    if (S_ISLNK(item->st.st_mode)) {
        return tell_link(walk, item, fd, "");
    }
    if (S_ISDIR(item->st.st_mode) && !(walk->options.flags & VSH_FILE_RECURSIVE)) {
        item->act = "copy it without -r";
        item->error = -EISDIR;
        return FILE_WALK_ERROR;
    }
    enum file_walk_event event = tell_entry(walk, item);
    /* Somebody asked for this one by name: to leave it out is a failure. */
    return event == FILE_WALK_SPECIAL ? tell_error(walk, item, "copy it", -ENOTSUP) : event;
}

static bool is_excluded(const struct file_walk *walk)
{
    const char *relative = walk->path.text + walk->top_length;

    relative += strspn(relative, "/");
    for (uint32_t i = 0; i < walk->options.excludes; i++) {
        const char *pattern = walk->options.exclude[i];
        if (*pattern == '/' ? fnmatch(pattern + 1, relative, FNM_PATHNAME) == 0
                            : fnmatch(pattern, walk->name, 0) == 0 ||
                                  fnmatch(pattern, relative, FNM_PATHNAME) == 0) {
            return true;
        }
    }
    return false;
}

/* Opens the current entry if it is a regular file. Returns a descriptor or a negative errno. */
static int open_regular(const struct file_walk *walk, struct stat *ret_st)
{
    /* O_NONBLOCK: should it have become a FIFO meanwhile, nobody waits for its writer. */
    cleanup_close int fd = open_entry(walk, O_RDONLY | O_NONBLOCK | O_NOCTTY);

    if (fd < 0) {
        return fd;
    }
    if (fstat(fd, ret_st) < 0) {
        return -errno;
    }
    return S_ISREG(ret_st->st_mode) ? take_fd(&fd) : -ENOTSUP;
}

/*
 * What the folder lists as a regular file is opened to look at it, not looked at first: the copy
 * wants it open next. Should it be something else by now, or not be ours to read, the caller looks
 * at the name as at any other: the listing decides nothing but which call is first.
 */
static bool look_at_open(struct file_walk *walk)
{
    if (!walk->options.opens || walk->type != DT_REG) {
        return false;
    }
    walk->file_fd = open_regular(walk, &walk->file_stat);
    return walk->file_fd >= 0;
}

static enum file_walk_event look_at(struct file_walk *walk, struct file_walk_item *item)
{
    walk->through_link = false;
    if (look_at_open(walk)) {
        item->st = walk->file_stat;
        return tell_entry(walk, item);
    }
    if (fstatat(current_folder(walk), walk->name, &item->st, AT_SYMLINK_NOFOLLOW) < 0) {
        return tell_error(walk, item, "look at it", -errno);
    }
    if (!S_ISLNK(item->st.st_mode)) {
        return tell_entry(walk, item);
    }
    if (!(walk->options.flags & VSH_FILE_FOLLOW)) {
        return tell_link(walk, item, current_folder(walk), walk->name);
    }
    walk->through_link = true;
    cleanup_close int fd = open_entry(walk, O_PATH);
    if (fd < 0 || fstat(fd, &item->st) < 0) {
        return tell_error(walk, item, "follow the link", fd < 0 ? fd : -errno);
    }
    return tell_entry(walk, item);
}

/* The next name of the folder entered last. Returns 1, 0 at its end, or a negative errno. */
static int read_name(struct file_walk *walk)
{
    const struct level *level = &walk->levels[walk->depth - 1];

    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(level->dir);
        if (!entry) {
            return -errno;
        }
        size_t length = strlen(entry->d_name);
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
            length > NAME_MAX) {
            continue;
        }
        memcpy(walk->name, entry->d_name, length + 1);
        walk->type = entry->d_type;
        file_path_cut(&walk->path, level->path_length);
        if (file_path_push(&walk->path, walk->name) < 0) {
            return -ENOMEM;
        }
        if (!is_excluded(walk)) {
            return 1;
        }
    }
}

static enum file_walk_event leave(struct file_walk *walk, struct file_walk_item *item)
{
    struct level *level = &walk->levels[--walk->depth];

    (void)closedir(level->dir);
    file_path_cut(&walk->path, level->path_length);
    item->path = walk->path.text;
    return FILE_WALK_LEAVE;
}

enum file_walk_event file_walk_next(struct file_walk *walk, struct file_walk_item *ret)
{
    ret->path = walk->path.text;
    ret->name = walk->name;
    close_file(walk);
    if (!walk->started) {
        walk->started = true;
        return first(walk, ret);
    }
    if (walk->depth == 0) {
        return FILE_WALK_END;
    }

    struct level *level = &walk->levels[walk->depth - 1];
    int rc = level->pruned ? 0 : read_name(walk);
    if (rc > 0) {
        ret->name = walk->name;
        return look_at(walk, ret);
    }
    if (rc < 0) {
        /* What readdir(3) could not give will not come later either. */
        level->pruned = true;
        file_path_cut(&walk->path, level->path_length);
        return tell_error(walk, ret, "read the folder", rc);
    }
    return leave(walk, ret);
}

int file_walk_open(struct file_walk *walk, struct stat *ret_st)
{
    if (walk->file_fd < 0) {
        return open_regular(walk, ret_st);
    }
    *ret_st = walk->file_stat;
    return take_fd(&walk->file_fd);
}

int file_walk_enter(struct file_walk *walk)
{
    struct stat st;

    if (walk->depth == VSH_FILE_DEPTH_MAX) {
        return -E2BIG;
    }
    cleanup_close int fd = open_entry(walk, O_RDONLY | O_DIRECTORY | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) < 0) {
        return fd < 0 ? fd : -errno;
    }
    for (unsigned i = 0; i < walk->depth; i++) {
        if (walk->levels[i].device == st.st_dev && walk->levels[i].inode == st.st_ino) {
            return -ELOOP;
        }
    }
    DIR *dir = fdopendir(fd);
    if (!dir) {
        return -errno;
    }
    (void)take_fd(&fd);
    walk->levels[walk->depth++] = (struct level){
        .dir = dir,
        .device = st.st_dev,
        .inode = st.st_ino,
        .path_length = walk->path.length,
    };
    return 0;
}

void file_walk_prune(struct file_walk *walk)
{
    if (walk->depth > 0) {
        walk->levels[walk->depth - 1].pruned = true;
    }
}
