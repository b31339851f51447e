/* SPDX-License-Identifier: MIT */
/*
 * One running process, as far as its word counts. What it says of itself is foreign text: it is
 * read bounded, and what it points to (files, sockets) is looked at from its own side of chroots
 * and mount namespaces. Private to lib/.
 */
#ifndef LIB_RESOLVE_PROCESS_H
#define LIB_RESOLVE_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <vsock-shell/address.h>

struct process {
    int dir_fd; /* /proc/PID: stays with this process even when the number is used again */
    const char *proc;
    const char *pid;
    uid_t uid;
    bool believed;
    const char *words; /* the command line: words with a NUL each, one more NUL behind the last */
    const char *end;   /* behind the last word's NUL */
};

/* A kind of virtual machine monitor. */
struct vmm {
    const char *title;
    const char *programs[3]; /* one of these is part of the file name of its program */
    /*
     * Fills name and address in from the command line. Returns 0, or -ENOENT when it has no vsock
     * that can be known; the name may be known even so, and "" means that it has none.
     */
    int (*read)(const struct process *process, struct vsh_name *ret);
};

extern const struct vmm vmm_qemu;
extern const struct vmm vmm_firecracker;
extern const struct vmm vmm_cloud_hypervisor;

/*
 * The value of the last "option VALUE" or "option=VALUE" among the words, NULL without one. The
 * option has its dashes.
 */
const char *process_option(const struct process *process, const char *option);

/*
 * Where the process's socket is for us. Returns 0; -EACCES when its root or working directory
 * cannot be seen and the file does not prove whose it is; -ENAMETOOLONG; or another negative errno.
 */
int process_socket_path(const struct process *process, const char *path, char ret[VSH_PATH_MAX]);

/* Is this a socket file that only the process's own user can have made? Nobody else may give files
 * to it. */
bool process_made_socket(const struct process *process, const char *path);

/*
 * The path of the one unix socket that the process listens on besides except (may be NULL), as it
 * has bound it. Returns 0; -ENOENT: none; -EEXIST: several, so that nobody knows which; -EACCES.
 */
int process_listener(const struct process *process, const char *except, char *buf, size_t size);

/*
 * Reads a regular file that the process named, of at most max bytes, and only what the process may
 * read by itself: its own user's, or root's that everybody may read. Nothing but a regular file is
 * ever opened. The caller frees *ret. Returns 0 or a negative errno.
 */
int process_read_file(const struct process *process, const char *path, size_t max, char **ret);

#endif
