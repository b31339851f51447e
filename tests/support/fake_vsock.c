/* SPDX-License-Identifier: MIT */
/*
 * LD_PRELOAD: AF_VSOCK without a device, without a VM, and with the failure asked for.
 *
 *   FAKE_VSOCK_ERRNO=ENODEV    what fails with it (errno name)
 *   FAKE_VSOCK_AT=connect      where: socket, bind, connect, later (connect answers EINPROGRESS and
 *                              SO_ERROR says it), never (connect answers EINPROGRESS for ever)
 *   FAKE_VSOCK_PATH=/path      without an errno: connect and bind go to this unix socket
 *
 * No call of a process under it reaches a real vsock.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <linux/vm_sockets.h>

static int wanted_errno(void)
{
    const char *name = getenv("FAKE_VSOCK_ERRNO");
    for (int error = 1; name != NULL && error < 200; error++) {
        const char *known = strerrorname_np(error);
        if (known != NULL && strcmp(known, name) == 0) {
            return error;
        }
    }
    return 0;
}

static int fails_at(const char *where)
{
    const char *at = getenv("FAKE_VSOCK_AT");
    return strcmp(at != NULL ? at : "connect", where) == 0;
}

static int fail_with(int error)
{
    errno = error;
    return -1;
}

/* An event counter at its limit is never writable: a connect that gets no answer. */
static int open_unwritable(void)
{
    uint64_t most = UINT64_MAX - 1;
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd >= 0 && eventfd_write(fd, most) < 0) {
        return -1;
    }
    return fd;
}

int socket(int domain, int type, int protocol)
{
    int (*real)(int, int, int) = (int (*)(int, int, int))dlsym(RTLD_NEXT, "socket");
    if (domain != AF_VSOCK) {
        return real(domain, type, protocol);
    }
    if (fails_at("socket")) {
        return fail_with(wanted_errno());
    }
    return fails_at("never") ? open_unwritable() : real(AF_UNIX, type, 0);
}

static int to_path(const char *call, int fd)
{
    int (*real)(int, const struct sockaddr *, socklen_t) =
        (int (*)(int, const struct sockaddr *, socklen_t))dlsym(RTLD_NEXT, call);
    const char *path = getenv("FAKE_VSOCK_PATH");
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    if (path == NULL || strlen(path) >= sizeof(name.sun_path)) {
        return fail_with(ENODEV);
    }
    memcpy(name.sun_path, path, strlen(path) + 1);
    return real(fd, (const struct sockaddr *)&name, sizeof(name));
}

int connect(int fd, const struct sockaddr *name, socklen_t length)
{
    int (*real)(int, const struct sockaddr *, socklen_t) =
        (int (*)(int, const struct sockaddr *, socklen_t))dlsym(RTLD_NEXT, "connect");
    if (name->sa_family != AF_VSOCK) {
        return real(fd, name, length);
    }
    if (fails_at("later") || fails_at("never")) {
        return fail_with(EINPROGRESS);
    }
    return wanted_errno() != 0 ? fail_with(wanted_errno()) : to_path("connect", fd);
}

int bind(int fd, const struct sockaddr *name, socklen_t length)
{
    int (*real)(int, const struct sockaddr *, socklen_t) =
        (int (*)(int, const struct sockaddr *, socklen_t))dlsym(RTLD_NEXT, "bind");
    if (name->sa_family != AF_VSOCK) {
        return real(fd, name, length);
    }
    if (fails_at("bind")) {
        return fail_with(wanted_errno());
    }
    /* A client's source port: there is nothing to bind. */
    return ((const struct sockaddr_vm *)(const void *)name)->svm_port < 1024 ? 0
                                                                             : to_path("bind", fd);
}

int getsockopt(int fd, int level, int option, void *value, socklen_t *length)
{
    int (*real)(int, int, int, void *, socklen_t *) =
        (int (*)(int, int, int, void *, socklen_t *))dlsym(RTLD_NEXT, "getsockopt");
    if (level == SOL_SOCKET && option == SO_ERROR && fails_at("later")) {
        int error = wanted_errno();
        memcpy(value, &error, sizeof(error));
        return 0;
    }
    return real(fd, level, option, value, length);
}
