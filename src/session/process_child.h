/* SPDX-License-Identifier: MIT */
/* The child's half of process_spawn(): from fork to exec, with async-signal-safe calls only. */
#ifndef SESSION_PROCESS_CHILD_H
#define SESSION_PROCESS_CHILD_H

#include "process.h"

/* All memory that the child needs is made by the parent before fork. */
struct process_plan {
    const struct process_spec *spec;
    int stdio[3]; /* what becomes 0, 1 and 2 */
    const struct process_guard *guard;
    int error_fd;       /* struct process_failure goes here; close-on-exec */
    const char *search; /* folders to search for spec->path; NULL = it names a file */
    char *candidate;    /* room for a folder of search, "/" and spec->path */
    const char *home;   /* where to go without spec->cwd */
    char **script_argv; /* "sh", the file, argv[1]...: for a script without an interpreter line */
};

struct process_failure {
    enum process_stage stage;
    int error; /* positive errno */
};

__attribute__((noreturn)) void process_child_run(const struct process_plan *plan);

#endif
