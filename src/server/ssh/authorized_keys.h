/* SPDX-License-Identifier: MIT */
/*
 * authorized_keys: lines of options, type, key and comment. Keys are compared by their text (type
 * and base64), so nothing of a line is decoded.
 */
#ifndef SERVER_SSH_AUTHORIZED_KEYS_H
#define SERVER_SSH_AUTHORIZED_KEYS_H

#include <stddef.h>
#include <stdint.h>

#include "server/ssh/authorized_options.h"

struct authorized_key {
    char *line; /* owns what the others point into */
    const char *type;
    const char *blob; /* base64 */
    struct authorized_options options;
};

/* Whom and when a key is asked for. */
struct authorized_question {
    const char *type; /* "ssh-ed25519" */
    const char *blob; /* base64 */
    const char *peer; /* vsh_peer_format() */
    int64_t now;      /* seconds since 1970 */
};

/*
 * Parses one line of length bytes. Returns 1 and a key, 0 for a blank line or a comment, -EINVAL
 * and a sentence in error[], or -ENOMEM.
 */
int authorized_key_parse(const char *line, size_t length, struct authorized_key *ret, char *error,
                         size_t size);
void authorized_key_done(struct authorized_key *key);

/*
 * Looks through a file's text for the key. Returns 1 and the first entry that fits and may be used
 * now by this peer, else 0; notes[] says why matching or broken lines were passed over, one
 * sentence, the last.
 */
int authorized_keys_find(const char *text, size_t length,
                         const struct authorized_question *question, struct authorized_key *ret,
                         char *notes, size_t size);

#endif
