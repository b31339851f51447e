/* SPDX-License-Identifier: MIT */
/* Every failure that a person meets is one sentence with the address, the cause and a cure. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <vsock-shell/error.h>
#include <vsock-shell/transport.h>

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static const struct vsh_address vm = {.family = VSH_FAMILY_VSOCK, .cid = 3, .port = 5000};
static const struct vsh_address host = {.family = VSH_FAMILY_VSOCK, .cid = 2, .port = 5000};
static const struct vsh_address local = {.family = VSH_FAMILY_VSOCK, .cid = 1, .port = 5000};
static const struct vsh_address path = {.family = VSH_FAMILY_UNIX, .path = "/run/x"};
static const struct vsh_address mux = {.family = VSH_FAMILY_MUX, .path = "/run/v", .port = 22};

struct row {
    const struct vsh_address *address;
    int error;
    const char *said;
};

static void check(const struct row *rows, size_t count, const char *verb,
                  const char *(*explain)(const struct vsh_address *, int, char *, size_t))
{
    for (size_t i = 0; i < count; i++) {
        char text[512];
        char address[VSH_ADDRESS_MAX];
        char start[VSH_ADDRESS_MAX + 32];
        assert_ptr_equal(explain(rows[i].address, rows[i].error, text, sizeof(text)), text);
        (void)snprintf(start, sizeof(start), "%s %s: ", verb,
                       vsh_address_format(rows[i].address, address, sizeof(address)));
        if (strncmp(text, start, strlen(start)) != 0 || strstr(text, rows[i].said) == NULL ||
            strchr(text, '\n') != NULL || strlen(text) >= 400) {
            fail_msg("error %d: %s", -rows[i].error, text);
        }
    }
}

static void test_connect(void **state)
{
    static const struct row rows[] = {
        {&vm, -ENODEV, "no running VM has this CID"},
        {&host, -ENODEV, "guest-cid=N"},
        {&local, -ENODEV, "modprobe vsock_loopback"},
        {&local, -ETIMEDOUT, "modprobe vsock_loopback"},
        {&vm, -ECONNRESET, "start vsock-shell-server in it"},
        {&host, -ECONNRESET, "port of the host"},
        {&vm, -ETIMEDOUT, "--wait N"},
        {&vm, -EADDRNOTAVAIL, "local CID"},
        {&vm, -EAFNOSUPPORT, "modprobe vhost_vsock"},
        {&vm, -EPERM, "seccomp"},
        {&vm, -EACCES, "security module"},
        {&vm, -ENETUNREACH, "reaches only the host"},
        {&vm, -EHOSTUNREACH, "--wait N"},
        {&vm, -ECANCELED, "given up"},
        {&vm, -ENOMEM, "memory"},
        {&path, -ENOENT, "check the path"},
        {&path, -ECONNREFUSED, "nobody listens on it"},
        {&path, -EACCES, "permission denied"},
        {&path, -ETIMEDOUT, "no answer in time"},
        {&path, -ENAMETOOLONG, "107"},
        {&path, -EAGAIN, "queue is full"},
        {&path, -EPROTOTYPE, "another type"},
        {&path, -ECONNRESET, "the peer reset the connection"},
        {&mux, -ENOENT, "check the path"},
        {&mux, -ECONNRESET, "nobody listens on this port in the VM"},
        {&mux, -ETIMEDOUT, "multiplexer does not answer"},
        {&mux, -EBADMSG, "unix:/path"},
    };
    (void)state;
    check(rows, COUNT(rows), "cannot connect to", vsh_connect_explain);
}

static void test_listen(void **state)
{
    static const struct row rows[] = {
        {&vm, -EADDRINUSE, "another port with -p"},
        {&vm, -EACCES, "below 1024"},
        {&vm, -EAFNOSUPPORT, "modprobe"},
        {&vm, -EADDRNOTAVAIL, "vsock:any:PORT"},
        {&vm, -EPERM, "seccomp"},
        {&path, -EADDRINUSE, "a server listens there already"},
        {&path, -EACCES, "create a file in that folder"},
        {&path, -ENOENT, "make it first"},
        {&path, -ENAMETOOLONG, "107"},
        {&mux, -EADDRINUSE, "a server listens there already"},
        {&mux, -EADDRNOTAVAIL, "abstract"},
        {&path, -ENOSPC, "space"},
    };
    (void)state;
    check(rows, COUNT(rows), "cannot listen on", vsh_listen_explain);
}

static void test_cut(void **state)
{
    char text[8];
    (void)state;
    assert_string_equal(vsh_connect_explain(&vm, -ENODEV, text, sizeof(text)), "cannot ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_connect),
        cmocka_unit_test(test_listen),
        cmocka_unit_test(test_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
