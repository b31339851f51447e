/* SPDX-License-Identifier: MIT */
/*
 * NAME to address through a table of sources, the person's own files first. What they all say is
 * collected and judged together (resolve_names.c); looking up and listing see the same result.
 */
#include "lib/resolve.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <vsock-shell/error.h>

#include "lib/address_text.h"

static int visit_user_hosts(const struct name_visit *visit)
{
    char path[PATH_MAX];
    const char *config = getenv("XDG_CONFIG_HOME");
    const char *home = getenv("HOME");
    int length = 0;
    if (config != NULL && config[0] == '/') {
        length = snprintf(path, sizeof(path), "%s/vsock-shell/hosts", config);
    } else if (home != NULL && home[0] == '/') {
        length = snprintf(path, sizeof(path), "%s/.config/vsock-shell/hosts", home);
    }
    if (length <= 0 || (size_t)length >= sizeof(path)) {
        return 0;
    }
    return resolve_hosts_file(path, visit);
}

static int visit_system_hosts(const struct name_visit *visit)
{
    return resolve_hosts_file("/etc/vsock-shell/hosts", visit);
}

static int visit_running(const struct name_visit *visit, const char *claimed)
{
    const struct process_scan scan = {
        .proc = "/proc", .passwd = "/etc/passwd", .self = geteuid(), .claimed = claimed};
    return resolve_processes(&scan, visit);
}

static int visit_processes(const struct name_visit *visit)
{
    return visit_running(visit, NULL);
}

static int visit_machined(const struct name_visit *visit)
{
    return resolve_machined("/run/systemd/machine/io.systemd.Machine", "/run/systemd/machines",
                            visit);
}

static const struct source {
    enum name_origin origin;
    int (*visit)(const struct name_visit *visit);
} sources[] = {
    {NAME_FROM_FILE, visit_user_hosts},
    {NAME_FROM_FILE, visit_system_hosts},
    {NAME_FROM_PROCESS, visit_processes},
    {NAME_FROM_MACHINED, visit_machined},
};

struct collection {
    struct name_list list;
    enum name_origin origin;
    const char *wanted; /* NULL = everything */
    bool settled; /* a file knows the name, or cannot be read: running VMs are not looked at */
};

static int collect_each(const struct vsh_name *name, void *data)
{
    struct collection *collection = data;
    bool is_file = collection->origin == NAME_FROM_FILE;
    if (is_file && collection->wanted != NULL && strcmp(name->name, collection->wanted) == 0) {
        collection->settled = true;
    }
    return name_list_add(&collection->list, collection->origin, name);
}

static int collect_bad(const char *name, const char *why, void *data)
{
    struct collection *collection = data;
    struct vsh_name entry = {.state = VSH_NAME_REFUSED};
    (void)snprintf(entry.name, sizeof(entry.name), "%s", name);
    (void)snprintf(entry.problem, sizeof(entry.problem), "%s", why);
    /* A file that is there but cannot be read must not be taken for one without the name. */
    collection->settled = collection->settled || name[0] == '\0';
    return collect_each(&entry, collection);
}

static int collect(struct collection *collection)
{
    const struct name_visit visit = {collect_each, collect_bad, collection};
    int rc = 0;
    for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]) && rc == 0; i++) {
        collection->origin = sources[i].origin;
        if (collection->wanted != NULL && collection->settled) {
            break;
        }
        rc = sources[i].visit(&visit);
    }
    name_list_judge(&collection->list);
    return rc;
}

struct claim {
    char *error;
    size_t error_size;
};

static int copy_claim(const char *name, const char *why, void *data)
{
    const struct claim *claim = data;
    (void)name;
    (void)snprintf(claim->error, claim->error_size, "%s", why);
    return 1;
}

/* Nothing may be known of the name, or somebody whose word is not taken claims it. */
static void explain_unknown(const struct name_list *list, const char *wanted, char *error,
                            size_t error_size)
{
    struct claim claim = {error, error_size};
    const struct name_visit visit = {NULL, copy_claim, &claim};
    const char *slip = "";
    if (visit_running(&visit, wanted) > 0) {
        return;
    }
    for (size_t i = 0; i < list->count && slip[0] == '\0'; i++) {
        slip = list->items[i].name.problem;
    }
    (void)snprintf(
        error, error_size,
        "nothing knows the name \"%s\": it is in no hosts file and no running VM has it; "
        "add a line \"%s vsock:CID\" to ~/.config/vsock-shell/hosts or use the CID%s%s%s",
        wanted, wanted, slip[0] != '\0' ? " (" : "", slip, slip[0] != '\0' ? ")" : "");
}

