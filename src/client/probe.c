/* SPDX-License-Identifier: MIT */
/*
 * One short conversation per address, in threads: connecting may block in any transport. An SSH
 * server speaks first and would log garbage if it were sent HELLO, so it gets a moment to do so; a
 * native server says in its HELLO whether it serves SSH, too, or nothing else.
 */
#include "probe.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include <vsock-shell/message.h>
#include <vsock-shell/transport.h>

#include "arguments.h"
#include "base/cleanup.h"
#include "base/fd.h"

#define THREADS_MAX 256
#define STACK_SIZE  ((size_t)256 * 1024)
/* How long a server that speaks first may take for it; one that was started for us, longer. */
#define GREETING_MS     300
#define GREETING_SSH_MS 1000
#define SSH_PORT        22
#define FAREWELL_MS     200 /* for the other side to close first */

struct work {
    struct probe *probes;
    size_t count;
    atomic_size_t next;
    int64_t deadline_ms;
};

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Reads on until the other side has closed: closing first with unread bytes would be a reset. */
static void drain(int fd, int64_t deadline_ms)
{
    char bytes[512];
    while (fd_wait(fd, POLLIN, deadline_ms) == 0) {
        ssize_t got = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR) ||
            monotonic_ms() >= deadline_ms) {
            return;
        }
    }
}

/*
 * An SSH peer is told goodbye in its own words: a version line and SSH_MSG_DISCONNECT, "by
 * application", in the clear, as any packet before the key exchange.
 */
static void leave_ssh(int fd, int64_t deadline_ms)
{
    static const char version[] = "SSH-2.0-vsock_shell_client\r\n";
    static const unsigned char disconnect[] = {
        0, 0, 0, 28, 11,            /* length, padding */
        1, 0, 0, 0,  11,            /* SSH_MSG_DISCONNECT, SSH_DISCONNECT_BY_APPLICATION */
        0, 0, 0, 3,  'b', 'y', 'e', /* why */
        0, 0, 0, 0,                 /* in which language */
        0, 0, 0, 0,  0,   0,   0,   0, 0, 0, 0,
    };
    int64_t end = earlier(monotonic_ms() + FAREWELL_MS, deadline_ms + FAREWELL_MS);
    if (fd_write_full(fd, version, sizeof(version) - 1, end) == 0 &&
        fd_write_full(fd, disconnect, sizeof(disconnect), end) == 0) {
        drain(fd, end);
    }
}

/* Whether an SSH server's greeting is what comes first; waits for something up to until_ms. */
static bool hears_ssh(int fd, int64_t until_ms)
{
    char bytes[4];
    return fd_wait(fd, POLLIN, until_ms) == 0 &&
           recv(fd, bytes, sizeof(bytes), MSG_PEEK | MSG_DONTWAIT) == (ssize_t)sizeof(bytes) &&
           memcmp(bytes, "SSH-", sizeof(bytes)) == 0;
}

/* The next message, 0 at the end of the stream, or a negative errno. */
static int next_message(struct vsh_queue *queue, int fd, int64_t deadline_ms,
                        struct vsh_message *ret)
{
    int rc;
    while ((rc = vsh_queue_next(queue, ret)) == 0) {
        rc = fd_wait(fd, POLLIN, deadline_ms);
        if (rc < 0) {
            return rc;
        }
        ssize_t got = vsh_queue_fill(queue);
        if (got <= 0 && got != -EAGAIN) {
            return (int)got;
        }
    }
    return rc;
}

/* Behind the server's HELLO comes END, the answer to ours, or ERROR. */
static enum probe_answer take_end(struct vsh_queue *queue, int fd, int64_t deadline_ms, bool ssh)
{
    struct vsh_message message;
    int64_t end = monotonic_ms() + FAREWELL_MS;
    while (next_message(queue, fd, earlier(end, deadline_ms + FAREWELL_MS), &message) > 0) {
        if (message.type == VSH_V2_ERROR) {
            return ssh ? PROBE_SSH : PROBE_REFUSED;
        }
        if (message.type == VSH_V2_END) {
            break;
        }
    }
    return ssh ? PROBE_BOTH : PROBE_NATIVE;
}

