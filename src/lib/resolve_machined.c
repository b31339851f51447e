/* SPDX-License-Identifier: MIT */
/*
 * VMs registered with systemd-machined. Its bus would need a bus library; the state files it
 * writes beside it are world readable, and only root can write there. A version that stops writing
 * them means no names from here, nothing worse.
 */
#include "lib/resolve.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fd.h"

#define FILE_MAX_BYTES ((size_t)64 * 1024)

static int read_cid(const char *path, uint32_t *ret)
{
    static const char key[] = "VSOCK_CID=";
    cleanup_free char *text = NULL;
    size_t length;
    int rc = fd_read_file(path, FILE_MAX_BYTES, &text, &length);
    if (rc < 0) {
        return rc;
    }
    char *rest = text;
    while (rest != NULL) {
        const char *line = strsep(&rest, "\n");
        if (strncmp(line, key, sizeof(key) - 1) == 0) {
            return vsh_parse_u32(line + sizeof(key) - 1, UINT32_MAX - 1, ret);
        }
    }
    return -ENOENT;
}

static int visit_machine(const char *dir, const char *file, const struct name_visit *visit)
{
    /* Links named "unit:..." point at the same machines again. */
    if (file[0] == '.' || strchr(file, ':') != NULL || strlen(file) >= VSH_NAME_MAX) {
        return 0;
    }
    char path[PATH_MAX];
    struct vsh_name name = {.address = {.family = VSH_FAMILY_VSOCK, .port = VSH_PORT_DEFAULT}};
    (void)snprintf(path, sizeof(path), "%s/%s", dir, file);
    if (read_cid(path, &name.address.cid) < 0) {
        return 0; /* a container, or gone since */
    }
    (void)snprintf(name.name, sizeof(name.name), "%s", file);
    (void)snprintf(name.source, sizeof(name.source), "machined");
    return visit->each(&name, visit->data);
}

int resolve_machined(const char *dir, const struct name_visit *visit)
{
    DIR *machines = opendir(dir);
    if (machines == NULL) {
        return 0;
    }
    int rc = 0;
    struct dirent *entry;
    while (rc == 0 && (entry = readdir(machines)) != NULL) {
        rc = visit_machine(dir, entry->d_name, visit);
    }
    (void)closedir(machines);
    return rc;
}