/* Returns 0 with *ret, -ENOENT, or -EINVAL; these with the sentence written. */
static int find_name(const char *wanted, struct vsh_name *ret, char *error, size_t error_size)
{
    struct collection collection = {.wanted = wanted};
    const struct vsh_name *found = NULL;
    int rc = collect(&collection);
    for (size_t i = 0; i < collection.list.count && found == NULL && rc == 0; i++) {
        const struct name_entry *entry = &collection.list.items[i];
        bool whole_file = entry->origin == NAME_FROM_FILE && entry->name.name[0] == '\0';
        if (whole_file || strcmp(entry->name.name, wanted) == 0) {
            found = &entry->name;
        }
    }
    if (rc < 0) {
        (void)snprintf(error, error_size,
                       "cannot look \"%s\" up: %s; use the CID (vsock:N) meanwhile", wanted,
                       vsh_strerror(rc));
        rc = -EINVAL;
    } else if (found == NULL) {
        explain_unknown(&collection.list, wanted, error, error_size);
        rc = -ENOENT;
    } else if (found->state == VSH_NAME_REFUSED) {
        (void)snprintf(error, error_size, "%s", found->problem);
        rc = -EINVAL;
    } else {
        *ret = *found;
    }
    name_list_done(&collection.list);
    return rc;
}

/* Abstract names cannot be looked at without connecting: there the suffix is a suffix. */
static bool is_missing(const char *path)
{
    struct stat st;
    return path[0] == '@' || (lstat(path, &st) < 0 && errno == ENOENT);
}

/* "unix:/run/x.vsock" is a socket of that name, or "/run/x" with the suffix of an ssh host name. */
static void drop_path_suffix(struct vsh_address *address)
{
    bool has_path = address->family == VSH_FAMILY_UNIX || address->family == VSH_FAMILY_MUX;
    if (has_path && is_missing(address->path)) {
        (void)address_strip_suffix(address->path);
    }
}

/* A port in front of the suffix ("mux:/run/v:5000.vsock") ends in no digit for the parser. */
static int parse_target(const char *text, struct vsh_address *ret, char *error, size_t error_size)
{
    char body[VSH_NAME_MAX + 64];
    int rc = vsh_address_parse(text, VSH_ADDRESS_CONNECT, ret, error, error_size);
    if (rc < 0 || ret->family != VSH_FAMILY_MUX || ret->has_port || strlen(text) >= sizeof(body)) {
        return rc;
    }
    struct vsh_address bare;
    memcpy(body, text, strlen(text) + 1);
    if (is_missing(ret->path) && address_strip_suffix(body) &&
        vsh_address_parse(body, VSH_ADDRESS_CONNECT, &bare, error, error_size) == 0) {
        *ret = bare;
    }
    return 0;
}

int vsh_address_resolve(const char *text, struct vsh_address *ret, char *user, char *error,
                        size_t error_size)
{
    struct vsh_address address;
    if (user != NULL) {
        user[0] = '\0';
    }
    int rc = parse_target(text, &address, error, error_size);
    if (rc == 0) {
        drop_path_suffix(&address);
        *ret = address;
        return 0;
    }
    if (rc != -ENOENT) {
        return rc;
    }
    /* The parser has seen that the name fits. */
    char name[VSH_NAME_MAX + sizeof(".vsock")];
    (void)snprintf(name, sizeof(name), "%s", text);
    (void)address_strip_suffix(name);
    struct vsh_name found;
    rc = find_name(name, &found, error, error_size);
    if (rc < 0) {
        return rc;
    }
    *ret = found.address;
    if (user != NULL) {
        memcpy(user, found.user, sizeof(found.user));
    }
    return 0;
}

int vsh_address_list(int (*each)(const struct vsh_name *name, void *data), void *data)
{
    struct collection collection = {0};
    int rc = collect(&collection);
    for (size_t i = 0; i < collection.list.count && rc == 0; i++) {
        rc = each(&collection.list.items[i].name, data);
    }
    name_list_done(&collection.list);
    return rc;
}
