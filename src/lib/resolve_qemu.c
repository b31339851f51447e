/* SPDX-License-Identifier: MIT */
/*
 * Running QEMU processes, libvirt's included: "-name guest=vm1,..." or "-name vm1", and the CID in
 * "-device vhost-vsock-pci,guest-cid=3,..." or its JSON spelling. Any process may claim any name in
 * its command line, so a name is a convenience here; resolve.c refuses one that two of them claim,
 * and the SSH host key says which machine it is.
 */
#include "lib/resolve.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fd.h"

#define COMMAND_LINE_MAX ((size_t)256 * 1024)

struct found {
    bool has_name;
    bool has_cid;
    char name[VSH_NAME_MAX];
    uint32_t cid;
};

/*
 * Gives the next "key=value" of a QEMU option in item, where a doubled comma is a comma. Returns
 * where to go on, NULL at the end. An item that does not fit is cut, and then matches nothing.
 */
static const char *next_item(const char *at, char *item, size_t size)
{
    size_t length = 0;
    if (*at == '\0') {
        return NULL;
    }
    for (; *at != '\0'; at++) {
        if (*at == ',') {
            at++;
            if (*at != ',') {
                break;
            }
        }
        if (length + 1 < size) {
            item[length++] = *at;
        }
    }
    item[length] = '\0';
    return at;
}

static void read_name(const char *value, struct found *found)
{
    char item[VSH_NAME_MAX + sizeof("guest=")];
    bool first = true;
    while ((value = next_item(value, item, sizeof(item))) != NULL) {
        const char *name = NULL;
        if (strncmp(item, "guest=", 6) == 0) {
            name = item + 6;
        } else if (first && strchr(item, '=') == NULL) {
            name = item; /* the short spelling */
        }
        if (name != NULL && *name != '\0' && strlen(name) < sizeof(found->name)) {
            memcpy(found->name, name, strlen(name) + 1);
            found->has_name = true;
        }
        first = false;
    }
}

static void read_number(const char *digits, size_t length, struct found *found)
{
    char number[16];
    if (length == 0 || length >= sizeof(number)) {
        return;
    }
    memcpy(number, digits, length);
    number[length] = '\0';
    found->has_cid = vsh_parse_u32(number, UINT32_MAX - 1, &found->cid) == 0;
}

/* Enough of JSON for an object that libvirt wrote: the key, a colon, the digits. */
static void read_device_json(const char *value, struct found *found)
{
    static const char key[] = "\"guest-cid\"";
    const char *at = strstr(value, key);
    if (at == NULL || strstr(value, "vsock") == NULL) {
        return;
    }
    at += sizeof(key) - 1;
    at += strspn(at, " \t:");
    read_number(at, strspn(at, "0123456789"), found);
}

static void read_device(const char *value, struct found *found)
{
    char item[128];
    if (*value == '{') {
        read_device_json(value, found);
        return;
    }
    if (strncmp(value, "vhost-vsock", strlen("vhost-vsock")) != 0) {
        return;
    }
    while ((value = next_item(value, item, sizeof(item))) != NULL) {
        if (strncmp(item, "guest-cid=", 10) == 0) {
            read_number(item + 10, strlen(item + 10), found);
        }
    }
}

static const struct {
    const char *option;
    void (*read)(const char *value, struct found *found);
} options[] = {{"name", read_name}, {"device", read_device}};

/* text: arguments, each with its NUL, and one more NUL behind the last. */
static void read_command_line(const char *text, size_t length, struct found *found)
{
    const char *end = text + length;
    for (const char *at = text; at < end; at += strlen(at) + 1) {
        const char *value = at + strlen(at) + 1;
        if (*at != '-' || value >= end) {
            continue;
        }
        const char *option = at + (at[1] == '-' ? 2 : 1); /* QEMU takes both */
        for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
            if (strcmp(option, options[i].option) == 0) {
                options[i].read(value, found);
            }
        }
    }
}

static int visit_process(const char *proc, const char *pid, const struct name_visit *visit)
{
    char path[PATH_MAX];
    cleanup_free char *text = NULL;
    size_t length;
    (void)snprintf(path, sizeof(path), "%s/%s/cmdline", proc, pid);
    if (fd_read_file(path, COMMAND_LINE_MAX, &text, &length) < 0) {
        return 0; /* it ended, or is somebody's whom we may not see */
    }
    struct found found = {0};
    read_command_line(text, length, &found);
    if (!found.has_name || !found.has_cid) {
        return 0;
    }
    struct vsh_name name = {
        .address = {.family = VSH_FAMILY_VSOCK, .cid = found.cid, .port = VSH_PORT_DEFAULT}};
    memcpy(name.name, found.name, sizeof(name.name));
    (void)snprintf(name.source, sizeof(name.source), "QEMU process %s", pid);
    return visit->each(&name, visit->data);
}

int resolve_qemu(const char *proc, const struct name_visit *visit)
{
    DIR *processes = opendir(proc);
    if (processes == NULL) {
        return 0;
    }
    int rc = 0;
    struct dirent *entry;
    while (rc == 0 && (entry = readdir(processes)) != NULL) {
        if (entry->d_name[strspn(entry->d_name, "0123456789")] == '\0') {
            rc = visit_process(proc, entry->d_name, visit);
        }
    }
    (void)closedir(processes);
    return rc;
}
