/* SPDX-License-Identifier: MIT */
/* A private folder, and sinks for the names that a source hands out. */
#ifndef RESOLVE_HELPER_H
#define RESOLVE_HELPER_H

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <vsock-shell/address.h>

#include "lib/resolve.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static char folder[64];

static inline const char *in_folder(const char *name)
{
    static char path[256];
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static inline void put(const char *name, const char *content, size_t length)
{
    int fd = open(in_folder(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, length), length);
    (void)close(fd);
}

static inline int set_up(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof(folder), "/tmp/vsh-resolve-XXXXXX");
    assert_non_null(mkdtemp(folder));
    assert_int_equal(mkdir(in_folder("vsock-shell"), 0700), 0);
    assert_int_equal(setenv("XDG_CONFIG_HOME", folder, 1), 0);
    return 0;
}

static inline int tear_down(void **state)
{
    char command[128];
    (void)state;
    (void)snprintf(command, sizeof(command), "rm -rf '%s'", folder);
    return system(command); /* NOLINT(cert-env33-c): a path of our own making */
}

struct seen {
    char text[2048]; /* "name=address,user\n" per entry, "!name why\n" per bad one */
};

static inline int note(const struct vsh_name *name, void *data)
{
    struct seen *seen = data;
    char address[VSH_ADDRESS_MAX];
    size_t length = strlen(seen->text);
    (void)snprintf(seen->text + length, sizeof(seen->text) - length, "%s=%s,%s\n", name->name,
                   vsh_address_format(&name->address, address, sizeof(address)), name->user);
    return 0;
}

static inline int note_bad(const char *name, const char *why, void *data)
{
    struct seen *seen = data;
    size_t length = strlen(seen->text);
    (void)snprintf(seen->text + length, sizeof(seen->text) - length, "!%s %s\n", name,
                   why + strlen(folder));
    return 0;
}

#endif
