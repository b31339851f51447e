/* SPDX-License-Identifier: MIT */
/* From TARGET on the command line to a connected socket; says why not. */
#include "target.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include <vsock-shell/transport.h>

#include "arguments.h"
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
    /* A low source port proves root to a server that asks for it; without the right it is any. */
    const struct vsh_connect_options options = {
        .timeout_ms = arguments->timeout_ms,
        .wait_ms = arguments->wait_ms,
        .privileged_port = true,
        .cancel_fd = -1,
    };
    char why[512];

    log_debug("connecting to %s", target->text);
    int rc = vsh_connect(&target->address, &options, ret_fd);
    if (rc < 0) {
        log_error("%s", vsh_connect_explain(&target->address, rc, why, sizeof(why)));
        return rc;
    }
    uint64_t buffer_bytes = 0;
    (void)vsh_buffer_size(*ret_fd, &buffer_bytes);
    log_debug("connected, with a buffer of %" PRIu64 " bytes", buffer_bytes);
    return 0;
}
