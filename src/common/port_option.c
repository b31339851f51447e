/* SPDX-License-Identifier: MIT */
/* Owns which of two ports counts: the same answer in every program that connects. */
#include "port_option.h"

#include <errno.h>
#include <stdbool.h>

#include "log.h"
#include "options.h"

int port_option_parse(const char *name, const char *text, uint32_t *ret)
{
    /* 0xffffffff is VMADDR_PORT_ANY: nobody can listen there. */
    return option_u32(name, text, 1, UINT32_MAX - 1, ret);
}

/* Any other text has its port from the person who typed it, not from a hosts file. */
static bool is_name(const char *target)
{
    struct vsh_address ignored;

    return vsh_address_parse(target, VSH_ADDRESS_CONNECT, &ignored, NULL, 0) == -ENOENT;
}

int port_option_apply(const char *target, uint32_t port, struct vsh_address *address)
{
    if (port == 0) {
        return 0;
    }
    if (address->has_port && address->port != port && !is_name(target)) {
        log_error("'%s' names port %u and -p names %u: give one of them, or both the same", target,
                  address->port, port);
        return -EINVAL;
    }
    address->port = port;
    address->has_port = true;
    return 0;
}
