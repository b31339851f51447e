/* SPDX-License-Identifier: MIT */
/* Looking a key up in everything that may hold it: credentials, then the user's files. */
#ifndef SERVER_SSH_SSH_AUTH_KEYS_H
#define SERVER_SSH_SSH_AUTH_KEYS_H

#include <stddef.h>

struct account;
struct authorized_key;
struct authorized_question;
struct ssh_auth;

/* Reads $CREDENTIALS_DIRECTORY's two files into auth. */
void ssh_auth_keys_init(struct ssh_auth *auth);

/*
 * Returns 1 and the line that lets the key in, else 0; notes[] says what stood in the way, if
 * anything did. Files are read as the account's user.
 */
int ssh_auth_keys_find(const struct ssh_auth *auth, const struct account *account,
                       const struct authorized_question *question, struct authorized_key *ret,
                       char *notes, size_t size);

#endif
