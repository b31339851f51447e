/* SPDX-License-Identifier: MIT */
/* AF_VSOCK (vsock(7)). */
#include "lib/transport.h"

#include <errno.h>
#include <sys/time.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

#include "base/cleanup.h"
#include "base/fd.h"

/* The credit the peer may have in flight; the kernel's default of 256 KiB starves a fast link. */
#define BUFFER_BYTES     ((uint64_t)4 * 1024 * 1024)

#define PRIVILEGED_FIRST 512u
#define PRIVILEGED_COUNT 512u /* up to 1023 */

/*
 * Must come before connect or listen: the size is announced in the first packet. MAX_SIZE first,
 * because it caps the other. Failing only costs speed.
 */
static void grow_buffers(int fd)
{
    uint64_t bytes = BUFFER_BYTES;
    (void)setsockopt(fd, AF_VSOCK, SO_VM_SOCKETS_BUFFER_MAX_SIZE, &bytes, sizeof(bytes));
    (void)setsockopt(fd, AF_VSOCK, SO_VM_SOCKETS_BUFFER_SIZE, &bytes, sizeof(bytes));
}

/* The kernel gives up after 2 s by itself; the attempt's own deadline is to be the one that counts.
 */
static void set_connect_timeout(int fd, const struct attempt *attempt)
{
    int64_t left = attempt->deadline_ms - monotonic_ms();
    struct timeval timeout = {.tv_sec = (left > 0 ? left / 1000 : 0) + 1};
    (void)setsockopt(fd, AF_VSOCK, SO_VM_SOCKETS_CONNECT_TIMEOUT, &timeout, sizeof(timeout));
}

/*
 * A source port below 1024 tells the peer that root connects. Starting at a different one each time
 * keeps clear of a connection that the other kernel has not forgotten yet.
 */
static void bind_privileged(int fd)
{
    uint32_t start = (uint32_t)monotonic_ms() ^ (uint32_t)getpid();
    for (uint32_t i = 0; i < PRIVILEGED_COUNT; i++) {
        struct sockaddr_vm name = {
            .svm_family = AF_VSOCK,
            .svm_cid = VMADDR_CID_ANY,
            .svm_port = PRIVILEGED_FIRST + (start + i) % PRIVILEGED_COUNT,
        };
        if (bind(fd, (const struct sockaddr *)&name, sizeof(name)) == 0 || errno != EADDRINUSE) {
            return;
        }
    }
}

static struct sockaddr_vm name_of(const struct vsh_address *address)
{
    return (struct sockaddr_vm){
        .svm_family = AF_VSOCK, .svm_cid = address->cid, .svm_port = address->port};
}

static int vsock_connect(const struct vsh_address *address, const struct attempt *attempt,
                         int *ret_fd)
{
    cleanup_close int fd = socket_open(AF_VSOCK);
    if (fd < 0) {
        return fd;
    }
    grow_buffers(fd);
    set_connect_timeout(fd, attempt);
    if (attempt->privileged_port) {
        bind_privileged(fd);
    }
    const struct sockaddr_vm name = name_of(address);
    int rc = attempt_connect(attempt, fd, (const struct sockaddr *)&name, sizeof(name));
    if (rc == 0) {
        *ret_fd = take_fd(&fd);
    }
    return rc;
}

static int vsock_listen(const struct vsh_address *address, int backlog, int *ret_fd)
{
    cleanup_close int fd = socket_open(AF_VSOCK);
    if (fd < 0) {
        return fd;
    }
    grow_buffers(fd); /* accepted sockets inherit it */
    const struct sockaddr_vm name = name_of(address);
    if (bind(fd, (const struct sockaddr *)&name, sizeof(name)) < 0 || listen(fd, backlog) < 0) {
        return -errno;
    }
    *ret_fd = take_fd(&fd);
    return 0;
}

const struct transport transport_vsock = {VSH_FAMILY_VSOCK, vsock_connect, vsock_listen};
