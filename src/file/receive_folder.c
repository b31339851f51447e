/* SPDX-License-Identifier: MIT */
/*
 * Folders that are entered and left, and where the first entry goes. Mode and time of a folder are
 * set when it is left: until then it must be writable for us, and every file put into it would
 * change its time.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <vsock-shell/error.h>

#include "base/beneath.h"
#include "base/cleanup.h"
#include "file/receive_state.h"

/*
 * As cp: into an existing folder under the entry's own name, else under the destination's last
 * component, whose folder must exist. name is "" for a stream, "." for the content of a folder.
 */
int receive_resolve(struct file_receiver *receiver, const char *name, struct receive_place *ret)
{
    const char *to = receiver->destination;
    int root_fd = receiver->options.root_fd;
    int fd = beneath_open(root_fd, to, O_PATH | O_DIRECTORY, 0);

    if (fd >= 0) {
        if (*name == '\0') {
            (void)close(fd);
            return -EISDIR;
        }
        memcpy(ret->name, name, strlen(name) + 1);
        ret->fd = fd;
        ret->appended = true;
        return 0;
    }
    if (fd != -ENOENT && fd != -ENOTDIR) {
        return fd;
    }
    bool folder = receiver->entry.kind == VSH_FILE_FOLDER;
    if (file_has_trailing_slash(to) && !folder) {
        return fd;
    }
    fd = beneath_open_parent(root_fd, to, ret->name);
    if (fd < 0) {
        return fd;
    }
    ret->fd = fd;
    ret->appended = false;
    return 0;
}

/* Makes the folder, or finds it there. Returns a descriptor to work in. */
static int make_folder(const struct file_receiver *receiver, int dir_fd, const char *name,
                       bool *ret_new)
{
    bool dry = receiver->options.flags & VSH_FILE_DRY_RUN;

    *ret_new = !dry && strcmp(name, ".") != 0 && mkdirat(dir_fd, name, 0700) == 0;
    if (!*ret_new && !dry && errno != EEXIST && strcmp(name, ".") != 0) {
        return -errno;
    }
    /* O_NOFOLLOW: whatever lies there, a link is not the folder that was meant. */
    int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int receive_folder_open(struct file_receiver *receiver, int dir_fd, const char *name)
{
    bool is_new = false;
    int fd = dir_fd < 0 ? -ENOENT : make_folder(receiver, dir_fd, name, &is_new);

    if (fd < 0 && !(fd == -ENOENT && (receiver->options.flags & VSH_FILE_DRY_RUN))) {
        receiver->refused_depth = 1;
        return receive_failed(receiver, "create the folder", fd);
    }
    receive_tell_started(receiver);
    receiver->levels[receiver->depth++] = (struct receive_level){
        .fd = fd < 0 ? -1 : fd,
        .is_new = is_new,
        .keep = (receiver->options.flags & VSH_FILE_DRY_RUN) ||
                (!is_new && (receiver->options.flags & VSH_FILE_NO_CLOBBER)),
        .meta = {.mode = receiver->entry.mode,
                 .mtime = {.tv_sec = receiver->entry.mtime_s, .tv_nsec = receiver->entry.mtime_ns}},
        .id = receiver->entry.id,
        .path_length = receiver->path.length,
    };
    receiver->totals.folders++;
    return receive_settled(receiver);
}

/* Mode without set-user-ID; a set-group-ID that the parent folder handed down stays. */
static int apply_meta(const struct receive_level *level)
{
    const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, level->meta.mtime};
    struct stat st;

    if (fstat(level->fd, &st) < 0) {
        return -errno;
    }
    mode_t mode = (level->meta.mode & 01777) | (st.st_mode & S_ISGID);
    if ((st.st_mode & 07777) != mode && fchmod(level->fd, mode) < 0 && errno != EPERM &&
        errno != EOPNOTSUPP) {
        return -errno;
    }
    /* A folder of somebody else that was there before keeps its time, as its mode. */
    return futimens(level->fd, times) < 0 && errno != EPERM ? -errno : 0;
}

int receive_folder_close(struct file_receiver *receiver)
{
    struct receive_level *level = &receiver->levels[--receiver->depth];
    int rc = 0;

    if (level->fd >= 0 && !level->keep) {
        rc = apply_meta(level);
    }
    if (rc == 0 && level->fd >= 0 && (receiver->options.flags & VSH_FILE_SYNC) &&
        fsync(level->fd) < 0) {
        rc = -errno;
    }
    if (level->fd >= 0) {
        (void)close(level->fd);
    }
    return rc;
}

static void leave_path(struct file_receiver *receiver)
{
    if (receiver->depth > 0) {
        file_path_cut(&receiver->path, receiver->levels[receiver->depth - 1].path_length);
    }
}

int receive_leave(struct file_receiver *receiver, const struct vsh_message *message)
{
    if (receiver->state != RECEIVE_IDLE || vsh_get_file_mark(message) < 0) {
        return VSH_E_MALFORMED;
    }
    if (receiver->refused_depth > 0) {
        receiver->refused_depth--;
        return 0;
    }
    if (receiver->depth == 0) {
        return VSH_E_MALFORMED;
    }

    const struct receive_level *level = &receiver->levels[receiver->depth - 1];
    file_path_cut(&receiver->path, level->path_length);
    uint32_t id = level->id;
    int rc = receive_folder_close(receiver);
    if (rc < 0) {
        rc = receive_failed_as(receiver, id, "set mode and time of the folder", rc);
    }
    leave_path(receiver);
    return rc;
}
