/* SPDX-License-Identifier: MIT */
/*
 * Text that others write: addresses, hosts files ('h' in front), the command line of a process that
 * may be a hypervisor ('q' in front), Firecracker's configuration, for its JSON ('f'), and the
 * kernel's table of sockets with other people's paths in it ('u').
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
#include "lib/resolve_json.h"
#include "lib/resolve_process.h"

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
    {"1/cmdline", "firecracker\0--id\0vm1\0--api-sock\0/api", 37},
    {"1/status", "Uid:\t0\t0\t0\t0\n", 13},
    {"1/net/unix", "", 0},
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
    (void)unlink(in_proc("1/fd/3"));
    (void)rmdir(in_proc("1/fd"));
    (void)rmdir(in_proc("1/net"));
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
    (void)mkdir(in_proc("1/fd"), 0700);
    (void)mkdir(in_proc("1/net"), 0700);
    for (size_t i = 0; i < FILE_COUNT; i++) {
        process_fds[i] = open(in_proc(process_files[i].name), O_RDWR | O_CREAT | O_CLOEXEC, 0604);
        write_all(process_fds[i], (const uint8_t *)process_files[i].content,
                  process_files[i].length);
    }
    if (symlink("/", in_proc("1/root")) < 0 || symlink(proc, in_proc("1/cwd")) < 0 ||
        symlink("socket:[72]", in_proc("1/fd/3")) < 0) {
        abort();
    }
}

/* Straight into the readers: files would make it slow. */
static void try_command_line(const uint8_t *data, size_t size)
{
    static const struct vmm *const vmms[] = {&vmm_qemu, &vmm_firecracker, &vmm_cloud_hypervisor};
    char *words = malloc(size + 1);
    if (words == NULL) {
        return;
    }
    memcpy(words, data, size);
    words[size] = '\0';
    const struct process process = {.dir_fd = -1,
                                    .proc = "/proc",
                                    .pid = "1",
                                    .believed = true,
                                    .words = words,
                                    .end = words + size};
    for (size_t i = 0; i < sizeof(vmms) / sizeof(vmms[0]); i++) {
        struct vsh_name name = {.address = {.port = VSH_PORT_DEFAULT}};
        unsigned count = 0;
        if (vmms[i]->read(&process, &name) == 0) {
            (void)each(&name, &count);
        }
    }
    free(words);
}

static void try_json(const uint8_t *data, size_t size)
{
    char buf[64];
    uint32_t number;
    char *text = strndup((const char *)data, size);
    const char *value = text != NULL ? json_find(text, "vsock.uds_path") : NULL;
    if (value != NULL) {
        if (json_string(value, buf, sizeof(buf)) == 0 && strlen(buf) >= sizeof(buf)) {
            abort();
        }
        (void)json_u32(value, UINT32_MAX, &number);
        (void)json_is_true(value);
    }
    free(text);
}

static void try_table(const uint8_t *data, size_t size)
{
    unsigned count = 0;
    const struct name_visit visit = {each, bad, &count};
    const struct process_scan scan = {.proc = proc, .passwd = "/nowhere", .self = geteuid()};
    if (proc[0] == '\0') {
        make_proc();
    }
    write_all(process_fds[2], data, size);
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

static const struct {
    char mark;
    void (*try)(const uint8_t *data, size_t size);
} kinds[] = {{'h', try_hosts}, {'q', try_command_line}, {'f', try_json}, {'u', try_table}};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (size_t i = 0; size > 0 && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (data[0] == kinds[i].mark) {
            kinds[i].try(data + 1, size - 1);
        }
    }
    try_address(data, size);
    return 0;
}
