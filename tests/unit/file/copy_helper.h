/* SPDX-License-Identifier: MIT */
/*
 * A sender and a receiver in one process, each with its queue on one end of a socket pair, and a
 * scratch folder to copy in. The wire between them can be looked at and cut.
 */
#ifndef TEST_COPY_HELPER_H
#define TEST_COPY_HELPER_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <vsock-shell/error.h>

#include "base/fd.h"
#include "file/receive.h"
#include "file/send.h"

#define PAYLOAD_MAX (VSH_FILE_CHUNK + 64u)

/* What the callbacks of one side saw. */
struct seen {
    unsigned started, finished, failed, skipped, remote;
    uint64_t moved, reused;
    struct vsh_file_count count;
    unsigned code;
    char path[512];
    char text[512];
    uint8_t digest[VSH_FILE_DIGEST_SIZE];
};

struct copy {
    int fds[2];
    struct vsh_queue *out; /* the sender's */
    struct vsh_queue *in;  /* the receiver's */
    struct file_sender_options to_send;
    struct file_receiver_options to_receive;
    struct file_sender *sender;
    struct file_receiver *receiver;
    struct seen sent, received;
    unsigned frames[16]; /* by type - VSH_V2_FILE_FIRST, both directions */
    unsigned answers;    /* frames from the receiver */
    uint64_t cut_after;  /* content bytes in DATA after which the wire breaks; 0 = never */
    uint64_t data_bytes; /* content bytes that went over the wire */
    int sender_rc, receiver_rc;
};

static char scratch[128];

static inline int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st;
    (void)kind;
    (void)ftw;
    return remove(path);
}

static inline int open_nothing(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)kind;
    (void)ftw;
    return S_ISDIR(st->st_mode) ? chmod(path, 0700) : 0;
}

static inline void remove_tree(const char *path)
{
    (void)nftw(path, open_nothing, 32, FTW_PHYS);
    (void)nftw(path, remove_one, 32, FTW_PHYS | FTW_DEPTH);
}

/* Each test works in an empty folder of its own. */
static inline int scratch_setup(void **state)
{
    (void)state;
    const char *base = getenv("TMPDIR");
    (void)snprintf(scratch, sizeof(scratch), "%s/vsh-file.XXXXXX", base ? base : "/tmp");
    (void)umask(022);
    return mkdtemp(scratch) && chdir(scratch) == 0 ? 0 : -1;
}

static inline int scratch_teardown(void **state)
{
    (void)state;
    if (chdir("/") < 0) {
        return -1;
    }
    remove_tree(scratch);
    return 0;
}

static inline void make_dir(const char *path, mode_t mode)
{
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static inline void make_file(const char *path, const void *bytes, size_t length, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, length), (ssize_t)length);
    assert_int_equal(fchmod(fd, mode), 0);
    assert_int_equal(close(fd), 0);
}

static inline void make_text(const char *path, const char *text)
{
    make_file(path, text, strlen(text), 0644);
}

/* Bytes that repeat nowhere near a block. */
static inline uint8_t *pattern(size_t length, uint32_t seed)
{
    uint8_t *bytes = malloc(length);
    assert_non_null(bytes);
    for (size_t i = 0; i < length; i++) {
        seed = seed * 1664525u + 1013904223u;
        bytes[i] = (uint8_t)(seed >> 24);
    }
    return bytes;
}

static inline void make_big(const char *path, size_t length, uint32_t seed)
{
    uint8_t *bytes = pattern(length, seed);
    make_file(path, bytes, length, 0644);
    free(bytes);
}

static inline void set_mtime(const char *path, int64_t s, long ns)
{
    const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = s, .tv_nsec = ns}};
    assert_int_equal(utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW), 0);
}

static inline void expect_text(const char *path, const char *text)
{
    char *bytes = NULL;
    size_t length;
    assert_int_equal(fd_read_file(path, 1u << 20, &bytes, &length), 0);
    assert_string_equal(bytes, text);
    free(bytes);
}

