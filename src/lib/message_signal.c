/* SPDX-License-Identifier: MIT */
/*
 * Signals by name: numbers differ between architectures, and musl has no sigabbrev_np(3). The table
 * holds the standard names of signal(7); real-time signals travel without a name.
 */
#include <vsock-shell/message.h>

#include <signal.h>

#include "lib/message_wire.h"

#define SIGNAL_ENTRY(name)                                                                         \
    {                                                                                              \
#name, SIG##name                                                                           \
    }

static const struct signal_entry {
    char name[8];
    int number;
} signal_table[] = {
    SIGNAL_ENTRY(HUP),    SIGNAL_ENTRY(INT),  SIGNAL_ENTRY(QUIT),  SIGNAL_ENTRY(ILL),
    SIGNAL_ENTRY(TRAP),   SIGNAL_ENTRY(ABRT), SIGNAL_ENTRY(BUS),   SIGNAL_ENTRY(FPE),
    SIGNAL_ENTRY(KILL),   SIGNAL_ENTRY(USR1), SIGNAL_ENTRY(SEGV),  SIGNAL_ENTRY(USR2),
    SIGNAL_ENTRY(PIPE),   SIGNAL_ENTRY(ALRM), SIGNAL_ENTRY(TERM),  SIGNAL_ENTRY(CHLD),
    SIGNAL_ENTRY(CONT),   SIGNAL_ENTRY(STOP), SIGNAL_ENTRY(TSTP),  SIGNAL_ENTRY(TTIN),
    SIGNAL_ENTRY(TTOU),   SIGNAL_ENTRY(URG),  SIGNAL_ENTRY(XCPU),  SIGNAL_ENTRY(XFSZ),
    SIGNAL_ENTRY(VTALRM), SIGNAL_ENTRY(PROF), SIGNAL_ENTRY(WINCH), SIGNAL_ENTRY(IO),
    SIGNAL_ENTRY(PWR),    SIGNAL_ENTRY(SYS),
};

#define SIGNAL_COUNT (sizeof(signal_table) / sizeof(signal_table[0]))

int vsh_signal_number(const char *name)
{
    for (size_t i = 0; i < SIGNAL_COUNT; i++) {
        if (strcmp(signal_table[i].name, name) == 0) {
            return signal_table[i].number;
        }
    }
    return 0;
}

const char *vsh_signal_name(int number)
{
    for (size_t i = 0; i < SIGNAL_COUNT; i++) {
        if (signal_table[i].number == number) {
            return signal_table[i].name;
        }
    }
    return NULL;
}

bool message_signal_form(const char *name)
{
    size_t length = strnlen(name, SIGNAL_NAME_MAX);

    return length > 0 && length < SIGNAL_NAME_MAX &&
           name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-")] == '\0';
}

int vsh_put_signal(struct vsh_queue *queue, const char *name)
{
    if (vsh_signal_number(name) == 0) {
        return -EINVAL;
    }
    return vsh_queue_put(queue, VSH_V2_SIGNAL, name, strlen(name) + 1);
}

int vsh_get_signal(const struct vsh_message *message, const char **ret_name)
{
    const char *name = (const char *)message->payload;

    /* A well-formed name that this system lacks is no protocol error: the caller ignores it. */
    if (message->length == 0 || memchr(name, '\0', message->length) != name + message->length - 1 ||
        !message_signal_form(name)) {
        return VSH_E_MALFORMED;
    }
    *ret_name = name;
    return 0;
}
