/* SPDX-License-Identifier: MIT */
/*
 * stdin of a command in bulk: large DATA goes from the socket into the process's pipe inside the
 * kernel. Everything else, and all of it where the kernel cannot do that, goes through the queue.
 */
#ifndef SERVER_NATIVE_INPUT_H
#define SERVER_NATIVE_INPUT_H

#include "server/native/native_session.h"
#include "session/pump.h"

struct native_input {
    bool bulk;    /* the last DATA was large: the next header is read alone */
    bool refused; /* the kernel cannot do it for these two descriptors */
    bool stuck;   /* the last try moved nothing */
};

/* DATA of this length came through the queue. */
void native_input_came(struct native_input *input, size_t length);

/* One turn of reading the socket; as vsh_queue_fill(). */
ssize_t native_input_read(struct native *native, struct pump *pump, struct native_input *input);

#endif
