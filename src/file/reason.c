/* SPDX-License-Identifier: MIT */
/* The words for errno values; what was tried is put in front by file_sentence(). */
#include "file/reason.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    int error;
    const char *text;
} reasons[] = {
    {ENOSPC, "no space left on the device"},
    {EDQUOT, "the disk quota is used up"},
    {EFBIG, "the file is larger than the file system or the limit (ulimit -f) allows"},
    {EACCES, "permission denied"},
    {EPERM, "the system does not permit it"},
    {EROFS, "the file system is read-only"},
    {EISDIR, "it is a folder"},
    {ENOTDIR, "it, or a part of its path, is not a folder"},
    {ELOOP, "it is a symbolic link that is not followed, or one of a loop of links"},
    {ENAMETOOLONG, "the name is too long for the file system"},
    {ENOENT, "no such file or folder"},
    {EEXIST, "something of that name exists already"},
    {EXDEV, "it leads out of the folder that the server may use (--root)"},
    {ENOTSUP, "it is a device, a pipe or a socket; use '-' to copy from or to a stream"},
    {EALREADY, "another copy to it is still running; try again when that one has ended"},
    {EBUSY, "it is in use, or something is mounted on it"},
    {EPIPE, "its reader has gone"},
    {EIO, "input/output error of the device"},
    {EMFILE, "too many open files (ulimit -n)"},
    {ENOMEM, "out of memory"},
    {ESTALE, "it has gone from the file server"},
};

const char *file_reason(int error)
{
    int number = abs(error);

    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        if (reasons[i].error == number) {
            return reasons[i].text;
        }
    }
    return strerror(number);
}

enum vsh_file_code file_target_code(int error)
{
    switch (abs(error)) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return VSH_FILE_CODE_SPACE;
    case EALREADY:
        return VSH_FILE_CODE_BUSY;
    default:
        return VSH_FILE_CODE_TARGET;
    }
}

const char *file_sentence(char *buf, size_t size, const char *act, int error)
{
    (void)snprintf(buf, size, "cannot %s: %s", act, file_reason(error));
    return buf;
}

const char *file_show_name(char *buf, size_t size, const char *name, size_t length)
{
    size_t shown = length < size - 1 ? length : size - 1;

    for (size_t i = 0; i < shown; i++) {
        buf[i] = name[i] >= ' ' && name[i] <= '~' ? name[i] : '?';
    }
    buf[shown] = '\0';
    return buf;
}
