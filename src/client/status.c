/* SPDX-License-Identifier: MIT */
/* Signal numbers differ between systems; names do not: the name decides where we know it. */
#include "status.h"

#include <vsock-shell/message.h>

int status_of_exit(const struct vsh_exit *result)
{
    if (!result->signalled) {
        return (int)(result->code & 0xff);
    }

    int number = vsh_signal_number(result->signal);
    if (number == 0) {
        number = (int)(result->code & 0x7f);
    }
    return CLIENT_STATUS_SIGNAL(number);
}
