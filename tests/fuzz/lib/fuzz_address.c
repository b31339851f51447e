/* SPDX-License-Identifier: MIT */
/*
 * Text that others write: addresses, hosts files ('h' in front), the command line of a process that
 * may be a hypervisor ('q' in front) and Firecracker's configuration, for its JSON ('f' in front).
 * Whatever is accepted as an address must survive the way to text and back.
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
        (void)fchmod(fd, 0600);
    }
    write_all(fd, data, size);
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    (void)resolve_hosts_file(path, &visit);
}

static char proc[64];

/* The files of process 1, and what each begins with; process_fds[] has them open. */
static const struct {
    const char *name, *content;
    size_t length;
} process_files[] = {
    {"1/cmdline", "", 0},
    {"1/status", "Uid:\t0\t0\t0\t0\n", 13},
    {"fc.json", "", 0},
};
#define FILE_COUNT (sizeof(process_files) / sizeof(process_files[0]))
static int process_fds[FILE_COUNT];

static const char *in_proc(const char *name)
{
    static char path[128];
    (void)snprintf(path, sizeof(path), "%s/%s", proc, name);
    return path;
}

static void remove_proc(void)
{
    for (size_t i = 0; i < FILE_COUNT; i++) {
        (void)unlink(in_proc(process_files[i].name));
    }
    (void)unlink(in_proc("1/root"));
    (void)unlink(in_proc("1/cwd"));
    (void)rmdir(in_proc("1"));
    (void)rmdir(proc);
}

static void make_proc(void)
{
    (void)snprintf(proc, sizeof(proc), "/tmp/vsh-fuzz-XXXXXX");
    if (mkdtemp(proc) == NULL) {
        abort();
    }
    (void)atexit(remove_proc);
    (void)mkdir(in_proc("1"), 0700);
    for (size_t i = 0; i < FILE_COUNT; i++) {
        process_fds[i] = open(in_proc(process_files[i].name), O_RDWR | O_CREAT | O_CLOEXEC, 0604);
        write_all(process_fds[i], (const uint8_t *)process_files[i].content,
                  process_files[i].length);
    }
    if (symlink("/", in_proc("1/root")) < 0 || symlink(proc, in_proc("1/cwd")) < 0) {
        abort();
    }
}

static void try_process(const uint8_t *line, size_t line_size, const uint8_t *config,
                        size_t config_size)
{
    unsigned count = 0;
    const struct name_visit visit = {each, bad, &count};
    struct process_scan scan = {.proc = proc, .passwd = "/nowhere", .self = geteuid()};
    if (proc[0] == '\0') {
        make_proc();
    }
    write_all(process_fds[0], line, line_size);
    write_all(process_fds[2], config, config_size);
    (void)resolve_processes(&scan, &visit);
    scan.claimed = "vm1";
    (void)resolve_processes(&scan, &visit);
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
    static const uint8_t firecracker[] = "firecracker\0--id\0vm1\0--config-file\0fc.json";
    if (size > 0 && data[0] == 'h') {
        try_hosts(data + 1, size - 1);
    } else if (size > 0 && data[0] == 'q') {
        try_process(data + 1, size - 1, NULL, 0);
    } else if (size > 0 && data[0] == 'f') {
        try_process(firecracker, sizeof(firecracker), data + 1, size - 1);
    }
    try_address(data, size);
    return 0;
}
