/* SPDX-License-Identifier: MIT */
/*
 * Takes messages of a session apart and makes files of them. What comes in was sent by a process
 * with the user's rights: it chooses neither name nor place, and every length is checked.
 */
#include "server/recorder.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/wire.h"
#include "common/log.h"
#include "server/record_file.h"
#include "server/server.h"
#include "session/account.h"
#include "session/cast.h"
#include "session/policy.h"
#include "session/record.h"
#include "session/record_message.h"

struct recording {
    uint32_t number; /* 0 = the place is free */
    struct cast cast;
    struct record_file file;
};

struct state {
    int fd;
    int folder_fd;
    const char *peer;
    unsigned count; /* of files made */
    struct recording recordings[RECORDINGS_MAX];
    uint8_t message[RECORD_MESSAGE_MAX];
    char line[CAST_ROOM(RECORD_OUTPUT_MAX)];
};

static struct recording *find(struct state *state, uint32_t number)
{
    for (size_t i = 0; i < RECORDINGS_MAX; i++) {
        if (state->recordings[i].number == number) {
            return &state->recordings[i];
        }
    }
    return NULL;
}

static void answer(const struct state *state, int error)
{
    uint8_t bytes[RECORD_ANSWER];

    wire_store_u32(bytes, (uint32_t)-error);
    (void)send(state->fd, bytes, sizeof(bytes), MSG_DONTWAIT | MSG_NOSIGNAL);
}

static int write_line(struct recording *recording, const struct cast_line *line)
{
    int r = line->length > 0 ? record_file_write(&recording->file, line->data, line->length) : 0;

    if (r < 0) {
        log_error("--record: cannot write '%s': %s; its session ends", recording->file.name,
                  strerror(-r));
    }
    return r;
}

static void end(struct state *state, struct recording *recording)
{
    struct cast_line line = {.data = state->line, .size = sizeof(state->line)};

    cast_put_end(&recording->cast, &line, record_file_us(&recording->file));
    (void)write_line(recording, &line);
    record_file_close(&recording->file);
    recording->number = 0;
}

/* The fields of a START; -EBADMSG when they are none of ours. */
static int read_start(struct wire_reader *reader, struct cast_header *header)
{
    struct wire_field field;
    int r;

    header->columns = wire_get_u16(reader);
    header->rows = wire_get_u16(reader);
    while ((r = reader->failed ? -EBADMSG : wire_get_field(reader, &field)) == 1) {
        const char **places[] = {
            [RECORD_FIELD_SHELL] = &header->shell,
            [RECORD_FIELD_TERM] = &header->term,
            [RECORD_FIELD_COMMAND] = &header->command,
        };
        bool known = field.tag > 0 && field.tag < sizeof(places) / sizeof(places[0]);
        if (!known || wire_field_string(&field, places[field.tag]) < 0) {
            return -EBADMSG;
        }
    }
    return r;
}

static int open_file(struct state *state, struct recording *recording,
                     const struct cast_header *asked, const struct ucred *from)
{
    struct cast_header header = *asked;
    struct account *account = NULL;
    char title[256];
    struct cast_line line = {.data = state->line, .size = sizeof(state->line)};

    int r = account_lookup_uid(from->uid, &account);
    if (r < 0) {
        return r;
    }
    const struct record_subject subject = {
        .peer = state->peer, .user = account->name, .pid = from->pid, .number = state->count + 1};
    (void)snprintf(title, sizeof(title), "%.64s from %.64s", account->name, state->peer);
    header.title = title;
    r = record_file_open(&recording->file, state->folder_fd, &subject);
    account_free(account);
    if (r < 0) {
        return r;
    }
    cast_put_header(&line, &header);
    r = record_file_write(&recording->file, line.data, line.length);
    if (r < 0) {
        record_file_discard(&recording->file, state->folder_fd);
    }
    return r;
}

static int take_start(struct state *state, uint32_t number, struct wire_reader *body,
                      const struct ucred *from)
{
    struct cast_header header = {.time = time(NULL), .shell = "", .term = ""};
    struct recording *recording = find(state, 0);
    int r = read_start(body, &header);

    if (r < 0 || number == 0 || find(state, number)) {
        return -EBADMSG;
    }
    r = recording ? open_file(state, recording, &header, from) : -EMFILE;
    if (r < 0) {
        log_error("--record: cannot begin a recording: %s; the session is refused", strerror(-r));
    } else {
        recording->number = number;
        recording->cast = (struct cast){0};
        state->count++;
        log_info("recorded in '%s'", recording->file.name);
    }
    answer(state, r);
    return 0;
}

