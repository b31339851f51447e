/* SPDX-License-Identifier: MIT */
/* One ENTRY: is it what an honest sender could send here, and what becomes of it by kind. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <vsock-shell/error.h>

#include "file/reason.h"
#include "file/receive_state.h"

#define LINK_TRIES 16

static bool name_is_allowed(const struct file_receiver *receiver)
{
    const struct vsh_file_entry *entry = &receiver->entry;

    if (file_name_is_safe(entry->name, entry->name_length)) {
        return true;
    }
    if (receiver->begun) {
        return false;
    }
    /* The source itself: standard input has no name, and "." is the content of a folder. */
    if (entry->kind == VSH_FILE_STREAM && entry->name_length == 0) {
        return true;
    }
    return entry->kind == VSH_FILE_FOLDER && entry->name_length == 1 && entry->name[0] == '.';
}

/* The first entry must be what was asked for, by name and kind: the sender may not choose. */
static bool first_is_expected(const struct file_receiver *receiver)
{
    const struct vsh_file_entry *entry = &receiver->entry;
    const char *wanted = receiver->source_name;

    if (!(receiver->options.flags & VSH_FILE_RECURSIVE) &&
        (entry->kind == VSH_FILE_FOLDER || entry->kind == VSH_FILE_LINK)) {
        return false;
    }
    return !wanted || (strlen(wanted) == entry->name_length &&
                       memcmp(wanted, entry->name, entry->name_length) == 0);
}

static int check_entry(struct file_receiver *receiver)
{
    const struct vsh_file_entry *entry = &receiver->entry;
    char shown[NAME_MAX + 1];

    (void)file_show_name(shown, sizeof(shown), entry->name, entry->name_length);
    if (!name_is_allowed(receiver)) {
        return receive_fail(receiver, VSH_E_MALFORMED,
                            "the sender named an entry \"%s\", which is no plain name: refused",
                            shown);
    }
    if (receiver->depth + receiver->refused_depth == 0 &&
        (receiver->begun || !first_is_expected(receiver))) {
        return receive_fail(receiver, VSH_E_MALFORMED,
                            "the sender sent \"%s\", which nobody asked for: refused", shown);
    }
    if (entry->kind == VSH_FILE_LINK && (receiver->options.flags & VSH_FILE_FOLLOW)) {
        return receive_fail(receiver, VSH_E_MALFORMED,
                            "the sender sent the link \"%s\", but links were to be followed: "
                            "refused",
                            shown);
    }
    if (entry->kind == VSH_FILE_FOLDER &&
        receiver->depth + receiver->refused_depth == VSH_FILE_DEPTH_MAX) {
        return receive_fail(receiver, VSH_E_MALFORMED, "the sender goes deeper than %u folders",
                            VSH_FILE_DEPTH_MAX);
    }
    return 0;
}

/* A link gets a name of its own first, for nothing can be made over what is there already. */
static int stage_link(int dir_fd, const char *target, const char *name)
{
    for (int i = 0; i < LINK_TRIES; i++) {
        char partial[32];
        uint32_t random;
        if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random)) {
            return -EIO;
        }
        (void)snprintf(partial, sizeof(partial), ".vsh-link-%08x", random);
        if (symlinkat(target, dir_fd, partial) < 0) {
            if (errno == EEXIST) {
                continue;
            }
            return -errno;
        }
        if (renameat(dir_fd, partial, dir_fd, name) == 0) {
            return 0;
        }
        int rc = -errno;
        (void)unlinkat(dir_fd, partial, 0);
        return rc;
    }
    return -EEXIST;
}

static int make_link(struct file_receiver *receiver, int dir_fd, const char *name,
                     const char *target)
{
    const struct timespec times[2] = {
        {.tv_nsec = UTIME_OMIT},
        {.tv_sec = receiver->entry.mtime_s, .tv_nsec = receiver->entry.mtime_ns},
    };
    struct stat st;
    int rc = 0;

    if (symlinkat(target, dir_fd, name) < 0) {
        rc = -errno;
    }
    if (rc == -EEXIST && !(receiver->options.flags & VSH_FILE_NO_CLOBBER)) {
        if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISREG(st.st_mode) &&
            !S_ISLNK(st.st_mode)) {
            return S_ISDIR(st.st_mode) ? -EISDIR : -ENOTSUP;
        }
        rc = stage_link(dir_fd, target, name);
    }
    if (rc == 0) {
        /* Not every file system keeps the time of a link; nothing depends on it. */
        (void)utimensat(dir_fd, name, times, AT_SYMLINK_NOFOLLOW);
    }
    return rc;
}

