/* SPDX-License-Identifier: MIT */
/* What differs between libssh 0.10, 0.11 and 0.12, in one place. */
#ifndef SERVER_SSH_SSH_COMPAT_H
#define SERVER_SSH_SSH_COMPAT_H

#include <libssh/callbacks.h>
#include <libssh/libssh.h>
#include <libssh/server.h>

/*
 * The most data that goes into one packet to a peer that takes 32768: 0.10 keeps 10 bytes of it for
 * itself, and a read of 32768 would become one full and one 10-byte packet.
 */
#if LIBSSH_VERSION_INT >= SSH_VERSION_INT(0, 11, 0)
#define SSH_PACKET_DATA 32768u
#else
#define SSH_PACKET_DATA (32768u - 10u)
#endif

#if LIBSSH_VERSION_INT >= SSH_VERSION_INT(0, 12, 0)
static inline int ssh_compat_generate(enum ssh_keytypes_e type, ssh_key *ret)
{
    return ssh_pki_generate_key(type, NULL, ret);
}
#else
static inline int ssh_compat_generate(enum ssh_keytypes_e type, ssh_key *ret)
{
    return ssh_pki_generate(type, 0, ret);
}
#endif

#endif
