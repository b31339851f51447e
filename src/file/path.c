/* SPDX-License-Identifier: MIT */
/* Paths as text: append, cut, and what a copy of a path is called. */
#include "file/path.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int reserve(struct file_path *path, size_t length)
{
    if (length < path->capacity) {
        return 0;
    }
    size_t capacity = length + 256;
    char *text = realloc(path->text, capacity);
    if (!text) {
        return -ENOMEM;
    }
    path->text = text;
    path->capacity = capacity;
    return 0;
}

int file_path_init(struct file_path *path, const char *text)
{
    *path = (struct file_path){0};
    return file_path_set(path, text);
}

void file_path_done(struct file_path *path)
{
    free(path->text);
    *path = (struct file_path){0};
}

int file_path_set(struct file_path *path, const char *text)
{
    size_t length = strlen(text);

    if (reserve(path, length) < 0) {
        return -ENOMEM;
    }
    memcpy(path->text, text, length + 1);
    path->length = length;
    return 0;
}

int file_path_push(struct file_path *path, const char *name)
{
    size_t length = strlen(name);
    bool slash = path->length > 0 && path->text[path->length - 1] != '/';

    if (strcmp(name, ".") == 0) {
        return 0;
    }
    if (reserve(path, path->length + slash + length) < 0) {
        return -ENOMEM;
    }
    if (slash) {
        path->text[path->length++] = '/';
    }
    memcpy(path->text + path->length, name, length + 1);
    path->length += length;
    return 0;
}

void file_path_cut(struct file_path *path, size_t length)
{
    path->length = length;
    path->text[length] = '\0';
}

static size_t without_slashes(const char *path)
{
    size_t end = strlen(path);

    while (end > 0 && path[end - 1] == '/') {
        end--;
    }
    return end;
}

int file_base_name(const char *path, char ret[NAME_MAX + 1])
{
    size_t end = without_slashes(path);
    size_t start = end;

    while (start > 0 && path[start - 1] != '/') {
        start--;
    }
    size_t length = end - start;
    if (length == 0 || (length <= 2 && strspn(path + start, ".") >= length)) {
        memcpy(ret, ".", 2);
        return 0;
    }
    if (length > NAME_MAX) {
        return -ENAMETOOLONG;
    }
    memcpy(ret, path + start, length);
    ret[length] = '\0';
    return 0;
}

bool file_has_trailing_slash(const char *path)
{
    return path[without_slashes(path)] == '/';
}

bool file_name_is_safe(const char *name, size_t length)
{
    if (length == 0 || length > NAME_MAX || memchr(name, '\0', length) ||
        memchr(name, '/', length)) {
        return false;
    }
    return !(name[0] == '.' && (length == 1 || (length == 2 && name[1] == '.')));
}
