/* SPDX-License-Identifier: MIT */
/* Strict option values, and --help and --version that go to the right stream. */
#ifndef COMMON_OPTIONS_H
#define COMMON_OPTIONS_H

#include <stdint.h>

#define OPTION_ERROR_MAX 512

/* As those below, with the sentence in error[] instead. */
int option_read_u32(const char *name, const char *text, uint32_t min, uint32_t max, uint32_t *ret,
                    char error[OPTION_ERROR_MAX]);
int option_read_seconds(const char *name, const char *text, uint32_t max, int *ret_ms,
                        char error[OPTION_ERROR_MAX]);

/* getopt(3) shows argv[0] in its messages: leaves the program's name of it, without the folder. */
void options_short_name(char **argv);

/*
 * Each parses a whole text and returns 0, or -EINVAL after writing one sentence with the option's
 * name, the text and the accepted range to stderr.
 */
int option_u32(const char *name, const char *text, uint32_t min, uint32_t max, uint32_t *ret);
int option_seconds(const char *name, const char *text, uint32_t max, int *ret_ms); /* "20", "0.5" */
int option_size(const char *name, const char *text, uint64_t *ret); /* "4096", "64K", "1M", "2G" */

void print_version(const char *program); /* to stdout */

/* "try 'program --help'" to stderr; exits 2. */
__attribute__((noreturn)) void usage_error(const char *program);

#endif
