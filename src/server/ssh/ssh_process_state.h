/* SPDX-License-Identifier: MIT */
/* Inside of ssh_process*.c: what a channel's process consists of. */
#ifndef SERVER_SSH_SSH_PROCESS_STATE_H
#define SERVER_SSH_SSH_PROCESS_STATE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/audit.h"
#include "session/process.h"
#include "session/pty.h"
#include "session/pump.h"

struct channel;

struct ssh_process {
    bool has_pty;
    struct pty pty; /* until the pump has it */
    struct process process;
    struct pump *pump; /* NULL when the start failed */
    size_t input_room; /* bytes of stdin that the pump can still hold */
    bool input_closed; /* the process reads no more */
    bool stalled;      /* the pump wants room for output */
    bool has_result;
    struct process_result result;
    char failure[320];  /* why there is no process, for the peer */
    struct audit audit; /* its action is NULL once it has been written */
};

/* Writes the audit line, once. */
void ssh_process_audit(struct channel *channel, const struct audit_result *result);

/* The channel becomes one of a process. */
void ssh_process_attach(struct channel *channel);
const struct pump_peer *ssh_process_pump_peer(void);

#endif