static int begin_link(struct file_receiver *receiver, int dir_fd, const char *name)
{
    const struct vsh_file_entry *entry = &receiver->entry;
    char target[VSH_FILE_PATH_MAX + 1];
    struct stat st;
    int rc;

    if (receiver->options.flags & VSH_FILE_DRY_RUN) {
        bool there = dir_fd >= 0 && fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
        rc = there && (receiver->options.flags & VSH_FILE_NO_CLOBBER) ? -EEXIST : 0;
    } else {
        memcpy(target, entry->target, entry->target_length);
        target[entry->target_length] = '\0';
        rc = make_link(receiver, dir_fd, name, target);
    }
    if (rc == -EEXIST) {
        return receive_skipped(receiver, VSH_FILE_CODE_EXISTS, "skipped: it exists already");
    }
    if (rc < 0) {
        return receive_failed(receiver, "create the link", rc);
    }
    receive_tell_started(receiver);
    receiver->totals.links++;
    if (!(receiver->options.flags & VSH_FILE_DRY_RUN)) {
        const struct file_item item = receive_item(receiver);
        receive_tell_finished(receiver, &item);
    }
    return receive_settled(receiver);
}

static int begin(struct file_receiver *receiver, int dir_fd, const char *name)
{
    switch (receiver->entry.kind) {
    case VSH_FILE_FOLDER:
        return receive_folder_open(receiver, dir_fd, name);
    case VSH_FILE_LINK:
        return begin_link(receiver, dir_fd, name);
    default:
        return receive_file_begin(receiver, dir_fd, name);
    }
}

/* It goes nowhere: what comes of it is dropped, the whole folder if it is one. */
static void refuse(struct file_receiver *receiver)
{
    if (receiver->entry.kind == VSH_FILE_FOLDER) {
        receiver->refused_depth++;
    } else if (receiver->entry.kind != VSH_FILE_LINK &&
               !(receiver->options.flags & VSH_FILE_DRY_RUN)) {
        receiver->state = RECEIVE_SKIP;
    }
}

static int begin_first(struct file_receiver *receiver, const char *name)
{
    bool content =
        receiver->entry.kind == VSH_FILE_REGULAR || receiver->entry.kind == VSH_FILE_STREAM;
    struct receive_place place = {.fd = -1};

    receiver->begun = true;
    if (!receiver->destination) {
        if (!content) {
            refuse(receiver);
            return receive_failed(receiver, "write it to a stream", -EISDIR);
        }
        return receive_file_begin(receiver, -1, name);
    }
    int rc = receive_resolve(receiver, name, &place);
    if (rc < 0) {
        refuse(receiver);
        return receive_failed(receiver, content ? "create the file" : "create it", rc);
    }
    receiver->place_fd = place.fd; /* kept: a stage borrows it */
    if (place.appended && file_path_push(&receiver->path, name) < 0) {
        return -ENOMEM;
    }
    return begin(receiver, place.fd, place.name);
}

int receive_entry(struct file_receiver *receiver, const struct vsh_message *message)
{
    char name[NAME_MAX + 1];

    if (receiver->state != RECEIVE_IDLE || vsh_get_file_entry(message, &receiver->entry) < 0 ||
        receiver->entry.id != receiver->last_id + 1) {
        return VSH_E_MALFORMED;
    }
    int rc = check_entry(receiver);
    if (rc < 0) {
        return rc;
    }
    receiver->last_id = receiver->entry.id;
    if (receiver->refused_depth > 0) {
        refuse(receiver);
        return 0;
    }
    memcpy(name, receiver->entry.name, receiver->entry.name_length);
    name[receiver->entry.name_length] = '\0';
    if (receiver->depth == 0) {
        return begin_first(receiver, name);
    }

    const struct receive_level *level = &receiver->levels[receiver->depth - 1];
    file_path_cut(&receiver->path, level->path_length);
    return file_path_push(&receiver->path, name) < 0 ? -ENOMEM : begin(receiver, level->fd, name);
}
