/* SPDX-License-Identifier: MIT */
/* A /proc of our own making. */
#ifndef RESOLVE_PROC_HELPER_H
#define RESOLVE_PROC_HELPER_H

#include "resolve_helper.h"

#define ARGS(text) text, sizeof(text) /* the NUL behind the last argument is part of it */
#define OTHER      12345u             /* neither root nor us, whoever runs the test */
#define HYPERVISOR 12346u

static inline const char *in_process(const char *pid, const char *file)
{
    static char name[128];
    (void)snprintf(name, sizeof(name), "%s/%s", pid, file);
    return name;
}

struct fake {
    const char *pid;
    const char *line;
    size_t length;
    const char *program; /* NULL = we may not see it, nor its root */
    unsigned real, effective;
    const char *pids;
};

static inline void link_to(const char *target, const char *pid, const char *file)
{
    (void)unlink(in_folder(in_process(pid, file)));
    if (target != NULL) {
        assert_int_equal(symlink(target, in_folder(in_process(pid, file))), 0);
    }
}

static inline void put_process(const struct fake *fake)
{
    char status[256];
    (void)mkdir(in_folder(fake->pid), 0700);
    put(in_process(fake->pid, "cmdline"), fake->line, fake->length);
    (void)snprintf(status, sizeof(status), "Name:\tx\nUid:\t%u\t%u\t%u\t%u\nNSpid:\t%s\n",
                   fake->real, fake->effective, fake->effective, fake->effective,
                   fake->pids != NULL ? fake->pids : fake->pid);
    put(in_process(fake->pid, "status"), status, strlen(status));
    link_to(fake->program, fake->pid, "exe");
    link_to(fake->program != NULL ? "/" : NULL, fake->pid, "root");
    link_to(fake->program != NULL ? folder : NULL, fake->pid, "cwd");
}

static inline void scan(const char *claimed, struct seen *seen)
{
    static char passwd[256];
    const struct name_visit visit = {note, note_bad, seen};
    const struct process_scan scan = {
        .proc = folder, .passwd = passwd, .self = geteuid(), .claimed = claimed};
    (void)snprintf(passwd, sizeof(passwd), "%s", in_folder("passwd"));
    seen->text[0] = '\0';
    assert_int_equal(resolve_processes(&scan, &visit), 0);
}

#endif