static inline void expect_equal_files(const char *a, const char *b)
{
    char *left = NULL;
    char *right = NULL;
    size_t left_length;
    size_t right_length;
    assert_int_equal(fd_read_file(a, 1u << 28, &left, &left_length), 0);
    assert_int_equal(fd_read_file(b, 1u << 28, &right, &right_length), 0);
    assert_int_equal(left_length, right_length);
    assert_memory_equal(left, right, left_length);
    free(left);
    free(right);
}

static inline void expect_meta(const char *path, mode_t mode, int64_t s, long ns)
{
    struct stat st;
    assert_int_equal(lstat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, mode);
    assert_int_equal(st.st_mtim.tv_sec, s);
    assert_int_equal(st.st_mtim.tv_nsec, ns);
}

static inline bool exists(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0;
}

static unsigned partials;

static inline int count_partial(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st;
    (void)kind;
    (void)ftw;
    partials += strstr(path, ".vsh-") != NULL && strstr(path, "/.") != NULL;
    return 0;
}

static inline unsigned partials_left(void)
{
    partials = 0;
    (void)nftw(".", count_partial, 32, FTW_PHYS);
    return partials;
}

static inline void saw_started(void *data, const struct file_item *item)
{
    struct seen *seen = data;
    assert_non_null(item->path);
    seen->started++;
}

static inline void saw_moved(void *data, uint64_t bytes, bool reused)
{
    struct seen *seen = data;
    seen->moved += bytes;
    seen->reused += reused ? bytes : 0;
}

static inline void saw_finished(void *data, const struct file_item *item)
{
    struct seen *seen = data;
    seen->finished++;
    if (item->has_digest) {
        memcpy(seen->digest, item->digest, sizeof(seen->digest));
    }
}

static inline void saw_problem(void *data, const struct vsh_file_problem *problem, bool remote)
{
    struct seen *seen = data;
    if (problem->status == VSH_FILE_FAILED) {
        seen->failed++;
    } else {
        seen->skipped++;
    }
    seen->remote += remote;
    seen->code = problem->code;
    (void)snprintf(seen->path, sizeof(seen->path), "%s", problem->path);
    (void)snprintf(seen->text, sizeof(seen->text), "%s", problem->text);
}

static inline void saw_count(void *data, const struct vsh_file_count *count)
{
    struct seen *seen = data;
    seen->count = *count;
}

static inline struct file_events events_to(struct seen *seen)
{
    return (struct file_events){
        .started = saw_started,
        .moved = saw_moved,
        .finished = saw_finished,
        .problem = saw_problem,
        .counted = saw_count,
        .data = seen,
    };
}

/* Everything that a test does not set itself. from or to may be NULL: a stream, set by the test. */
static inline void copy_prepare(struct copy *copy, const char *from, const char *to, uint32_t flags)
{
    *copy = (struct copy){.fds = {-1, -1}};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, copy->fds),
                     0);
    assert_int_equal(vsh_queue_new(copy->fds[0], copy->fds[0], &copy->out), 0);
    assert_int_equal(vsh_queue_new(copy->fds[1], copy->fds[1], &copy->in), 0);
    assert_int_equal(vsh_queue_set_limits(copy->out, PAYLOAD_MAX, PAYLOAD_MAX), 0);
    assert_int_equal(vsh_queue_set_limits(copy->in, PAYLOAD_MAX, PAYLOAD_MAX), 0);
    copy->to_send = (struct file_sender_options){.queue = copy->out,
                                                 .root_fd = -1,
                                                 .path = from,
                                                 .stream_fd = -1,
                                                 .flags = flags,
                                                 .events = events_to(&copy->sent)};
    copy->to_receive = (struct file_receiver_options){.queue = copy->in,
                                                      .root_fd = -1,
                                                      .path = to,
                                                      .stream_fd = -1,
                                                      .flags = flags,
                                                      .events = events_to(&copy->received)};
}

