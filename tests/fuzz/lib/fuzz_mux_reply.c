/* SPDX-License-Identifier: MIT */
/*
 * The parser of a multiplexer's answer against the same rule written another way: a line is taken
 * exactly when it is "OK ", one to ten digits that make a u32, newline.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mux_reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mux_reply reply = {0};
    size_t taken = 0;
    int rc = 0;
    while (rc == 0 && taken < size) {
        rc = mux_reply_feed(&reply, data[taken++]);
    }
    if (taken > sizeof("OK 4294967295\n") - 1 || reply.length != taken) {
        abort();
    }
    char line[32] = "";
    char *end = NULL;
    memcpy(line, data, taken);
    unsigned long long port = strtoull(line + 3, &end, 10);
    bool whole = taken >= 5 && memcmp(line, "OK ", 3) == 0 && line[3] >= '0' && line[3] <= '9' &&
                 port <= UINT32_MAX && end == line + taken - 1 && *end == '\n';
    if (whole != (rc == 1) || (whole && port != reply.port)) {
        abort();
    }
    return 0;
}
