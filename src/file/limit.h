/* SPDX-License-Identifier: MIT */
/* A token bucket: so many bytes per second, in bursts of a fifth of a second at most. */
#ifndef FILE_LIMIT_H
#define FILE_LIMIT_H

#include <stddef.h>
#include <stdint.h>

struct file_limit {
    uint64_t rate;     /* bytes per second, 0 = no limit */
    uint64_t thousand; /* tokens, in thousandths of a byte */
    int64_t last_ms;
};

void file_limit_init(struct file_limit *limit, uint64_t rate, int64_t now_ms);

/* How many of wanted bytes may go now; 0 = none yet. The caller takes what it sends. */
size_t file_limit_room(struct file_limit *limit, size_t wanted, int64_t now_ms);
void file_limit_take(struct file_limit *limit, size_t bytes);

/* After a room of 0: milliseconds until some of wanted may go. */
int file_limit_wait_ms(const struct file_limit *limit, size_t wanted);

#endif
