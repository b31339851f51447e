/* SPDX-License-Identifier: MIT */
/* Paths with and without a root, and realpath that accepts a missing last component. */
#include "server/ssh/sftpd_place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/beneath.h"

#define LINKS_MAX 40

/* "" names nothing in POSIX; with a root it must not come to mean the root. */
static int place_init(struct sftpd_place *place, const char *path)
{
    place->at_fd = AT_FDCWD;
    place->name = path;
    place->held_fd = -1;
    place->text[0] = '\0';
    return path[0] == '\0' ? -ENOENT : 0;
}

int sftpd_place_entry(int root_fd, const char *path, struct sftpd_place *ret)
{
    int r = place_init(ret, path);
    if (r < 0 || root_fd < 0) {
        return r;
    }
    r = beneath_open_parent(root_fd, path, ret->text);
    if (r == -EISDIR) {
        /* "/", "." and "..": a folder that can be looked at; renames and removals fail on ".". */
        r = beneath_open(root_fd, path, O_PATH | O_DIRECTORY, 0);
        (void)strcpy(ret->text, ".");
    }
    if (r < 0) {
        return r;
    }
    ret->held_fd = r;
    ret->at_fd = r;
    ret->name = ret->text;
    return 0;
}

int sftpd_place_target(int root_fd, const char *path, struct sftpd_place *ret)
{
    int r = place_init(ret, path);
    if (r < 0 || root_fd < 0) {
        return r;
    }
    r = beneath_open(root_fd, path, O_PATH, 0);
    if (r < 0) {
        return r;
    }
    /* The magic link leads to the very file just found, whatever happens to the path meanwhile. */
    ret->held_fd = r;
    ret->name = ret->text;
    (void)snprintf(ret->text, sizeof(ret->text), "/proc/self/fd/%d", r);
    return 0;
}

void sftpd_place_done(struct sftpd_place *place)
{
    if (place->held_fd >= 0) {
        (void)close(place->held_fd);
        place->held_fd = -1;
    }
}

int sftpd_place_lstat(int root_fd, const char *path, struct stat *ret)
{
    struct sftpd_place place;
    int r = sftpd_place_entry(root_fd, path, &place);
    if (r == 0 && fstatat(place.at_fd, place.name, ret, AT_SYMLINK_NOFOLLOW) < 0) {
        r = -errno;
    }
    sftpd_place_done(&place);
    return r;
}

int sftpd_place_stat(int root_fd, const char *path, struct stat *ret)
{
    struct sftpd_place place;
    int r = sftpd_place_target(root_fd, path, &place);
    if (r == 0) {
        /* Not by the magic link: this must work where no /proc is mounted. */
        int found = place.held_fd >= 0 ? fstat(place.held_fd, ret) : stat(path, ret);
        r = found < 0 ? -errno : 0;
    }
    sftpd_place_done(&place);
    return r;
}

/* The state of a resolution: done is absolute without a slash at its end, rest is what is left. */
struct resolution {
    int root_fd;
    char *done;
    char rest[PATH_MAX];
    int links;
};

static int resolution_start(struct resolution *state, const char *path)
{
    if (strlen(path) >= sizeof(state->rest)) {
        return -ENAMETOOLONG;
    }
    (void)strcpy(state->rest, path);
    state->links = 0;
    state->done[0] = '\0';
    if (path[0] == '/' || state->root_fd >= 0) {
        return 0;
    }
    if (getcwd(state->done, PATH_MAX) == NULL) {
        return -errno;
    }
    if (strcmp(state->done, "/") == 0) {
        state->done[0] = '\0';
    }
    return 0;
}

/* Moves the next component of rest to name; false when there is none. */
static bool next_component(struct resolution *state, char name[NAME_MAX + 1], int *ret_error)
{
    const char *start = state->rest + strspn(state->rest, "/");
    size_t length = strcspn(start, "/");
    *ret_error = length > NAME_MAX ? -ENAMETOOLONG : 0;
    if (length == 0 || *ret_error != 0) {
        return false;
    }
    memcpy(name, start, length);
    name[length] = '\0';
    memmove(state->rest, start + length, strlen(start + length) + 1);
    return true;
}

/* Puts a link's text before what is left. */
static int follow_link(struct resolution *state, size_t parent_length)
{
    struct sftpd_place place;
    char target[PATH_MAX];
    int r = sftpd_place_entry(state->root_fd, state->done, &place);
    ssize_t length = r == 0 ? readlinkat(place.at_fd, place.name, target, sizeof(target) - 1) : -1;
    if (r == 0 && length < 0) {
        r = -errno;
    }
    sftpd_place_done(&place);
    if (r < 0) {
        return r;
    }
    size_t rest_length = strlen(state->rest);
    if ((size_t)length + rest_length >= sizeof(state->rest)) {
        return -ENAMETOOLONG;
    }
    if (target[0] == '/' && state->root_fd >= 0) {
        return -EXDEV;
    }
    if (++state->links > LINKS_MAX) {
        return -ELOOP;
    }
    memmove(state->rest + length, state->rest, rest_length + 1);
    memcpy(state->rest, target, (size_t)length);
    state->done[target[0] == '/' ? 0 : parent_length] = '\0';
    return 0;
}

static int resolve_component(struct resolution *state, const char *name)
{
    size_t parent_length = strlen(state->done);
    if (strcmp(name, ".") == 0) {
        return 0;
    }
    if (strcmp(name, "..") == 0) {
        char *slash = strrchr(state->done, '/');
        if (slash != NULL) {
            *slash = '\0';
        }
        return 0;
    }
    if (parent_length + 1 + strlen(name) >= PATH_MAX) {
        return -ENAMETOOLONG;
    }
    state->done[parent_length] = '/';
    (void)strcpy(state->done + parent_length + 1, name);

    struct stat st;
    int r = sftpd_place_lstat(state->root_fd, state->done, &st);
    if (r == -ENOENT && state->rest[strspn(state->rest, "/")] == '\0') {
        state->rest[0] = '\0'; /* the last one may be missing */
        return 0;
    }
    if (r < 0) {
        return r;
    }
    if (S_ISLNK(st.st_mode)) {
        return follow_link(state, parent_length);
    }
    return !S_ISDIR(st.st_mode) && state->rest[0] != '\0' ? -ENOTDIR : 0;
}

int sftpd_place_real(int root_fd, const char *path, char *ret)
{
    struct resolution state = {.root_fd = root_fd, .done = ret};
    char name[NAME_MAX + 1];
    int r = resolution_start(&state, path[0] != '\0' ? path : ".");
    while (r == 0 && next_component(&state, name, &r)) {
        r = resolve_component(&state, name);
    }
    if (r == 0 && ret[0] == '\0') {
        (void)strcpy(ret, "/");
    }
    return r;
}
