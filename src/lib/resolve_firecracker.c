/* SPDX-License-Identifier: MIT */
/*
 * Firecracker's command line: the name is "--id", the socket stands in the file of "--config-file".
 * A VM that was set up over the API socket has no such file; but Firecracker listens on two sockets
 * only, its API's and the one we look for.
 */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "lib/resolve_json.h"
#include "lib/resolve_process.h"

#define CONFIG_MAX ((size_t)256 * 1024)
/* What it calls a VM without --id. */
#define ID_DEFAULT "anonymous-instance"

static int read_config(const struct process *process, const char *config, char *path, size_t size)
{
    cleanup_free char *text = NULL;
    int rc = process_read_file(process, config, CONFIG_MAX, &text);
    if (rc < 0) {
        return rc;
    }
    const char *value = json_find(text, "vsock.uds_path");
    return value != NULL ? json_string(value, path, size) : -ENOENT;
}

static int read_firecracker(const struct process *process, struct vsh_name *ret)
{
    const char *id = process_option(process, "--id");
    const char *config = process_option(process, "--config-file");
    const char *api = process_option(process, "--api-sock");
    char path[VSH_PATH_MAX * 4];
    if (id != NULL && strcmp(id, ID_DEFAULT) != 0 && strlen(id) < sizeof(ret->name)) {
        memcpy(ret->name, id, strlen(id) + 1);
    }
    /* Without --api-sock the API is at a default path of its own, and nothing tells the two apart.
     */
    int rc = config != NULL ? read_config(process, config, path, sizeof(path)) : -ENOENT;
    bool by_listener = rc < 0 && api != NULL;
    if (by_listener) {
        rc = process_listener(process, api, path, sizeof(path));
    }
    if (rc < 0 || process_socket_path(process, path, ret->address.path) < 0 ||
        (by_listener && !process_made_socket(process, ret->address.path))) {
        return -ENOENT;
    }
    ret->address.family = VSH_FAMILY_MUX;
    return 0;
}

const struct vmm vmm_firecracker = {"Firecracker", {"firecracker", NULL}, read_firecracker};
