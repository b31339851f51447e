/* SPDX-License-Identifier: MIT */
/*
 * cloud-hypervisor's command line: "--vsock cid=3,socket=/run/vm1.vsock". Its VMs have no names, so
 * the file of the API socket gives one, else the file of the vsock socket.
 */
#include <errno.h>
#include <string.h>

#include "lib/resolve_process.h"

/*
 * Copies the value of key among "key=value" items, the last one if it comes twice; a part in
 * quotation marks may hold commas. Returns whether it is there and fits.
 */
static bool find_item(const char *text, const char *key, char *buf, size_t size)
{
    size_t key_length = strlen(key);
    bool found = false;
    while (*text != '\0') {
        bool wanted = strncmp(text, key, key_length) == 0 && text[key_length] == '=';
        bool quoted = false;
        size_t length = 0;
        text += wanted ? key_length + 1 : 0;
        for (; *text != '\0' && (quoted || *text != ','); text++) {
            if (*text == '"') {
                quoted = !quoted;
            } else if (wanted && length < size) {
                buf[length++] = *text;
            }
        }
        if (wanted) {
            found = length < size;
            buf[found ? length : 0] = '\0';
        }
        text += *text == ',' ? 1 : 0;
    }
    return found;
}

static bool ends_in(const char *text, size_t length, const char *end)
{
    size_t end_length = strlen(end);
    return length > end_length && memcmp(text + length - end_length, end, end_length) == 0;
}

/* The length of the last component without what sockets are called by. */
static size_t bare_length(const char *base, size_t length)
{
    static const char *const ends[] = {".sock", ".socket", "-socket", ".vsock", ".api", "-api"};
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        if (ends_in(base, length, ends[i])) {
            length -= strlen(ends[i]);
        }
    }
    return length;
}

/* Files that are called so in every VM's folder: there the folder has the name. */
static bool is_common(const char *base, size_t length)
{
    static const char *const words[] = {"api", "ch", "cloud-hypervisor", "vsock", "socket"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strlen(words[i]) == length && memcmp(words[i], base, length) == 0) {
            return true;
        }
    }
    return false;
}

static size_t component_start(const char *path, size_t end)
{
    while (end > 0 && path[end - 1] != '/') {
        end--;
    }
    return end;
}

static void name_after(const char *path, char name[VSH_NAME_MAX])
{
    size_t end = strlen(path);
    size_t start = component_start(path, end);
    size_t length = bare_length(path + start, end - start);
    if (is_common(path + start, length)) {
        end = start > 0 ? start - 1 : 0;
        start = component_start(path, end);
        length = end - start;
    }
    if (length > 0 && length < VSH_NAME_MAX) {
        memcpy(name, path + start, length);
        name[length] = '\0';
    }
}

static int read_cloud_hypervisor(const struct process *process, struct vsh_name *ret)
{
    char socket[VSH_PATH_MAX * 4];
    char api[VSH_PATH_MAX * 4];
    const char *vsock = process_option(process, "--vsock");
    const char *option = process_option(process, "--api-socket");
    bool has_socket = vsock != NULL && find_item(vsock, "socket", socket, sizeof(socket));
    if (option != NULL && find_item(option, "path", api, sizeof(api))) {
        name_after(api, ret->name);
    } else if (option != NULL && strchr(option, '=') == NULL) {
        name_after(option, ret->name);
    } else if (has_socket) {
        name_after(socket, ret->name);
    }
    if (!has_socket || process_socket_path(process, socket, ret->address.path) < 0) {
        return -ENOENT;
    }
    ret->address.family = VSH_FAMILY_MUX;
    return 0;
}

const struct vmm vmm_cloud_hypervisor = {
    "cloud-hypervisor", {"cloud-hypervisor", NULL}, read_cloud_hypervisor};
