/* SPDX-License-Identifier: MIT */
/* The looks of --list. */
#ifndef CLIENT_LIST_PRINT_H
#define CLIENT_LIST_PRINT_H

#include <stdbool.h>
#include <stddef.h>

#include <vsock-shell/address.h>

#include "probe.h"

struct list_entry {
    struct vsh_name name;
    size_t probe; /* among the addresses that are asked */
    enum probe_answer answer;
};

struct list {
    struct list_entry *entries;
    size_t count;
    size_t capacity;
    uint32_t port; /* 0 = each address's own */
};

/*
 * A line per entry that has an address: name, address, user, answer, source; "-" for nothing. On a
 * terminal with a heading and in columns, else with one blank between, and blanks in all but the
 * source escaped. Errors are the stream's.
 */
void list_print_columns(const struct list *list, bool terminal);

/* One array with an object per entry; bytes that are no UTF-8 read \xNN after decoding. */
void list_print_json(const struct list *list);

#endif
