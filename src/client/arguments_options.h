/* SPDX-License-Identifier: MIT */
/* The options of the command line, one by one; what they amount to is arguments.c's. */
#ifndef CLIENT_ARGUMENTS_OPTIONS_H
#define CLIENT_ARGUMENTS_OPTIONS_H

#include <stdbool.h>

#include "arguments.h"

/* A copy option as it stood: its meaning depends on --remote-dir and --local-dir, which may follow.
 */
struct raw_copy {
    const char *text;
    bool upload;
};

struct parser {
    struct client_arguments *out;
    struct raw_copy *copies;
    const char *remote_dir;
    const char *local_dir;
    const char *command; /* --cmd */
    bool direct;         /* --argv */
};

/*
 * Reads options from optind up to the next other word. True when it was "--" that ended them. Exits
 * like arguments_parse().
 */
bool arguments_read_options(struct parser *parser, int argc, char **argv);

/* A sentence and the pointer to --help on stderr; exits 2. */
__attribute__((noreturn, format(printf, 1, 2))) void arguments_wrong_use(const char *format, ...);

#endif
