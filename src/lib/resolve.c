/* SPDX-License-Identifier: MIT */
/*
 * NAME to address through a table of sources, the person's own files first. The first source that
 * knows the name decides; among running VMs a name that two of them carry is refused, because a
 * guess could be another person's VM.
 */
#include "lib/resolve.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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

static int visit_qemu(const struct name_visit *visit)
{
    return resolve_qemu("/proc", visit);
}

static int visit_machined(const struct name_visit *visit)
{
    return resolve_machined("/run/systemd/machines", visit);
}

static const struct source {
    const char *what; /* for messages about the source itself */
    bool first_wins;  /* a file: the first line counts; else two with one name are an error */
    int (*visit)(const struct name_visit *visit);
} sources[] = {
    {"the user's hosts file", true, visit_user_hosts},
    {"/etc/vsock-shell/hosts", true, visit_system_hosts},
    {"the running QEMU processes", false, visit_qemu},
    {"machined", false, visit_machined},
};

struct search {
    const char *name;
    const struct source *source;
    struct vsh_name found;
    bool has_found;
    char *error;
    size_t error_size;
};

static int search_each(const struct vsh_name *name, void *data)
{
    struct search *search = data;
    if (strcmp(name->name, search->name) != 0) {
        return 0;
    }
    if (search->has_found && name->address.cid != search->found.address.cid) {
        (void)snprintf(search->error, search->error_size,
                       "two running VMs are named \"%s\", CID %u (%s) and CID %u (%s): use the CID",
                       search->name, search->found.address.cid, search->found.source,
                       name->address.cid, name->source);
        return -EINVAL;
    }
    search->found = *name;
    search->has_found = true;
    return search->source->first_wins ? 1 : 0;
}

static int search_bad(const char *name, const char *why, void *data)
{
    struct search *search = data;
    if (strcmp(name, search->name) != 0) {
        return 0; /* a slip in another line must not keep anybody from this VM */
    }
    (void)snprintf(search->error, search->error_size, "%s", why);
    return -EINVAL;
}

/* Returns 0 with search->found, -ENOENT, or -EINVAL with the sentence written. */
static int search_sources(struct search *search)
{
    const struct name_visit visit = {search_each, search_bad, search};
    for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
        search->source = &sources[i];
        int rc = sources[i].visit(&visit);
        if (rc == -EINVAL) {
            return rc;
        }
        if (rc < 0) {
            (void)snprintf(search->error, search->error_size,
                           "cannot look \"%s\" up in %s: %s; use the CID (vsock:N) meanwhile",
                           search->name, sources[i].what, vsh_strerror(rc));
            return -EINVAL;
        }
        if (search->has_found) {
            return 0;
        }
    }
    (void)snprintf(
        search->error, search->error_size,
        "nothing knows the name \"%s\": it is in no hosts file and no running VM has it; "
        "add a line \"%s vsock:CID\" to ~/.config/vsock-shell/hosts or use the CID",
        search->name, search->name);
    return -ENOENT;
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
    struct search search = {.name = name, .error = error, .error_size = error_size};
    rc = search_sources(&search);
    if (rc < 0) {
        return rc;
    }
    *ret = search.found.address;
    if (user != NULL) {
        memcpy(user, search.found.user, sizeof(search.found.user));
    }
    return 0;
}

int vsh_address_list(int (*each)(const struct vsh_name *name, void *data), void *data)
{
    const struct name_visit visit = {each, NULL, data};
    int rc = 0;
    for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]) && rc == 0; i++) {
        rc = sources[i].visit(&visit);
    }
    return rc;
}
