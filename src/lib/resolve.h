/* SPDX-License-Identifier: MIT */
/*
 * Sources of names. A source calls each() for every name it knows and stops when each() returns
 * anything but 0, returning that; a source that is not there (no file, no such daemon) returns 0.
 * Private to lib/.
 */
#ifndef LIB_RESOLVE_H
#define LIB_RESOLVE_H

#include <sys/types.h>

#include <vsock-shell/address.h>

struct name_visit {
    int (*each)(const struct vsh_name *name, void *data);
    /*
     * An entry that cannot be used: its name as far as it is known ("" = the source as a whole),
     * why as a sentence. May be NULL.
     */
    int (*bad)(const char *name, const char *why, void *data);
    void *data;
};

/*
 * Whether nobody but the user belongs to the group, by files in the form of passwd(5) and group(5).
 */
bool group_is_private(const char *passwd, const char *group, uid_t uid, gid_t gid);

/* "name address [user]" per line. The file must be the caller's or root's, writable by no other. */
int resolve_hosts_file(const char *path, const struct name_visit *visit);

struct process_scan {
    const char *proc;   /* "/proc" */
    const char *passwd; /* "/etc/passwd": the hypervisors' users */
    uid_t self;         /* whose processes count besides root's and theirs */
    /*
     * NULL: the VMs whose word counts. A name: bad() for each VM of somebody else that claims it;
     * only then are other people's command lines read at all.
     */
    const char *claimed;
};

/* Running VMs of QEMU, Firecracker and cloud-hypervisor, from their command lines. */
int resolve_processes(const struct process_scan *scan, const struct name_visit *visit);

/*
 * Machines of systemd-machined that have a CID: asked over its varlink socket, and where it does
 * not answer in time or is too old, from the files it keeps in dir.
 */
int resolve_machined(const char *socket, const char *dir, const struct name_visit *visit);

/* Empties a name that TARGET cannot be ("my vm", "7"): it is as good as none. */
void name_drop_odd(struct vsh_name *name);

/* Where a name came from, which decides who wins. */
enum name_origin { NAME_FROM_FILE, NAME_FROM_PROCESS, NAME_FROM_MACHINED };

struct name_entry {
    enum name_origin origin;
    struct vsh_name name;
};

struct name_list {
    struct name_entry *items;
    size_t count;
    size_t capacity;
};

/* Appends a copy; -ENOMEM, or -E2BIG above a limit that no machine reaches. */
int name_list_add(struct name_list *list, enum name_origin origin, const struct vsh_name *name);
void name_list_done(struct name_list *list);

/* Sets state and problem of every entry, by all of them together. */
void name_list_judge(struct name_list *list);

#endif
