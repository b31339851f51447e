/* SPDX-License-Identifier: MIT */
/*
 * Option values. Parsing is strict: the whole text, no sign, no blank, and a sentence that quotes
 * what was given and says what would do.
 */
#include "options.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vsock-shell/address.h>

/* The name main() was called by is what the user typed: libc has it without a global of ours. */
static const char *program_name(void)
{
    return program_invocation_short_name;
}

static int fail(const char *error)
{
    (void)fprintf(stderr, "%s: %s\n", program_name(), error);
    return -EINVAL;
}

void options_short_name(char **argv)
{
    char *slash = argv[0] ? strrchr(argv[0], '/') : NULL;

    if (slash && slash[1] != '\0') {
        argv[0] = slash + 1;
    }
}

int option_read_u32(const char *name, const char *text, uint32_t min, uint32_t max, uint32_t *ret,
                    char error[OPTION_ERROR_MAX])
{
    uint32_t value;

    if (vsh_parse_u32(text, max, &value) < 0 || value < min) {
        (void)snprintf(error, OPTION_ERROR_MAX, "%s: '%s' is not a number from %u to %u", name,
                       text, min, max);
        return -EINVAL;
    }
    *ret = value;
    return 0;
}

int option_u32(const char *name, const char *text, uint32_t min, uint32_t max, uint32_t *ret)
{
    char error[OPTION_ERROR_MAX];

    return option_read_u32(name, text, min, max, ret, error) < 0 ? fail(error) : 0;
}

/* "7", "0.5", ".5" and "7." would all be clear; the last two are refused to keep one spelling. */
static int parse_ms(const char *text, uint32_t max, int *ret_ms)
{
    static const int scale[] = {100, 10, 1};
    int64_t ms = 0;
    const char *p = text;

    for (; *p >= '0' && *p <= '9'; p++) {
        ms = ms * 10 + (*p - '0');
        if (ms > (int64_t)max) {
            return -ERANGE;
        }
    }
    if (p == text) {
        return -EINVAL;
    }
    ms *= 1000;
    if (*p == '.') {
        const char *fraction = ++p;
        for (; *p >= '0' && *p <= '9' && p - fraction < 3; p++) {
            ms += scale[p - fraction] * (*p - '0');
        }
        if (p == fraction) {
            return -EINVAL;
        }
    }
    if (*p != '\0') {
        return -EINVAL;
    }
    if (ms > (int64_t)max * 1000 || ms > INT_MAX) {
        return -ERANGE;
    }
    *ret_ms = (int)ms;
    return 0;
}

int option_read_seconds(const char *name, const char *text, uint32_t max, int *ret_ms,
                        char error[OPTION_ERROR_MAX])
{
    if (parse_ms(text, max, ret_ms) < 0) {
        (void)snprintf(error, OPTION_ERROR_MAX,
                       "%s: '%s' is not a number of seconds from 0 to %u, such as 20 or 0.5", name,
                       text, max);
        return -EINVAL;
    }
    return 0;
}

int option_seconds(const char *name, const char *text, uint32_t max, int *ret_ms)
{
    char error[OPTION_ERROR_MAX];

    return option_read_seconds(name, text, max, ret_ms, error) < 0 ? fail(error) : 0;
}

static int parse_size(const char *text, uint64_t *ret)
{
    static const char suffixes[] = "KMGT";
    uint64_t value = 0;
    const char *p = text;

    for (; *p >= '0' && *p <= '9'; p++) {
        if (__builtin_mul_overflow(value, 10u, &value) ||
            __builtin_add_overflow(value, (uint64_t)(*p - '0'), &value)) {
            return -ERANGE;
        }
    }
    if (p == text) {
        return -EINVAL;
    }
    if (*p != '\0') {
        const char *suffix = strchr(suffixes, *p);
        if (!suffix || p[1] != '\0') {
            return -EINVAL;
        }
        unsigned shift = 10u * (unsigned)(suffix - suffixes + 1);
        if (value > UINT64_MAX >> shift) {
            return -ERANGE;
        }
        value <<= shift;
    }
    *ret = value;
    return 0;
}

int option_size(const char *name, const char *text, uint64_t *ret)
{
    if (parse_size(text, ret) < 0) {
        (void)fprintf(stderr,
                      "%s: %s: '%s' is not a size in bytes, such as 4096, 64K, 1M, 2G or 1T\n",
                      program_name(), name, text);
        return -EINVAL;
    }
    return 0;
}

void print_version(const char *program)
{
    (void)printf("%s %s\n", program, VSH_VERSION);
}

void usage_error(const char *program)
{
    (void)fprintf(stderr, "try '%s --help'\n", program);
    exit(2);
}
