/* SPDX-License-Identifier: MIT */
/*
 * Why a connect or a listen failed, and the likely cure, as a table: the first row that fits says
 * it. A row for one CID stands before the row for any.
 */
#include "lib/transport.h"

#include <errno.h>
#include <stdio.h>

#include <vsock-shell/error.h>

#define VSOCK   (1u << VSH_FAMILY_VSOCK)
#define UNIX    (1u << VSH_FAMILY_UNIX)
#define MUX     (1u << VSH_FAMILY_MUX)
#define PATHS   (UNIX | MUX)
#define ANY_CID VSH_CID_ANY

struct reason {
    unsigned families;
    int error; /* positive, as in errno(3) */
    uint32_t cid;
    const char *text;
};

#define LOAD_LOOPBACK                                                                              \
    "CID 1 is this machine itself and needs the module vsock_loopback: run \"modprobe "            \
    "vsock_loopback\" as root"
#define LOAD_VSOCK                                                                                 \
    "this kernel has no vsock (run \"modprobe vhost_vsock\" on a host, \"modprobe "                \
    "vmw_vsock_virtio_transport\" in a VM), or a container's seccomp filter forbids it"

static const struct reason connect_reasons[] = {
    {VSOCK, ENODEV, VSH_CID_LOCAL, LOAD_LOOPBACK},
    {VSOCK, ENODEV, VSH_CID_HOST,
     "this machine has no vsock device: give the VM one (QEMU: -device "
     "vhost-vsock-pci,guest-cid=N), or, if this is the host, name the CID of a VM"},
    {VSOCK, ENODEV, ANY_CID,
     "no running VM has this CID, or this machine has no vsock device (host: \"modprobe "
     "vhost_vsock\"); see the VMs with vsock-shell-client --list"},
    {VSOCK, ENETUNREACH, ANY_CID,
     "no vsock transport here leads to this CID: a VM reaches only the host (CID 2), and CID 1 "
     "needs vsock_loopback"},
    {VSOCK, EHOSTUNREACH, ANY_CID,
     "the VM with this CID cannot be reached: it is stopped or still starting (--wait N tries "
     "again)"},
    {VSOCK, ECONNRESET, VSH_CID_HOST,
     "nobody listens on this port of the host: start vsock-shell-server there, or choose another "
     "port with -p"},
    {VSOCK, ECONNRESET, ANY_CID,
     "the VM is up, but nobody listens on this port: start vsock-shell-server in it, or choose "
     "another port with -p"},
    {VSOCK, ECONNREFUSED, ANY_CID,
     "nobody listens on this port: start vsock-shell-server there, or choose another port with -p"},
    {VSOCK, ETIMEDOUT, VSH_CID_LOCAL, LOAD_LOOPBACK},
    {VSOCK, ETIMEDOUT, ANY_CID,
     "no answer: the VM's vsock driver is not up, because it is still booting (--wait N tries "
     "again) or its kernel has none; from within a VM only the host (CID 2) can be reached"},
    {VSOCK, EADDRNOTAVAIL, ANY_CID,
     "the local CID cannot be used: this machine's vsock device has gone or has no CID yet"},
    {VSOCK, EAFNOSUPPORT, ANY_CID, LOAD_VSOCK},
    {VSOCK, EPERM, ANY_CID,
     "not permitted: a container's seccomp filter or a security module forbids vsock; allow "
     "AF_VSOCK sockets there"},
    {VSOCK, EACCES, ANY_CID,
     "not permitted: a security module (SELinux, AppArmor) forbids this connection"},
    {PATHS, ENOENT, ANY_CID,
     "there is no such socket: check the path, and that the server or the VM runs (--wait N tries "
     "until it does)"},
    {PATHS, ECONNREFUSED, ANY_CID,
     "the file is there but nobody listens on it: its server or VM has ended, or it is no socket"},
    {PATHS, EACCES, ANY_CID,
     "permission denied: this user may not write to the socket or enter its folder"},
    {PATHS, ENAMETOOLONG, ANY_CID, "the path is too long for a unix socket (107 bytes)"},
    {PATHS, ENOTDIR, ANY_CID, "a part of the path is no folder"},
    {PATHS, EPROTOTYPE, ANY_CID, "the socket is of another type (datagram or seqpacket)"},
    {PATHS, EAGAIN, ANY_CID,
     "the server does not take new connections: its queue is full, it may be stopped or "
     "overloaded"},
    {MUX, ECONNRESET, ANY_CID,
     "the multiplexer closed the stream instead of answering \"OK\": nobody listens on this port "
     "in "
     "the VM; start vsock-shell-server in it, or choose another port with -p"},
    {MUX, ETIMEDOUT, ANY_CID,
     "the multiplexer does not answer: the VM's vsock driver is not up, because it is still "
     "booting "
     "(--wait N tries again), or the VM is paused"},
    {MUX, EBADMSG, ANY_CID,
     "what answers there is no vsock multiplexer; for a plain unix socket write unix:/path"},
    {PATHS, ETIMEDOUT, ANY_CID, "no answer in time: the server may be stopped or overloaded"},
    {VSOCK | PATHS, ECANCELED, ANY_CID, "given up on request"},
    {VSOCK | PATHS, EMFILE, ANY_CID, "too many open files: raise the limit (ulimit -n)"},
};

