/* SPDX-License-Identifier: MIT */
/* Owns the spelling of a copy on the command line; what the names lead to is transfer.c's. */
#include "copy_request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * Copies text without its covering backslashes up to the first bare colon when stop is set, else to
 * the end. Returns where it stopped.
 */
static const char *take_name(const char *text, bool stop_at_colon, char *to)
{
    while (*text != '\0') {
        if (*text == '\\' && (text[1] == ':' || text[1] == '\\')) {
            text++;
        } else if (*text == ':' && stop_at_colon) {
            break;
        }
        *to++ = *text++;
    }
    *to = '\0';
    return text;
}

int copy_request_parse(const char *text, bool upload, struct copy_request *ret)
{
    size_t size = strlen(text) + sizeof(".");
    struct copy_request request = {
        .upload = upload, .source = malloc(size), .destination = malloc(size)};

    if (!request.source || !request.destination) {
        copy_request_done(&request);
        return -ENOMEM;
    }
    text = take_name(text, true, request.source);
    if (request.source[0] == '\0') {
        copy_request_done(&request);
        return -EINVAL;
    }
    (void)take_name(*text == ':' ? text + 1 : text, false, request.destination);
    if (request.destination[0] == '\0') {
        memcpy(request.destination, ".", sizeof("."));
    }
    *ret = request;
    return 0;
}

int copy_request_set(const char *source, const char *folder, bool upload, struct copy_request *ret)
{
    struct copy_request request = {
        .upload = upload, .source = strdup(source), .destination = strdup(folder)};

    if (!request.source || !request.destination) {
        copy_request_done(&request);
        return -ENOMEM;
    }
    *ret = request;
    return 0;
}

void copy_request_done(struct copy_request *request)
{
    free(request->source);
    free(request->destination);
    request->source = NULL;
    request->destination = NULL;
}
