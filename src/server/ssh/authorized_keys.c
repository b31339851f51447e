/* SPDX-License-Identifier: MIT */
/* Lines of authorized_keys, and the search for one key in them. */
#include "server/ssh/authorized_keys.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A certificate, or an unknown type, is no key: certificates are not checked here at all. */
static const char *const key_types[] = {
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "ssh-rsa",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
};

static bool is_key_type(const char *text, size_t length)
{
    for (size_t i = 0; i < sizeof(key_types) / sizeof(key_types[0]); i++) {
        if (strlen(key_types[i]) == length && strncmp(text, key_types[i], length) == 0) {
            return true;
        }
    }
    return false;
}

/* The word at *text, ended in place; moves *text behind it. */
static char *next_word(char **text)
{
    char *word = *text + strspn(*text, " \t");
    char *end = word + strcspn(word, " \t");
    *text = *end != '\0' ? end + 1 : end;
    *end = '\0';
    return word;
}

static int parse_key(char *at, struct authorized_key *key, char *error, size_t size)
{
    authorized_options_init(&key->options);
    if (!is_key_type(at, strcspn(at, " \t"))) {
        int r = authorized_options_parse(&at, &key->options, error, size);
        if (r < 0) {
            return r;
        }
    }
    key->type = next_word(&at);
    key->blob = next_word(&at);
    if (!is_key_type(key->type, strlen(key->type))) {
        (void)snprintf(error, size, "key type \"%.64s\" is not supported", key->type);
        return -EINVAL;
    }
    static const char base64[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
    if (key->blob[0] == '\0' || key->blob[strspn(key->blob, base64)] != '\0') {
        (void)snprintf(error, size, "the %s key is not base64", key->type);
        return -EINVAL;
    }
    return 1;
}

int authorized_key_parse(const char *line, size_t length, struct authorized_key *ret, char *error,
                         size_t size)
{
    memset(ret, 0, sizeof(*ret));
    while (length > 0 && (*line == ' ' || *line == '\t')) {
        line++;
        length--;
    }
    if (length > 0 && line[length - 1] == '\r') {
        length--;
    }
    if (length == 0 || *line == '#') {
        return 0;
    }
    if (memchr(line, '\0', length) != NULL) {
        (void)snprintf(error, size, "the line holds a NUL byte");
        return -EINVAL;
    }
    ret->line = strndup(line, length);
    if (ret->line == NULL) {
        return -ENOMEM;
    }
    int r = parse_key(ret->line, ret, error, size);
    if (r < 0) {
        authorized_key_done(ret);
    }
    return r;
}

void authorized_key_done(struct authorized_key *key)
{
    free(key->line);
    memset(key, 0, sizeof(*key));
}

/* May the key, which is the right one, be used now and from there? */
static bool may_use(const struct authorized_key *key, const struct authorized_question *question,
                    char *notes, size_t size)
{
    if (key->options.expiry != 0 && key->options.expiry < question->now) {
        (void)snprintf(notes, size, "the key has expired (expiry-time=)");
        return false;
    }
    if (key->options.from != NULL && !authorized_from_matches(key->options.from, question->peer)) {
        (void)snprintf(notes, size, "the key is not for peer %s (from=\"%.100s\")", question->peer,
                       key->options.from);
        return false;
    }
    return true;
}

int authorized_keys_find(const char *text, size_t length,
                         const struct authorized_question *question, struct authorized_key *ret,
                         char *notes, size_t size)
{
    unsigned number = 0;
    char error[160];
    while (length > 0) {
        const char *end = memchr(text, '\n', length);
        size_t line = end != NULL ? (size_t)(end - text) : length;
        struct authorized_key key;
        number++;
        int r = authorized_key_parse(text, line, &key, error, sizeof(error));
        if (r < 0) {
            (void)snprintf(notes, size, "line %u is ignored: %s", number, error);
        }
        if (r == 1 && strcmp(key.type, question->type) == 0 &&
            strcmp(key.blob, question->blob) == 0 && may_use(&key, question, notes, size)) {
            *ret = key;
            return 1;
        }
        if (r == 1) {
            authorized_key_done(&key);
        }
        size_t step = end != NULL ? line + 1 : line;
        text += step;
        length -= step;
    }
    return 0;
}
