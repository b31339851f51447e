/* SPDX-License-Identifier: MIT */
/*
 * QEMU's command line, libvirt's included: "-name guest=vm1,..." or "-name vm1", and the CID in
 * "-device vhost-vsock-pci,guest-cid=3,..." or its JSON spelling.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/resolve_json.h"
#include "lib/resolve_process.h"

#define DRIVER  "vhost-vsock" /* -pci, -pci-non-transitional, -device, -ccw */
#define CID_MIN 3u            /* as QEMU has it; below are the host and this machine */

struct found {
    bool has_cid;
    uint32_t cid;
    char *name; /* VSH_NAME_MAX */
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
        if (name != NULL && *name != '\0' && strlen(name) < VSH_NAME_MAX) {
            memcpy(found->name, name, strlen(name) + 1);
        }
        first = false;
    }
}

static void take_cid(bool known, uint32_t cid, struct found *found)
{
    found->has_cid = known && cid >= CID_MIN;
    found->cid = cid;
}

/* Decimal or 0x hexadecimal, as QEMU reads it; its octal is left to those who write it. */
static void read_cid(const char *text, struct found *found)
{
    uint64_t cid = 0;
    uint32_t decimal = 0;
    if (strncmp(text, "0x", 2) != 0 && strncmp(text, "0X", 2) != 0) {
        bool known = *text != '0' && vsh_parse_u32(text, UINT32_MAX - 1, &decimal) == 0;
        take_cid(known, decimal, found);
        return;
    }
    size_t length = strspn(text + 2, "0123456789abcdefABCDEF");
    bool whole = length > 0 && length <= 8 && text[2 + length] == '\0';
    for (size_t i = 2; whole && text[i] != '\0'; i++) {
        unsigned char c = (unsigned char)text[i];
        cid = cid * 16 + (c <= '9' ? c - (unsigned)'0' : (c | 0x20u) - 'a' + 10u);
    }
    take_cid(whole && cid < UINT32_MAX, (uint32_t)cid, found);
}

static void read_device_json(const char *value, struct found *found)
{
    char driver[64];
    uint32_t cid;
    const char *at = json_find(value, "driver");
    if (at == NULL || json_string(at, driver, sizeof(driver)) < 0 ||
        strncmp(driver, DRIVER, strlen(DRIVER)) != 0) {
        return;
    }
    at = json_find(value, "guest-cid");
    if (at != NULL) {
        bool known = json_u32(at, UINT32_MAX - 1, &cid) == 0;
        take_cid(known, known ? cid : 0, found);
    }
}

static void read_device(const char *value, struct found *found)
{
    char item[128];
    char cid[sizeof(item)] = "";
    bool is_vsock = false;
    bool first = true;
    if (*value == '{') {
        read_device_json(value, found);
        return;
    }
    while ((value = next_item(value, item, sizeof(item))) != NULL) {
        const char *driver = strncmp(item, "driver=", 7) == 0 ? item + 7 : first ? item : "";
        is_vsock = is_vsock || strncmp(driver, DRIVER, strlen(DRIVER)) == 0;
        if (strncmp(item, "guest-cid=", 10) == 0) {
            memcpy(cid, item + 10, strlen(item + 10) + 1);
        }
        first = false;
    }
    if (is_vsock && cid[0] != '\0') {
        read_cid(cid, found);
    }
}

static const struct {
    const char *option;
    void (*read)(const char *value, struct found *found);
} options[] = {{"name", read_name}, {"device", read_device}};

static int read_qemu(const struct process *process, struct vsh_name *ret)
{
    struct found found = {.name = ret->name};
    for (const char *word = process->words; word < process->end; word += strlen(word) + 1) {
        const char *value = word + strlen(word) + 1;
        if (*word != '-' || value >= process->end) {
            continue;
        }
        const char *option = word + (word[1] == '-' ? 2 : 1); /* QEMU takes both */
        for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
            if (strcmp(option, options[i].option) == 0) {
                options[i].read(value, &found);
            }
        }
    }
    ret->address.family = VSH_FAMILY_VSOCK;
    ret->address.cid = found.cid;
    return found.has_cid ? 0 : -ENOENT;
}

const struct vmm vmm_qemu = {"QEMU", {"qemu", "kvm", NULL}, read_qemu};