static enum probe_answer greet(struct vsh_queue *queue, int fd, int64_t deadline_ms)
{
    static const struct vsh_hello ours = {
        .version = VSH_V2_VERSION,
        .max_payload = VSH_V2_PAYLOAD_DEFAULT,
        .software = CLIENT_PROGRAM " " VSH_VERSION,
    };
    struct vsh_message message;
    struct vsh_hello theirs;
    /* END right behind HELLO: no request will come. */
    if (vsh_put_hello(queue, &ours) < 0 || vsh_put_end(queue) < 0 || vsh_queue_flush(queue) != 0) {
        return PROBE_OTHER;
    }
    if (hears_ssh(fd, deadline_ms)) {
        return PROBE_SSH; /* it was late */
    }
    if (next_message(queue, fd, deadline_ms, &message) <= 0) {
        return PROBE_OTHER;
    }
    if (message.type <= VSH_V1_FILE_DATA_END_ACK) {
        return PROBE_NATIVE; /* a server of version 1 that says so */
    }
    if (message.type != VSH_V2_HELLO || vsh_get_hello(&message, &theirs) < 0) {
        return PROBE_OTHER;
    }
    return take_end(queue, fd, deadline_ms, (theirs.features & VSH_FEATURE_SSH) != 0);
}

static enum probe_answer converse(int fd, uint32_t port, int64_t deadline_ms)
{
    struct vsh_queue *queue = NULL;
    int64_t patience = monotonic_ms() + (port == SSH_PORT ? GREETING_SSH_MS : GREETING_MS);
    if (hears_ssh(fd, earlier(patience, deadline_ms))) {
        leave_ssh(fd, deadline_ms);
        return PROBE_SSH;
    }
    if (vsh_queue_new(fd, fd, &queue) < 0) {
        return PROBE_UNKNOWN;
    }
    enum probe_answer answer = greet(queue, fd, deadline_ms);
    vsh_queue_free(queue);
    return answer;
}

static enum probe_answer ask(const struct vsh_address *address, int64_t deadline_ms)
{
    int64_t left_ms = deadline_ms - monotonic_ms();
    /* As the client itself would connect, so that the server judges the same peer. */
    const struct vsh_connect_options options = {
        .timeout_ms = (int)left_ms, .privileged_port = true, .cancel_fd = -1};
    cleanup_close int fd = -1;
    if (left_ms <= 0) {
        return PROBE_UNKNOWN;
    }
    int rc = vsh_connect(address, &options, &fd);
    if (rc == -EMFILE || rc == -ENFILE || rc == -ENOMEM || rc == -ENOBUFS) {
        return PROBE_UNKNOWN;
    }
    return rc < 0 ? PROBE_NONE : converse(fd, address->port, deadline_ms);
}

static void *ask_some(void *data)
{
    struct work *work = data;
    size_t at;
    while ((at = atomic_fetch_add(&work->next, 1)) < work->count) {
        work->probes[at].answer = ask(&work->probes[at].address, work->deadline_ms);
    }
    return NULL;
}

void probe_all(struct probe *probes, size_t count, int timeout_ms)
{
    struct work work = {
        .probes = probes, .count = count, .deadline_ms = monotonic_ms() + timeout_ms};
    pthread_t threads[THREADS_MAX];
    size_t started = 0;
    pthread_attr_t attributes;
    bool has_attributes = pthread_attr_init(&attributes) == 0;
    if (has_attributes) {
        (void)pthread_attr_setstacksize(&attributes, STACK_SIZE);
    }
    /* One of them is this one: where no thread can be made it asks them all by itself. */
    while (started + 1 < count && started < THREADS_MAX &&
           pthread_create(&threads[started], has_attributes ? &attributes : NULL, ask_some,
                          &work) == 0) {
        started++;
    }
    (void)ask_some(&work);
    for (size_t i = 0; i < started; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    if (has_attributes) {
        (void)pthread_attr_destroy(&attributes);
    }
}

const char *probe_answer_name(enum probe_answer answer)
{
    static const char *const names[] = {"unknown", "none",       "other",  "native",
                                        "ssh",     "native+ssh", "refused"};
    return names[answer];
}
