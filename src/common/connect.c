/* SPDX-License-Identifier: MIT */
/* What client and proxy do alike on the way to a server. Names were resolved before. */
#include "connect.h"

#include <inttypes.h>

#include "common/log.h"

int connect_or_tell(const struct vsh_address *address, int timeout_ms, int wait_ms, int cancel_fd,
                    int *ret_fd)
{
    /* A low source port proves root to a server that asks for it; without the right it is any. */
    const struct vsh_connect_options options = {
        .timeout_ms = timeout_ms,
        .wait_ms = wait_ms,
        .privileged_port = true,
        .cancel_fd = cancel_fd,
    };
    char text[512];

    log_debug("connecting to %s", vsh_address_format(address, text, sizeof(text)));
    int rc = vsh_connect(address, &options, ret_fd);
    if (rc < 0) {
        log_error("%s", vsh_connect_explain(address, rc, text, sizeof(text)));
        return rc;
    }
    uint64_t buffer_bytes = 0;
    (void)vsh_buffer_size(*ret_fd, &buffer_bytes);
    log_debug("connected, with a buffer of %" PRIu64 " bytes", buffer_bytes);
    return 0;
}
