/* SPDX-License-Identifier: MIT */
/*
 * The inside of a shell session, shared by its parts: shell.c has the signals and the ends,
 * shell_io.c the local streams, and a shell_wire puts both into a protocol version.
 *
 *   RUNNING --result came--> DRAINING --output written--> CLOSING --END, end of stream, 2 s--> over
 *      |                        ^
 *      +--connection lost-------+   (then straight from DRAINING to over, with a sentence)
 *      +--the user ends it: ~., no room for output, a signal after a moment--> CLOSING
 */
#ifndef CLIENT_SHELL_SESSION_H
#define CLIENT_SHELL_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vsock-shell/message.h>

#include "keys.h"
#include "link.h"
#include "output.h"
#include "terminal.h"

struct shell;

enum shell_state { SHELL_RUNNING, SHELL_DRAINING, SHELL_CLOSING };

/* What a protocol version can do. Calls with a result return 0 or a negative errno. */
struct shell_wire {
    int protocol;
    /* A command is on a terminal there whatever we want: ours has to be raw, or all echoes twice.
     */
    bool always_pty;
    /* Queues the request; has said a sentence when it fails. */
    int (*open)(struct shell *shell);
    /* The server's HELLO came (v2 only). */
    void (*ready)(struct shell *shell);
    /* Room for stdin, straight in a frame; 0 = not now. Commit follows, 0 = abandon. */
    size_t (*input_reserve)(struct shell *shell, uint8_t **ret);
    void (*input_commit)(struct shell *shell, size_t length);
    bool (*input_room)(const struct shell *shell);
    int (*input_eof)(struct shell *shell);
    int (*resize)(struct shell *shell, const struct vsh_winsize *size);
    int (*signal)(struct shell *shell, const char *name);
    int (*end)(struct shell *shell);
    int (*message)(struct shell *shell, const struct vsh_message *message);
    /* Bytes of output have left us; the reader of an output has gone. */
    void (*output_taken)(struct shell *shell, enum vsh_stream stream, size_t length);
    void (*output_closed)(struct shell *shell, enum vsh_stream stream);
};

extern const struct shell_wire shell_wire_v1;
extern const struct shell_wire shell_wire_v2;

struct shell {
    const struct client_arguments *arguments;
    const struct target *target;
    const struct shell_wire *wire;
    struct loop *loop;
    struct link link;
    struct terminal terminal;
    struct keys keys;
    struct buffer
        typed; /* keys that wait for room: ~. must be seen even when the server is stuck */
    struct output outputs[VSH_STREAMS]; /* by stream; that of stdin is not used */
    struct loop_timer end_timer;

    enum shell_state state;
    int result;
    int ended_by; /* the signal by which the user ends us, 0 = none */
    int lost;     /* why the connection was lost, LINK_CLOSED included; valid with was_lost */
    bool was_lost;
    char refusal[512]; /* the server's own sentence about it, or "" */

    bool pty;
    bool input_open;  /* stdin is still read */
    bool input_ready; /* the server can take stdin */
    bool resized;     /* since the request told the size, before the server could take another */
    bool broken_pipe; /* a local reader went away: a death by SIGPIPE is no news */

    /* v2 */
    bool exec_sent;
    uint64_t input_credit;
    uint32_t credit_owed[VSH_STREAMS]; /* disposed of, not given back yet */
    /* v1 */
    uint8_t last_input;           /* the last byte sent: whether a line is open */
    const uint8_t *last_input_at; /* the frame under construction */
};

/* shell.c */

/* The server is there: raw mode, stdin. */
void shell_begin(struct shell *shell);
/* The result came from the server. */
void shell_result(struct shell *shell, int status);
/* We end the session: END goes out, output is dropped. */
void shell_end(struct shell *shell, int status);
/* The server has acknowledged the end, or has nothing more to say. */
void shell_over(struct shell *shell);
/* Sends, asks the loop for what is needed next, and moves on from DRAINING when nothing is left. */
void shell_update(struct shell *shell);

/* shell_io.c */

int shell_io_open(struct shell *shell);
void shell_io_close(struct shell *shell);
/* Output of the command; 0, or -ENOBUFS when the server sent more than it was allowed. */
int shell_output(struct shell *shell, enum vsh_stream stream, const void *bytes, size_t length);
bool shell_output_pending(const struct shell *shell);
/* No more stdin is wanted: whoever writes to it gets EPIPE. */
void shell_input_close(struct shell *shell);
/* Queues what was typed as far as there is room. */
void shell_io_send(struct shell *shell);
/* Asks the loop for the local descriptors that can go on. */
void shell_io_update(struct shell *shell);

#endif