static const struct reason listen_reasons[] = {
    {VSOCK, EADDRINUSE, ANY_CID,
     "another program listens on this port (see \"ss --vsock -l\"): stop it, or choose another "
     "port "
     "with -p"},
    {VSOCK, EACCES, ANY_CID, "ports below 1024 are root's: run as root, or choose another with -p"},
    {VSOCK, EPERM, ANY_CID,
     "not permitted: a container's seccomp filter or a security module forbids vsock; allow "
     "AF_VSOCK sockets there"},
    {VSOCK, EAFNOSUPPORT, ANY_CID, LOAD_VSOCK},
    {VSOCK, EADDRNOTAVAIL, ANY_CID,
     "this is no CID of this machine: write vsock:any:PORT, or its own CID"},
    {VSOCK, ENODEV, ANY_CID, LOAD_VSOCK},
    {PATHS, EADDRINUSE, ANY_CID,
     "a server listens there already, or a file that is no socket is in the way: stop it, remove "
     "the file, or choose another path"},
    {PATHS, EACCES, ANY_CID, "permission denied: this user may not create a file in that folder"},
    {PATHS, EROFS, ANY_CID, "the file system is read-only: choose another path"},
    {PATHS, ENOENT, ANY_CID, "the folder does not exist: make it first"},
    {PATHS, ENOTDIR, ANY_CID, "a part of the path is no folder"},
    {PATHS, ENAMETOOLONG, ANY_CID, "the path is too long for a unix socket (107 bytes)"},
    {MUX, EADDRNOTAVAIL, ANY_CID,
     "a VMM delivers its guest's streams to socket files only, not to an abstract name"},
    {VSOCK | PATHS, EMFILE, ANY_CID, "too many open files: raise the limit (ulimit -n)"},
};

struct reasons {
    const struct reason *rows;
    size_t count;
};

static const char *find_reason(const struct reasons *table, const struct vsh_address *address,
                               int error)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct reason *row = &table->rows[i];
        if (row->error == -error && (row->families & (1u << address->family)) != 0 &&
            (row->cid == ANY_CID || row->cid == address->cid)) {
            return row->text;
        }
    }
    return vsh_strerror(error);
}

const char *vsh_connect_explain(const struct vsh_address *address, int error, char *buf,
                                size_t size)
{
    static const struct reasons table = {connect_reasons,
                                         sizeof(connect_reasons) / sizeof(connect_reasons[0])};
    char text[VSH_ADDRESS_MAX];
    (void)snprintf(buf, size, "cannot connect to %s: %s",
                   vsh_address_format(address, text, sizeof(text)),
                   find_reason(&table, address, error));
    return buf;
}

const char *vsh_listen_explain(const struct vsh_address *address, int error, char *buf, size_t size)
{
    static const struct reasons table = {listen_reasons,
                                         sizeof(listen_reasons) / sizeof(listen_reasons[0])};
    char text[VSH_ADDRESS_MAX];
    (void)snprintf(buf, size, "cannot listen on %s: %s",
                   vsh_address_format(address, text, sizeof(text)),
                   find_reason(&table, address, error));
    return buf;
}
