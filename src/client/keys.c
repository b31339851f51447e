/* SPDX-License-Identifier: MIT */
/* The escape keys' small state machine; what an action does is shell.c's. */
#include "keys.h"

#define CONTROL_Z 0x1a

static const struct {
    uint8_t key;
    enum keys_action action;
} actions[] = {
    {'.', KEYS_DISCONNECT},
    {CONTROL_Z, KEYS_SUSPEND},
    {'?', KEYS_HELP},
};

void keys_init(struct keys *keys, int escape)
{
    *keys = (struct keys){.escape = escape, .line_start = true};
}

static enum keys_action action_of(uint8_t key)
{
    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
        if (actions[i].key == key) {
            return actions[i].action;
        }
    }
    return KEYS_NONE;
}

size_t keys_filter(struct keys *keys, const uint8_t *in, size_t length, uint8_t *out,
                   size_t *ret_used, enum keys_action *ret_action)
{
    size_t written = 0;
    size_t i = 0;

    *ret_action = KEYS_NONE;
    while (i < length && *ret_action == KEYS_NONE) {
        uint8_t key = in[i++];

        if (keys->pending) {
            keys->pending = false;
            *ret_action = action_of(key);
            if (*ret_action != KEYS_NONE) {
                /* After the help the cursor is at the start of a line again. */
                keys->line_start = true;
                continue;
            }
            /* The escape character twice stands for itself; before another key both are typed. */
            if (key != keys->escape) {
                out[written++] = (uint8_t)keys->escape;
            }
        } else if (keys->line_start && key == keys->escape) {
            keys->pending = true;
            continue;
        }
        out[written++] = key;
        keys->line_start = key == '\r' || key == '\n';
    }
    *ret_used = i;
    return written;
}
