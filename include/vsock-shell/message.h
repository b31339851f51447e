/* SPDX-License-Identifier: MIT */
/*
 * Typed payloads of the native protocol (PROTOCOL.md): one encode and one decode each, used by both
 * ends.
 *
 * vsh_put_*() append a whole message to a queue and return 0, -ENOBUFS, VSH_E_TOO_BIG or -EINVAL (a
 * value that the wire cannot carry). vsh_get_*() read a message's payload; strings and arrays in
 * the result point into the payload or, for arrays, into the struct: they live as long as the
 * payload does. They return 0 or VSH_E_MALFORMED, and nothing of *ret may be used then. None
 * blocks.
 */
#ifndef VSOCK_SHELL_MESSAGE_H
#define VSOCK_SHELL_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include <vsock-shell/message_queue.h>
#include <vsock-shell/protocol.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vsh_winsize {
    uint16_t rows, columns, x_pixels, y_pixels;
};

struct vsh_hello {
    uint16_t version;
    uint32_t features;    /* VSH_FEATURE_* */
    uint32_t max_payload; /* largest payload the sender of this HELLO takes */
    const char *software; /* "vsock-shell 0.1.0"; for logs only */
};

#define VSH_EXEC_ARGS_MAX 1024 /* words of argv */
#define VSH_EXEC_ENV_MAX  256  /* NAME=VALUE pairs */

struct vsh_exec {
    bool pty;
    struct vsh_winsize size; /* with a PTY */
    const char *term;        /* TERM, with a PTY; "" = dumb */
    const char *user;        /* "" = the session's own user */
    const char *cwd;         /* "" = the user's home */
    const char *command;     /* for `shell -c`; NULL with argv or for a login shell */
    uint32_t argc;           /* > 0: run this program directly, no shell */
    const char *argv[VSH_EXEC_ARGS_MAX + 1]; /* NULL-terminated */
    uint32_t envc;
    const char *env[VSH_EXEC_ENV_MAX + 1]; /* "NAME=VALUE", NULL-terminated */
};

struct vsh_data {
    enum vsh_stream stream;
    const uint8_t *bytes;
    uint32_t length;
};
#define VSH_DATA_PREFIX 4u /* bytes of a DATA payload before the data: stream number, u32 */

struct vsh_window {
    enum vsh_stream stream;
    uint32_t credit; /* bytes, > 0 */
};

struct vsh_exit {
    bool signalled;
    bool core_dumped;
    uint32_t code;      /* exit code 0-255, or the signal's number on the sender's system */
    const char *signal; /* "KILL" when signalled, else "" */
};

struct vsh_error_message {
    uint32_t code; /* enum vsh_error_code */
    const char *text;
};

int vsh_put_hello(struct vsh_queue *queue, const struct vsh_hello *hello);
int vsh_get_hello(const struct vsh_message *message, struct vsh_hello *ret);

/* vsh_exec_size() is the payload that vsh_put_exec() will need, to compare with the send limit. */
size_t vsh_exec_size(const struct vsh_exec *exec);
int vsh_put_exec(struct vsh_queue *queue, const struct vsh_exec *exec);
int vsh_get_exec(const struct vsh_message *message, struct vsh_exec *ret);

int vsh_put_started(struct vsh_queue *queue, uint32_t pid);
int vsh_get_started(const struct vsh_message *message, uint32_t *ret_pid);

/*
 * Reserves a DATA message so that bytes can be read straight into *ret_bytes; at most size of them.
 * Finish with vsh_commit_data(); a length of 0 abandons it.
 */
int vsh_reserve_data(struct vsh_queue *queue, enum vsh_stream stream, size_t size,
                     uint8_t **ret_bytes);
void vsh_commit_data(struct vsh_queue *queue, size_t length);
int vsh_put_data(struct vsh_queue *queue, enum vsh_stream stream, const void *bytes, size_t length);
int vsh_get_data(const struct vsh_message *message, struct vsh_data *ret);

/* EOF and CLOSE carry a stream number only. */
int vsh_put_stream(struct vsh_queue *queue, uint32_t type, enum vsh_stream stream);
int vsh_get_stream(const struct vsh_message *message, enum vsh_stream *ret);

int vsh_put_window(struct vsh_queue *queue, enum vsh_stream stream, uint32_t credit);
int vsh_get_window(const struct vsh_message *message, struct vsh_window *ret);

/* RESIZE of v2 and WINDOW_SIZE of v1 have the same payload; type says which. */
int vsh_put_winsize(struct vsh_queue *queue, uint32_t type, const struct vsh_winsize *size);
int vsh_get_winsize(const struct vsh_message *message, struct vsh_winsize *ret);

/* A signal by its name without SIG ("TERM"); the standard names of signal(7) only. */
int vsh_put_signal(struct vsh_queue *queue, const char *name);
int vsh_get_signal(const struct vsh_message *message, const char **ret_name);
int vsh_signal_number(const char *name); /* 0 when unknown */
const char *vsh_signal_name(int number); /* NULL when unknown */

int vsh_put_exit(struct vsh_queue *queue, const struct vsh_exit *status);
int vsh_get_exit(const struct vsh_message *message, struct vsh_exit *ret);

int vsh_put_error(struct vsh_queue *queue, uint32_t code, const char *text);
int vsh_get_error(const struct vsh_message *message, struct vsh_error_message *ret);

/* END has no payload; PING and PONG carry 8 bytes of the sender's choice. */
int vsh_put_end(struct vsh_queue *queue);
int vsh_put_ping(struct vsh_queue *queue, uint32_t type, uint64_t token);
int vsh_get_ping(const struct vsh_message *message, uint64_t *ret_token);

/* v1: a NUL-terminated text (OPEN_CMD, FILE_READY_*). */
int vsh_put_text(struct vsh_queue *queue, uint32_t type, const char *text);
int vsh_get_text(const struct vsh_message *message, const char **ret_text);

/*
 * v1: "source destination". Put refuses (-EINVAL) a name that is empty or holds a blank or a NUL:
 * v1 cannot carry it. Get splits at the single blank into two buffers of VSH_V1_PAYLOAD_MAX bytes.
 */
int vsh_put_pair(struct vsh_queue *queue, uint32_t type, const char *source,
                 const char *destination);
int vsh_get_pair(const struct vsh_message *message, char *source, char *destination);

#ifdef __cplusplus
}
#endif
#endif
