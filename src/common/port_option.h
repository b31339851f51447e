/* SPDX-License-Identifier: MIT */
/* -p PORT, beside an address that may name a port itself. */
#ifndef COMMON_PORT_OPTION_H
#define COMMON_PORT_OPTION_H

#include <stdint.h>

#include <vsock-shell/address.h>

/* 0, or -EINVAL after writing one sentence as option_u32() does. */
int port_option_parse(const char *name, const char *text, uint32_t *ret);

/*
 * Makes port, if it is not 0, the port of the address to which target led. It goes before the port
 * of a hosts file. Returns 0, or -EINVAL after a sentence on stderr when target itself names
 * another one: one of the two is a slip, and either guess would reach the wrong server.
 */
int port_option_apply(const char *target, uint32_t port, struct vsh_address *address);

#endif
