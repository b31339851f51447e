/* SPDX-License-Identifier: MIT */
/*
 * The options before a key in authorized_keys (sshd(8), AUTHORIZED_KEYS FILE FORMAT). An option
 * that is unknown, or that restricts in a way we cannot enforce, makes the line unusable.
 */
#ifndef SERVER_SSH_AUTHORIZED_OPTIONS_H
#define SERVER_SSH_AUTHORIZED_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AUTHORIZED_LIST_MAX 64

struct authorized_list {
    const char *items[AUTHORIZED_LIST_MAX];
    size_t count;
};

/* All texts are borrowed from the line. */
struct authorized_options {
    bool pty;
    bool port_forwarding;
    bool agent_forwarding;
    const char *command; /* run this whatever the client asked for; NULL = not set */
    const char *from;    /* patterns of peers, see authorized_from_matches(); NULL = all */
    int64_t expiry;      /* seconds since 1970; 0 = never */
    struct authorized_list environment; /* NAME=VALUE */
    struct authorized_list permit_open; /* host:port; none = all */
    struct authorized_list permit_listen;
};

/* What a key without options allows: everything. */
void authorized_options_init(struct authorized_options *options);

/*
 * Parses the options at *text up to the blank behind them, unquoting in place, and moves *text
 * there. Returns 0, or -EINVAL and a sentence in error[].
 */
int authorized_options_parse(char **text, struct authorized_options *ret, char *error, size_t size);

/* "YYYYMMDD[Z]" or "YYYYMMDDHHMM[SS][Z]", local time without the Z. 0 or -EINVAL. */
int authorized_expiry_parse(const char *text, int64_t *ret);

/*
 * Does from= let this peer in? list is comma-separated, with * and ?, and ! to exclude; it must
 * match one of the peer's names. peer is what vsh_peer_format() wrote. The names are
 *   vsock   "vsock:CID", "CID", and "host" for CID 2, "local" for CID 1
 *   unix    "unix:UID", "uid=UID", "local"
 *   else    "stdio"
 * Host names and addresses of an ordinary network match nothing: such a key is refused.
 */
bool authorized_from_matches(const char *list, const char *peer);

/* Does permitopen= or permitlisten= allow host and port? An empty list allows all. */
bool authorized_forward_permitted(const struct authorized_list *list, const char *host,
                                  unsigned port);

#endif
