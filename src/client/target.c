/* SPDX-License-Identifier: MIT */
/* From TARGET on the command line to a connected socket; says why not. */
#include "target.h"

#include <errno.h>
#include <stdio.h>

#include <vsock-shell/transport.h>

#include "arguments.h"
#include "common/connect.h"
#include "common/log.h"
#include "common/options.h"
#include "common/port_option.h"

int target_resolve(const struct client_arguments *arguments, struct target *ret)
{
    char error[VSH_PROBLEM_MAX] = "";
    int rc = vsh_address_resolve(arguments->target, &ret->address, ret->user, error, sizeof(error));

    if (rc < 0) {
        log_error("%s", error);
        return rc;
    }
    if (port_option_apply(arguments->target, arguments->port, &ret->address) < 0) {
        usage_error(CLIENT_PROGRAM);
    }
    if (arguments->user) {
        (void)snprintf(ret->user, sizeof(ret->user), "%s", arguments->user);
    }
    (void)vsh_address_format(&ret->address, ret->text, sizeof(ret->text));
    return 0;
}

int target_connect(const struct target *target, const struct client_arguments *arguments,
                   int *ret_fd)
{
    return connect_or_tell(&target->address, arguments->timeout_ms, arguments->wait_ms, -1, ret_fd);
}
