/* SPDX-License-Identifier: MIT */
/* The inside of a pump, shared by its two directions: pump.c (output, the end), pump_input.c. */
#ifndef SESSION_PUMP_STATE_H
#define SESSION_PUMP_STATE_H

#include "base/buffer.h"
#include "session/pump.h"

enum pump_state {
    PUMP_RUNNING,
    PUMP_DRAINING, /* the process has exited; its last output is on the way */
    PUMP_OVER,     /* exited() was called, or nothing is to be told any more */
};

struct output {
    enum vsh_stream stream;
    int *fd;           /* in the process, or the master */
    bool ended;        /* output_eof() was called, or the peer has closed it */
    bool stalled;      /* the peer had no room at the last try */
    size_t drain_left; /* draining: bytes that were there when the process exited */
};

struct pump {
    struct process *process;
    const struct pump_peer *ops;
    void *peer;
    enum pump_state state;
    int master_fd;
    struct buffer input;
    bool pty;
    bool recorder_busy;       /* output waits until the recorder has room */
    int record_error;         /* the recording has broken: negative errno */
    bool input_ended;         /* the peer sends no more */
    bool input_closed;        /* the process reads no more, or everything has been given to it */
    bool end_typed;           /* what is in the buffer are our VEOF characters */
    uint8_t last_typed;       /* last byte of stdin given to a terminal */
    struct output outputs[2]; /* in the order of service: stderr tells why stdout ends */
    size_t output_count;
    uint64_t bytes_in, bytes_out;
};

/* No byte of stdin can reach the process any more; tell = the peer does not know yet. */
void pump_input_close(struct pump *pump, bool tell);

#endif
