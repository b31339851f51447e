/* SPDX-License-Identifier: MIT */
/*
 * A native client for other programs: run a command on a server, feed it, read what it says, learn
 * how it ended.
 *
 * Order of calls: vsh_client_open(), vsh_client_exec() once, then vsh_client_next() until it
 * returns 0 or an error, with vsh_client_write() and the others in between; vsh_client_close() at
 * any time. One client is one connection and one session. Calls block only where it is said. Not
 * thread-safe; two clients in two threads are fine. No call raises SIGPIPE.
 */
#ifndef VSOCK_SHELL_CLIENT_H
#define VSOCK_SHELL_CLIENT_H

#include <vsock-shell/address.h>
#include <vsock-shell/error.h>
#include <vsock-shell/message.h>
#include <vsock-shell/transport.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vsh_client;

enum vsh_client_event_type {
    VSH_CLIENT_STARTED,  /* the process runs: pid */
    VSH_CLIENT_OUTPUT,   /* data */
    VSH_CLIENT_EOF,      /* no more output on this stream: data.stream */
    VSH_CLIENT_WRITABLE, /* vsh_client_write() takes bytes again */
    VSH_CLIENT_CLOSED,   /* the command reads its stdin no more; what is written is dropped */
    VSH_CLIENT_EXITED,   /* status: all output came before this */
    VSH_CLIENT_REFUSED,  /* error: the server ended the session with a sentence */
};

struct vsh_client_event {
    enum vsh_client_event_type type;
    union {
        uint32_t pid;
        struct vsh_data data;
        struct vsh_exit status;
        struct vsh_error_message error;
    }; /* texts and bytes are borrowed: good until the next call on this client */
};

/*
 * Connects; options may be NULL. Blocks as vsh_connect() does. The server's greeting is not awaited
 * here: it comes while vsh_client_next() runs. Returns 0 and *ret, or a negative errno of
 * vsh_connect() (vsh_connect_explain() says it in words) and *ret untouched.
 */
int vsh_client_open(const struct vsh_address *address, const struct vsh_connect_options *options,
                    struct vsh_client **ret);

/* The same over a connected stream socket, which belongs to the client from then on if it is 0. */
int vsh_client_open_fd(int fd, struct vsh_client **ret);

/* Ends the session (the server ends what still runs), closes and frees. Does not block. NULL is
 * fine. */
void vsh_client_close(struct vsh_client *client);

/*
 * Asks for a shell or a command, once per client. Blocks only for a request above
 * VSH_V2_PAYLOAD_DEFAULT bytes, until the server has said that it takes it. Returns 0, -EALREADY,
 * -EINVAL (a request the wire cannot carry), VSH_E_TOO_BIG, or an error of vsh_client_next().
 */
int vsh_client_exec(struct vsh_client *client, const struct vsh_exec *exec);

/*
 * Sends what is waiting and takes the next event, blocking up to timeout_ms (-1 = for ever, 0 = not
 * at all). Coming back for the next event tells the server that the last one's bytes are dealt
 * with. Returns 1 and *ret; 0 when the session is over and the server knows that we know;
 * -ETIMEDOUT when nothing came (call again); or a final error: -EPROTONOSUPPORT (the server speaks
 * version 1 only, or no version of this protocol), VSH_E_GONE (the connection ended before the
 * session did, or nothing was heard for 10 min), VSH_E_MALFORMED, VSH_E_TOO_BIG, or another
 * negative errno.
 */
int vsh_client_next(struct vsh_client *client, struct vsh_client_event *ret, int timeout_ms);

/*
 * Gives bytes to the command's stdin, as many as the server has granted room for. Does not block.
 * Returns the count; -EAGAIN when it takes none now (VSH_CLIENT_WRITABLE will tell); VSH_E_GONE
 * after VSH_CLIENT_CLOSED or the end; -EINVAL before vsh_client_exec() or after
 * vsh_client_close_stdin().
 */
ssize_t vsh_client_write(struct vsh_client *client, const void *bytes, size_t length);

/* Ends the command's stdin behind what was written. Returns 0, -EAGAIN (try after
 * vsh_client_next()), -EINVAL or VSH_E_GONE. */
int vsh_client_close_stdin(struct vsh_client *client);

/* Each sends one message to the running command. Returns 0, -EAGAIN, -EINVAL or VSH_E_GONE. */
int vsh_client_signal(struct vsh_client *client, const char *name); /* "TERM", without SIG */
int vsh_client_resize(struct vsh_client *client, const struct vsh_winsize *size);

/*
 * For programs with a poll loop of their own: wait for vsh_client_poll_events() on
 * vsh_client_fd(), at most vsh_client_poll_timeout() milliseconds, then call vsh_client_next() with
 * a timeout of 0 until it returns -ETIMEDOUT. Ask again each time.
 */
int vsh_client_fd(const struct vsh_client *client);
short vsh_client_poll_events(const struct vsh_client *client);
int vsh_client_poll_timeout(const struct vsh_client *client);

/*
 * All of it in one call, for short commands: runs exec, gives it input and then end of file,
 * collects stdout and stderr (each NUL-terminated behind its length, at most output_max bytes, the
 * rest is dropped). Blocks until the command has ended. The caller owns *ret and gives it to
 * vsh_client_result_done(). Returns 0 when the command ran to its end, whatever its status;
 * -EACCES when the server refused, with its sentence in ret->refusal; or an error of
 * vsh_client_next().
 */
struct vsh_client_input {
    const void *bytes;
    size_t length;
    size_t output_max; /* for each of the two streams */
};

struct vsh_client_result {
    bool signalled;
    uint32_t code; /* exit code, or the signal's number */
    char *stdout_bytes;
    size_t stdout_length;
    char *stderr_bytes;
    size_t stderr_length;
    char *refusal; /* NULL unless refused */
};

int vsh_client_run(struct vsh_client *client, const struct vsh_exec *exec,
                   const struct vsh_client_input *input, struct vsh_client_result *ret);
void vsh_client_result_done(struct vsh_client_result *result);

#ifdef __cplusplus
}
#endif
#endif
