/* SPDX-License-Identifier: MIT */
/*
 * Text that others write: addresses, hosts files ('h' in front) and the command line of a process
 * that may be QEMU ('q' in front). Whatever is accepted as an address must survive the way to text
 * and back.
 */
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <vsock-shell/address.h>

#include "lib/resolve.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_same(const struct vsh_address *address, enum vsh_address_use use)
{
    struct vsh_address again;
    char text[VSH_ADDRESS_MAX];
    char error[128];
    (void)vsh_address_format(address, text, sizeof(text));
    if (vsh_address_parse(text, use, &again, error, sizeof(error)) != 0 ||
        again.family != address->family || again.cid != address->cid ||
        strcmp(again.path, address->path) != 0) {
        abort();
    }
    /* A unix address has no port to keep. */
    if (address->family != VSH_FAMILY_UNIX && again.port != address->port) {
        abort();
    }
}

static int each(const struct vsh_name *name, void *data)
{
    unsigned *count = data;
    check_same(&name->address, VSH_ADDRESS_CONNECT);
    if (strlen(name->name) >= VSH_NAME_MAX || strlen(name->user) >= VSH_NAME_MAX) {
        abort();
    }
    return ++*count > 100 ? 1 : 0;
}

static int bad(const char *name, const char *why, void *data)
{
    (void)data;
    return strlen(name) + strlen(why) > 1u << 20 ? 1 : 0;
}

static void write_all(int fd, const uint8_t *data, size_t size)
{
    if (ftruncate(fd, 0) < 0 || pwrite(fd, data, size, 0) != (ssize_t)size) {
        abort();
    }
}

static void try_hosts(const uint8_t *data, size_t size)
{
    static int fd = -1;
    char path[64];
    unsigned count = 0;
    const struct name_visit visit = {each, bad, &count};
    if (fd < 0) {
        fd = memfd_create("hosts", MFD_CLOEXEC);
    }
    write_all(fd, data, size);
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    (void)resolve_hosts_file(path, &visit);
}

static char proc[64];

static void remove_proc(void)
{
    char path[128];
    (void)snprintf(path, sizeof(path), "%s/1/cmdline", proc);
    (void)unlink(path);
    (void)snprintf(path, sizeof(path), "%s/1", proc);
    (void)rmdir(path);
    (void)rmdir(proc);
}

static void try_qemu(const uint8_t *data, size_t size)
{
    static int fd = -1;
    unsigned count = 0;
    const struct name_visit visit = {each, bad, &count};
    if (fd < 0) {
        char path[128];
        (void)snprintf(proc, sizeof(proc), "/tmp/vsh-fuzz-XXXXXX");
        if (mkdtemp(proc) == NULL) {
            abort();
        }
        (void)atexit(remove_proc);
        (void)snprintf(path, sizeof(path), "%s/1", proc);
        (void)mkdir(path, 0700);
        (void)snprintf(path, sizeof(path), "%s/1/cmdline", proc);
        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    }
    write_all(fd, data, size);
    (void)resolve_qemu(proc, &visit);
}

static void try_address(const uint8_t *data, size_t size)
{
    char error[256];
    struct vsh_address address;
    char *text = strndup((const char *)data, size);
    if (text == NULL) {
        return;
    }
    for (int use = VSH_ADDRESS_CONNECT; use <= VSH_ADDRESS_LISTEN; use++) {
        if (vsh_address_parse(text, (enum vsh_address_use)use, &address, error, sizeof(error)) ==
            0) {
            check_same(&address, (enum vsh_address_use)use);
        }
    }
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 0 && data[0] == 'h') {
        try_hosts(data + 1, size - 1);
    } else if (size > 0 && data[0] == 'q') {
        try_qemu(data + 1, size - 1);
    }
    try_address(data, size);
    return 0;
}
