/* SPDX-License-Identifier: MIT */
/*
 * Addresses: one grammar for every program.
 *
 *   3  vsock:3  vsock:3:5000  vsock/3  vsock%3      AF_VSOCK (vsock(7)); host = 2, local = 1
 *   unix:/path  unix/path  unix%path                AF_UNIX stream (unix(7))
 *   mux:/path   vsock-mux/path  vsock-mux%path      hybrid vsock: CONNECT line on an AF_UNIX socket
 *   NAME                                            looked up by vsh_address_resolve()
 *
 * Behind "/" and "%" a path is absolute unless it starts with ".". mux:/path:5000 names the port.
 *
 * Any of them may end in ".vsock", the spelling that ssh host names carry. A path may end so by its
 * own right: vsh_address_parse() takes every path as it is, vsh_address_resolve() drops the suffix
 * when no file of the whole name exists.
 */
#ifndef VSOCK_SHELL_ADDRESS_H
#define VSOCK_SHELL_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VSH_PORT_DEFAULT 5000u
#define VSH_CID_ANY      0xffffffffu /* listening only: every CID of this machine */
#define VSH_CID_LOCAL    1u          /* the same machine, by vsock_loopback */
#define VSH_CID_HOST     2u          /* the host, seen from a guest */
#define VSH_PATH_MAX     108         /* sizeof(sun_path), with the NUL */
#define VSH_ADDRESS_MAX  160         /* room for any formatted address, with the NUL */
#define VSH_NAME_MAX     256         /* a NAME or a user name, with the NUL */

enum vsh_family {
    VSH_FAMILY_NONE,
    VSH_FAMILY_VSOCK,
    VSH_FAMILY_UNIX,
    VSH_FAMILY_MUX,
};

struct vsh_address {
    enum vsh_family family;
    bool has_port;           /* the text named a port */
    uint32_t cid;            /* vsock */
    uint32_t port;           /* vsock and mux; VSH_PORT_DEFAULT unless the text named one */
    char path[VSH_PATH_MAX]; /* unix and mux; "@name" is the abstract namespace of unix(7) */
};

enum vsh_address_use {
    VSH_ADDRESS_CONNECT, /* CID "any" is refused */
    VSH_ADDRESS_LISTEN,  /* "any" is accepted */
};

/*
 * Parses one address. Whole-string and strict: no sign, no blank, CID and port are decimal and
 * 32-bit, port 0xffffffff (VMADDR_PORT_ANY) is refused. Does not block and looks nothing up.
 * Returns 0; -EINVAL with one sentence in error[] that quotes the text and names the accepted
 * forms; -ENOENT (error[] untouched) when the text has the form of a NAME.
 */
int vsh_address_parse(const char *text, enum vsh_address_use use, struct vsh_address *ret,
                      char *error, size_t error_size);

/*
 * Like vsh_address_parse(), and looks a NAME up: the user's hosts file
 * ($XDG_CONFIG_HOME or ~/.config)/vsock-shell/hosts, then /etc/vsock-shell/hosts, then the running
 * VMs; vsock-shell-hosts(5) says which of them count. Reads files and asks systemd-machined, so it
 * may block for as long as the disk takes and half a second. user[] (VSH_NAME_MAX bytes, may be
 * NULL) gets the hosts file's user or "".
 * Returns 0; -EINVAL when the name is there but cannot be used (a bad line, two VMs that claim it);
 * -ENOENT when nothing knows it; both with a sentence in error[] (VSH_PROBLEM_MAX is enough room).
 */
int vsh_address_resolve(const char *text, struct vsh_address *ret, char *user, char *error,
                        size_t error_size);

enum vsh_name_state {
    VSH_NAME_USABLE,
    VSH_NAME_HIDDEN,  /* an entry before it has the name */
    VSH_NAME_REFUSED, /* problem says why: a bad line, two VMs with one name or one address */
};

#define VSH_PROBLEM_MAX 768

/* What a NAME can be, as one source knows it. */
struct vsh_name {
    char name[VSH_NAME_MAX];    /* "": a VM without a name, or a source that cannot be read */
    struct vsh_address address; /* VSH_FAMILY_NONE: a line that cannot be read */
    char user[VSH_NAME_MAX];    /* the hosts file's, or "" */
    char source[VSH_NAME_MAX];  /* "/etc/vsock-shell/hosts", "QEMU process 77", "machined" */
    enum vsh_name_state state;
    char problem[VSH_PROBLEM_MAX]; /* one sentence, "" unless refused */
};

/*
 * Calls each() for everything that any source knows, in the order in which vsh_address_resolve()
 * looks. Stops when each() returns anything but 0 and returns that; 0 at the end, or a negative
 * errno. Blocks as vsh_address_resolve() does; connects to no VM.
 */
int vsh_address_list(int (*each)(const struct vsh_name *name, void *data), void *data);

/*
 * Writes the canonical text ("vsock:3:5000", "unix:/run/x", "mux:/run/v:5000") into buf, always
 * NUL-terminated; parsing it again gives the same address. Returns buf.
 */
const char *vsh_address_format(const struct vsh_address *address, char *buf, size_t size);

/* Parses a whole decimal number from 0 to max without sign or blanks. Returns 0 or -EINVAL. */
int vsh_parse_u32(const char *text, uint32_t max, uint32_t *ret);

#ifdef __cplusplus
}
#endif
#endif