static inline void copy_start(struct copy *copy)
{
    assert_int_equal(file_sender_new(&copy->to_send, &copy->sender), 0);
    assert_int_equal(file_receiver_new(&copy->to_receive, &copy->receiver), 0);
}

static inline void count_frame(struct copy *copy, const struct vsh_message *message)
{
    assert_true(message->type >= VSH_V2_FILE_FIRST && message->type <= VSH_V2_FILE_LAST);
    copy->frames[message->type - VSH_V2_FILE_FIRST]++;
}

static inline unsigned frames_of(const struct copy *copy, uint32_t type)
{
    return copy->frames[type - VSH_V2_FILE_FIRST];
}

static inline bool turn_sender(struct copy *copy)
{
    struct vsh_message message;
    copy->sender_rc = file_sender_step(copy->sender);
    (void)vsh_queue_flush(copy->out);
    while (copy->sender_rc == 0 && vsh_queue_fill(copy->out) > 0) {
        while (copy->sender_rc == 0 && vsh_queue_next(copy->out, &message) == 1) {
            count_frame(copy, &message);
            copy->answers++;
            copy->sender_rc = file_sender_handle(copy->sender, &message);
        }
    }
    return copy->sender_rc == 0;
}

/* Returns false when the wire breaks. */
static inline bool turn_receiver(struct copy *copy)
{
    struct vsh_message message;
    (void)vsh_queue_fill(copy->in);
    while (file_receiver_ready(copy->receiver) && vsh_queue_next(copy->in, &message) == 1) {
        count_frame(copy, &message);
        if (message.type == VSH_V2_FILE_DATA) {
            copy->data_bytes += message.length;
        }
        copy->receiver_rc = file_receiver_handle(copy->receiver, &message);
        if (copy->receiver_rc < 0 || (copy->cut_after && copy->data_bytes >= copy->cut_after)) {
            return false;
        }
    }
    copy->receiver_rc = file_receiver_step(copy->receiver);
    (void)vsh_queue_flush(copy->in);
    return copy->receiver_rc == 0;
}

/* Until both are done, one of them fails, or the wire is cut. */
static inline void copy_drive(struct copy *copy)
{
    for (unsigned long turns = 0; turns < 1000000; turns++) {
        bool up = turn_sender(copy) && turn_receiver(copy);
        if (!up || (file_sender_finished(copy->sender) && file_receiver_finished(copy->receiver))) {
            return;
        }
        struct file_wants wants;
        file_sender_wants(copy->sender, &wants);
        if (wants.wait_ms > 0) {
            (void)poll(NULL, 0, wants.wait_ms);
        }
    }
    fail_msg("the copy never ends");
}

static inline void copy_finish(struct copy *copy)
{
    file_sender_free(copy->sender);
    file_receiver_free(copy->receiver);
    vsh_queue_free(copy->out);
    vsh_queue_free(copy->in);
    (void)close(copy->fds[0]);
    (void)close(copy->fds[1]);
    copy->sender = NULL;
    copy->receiver = NULL;
}

/* The whole of it; what was seen stays in *copy. */
static inline struct vsh_file_totals copy_run(struct copy *copy)
{
    copy_start(copy);
    copy_drive(copy);
    assert_string_equal(file_sender_error(copy->sender), "");
    assert_string_equal(file_receiver_error(copy->receiver), "");
    assert_true(file_sender_finished(copy->sender));
    assert_true(file_receiver_finished(copy->receiver));
    struct vsh_file_totals totals = *file_sender_totals(copy->sender);
    const struct vsh_file_totals *theirs = file_receiver_totals(copy->receiver);
    assert_int_equal(theirs->files, totals.files);
    assert_int_equal(theirs->failed, totals.failed);
    assert_int_equal(theirs->skipped, totals.skipped);
    copy_finish(copy);
    return totals;
}

static inline struct vsh_file_totals copy_files(struct copy *copy, const char *from, const char *to,
                                                uint32_t flags)
{
    copy_prepare(copy, from, to, flags);
    return copy_run(copy);
}

#endif
