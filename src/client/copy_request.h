/* SPDX-License-Identifier: MIT */
/*
 * One copy as the command line names it: "LOCAL:REMOTE" or "REMOTE:LOCAL". A colon inside the first
 * name is written "\:", a backslash before a colon or a backslash "\\"; every other byte stands for
 * itself.
 */
#ifndef CLIENT_COPY_REQUEST_H
#define CLIENT_COPY_REQUEST_H

#include <stdbool.h>

struct copy_request {
    bool upload;
    char *source;
    char *destination; /* "." when the text has none: the home folder there, the current one here */
};

/*
 * Splits text at its first colon that no backslash covers. Returns 0, -EINVAL when the source is
 * empty, or -ENOMEM. copy_request_done() frees the names.
 */
int copy_request_parse(const char *text, bool upload, struct copy_request *ret);

/* The earlier program's spelling: a name taken as it is, and the folder that receives it. */
int copy_request_set(const char *source, const char *folder, bool upload, struct copy_request *ret);

void copy_request_done(struct copy_request *request);

#endif
