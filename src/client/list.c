/* SPDX-License-Identifier: MIT */
/*
 * The entries of vsh_address_list(), asked together and printed: in columns for a terminal, as
 * words between single blanks for scripts, as JSON for programs. Names of VMs are other people's
 * text: all of it is escaped.
 */
#include "list.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <vsock-shell/address.h>
#include <vsock-shell/error.h>

#include "arguments.h"
#include "common/escape.h"
#include "common/log.h"
#include "list_print.h"
#include "probe.h"
#include "status.h"

#define ANSWER_MS 1500

static int add_entry(const struct vsh_name *name, void *data)
{
    struct list *list = data;
    if (list->count == list->capacity) {
        size_t capacity = list->capacity > 0 ? list->capacity * 2 : 16;
        struct list_entry *grown = reallocarray(list->entries, capacity, sizeof(*grown));
        if (!grown) {
            return -ENOMEM;
        }
        list->entries = grown;
        list->capacity = capacity;
    }
    struct list_entry *entry = &list->entries[list->count++];
    *entry = (struct list_entry){.name = *name};
    if (list->port != 0) {
        entry->name.address.port = list->port;
    }
    return 0;
}

static bool same_place(const struct vsh_address *a, const struct vsh_address *b)
{
    return a->family == b->family && a->cid == b->cid && a->port == b->port &&
           strcmp(a->path, b->path) == 0;
}

/* The place of the address among the probes, added if it is new: nobody is asked twice. */
static size_t find_probe(struct probe *probes, size_t *count, const struct vsh_address *address)
{
    for (size_t i = 0; i < *count; i++) {
        if (same_place(&probes[i].address, address)) {
            return i;
        }
    }
    probes[*count] = (struct probe){.address = *address};
    return (*count)++;
}

static int ask_all(struct list *list, int timeout_ms)
{
    struct probe *probes = calloc(list->count + 1, sizeof(*probes));
    size_t count = 0;
    if (!probes) {
        return -ENOMEM;
    }
    for (size_t i = 0; i < list->count; i++) {
        struct list_entry *entry = &list->entries[i];
        if (entry->name.address.family != VSH_FAMILY_NONE) {
            entry->probe = find_probe(probes, &count, &entry->name.address);
        }
    }
    probe_all(probes, count, timeout_ms > 0 ? timeout_ms : ANSWER_MS);
    for (size_t i = 0; i < list->count; i++) {
        struct list_entry *entry = &list->entries[i];
        if (entry->name.address.family != VSH_FAMILY_NONE) {
            entry->answer = probes[entry->probe].answer;
        }
    }
    free(probes);
    return 0;
}

/* For completions: what a shell may insert as it stands. */
static void print_names(const struct list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct vsh_name *name = &list->entries[i].name;
        char data[VSH_NAME_MAX * 4];
        struct escape_line line = {.data = data, .size = sizeof(data)};
        escape_text(&line, name->name);
        bool plain = line.length == strlen(name->name);
        if (name->state == VSH_NAME_USABLE && name->name[0] != '\0' && plain) {
            (void)puts(name->name);
        }
    }
}

static void print_problems(const struct list *list)
{
    bool any = false;
    for (size_t i = 0; i < list->count; i++) {
        const struct vsh_name *name = &list->entries[i].name;
        any = any || name->address.family != VSH_FAMILY_NONE;
        if (name->state == VSH_NAME_REFUSED) {
            log_warning("%s", name->problem);
        }
    }
    if (!any) {
        log_notice("no names: no VM runs here that gives its name and CID, and no hosts file has "
                   "an entry; a CID as TARGET always works");
    }
}

static int print(struct list *list, const struct client_arguments *arguments)
{
    if (arguments->names) {
        print_names(list);
        return 0;
    }
    int rc = ask_all(list, arguments->timeout_ms);
    if (rc < 0) {
        return rc;
    }
    if (arguments->json) {
        list_print_json(list);
    } else {
        list_print_columns(list, isatty(STDOUT_FILENO) != 0);
    }
    (void)fflush(stdout); /* the table before the remarks on it */
    print_problems(list);
    return 0;
}

int list_run(const struct client_arguments *arguments)
{
    struct list list = {.port = arguments->port};
    int rc = vsh_address_list(add_entry, &list);

    if (rc == 0) {
        rc = print(&list, arguments);
    }
    free(list.entries);
    if (rc < 0) {
        log_error("cannot list the names: %s", vsh_strerror(rc));
        return CLIENT_STATUS_OWN;
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        log_error("cannot write standard output");
        return CLIENT_STATUS_OWN;
    }
    return 0;
}
