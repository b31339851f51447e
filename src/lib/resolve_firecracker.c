/* SPDX-License-Identifier: MIT */
/*
 * Firecracker's command line: the name is "--id", the socket stands in the file of
 * "--config-file". A VM that was set up over the API socket alone tells nothing here, and the API
 * is not asked: listing names talks to no hypervisor.
 */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "lib/resolve_json.h"
#include "lib/resolve_process.h"

#define CONFIG_MAX ((size_t)256 * 1024)
/* What it calls a VM without --id. */
#define ID_DEFAULT "anonymous-instance"

static int read_firecracker(const struct process *process, struct vsh_name *ret)
{
    const char *id = process_option(process, "--id");
    const char *config = process_option(process, "--config-file");
    cleanup_free char *text = NULL;
    char path[VSH_PATH_MAX * 4];
    if (id != NULL && strcmp(id, ID_DEFAULT) != 0 && strlen(id) < sizeof(ret->name)) {
        memcpy(ret->name, id, strlen(id) + 1);
    }
    if (config == NULL || process_read_file(process, config, CONFIG_MAX, &text) < 0) {
        return -ENOENT;
    }
    const char *value = json_find(text, "vsock.uds_path");
    if (value == NULL || json_string(value, path, sizeof(path)) < 0 ||
        process_socket_path(process, path, ret->address.path) < 0) {
        return -ENOENT;
    }
    ret->address.family = VSH_FAMILY_MUX;
    return 0;
}

const struct vmm vmm_firecracker = {"Firecracker", {"firecracker", NULL}, read_firecracker};
