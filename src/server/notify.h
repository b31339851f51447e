/* SPDX-License-Identifier: MIT */
/* Readiness for a service manager: the datagrams of sd_notify(3), without the library. */
#ifndef SERVER_NOTIFY_H
#define SERVER_NOTIFY_H

/*
 * Sends state ("READY=1") to the socket that $NOTIFY_SOCKET names, a path or "@name" in the
 * abstract namespace. Without the variable nothing happens. Never blocks. Returns 0 or a negative
 * errno.
 */
int notify_send(const char *state);

/* Sends RELOADING=1 with the time stamp that systemd wants beside it. */
int notify_reloading(void);

#endif
