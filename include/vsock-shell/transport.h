/* SPDX-License-Identifier: MIT */
/*
 * Connect, listen, accept and peer identity on every transport: vsock(7), unix(7) and the hybrid
 * vsock of Firecracker, cloud-hypervisor and vhost-device-vsock.
 *
 * Order of calls: vsh_connect() on one side; vsh_listen(), then vsh_accept() per readiness of the
 * listening descriptor on the other. Every descriptor is close-on-exec from birth and belongs to
 * the caller, who closes it. No call ever uses shutdown(2): several VMMs turn a half-close into a
 * reset.
 */
#ifndef VSOCK_SHELL_TRANSPORT_H
#define VSOCK_SHELL_TRANSPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <vsock-shell/address.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vsh_connect_options {
    int timeout_ms;       /* for one attempt, the CONNECT line of a mux included; 0 = 10000 */
    int wait_ms;          /* go on trying for this long while the peer is not up; 0 = one try */
    bool privileged_port; /* try to bind a source port below 1024 (vsock); it is no error if we
                             cannot */
    int cancel_fd;        /* >= 0 and readable: give up with -ECANCELED; -1 = none */
};

/*
 * Who is at the other end, as the kernel said it when the connection was made. VSH_FAMILY_MUX is a
 * stream that a guest started and its VMM delivered: pid and uid are the VMM's, and what they may
 * do says nothing about the guest.
 */
struct vsh_peer {
    enum vsh_family family;
    uint32_t cid;  /* vsock */
    uint32_t port; /* vsock: the peer's source port */
    pid_t pid;     /* unix, mux: SO_PEERCRED, 0 when unknown */
    uid_t uid;     /* unix, mux: SO_PEERCRED, (uid_t)-1 when unknown */
    gid_t gid;
};

#define VSH_PEER_MAX 64 /* room for a formatted peer, with the NUL */

/*
 * Connects. Blocks up to timeout_ms (or wait_ms, whichever ends later); options may be NULL.
 * Returns 0 and a connected, non-blocking stream socket in *ret_fd, or a negative errno and *ret_fd
 * untouched.
 */
int vsh_connect(const struct vsh_address *address, const struct vsh_connect_options *options,
                int *ret_fd);

/*
 * Says in one sentence, ending without a newline, why vsh_connect() failed with error and what the
 * likely cure is: "cannot connect to vsock:3:5000: no VM has CID 3, or ...". Returns buf.
 */
const char *vsh_connect_explain(const struct vsh_address *address, int error, char *buf,
                                size_t size);

/*
 * Binds and listens. A stale unix socket file that nobody answers is replaced; a live one is
 * -EADDRINUSE. A mux address listens where the VMM delivers guest-initiated streams: PATH_PORT. The
 * unix socket's mode is 0666 minus the umask: the policy of who may enter is the server's. Does not
 * block. Returns 0 and a non-blocking listening socket in *ret_fd, or a negative errno.
 */
int vsh_listen(const struct vsh_address *address, int backlog, int *ret_fd);

/* Like vsh_connect_explain(), for vsh_listen(). */
const char *vsh_listen_explain(const struct vsh_address *address, int error, char *buf,
                               size_t size);

/*
 * Accepts one connection from a listening socket of any family above and fills *ret_peer. Does not
 * block: -EAGAIN when nobody waits. Returns 0 and a non-blocking socket in *ret_fd, or a negative
 * errno.
 */
int vsh_accept(int listen_fd, int *ret_fd, struct vsh_peer *ret_peer);

/*
 * Asks the kernel who is at the other end of a connected socket (inetd, LISTEN_FDS with
 * Accept=yes). A descriptor that is no socket, or of another family, gives VSH_FAMILY_NONE and
 * success. On vsock call it before any shutdown: the kernel forgets the peer then. Returns 0 or a
 * negative errno.
 */
int vsh_peer_get(int fd, struct vsh_peer *ret_peer);

/* Writes "vsock:2:1023", "unix:uid=1000:pid=77", "mux:uid=..." or "stdio" into buf. Returns buf. */
const char *vsh_peer_format(const struct vsh_peer *peer, char *buf, size_t size);

/*
 * The buffer the kernel offers the peer on this socket, in bytes (SO_VM_SOCKETS_BUFFER_SIZE on
 * vsock, SO_RCVBUF on unix). Returns 0 or a negative errno.
 */
int vsh_buffer_size(int fd, uint64_t *ret_bytes);

#ifdef __cplusplus
}
#endif
#endif
