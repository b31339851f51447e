/* SPDX-License-Identifier: MIT */
/* The command line of vsock-shell-client, read once into one struct and checked. */
#ifndef CLIENT_ARGUMENTS_H
#define CLIENT_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "copy_request.h"

#define CLIENT_PROGRAM "vsock-shell-client"

enum client_pty {
    CLIENT_PTY_AUTO, /* for an interactive shell, when stdin is a terminal */
    CLIENT_PTY_ALWAYS,
    CLIENT_PTY_NEVER,
};

struct client_arguments {
    const char *target;
    uint32_t port; /* 0 = the address's own */
    int wait_ms;
    int timeout_ms;
    int protocol; /* 0 = try v2, then v1 */

    enum client_pty pty;
    int escape; /* the escape character, -1 = none */
    const char *user;
    const char *cwd;
    const char **env; /* "NAME=VALUE" */
    size_t envc;
    char *command; /* one shell text, owned; NULL = a login shell, or argv */
    char **argv;   /* with --argv: a program and its words */
    size_t argc;

    struct copy_request *copies; /* not empty: a run of copies instead of a command */
    size_t copy_count;
    bool recursive, follow, resume, no_clobber, dry_run, sync, json;
    const char **excludes;
    size_t exclude_count;
    uint64_t limit; /* bytes a second, 0 = none */

    bool list;
    bool names; /* only names, and nobody is asked */
    bool quiet;
    int verbose;
};

/* An option by name, and whether it was given. */
struct option_use {
    bool set;
    const char *name;
};

/* The name of the first option that was given, or NULL: for what does not go together. */
const char *first_in_use(const struct option_use *options, size_t count);

/*
 * Reads the command line. Strings are borrowed from argv. Does not return for --help and --version
 * (exit 0) and for wrong use (a sentence on stderr, exit 2).
 */
void arguments_parse(int argc, char **argv, struct client_arguments *ret);
void arguments_done(struct client_arguments *arguments);

/* The text of --help, to stdout. */
void arguments_help(void);

#endif
