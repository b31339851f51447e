/* SPDX-License-Identifier: MIT */
/* The token bucket. Tokens are thousandths of a byte, so that a slow rate loses nothing to
 * rounding. */
#include "file/limit.h"

#define RATE_MAX ((uint64_t)1 << 40) /* keeps the arithmetic below far from 64 bits */

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t burst(const struct file_limit *limit)
{
    uint64_t thousand = limit->rate * 1000 / 5;

    return thousand > 1000 ? thousand : 1000;
}

/* Twenty frames a second are smooth enough; more would be a waste of headers. */
static uint64_t quantum(const struct file_limit *limit, size_t wanted)
{
    uint64_t bytes = limit->rate / 20 > 0 ? limit->rate / 20 : 1;

    return least(bytes, wanted) * 1000;
}

void file_limit_init(struct file_limit *limit, uint64_t rate, int64_t now_ms)
{
    *limit = (struct file_limit){.rate = least(rate, RATE_MAX), .last_ms = now_ms};
}

size_t file_limit_room(struct file_limit *limit, size_t wanted, int64_t now_ms)
{
    if (limit->rate == 0) {
        return wanted;
    }
    if (now_ms > limit->last_ms) {
        uint64_t elapsed_ms = least((uint64_t)(now_ms - limit->last_ms), 1000);
        limit->thousand = least(limit->thousand + elapsed_ms * limit->rate, burst(limit));
        limit->last_ms = now_ms;
    }
    if (limit->thousand < quantum(limit, wanted)) {
        return 0;
    }
    return (size_t)least(limit->thousand / 1000, wanted);
}

void file_limit_take(struct file_limit *limit, size_t bytes)
{
    if (limit->rate > 0) {
        limit->thousand -= least(limit->thousand, (uint64_t)bytes * 1000);
    }
}

int file_limit_wait_ms(const struct file_limit *limit, size_t wanted)
{
    uint64_t need = quantum(limit, wanted);

    if (limit->rate == 0 || limit->thousand >= need) {
        return 0;
    }
    return (int)((need - limit->thousand + limit->rate - 1) / limit->rate);
}
