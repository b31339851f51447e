/* SPDX-License-Identifier: MIT */
/*
 * Sources of names. A source calls each() for every name it knows and stops when each() returns
 * anything but 0, returning that; a source that is not there (no file, no such daemon) returns 0.
 * Private to lib/.
 */
#ifndef LIB_RESOLVE_H
#define LIB_RESOLVE_H

#include <vsock-shell/address.h>

struct name_visit {
    int (*each)(const struct vsh_name *name, void *data);
    /* An entry that cannot be read: name as far as it is known, why as a sentence. May be NULL. */
    int (*bad)(const char *name, const char *why, void *data);
    void *data;
};

/* "name address [user]" per line. */
int resolve_hosts_file(const char *path, const struct name_visit *visit);

/* Running QEMU processes, from the command lines under proc ("/proc"). */
int resolve_qemu(const char *proc, const struct name_visit *visit);

/* What systemd-machined keeps about VMs with a CID under dir ("/run/systemd/machines"). */
int resolve_machined(const char *dir, const struct name_visit *visit);

#endif
