/* SPDX-License-Identifier: MIT */
/*
 * What all the names together come to: the first line of a file wins over later lines and over
 * running VMs; among running VMs there is no order, so two that claim one name, or one address
 * under two names, are both refused: a guess could be another person's VM.
 */
#include "lib/resolve.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_MAX 16384

int name_list_add(struct name_list *list, enum name_origin origin, const struct vsh_name *name)
{
    if (list->count == list->capacity) {
        size_t capacity = list->capacity > 0 ? list->capacity * 2 : 16;
        if (capacity > NAMES_MAX) {
            return -E2BIG;
        }
        struct name_entry *grown = reallocarray(list->items, capacity, sizeof(*grown));
        if (grown == NULL) {
            return -ENOMEM;
        }
        list->items = grown;
        list->capacity = capacity;
    }
    list->items[list->count++] = (struct name_entry){.origin = origin, .name = *name};
    return 0;
}

void name_drop_odd(struct vsh_name *name)
{
    struct vsh_address address;
    char error[8];
    if (vsh_address_parse(name->name, VSH_ADDRESS_CONNECT, &address, error, sizeof(error)) !=
        -ENOENT) {
        name->name[0] = '\0';
    }
}

void name_list_done(struct name_list *list)
{
    free(list->items);
    *list = (struct name_list){0};
}

static bool is_file(const struct name_entry *entry)
{
    return entry->origin == NAME_FROM_FILE;
}

static bool same_name(const struct name_entry *a, const struct name_entry *b)
{
    return a->name.name[0] != '\0' && strcmp(a->name.name, b->name.name) == 0;
}

static bool same_address(const struct name_entry *a, const struct name_entry *b)
{
    const struct vsh_address *x = &a->name.address;
    const struct vsh_address *y = &b->name.address;
    return x->family == y->family && x->cid == y->cid && strcmp(x->path, y->path) == 0;
}

static bool one_name_two_vms(const struct name_entry *a, const struct name_entry *b)
{
    return same_name(a, b) && !same_address(a, b);
}

/* Machined may know a process's VM by another name: that is no second VM. */
static bool two_vms_one_address(const struct name_entry *a, const struct name_entry *b)
{
    return a->origin == NAME_FROM_PROCESS && b->origin == NAME_FROM_PROCESS && same_address(a, b) &&
           !same_name(a, b);
}

__attribute__((format(printf, 2, 3))) static void append(struct vsh_name *name, const char *format,
                                                         ...)
{
    size_t length = strlen(name->problem);
    va_list args;
    va_start(args, format);
    (void)vsnprintf(name->problem + length, sizeof(name->problem) - length, format, args);
    va_end(args);
}

static const char *short_address(const struct vsh_address *address, char buf[VSH_ADDRESS_MAX])
{
    if (address->family == VSH_FAMILY_VSOCK) {
        (void)snprintf(buf, VSH_ADDRESS_MAX, "CID %u", address->cid);
    } else {
        (void)snprintf(buf, VSH_ADDRESS_MAX, "mux:%s", address->path);
    }
    return buf;
}

static void append_candidate(struct vsh_name *to, const struct vsh_name *from, bool by_name)
{
    char address[VSH_ADDRESS_MAX];
    if (by_name && from->name[0] == '\0') {
        append(to, "one without a name (%s)", from->source);
    } else if (by_name) {
        append(to, "\"%.64s\" (%s)", from->name, from->source);
    } else {
        append(to, "%s (%s)", short_address(&from->address, address), from->source);
    }
}

/* Room for the candidates: what the sentence ends in must fit behind them. */
#define CANDIDATES_MAX 4

static void refuse(const struct name_list *list, struct name_entry *entry, bool by_name,
                   bool (*conflicts)(const struct name_entry *a, const struct name_entry *b))
{
    char address[VSH_ADDRESS_MAX];
    size_t others = 0;
    struct vsh_name *name = &entry->name;
    name->state = VSH_NAME_REFUSED;
    if (by_name) {
        append(name,
               "more than one running VM claims %s: ", short_address(&name->address, address));
    } else {
        append(name, "more than one running VM is named \"%.64s\": ", name->name);
    }
    append_candidate(name, name, by_name);
    for (size_t i = 0; i < list->count; i++) {
        if (&list->items[i] != entry && conflicts(entry, &list->items[i])) {
            others++;
            if (others < CANDIDATES_MAX) {
                append(name, ", ");
                append_candidate(name, &list->items[i].name, by_name);
            }
        }
    }
    if (others >= CANDIDATES_MAX) {
        append(name, " and %zu more", others - CANDIDATES_MAX + 1);
    }
    append(name, by_name ? "; end one of them or use the address"
                         : "; use the address, or give one a name in a hosts file");
}

static bool has_conflict(const struct name_list *list, const struct name_entry *entry,
                         bool (*conflicts)(const struct name_entry *a, const struct name_entry *b))
{
    for (size_t i = 0; i < list->count; i++) {
        if (!is_file(&list->items[i]) && &list->items[i] != entry &&
            conflicts(entry, &list->items[i])) {
            return true;
        }
    }
    return false;
}

static bool is_hidden(const struct name_list *list, const struct name_entry *entry)
{
    for (const struct name_entry *other = list->items; other < entry; other++) {
        if (same_name(other, entry) && (is_file(other) || same_address(other, entry))) {
            return true;
        }
    }
    return false;
}

void name_list_judge(struct name_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        struct name_entry *entry = &list->items[i];
        if (is_hidden(list, entry)) {
            entry->name.state = VSH_NAME_HIDDEN;
        } else if (!is_file(entry) && has_conflict(list, entry, one_name_two_vms)) {
            refuse(list, entry, false, one_name_two_vms);
        } else if (!is_file(entry) && has_conflict(list, entry, two_vms_one_address)) {
            refuse(list, entry, true, two_vms_one_address);
        }
    }
}
