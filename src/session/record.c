/* SPDX-License-Identifier: MIT */
/* Messages to the recorder. Owns the session's end of the socket; the file is out of reach here. */
#include "record.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/wire.h"
#include "session/record_message.h"

#define START_MS      5000
#define PATIENCE_MS   10000
#define CLOSE_MS      2000
#define PAUSE_MS      5
#define DEFAULT_WIDTH 80
#define DEFAULT_ROWS  24

struct record {
    struct recorder *recorder;
    uint32_t number;
};

/* What the recorder has said: 0, a negative errno of its own, or -EPIPE when it said nothing. */
static int read_answer(int fd)
{
    uint8_t answer[RECORD_ANSWER];

    if (recv(fd, answer, sizeof(answer), MSG_DONTWAIT) != (ssize_t)sizeof(answer)) {
        return -EPIPE;
    }
    return -(int)(wire_load_u32(answer) & 0xffff);
}

static int send_message(const struct recorder *recorder, uint32_t type, uint32_t number,
                        const void *body, size_t length)
{
    uint8_t prefix[RECORD_PREFIX];
    struct iovec parts[2] = {
        {.iov_base = prefix, .iov_len = sizeof(prefix)},
        {.iov_base = (void *)(uintptr_t)body, .iov_len = length},
    };
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = length > 0 ? 2 : 1};
    int64_t deadline_ms = monotonic_ms() + PATIENCE_MS;

    wire_store_u32(prefix, type);
    wire_store_u32(prefix + 4, number);
    for (;;) {
        ssize_t n = sendmsg(recorder->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n >= 0) {
            return 0;
        }
        if (errno == EAGAIN) {
            int r = fd_wait(recorder->fd, POLLOUT, deadline_ms);
            if (r < 0) {
                return r;
            }
        } else if (errno != EINTR) {
            int r = -errno;
            /* It gave up, and has said why before. */
            return r == -EPIPE || r == -ECONNRESET ? read_answer(recorder->fd) : r;
        }
    }
}

static void put_text(struct wire_writer *w, uint16_t tag, const char *text, size_t max)
{
    char cut[RECORD_COMMAND_MAX];
    size_t length = strnlen(text, max - 1);

    memcpy(cut, text, length);
    cut[length] = '\0';
    wire_put_field_string(w, tag, cut);
}

/* A client without a terminal says 0x0, which no player can show. */
static void put_size(struct wire_writer *w, unsigned columns, unsigned rows)
{
    wire_put_u16(w, (uint16_t)(columns > 0 ? columns : DEFAULT_WIDTH));
    wire_put_u16(w, (uint16_t)(rows > 0 ? rows : DEFAULT_ROWS));
}

static int ask(struct recorder *recorder, uint32_t number, const struct record_about *about)
{
    uint8_t body[RECORD_COMMAND_MAX + 2 * RECORD_VARIABLE_MAX + 64];
    struct wire_writer w = {.data = body, .capacity = sizeof(body)};
    struct winsize size = {0};

    (void)ioctl(about->terminal_fd, TIOCGWINSZ, &size);
    put_size(&w, size.ws_col, size.ws_row);
    put_text(&w, RECORD_FIELD_SHELL, about->shell, RECORD_VARIABLE_MAX);
    put_text(&w, RECORD_FIELD_TERM, about->term, RECORD_VARIABLE_MAX);
    if (about->command) {
        put_text(&w, RECORD_FIELD_COMMAND, about->command, RECORD_COMMAND_MAX);
    }
    int r = w.failed ? -EMSGSIZE : send_message(recorder, RECORD_START, number, body, w.length);
    if (r == 0) {
        r = fd_wait(recorder->fd, POLLIN, monotonic_ms() + START_MS);
    }
    return r < 0 ? r : read_answer(recorder->fd);
}

int record_start(struct recorder *recorder, const struct record_about *about, struct record **ret)
{
    struct record *record = calloc(1, sizeof(*record));

    if (!record) {
        return -ENOMEM;
    }
    *record = (struct record){.recorder = recorder, .number = ++recorder->last};
    int r = ask(recorder, record->number, about);
    if (r < 0) {
        free(record);
        return r;
    }
    *ret = record;
    return 0;
}

int record_fd(const struct record *record)
{
    return record->recorder->fd;
}

bool record_has_room(const struct record *record)
{
    struct pollfd poll_fd = {.fd = record->recorder->fd, .events = POLLOUT};

    /* An error or a hang-up is found by the send. */
    return poll(&poll_fd, 1, 0) != 0;
}

int record_output(struct record *record, const uint8_t *bytes, size_t length)
{
    int r = 0;

    while (r == 0 && length > 0) {
        size_t piece = length < RECORD_OUTPUT_MAX ? length : RECORD_OUTPUT_MAX;
        r = send_message(record->recorder, RECORD_OUTPUT, record->number, bytes, piece);
        bytes += piece;
        length -= piece;
    }
    return r;
}

int record_resize(struct record *record, const struct vsh_winsize *size)
{
    uint8_t body[4];
    struct wire_writer w = {.data = body, .capacity = sizeof(body)};

    put_size(&w, size->columns, size->rows);
    return send_message(record->recorder, RECORD_RESIZE, record->number, body, w.length);
}

void record_end(struct record *record)
{
    if (record) {
        (void)send_message(record->recorder, RECORD_END, record->number, NULL, 0);
        free(record);
    }
}

void recorder_close(struct recorder *recorder)
{
    const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000};
    int64_t deadline_ms = monotonic_ms() + CLOSE_MS;

    if (recorder->fd < 0) {
        return;
    }
    (void)close(take_fd(&recorder->fd));
    while (recorder->pid > 0 && waitpid(recorder->pid, NULL, WNOHANG) == 0 &&
           monotonic_ms() < deadline_ms) {
        (void)nanosleep(&pause, NULL);
    }
}
