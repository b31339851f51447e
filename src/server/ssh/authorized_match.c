/* SPDX-License-Identifier: MIT */
/* from=, permitopen= and permitlisten=: texts of an options list against a peer or a place. */
#include "server/ssh/authorized_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NAMES_MAX   4
#define NAME_LENGTH 32
#define PATTERN_MAX 256

struct peer_names {
    char names[NAMES_MAX][NAME_LENGTH];
    size_t count;
};

static void add_name(struct peer_names *names, const char *prefix, unsigned long number)
{
    (void)snprintf(names->names[names->count++], NAME_LENGTH, "%s%lu", prefix, number);
}

static void add_word(struct peer_names *names, const char *word)
{
    (void)snprintf(names->names[names->count++], NAME_LENGTH, "%s", word);
}

static void name_peer(const char *peer, struct peer_names *ret)
{
    static const char vsock[] = "vsock:", uid[] = "unix:uid=";
    ret->count = 0;
    if (strncmp(peer, vsock, sizeof(vsock) - 1) == 0) {
        unsigned long cid = strtoul(peer + sizeof(vsock) - 1, NULL, 10);
        add_name(ret, vsock, cid);
        add_name(ret, "", cid);
        if (cid == 1 || cid == 2) {
            add_word(ret, cid == 1 ? "local" : "host");
        }
        return;
    }
    if (strncmp(peer, uid, sizeof(uid) - 1) == 0) {
        unsigned long number = strtoul(peer + sizeof(uid) - 1, NULL, 10);
        add_name(ret, "unix:", number);
        add_name(ret, "uid=", number);
        add_word(ret, "local");
        return;
    }
    if (strcmp(peer, "stdio") == 0) {
        add_word(ret, "stdio");
    }
}

/*
 * Only * and ? are special, as in OpenSSH: brackets and backslashes stand for themselves. Going
 * back to the last star alone is enough, and keeps the work bounded.
 */
static bool matches(const char *pattern, const char *text)
{
    const char *star = NULL, *mark = NULL;
    while (*text != '\0') {
        if (*pattern == '*') {
            star = pattern++;
            mark = text;
        } else if (*pattern == '?' || *pattern == *text) {
            pattern++;
            text++;
        } else if (star != NULL) {
            pattern = star + 1;
            text = ++mark;
        } else {
            return false;
        }
    }
    return pattern[strspn(pattern, "*")] == '\0';
}

static bool matches_any(const char *pattern, const struct peer_names *names)
{
    for (size_t i = 0; i < names->count; i++) {
        if (matches(pattern, names->names[i])) {
            return true;
        }
    }
    return false;
}

bool authorized_from_matches(const char *list, const char *peer)
{
    struct peer_names names;
    bool found = false;
    name_peer(peer, &names);
    while (*list != '\0') {
        char pattern[PATTERN_MAX];
        size_t length = strcspn(list, ",");
        if (length >= sizeof(pattern)) {
            return false;
        }
        memcpy(pattern, list, length);
        pattern[length] = '\0';
        bool negated = pattern[0] == '!';
        if (matches_any(pattern + (negated ? 1 : 0), &names)) {
            if (negated) {
                return false;
            }
            found = true;
        }
        list += length + (list[length] == ',' ? 1 : 0);
    }
    return found;
}

/* "host:port", "[host]:port" or "port"; either part may be "*". */
static bool place_matches(const char *rule, const char *host, unsigned port)
{
    char wanted[PATTERN_MAX], number[16];
    const char *colon = strrchr(rule, ':');
    const char *port_text = colon != NULL ? colon + 1 : rule;
    size_t length = colon != NULL ? (size_t)(colon - rule) : 0;
    if (length >= 2 && rule[0] == '[' && rule[length - 1] == ']') {
        rule++;
        length -= 2;
    }
    if (length >= sizeof(wanted)) {
        return false;
    }
    memcpy(wanted, rule, length);
    wanted[length] = '\0';
    (void)snprintf(number, sizeof(number), "%u", port);
    if (strcmp(port_text, "*") != 0 && strcmp(port_text, number) != 0) {
        return false;
    }
    return colon == NULL || strcmp(wanted, "*") == 0 || strcasecmp(wanted, host) == 0;
}

bool authorized_forward_permitted(const struct authorized_list *list, const char *host,
                                  unsigned port)
{
    for (size_t i = 0; i < list->count; i++) {
        if (place_matches(list->items[i], host, port)) {
            return true;
        }
    }
    return list->count == 0;
}
