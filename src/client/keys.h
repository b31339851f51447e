/* SPDX-License-Identifier: MIT */
/*
 * Escape keys: what the user types is passed on, but for the escape character at the start of a
 * line and the key after it.
 */
#ifndef CLIENT_KEYS_H
#define CLIENT_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum keys_action {
    KEYS_NONE,
    KEYS_DISCONNECT, /* ~. */
    KEYS_SUSPEND,    /* ~^Z */
    KEYS_HELP,       /* ~? */
};

struct keys {
    int escape; /* the escape character, -1 = none */
    bool line_start;
    bool pending; /* the escape character was seen at the start of a line */
};

void keys_init(struct keys *keys, int escape);

/*
 * Filters length bytes into out, which has room for length + 1. Stops behind the first key that is
 * an action. Returns the bytes written, *ret_used the bytes read, *ret_action the action or
 * KEYS_NONE.
 */
size_t keys_filter(struct keys *keys, const uint8_t *in, size_t length, uint8_t *out,
                   size_t *ret_used, enum keys_action *ret_action);

#endif