static int take_event(struct state *state, uint32_t type, struct recording *recording,
                      struct wire_reader *body)
{
    struct cast_line line = {.data = state->line, .size = sizeof(state->line)};
    int64_t us = record_file_us(&recording->file);
    size_t length = body->length - body->offset;

    if (type == RECORD_END && length == 0) {
        end(state, recording);
        return 0;
    }
    if (type == RECORD_RESIZE && length == 4) {
        unsigned columns = wire_get_u16(body);
        cast_put_resize(&line, us, columns, wire_get_u16(body));
    } else if (type == RECORD_OUTPUT && length > 0) {
        cast_put_output(&recording->cast, &line, us, wire_get_bytes(body, length), length);
    } else {
        return -EBADMSG;
    }
    return write_line(recording, &line);
}

static int take_message(struct state *state, size_t length, const struct ucred *from)
{
    struct wire_reader reader = {.data = state->message, .length = length};
    uint32_t type = wire_get_u32(&reader);
    uint32_t number = wire_get_u32(&reader);

    if (reader.failed || number == 0) {
        return -EBADMSG;
    }
    if (type == RECORD_START) {
        return take_start(state, number, &reader, from);
    }
    struct recording *recording = find(state, number);
    return recording ? take_event(state, type, recording, &reader) : -EBADMSG;
}

/* The next message, and who sent it as the kernel says. Its length, 0 at the end, or an errno. */
static ssize_t receive(struct state *state, struct ucred *from)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(struct ucred))];
    } control = {0};
    struct iovec part = {.iov_base = state->message, .iov_len = sizeof(state->message)};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof(control)};
    ssize_t n = recvmsg(state->fd, &message, MSG_CMSG_CLOEXEC);

    if (n <= 0) {
        return n < 0 ? -errno : 0;
    }
    const struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC) || !header ||
        header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_CREDENTIALS) {
        return -EBADMSG;
    }
    memcpy(from, CMSG_DATA(header), sizeof(*from));
    return n;
}

static __attribute__((noreturn)) void run(int fd, int folder_fd, const char *peer)
{
    static const int ignored[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT};
    struct state *state = calloc(1, sizeof(*state));
    struct ucred from;
    ssize_t n = 1;
    int r = 0;

    if (!state) {
        die("--record: out of memory");
    }
    state->fd = fd;
    state->folder_fd = folder_fd;
    state->peer = peer;
    /* The end of the session is the end of this process, and nothing before it. */
    for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++) {
        (void)signal(ignored[i], SIG_IGN);
    }
    (void)prctl(PR_SET_DUMPABLE, 0);
    while (r == 0 && n > 0) {
        n = receive(state, &from);
        if (n == -EINTR || n == -ECONNRESET) { /* it left an answer unread; its messages are here */
            n = 1;
        } else if (n > 0) {
            r = take_message(state, (size_t)n, &from);
        } else {
            r = (int)n;
        }
    }
    if (r == -EBADMSG) {
        log_error("--record: the session's process sent what no session sends; it ends");
    }
    if (r < 0) {
        answer(state, r);
    }
    for (size_t i = 0; i < RECORDINGS_MAX; i++) {
        if (state->recordings[i].number) {
            end(state, &state->recordings[i]);
        }
    }
    _exit(r < 0 ? 1 : 0);
}

static bool may_have_terminal(const struct server *server)
{
    char reason[256];

    return policy_check_right(server->policy, POLICY_PTY, reason, sizeof(reason)) == 0 &&
           policy_check_right(server->policy, POLICY_EXEC, reason, sizeof(reason)) == 0;
}

static int start(const struct server *server, int connection_fd, const char *peer_text,
                 struct recorder *recorder)
{
    const int on = 1;
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
        return -errno;
    }
    cleanup_close int ours = ends[0];
    cleanup_close int theirs = ends[1];
    if (setsockopt(theirs, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0) {
        return -errno;
    }
    pid_t pid = fork();
    if (pid == 0) {
        (void)close(ours);
        (void)close(connection_fd);
        run(theirs, server->record_fd, peer_text);
    }
    if (pid < 0) {
        return -errno;
    }
    /* A session has no business with the folder. */
    (void)close(server->record_fd);
    *recorder = (struct recorder){.fd = take_fd(&ours), .pid = pid};
    return 0;
}

int recorder_start(const struct server *server, int connection_fd, const char *peer_text,
                   struct recorder *recorder)
{
    *recorder = (struct recorder){.fd = -1};
    if (server->record_fd < 0 || !may_have_terminal(server)) {
        return 0;
    }
    int r = start(server, connection_fd, peer_text, recorder);
    if (r < 0) {
        log_error("--record: cannot start the recorder: %s", strerror(-r));
    }
    return r;
}
