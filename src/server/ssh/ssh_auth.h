/* SPDX-License-Identifier: MIT */
/*
 * Who may log in: answers libssh's authentication callbacks. An unknown user gets the same work and
 * the same answers as a known one without the key.
 */
#ifndef SERVER_SSH_SSH_AUTH_H
#define SERVER_SSH_SSH_AUTH_H

#include <stdbool.h>
#include <stddef.h>

#include "server/ssh/authorized_keys.h"
#include "server/ssh/ssh_compat.h"

#define SSH_LOGIN_MAX 128

struct account;
struct ssh_settings;

struct ssh_auth {
    const struct ssh_settings *settings;
    const char *peer;
    const struct account *only; /* nobody else may log in; NULL = any user (root's server) */
    char *credentials[2];       /* texts of systemd credentials: for root, for all; or NULL */
    struct account *account;    /* who has logged in */
    struct authorized_key key;  /* and with which line; line NULL when none was needed */
    char login[SSH_LOGIN_MAX];  /* the user last asked for, cut; empty = none yet */
    unsigned attempts;
    bool asked; /* there was a request before */
    bool succeeded;
    bool give_up; /* too many failures: disconnect */
};

/* Reads the systemd credentials, so call it before a --user drop. Texts are borrowed. */
void ssh_auth_init(struct ssh_auth *auth, const struct ssh_settings *settings, const char *peer);
void ssh_auth_done(struct ssh_auth *auth);

/* The methods to offer, SSH_AUTH_METHOD_*. */
int ssh_auth_methods(const struct ssh_settings *settings);

/* The two callbacks; each returns SSH_AUTH_SUCCESS or SSH_AUTH_DENIED. */
int ssh_auth_none(struct ssh_auth *auth, const char *user);
int ssh_auth_publickey(struct ssh_auth *auth, const char *user, ssh_key key, char state);

#endif
