/* SPDX-License-Identifier: MIT */
/* Paths as text, for people and for patterns; nothing is ever opened by what is built here. */
#ifndef FILE_PATH_H
#define FILE_PATH_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

struct file_path {
    char *text; /* never NULL after init */
    size_t length;
    size_t capacity;
};

int file_path_init(struct file_path *path, const char *text); /* 0 or -ENOMEM */
void file_path_done(struct file_path *path);

/* Appends "/name" (or "name" to an empty path, and nothing for "."). Returns 0 or -ENOMEM. */
int file_path_push(struct file_path *path, const char *name);
void file_path_cut(struct file_path *path, size_t length);
int file_path_set(struct file_path *path, const char *text); /* 0 or -ENOMEM */

/*
 * The name that a copy of path gets in a folder: its last component without trailing slashes, or
 * "." for "", "/" and a path that ends in "." or "..": then the content is copied, not the folder.
 * Returns 0 or -ENAMETOOLONG.
 */
int file_base_name(const char *path, char ret[NAME_MAX + 1]);

bool file_has_trailing_slash(const char *path);

/* One component that stays where it is put: not empty, no '/', no NUL, not "." or "..", no longer
 * than NAME_MAX. */
bool file_name_is_safe(const char *name, size_t length);

#endif
