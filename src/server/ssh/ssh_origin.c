/* SPDX-License-Identifier: MIT */
/* A file is the same while its name leads to the same inode, with nothing of it changed since. */
#include "server/ssh/ssh_origin.h"

#include <limits.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES_MAX 64

struct file {
    char *path;
    dev_t device;
    ino_t inode;
    struct timespec changed;
};

struct ssh_origin {
    struct file files[FILES_MAX];
    size_t count;
};

static void note(struct ssh_origin *origin, const char *path)
{
    struct stat st;
    if (origin->count == FILES_MAX || stat(path, &st) < 0) {
        return;
    }
    char *copy = strdup(path);
    if (copy != NULL) {
        origin->files[origin->count++] = (struct file){
            .path = copy, .device = st.st_dev, .inode = st.st_ino, .changed = st.st_ctim};
    }
}

/* The program itself has no name here, and the kernel's part no file. */
static int note_library(struct dl_phdr_info *info, size_t size, void *data)
{
    (void)size;
    if (info->dlpi_name != NULL && info->dlpi_name[0] == '/') {
        note(data, info->dlpi_name);
    }
    return 0;
}

struct ssh_origin *ssh_origin_new(const char *host_key)
{
    char self[PATH_MAX];
    struct ssh_origin *origin = calloc(1, sizeof(*origin));
    if (origin == NULL) {
        return NULL;
    }
    ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
    if (length > 0) {
        self[length] = '\0';
        note(origin, self);
    }
    (void)dl_iterate_phdr(note_library, origin);
    note(origin, host_key);
    return origin;
}

void ssh_origin_free(struct ssh_origin *origin)
{
    for (size_t i = 0; i < origin->count; i++) {
        free(origin->files[i].path);
    }
    free(origin);
}

bool ssh_origin_has_changed(const struct ssh_origin *origin)
{
    for (size_t i = 0; i < origin->count; i++) {
        const struct file *file = &origin->files[i];
        struct stat st;
        if (stat(file->path, &st) < 0 || st.st_dev != file->device || st.st_ino != file->inode ||
            st.st_ctim.tv_sec != file->changed.tv_sec ||
            st.st_ctim.tv_nsec != file->changed.tv_nsec) {
            return true;
        }
    }
    return false;
}
