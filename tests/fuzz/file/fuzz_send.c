/* SPDX-License-Identifier: MIT */
/*
 * A sender under a receiver without a plan: each input is a list of answers, given between its
 * steps. It must never crash, hang or send a frame that a receiver's decoder refuses.
 */
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file/send.h"
#include "queue_pair.h"

#define ANSWERS_MAX 64
#define FILES       6

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char scratch[64];

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st;
    (void)kind;
    (void)ftw;
    return remove(path);
}

static void remove_scratch(void)
{
    (void)nftw(scratch, remove_one, 16, FTW_PHYS | FTW_DEPTH);
}

static void make_file(const char *folder, int number, off_t size)
{
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/%d", folder, number);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || ftruncate(fd, size) < 0 || write(fd, "data", 4) != 4) {
        abort();
    }
    (void)close(fd);
}

/* Two folders of small files, and one file that is big enough to be asked about. */
static void open_scratch(void)
{
    char path[80];
    const char *base = getenv("TMPDIR");

    (void)snprintf(scratch, sizeof(scratch), "%s/vsh-fuzz.XXXXXX", base ? base : "/tmp");
    if (!mkdtemp(scratch) || atexit(remove_scratch) != 0) {
        abort();
    }
    for (int folder = 0; folder < 2; folder++) {
        (void)snprintf(path, sizeof(path), "%s/folder%d", scratch, folder);
        if (mkdir(path, 0700) < 0) {
            abort();
        }
        for (int i = 0; i < FILES; i++) {
            make_file(path, i, i == 3 ? 400000 : i * 100);
        }
    }
}

/* What is sent must be what a receiver takes. */
static void check_frame(const struct vsh_message *message)
{
    struct vsh_file_entry entry;
    struct vsh_file_end end;
    struct vsh_file_problem problem;
    uint64_t number;
    bool good = true;

    switch (message->type) {
    case VSH_V2_FILE_ENTRY:
        good = vsh_get_file_entry(message, &entry) == 0;
        break;
    case VSH_V2_FILE_END:
        good = vsh_get_file_end(message, &end) == 0;
        break;
    case VSH_V2_FILE_PROBLEM:
        good = vsh_get_file_problem(message, &problem) == 0;
        break;
    case VSH_V2_FILE_HOLE:
        good = vsh_get_file_hole(message, &number) == 0;
        break;
    case VSH_V2_FILE_DATA:
        good = message->length > 0;
        break;
    default:
        break;
    }
    if (!good) {
        abort();
    }
}

static void put_answer(struct vsh_queue *queue, const uint8_t answer[3])
{
    const struct vsh_file_totals totals = {0};
    const struct vsh_file_problem problem = {
        .id = answer[1], .status = 1 + (answer[2] & 1), .path = "p", .text = "t"};
    const struct vsh_file_offer offer = {.id = answer[1], .offset = (uint64_t)answer[2] * 2000};

    switch (answer[0] % 6) {
    case 0:
        (void)vsh_put_file_result(queue, answer[1]);
        break;
    case 1:
    case 2:
        (void)vsh_put_file_problem(queue, &problem);
        break;
    case 3:
    case 4:
        (void)vsh_put_file_offer(queue, &offer);
        break;
    default:
        (void)vsh_put_file_totals(queue, VSH_V2_FILE_DONE_ACK, &totals);
        break;
    }
}

/* A step of the sender, and all that it sent; false when it has had enough. */
static bool drive(struct file_sender *sender, struct vsh_queue *out, struct vsh_queue *in)
{
    struct vsh_message message;

    if (file_sender_step(sender) < 0) {
        return false;
    }
    (void)vsh_queue_flush(out);
    while (vsh_queue_fill(in) > 0) {
        while (vsh_queue_next(in, &message) == 1) {
            check_frame(&message);
        }
    }
    (void)vsh_queue_flush(in);
    (void)vsh_queue_fill(out);
    while (vsh_queue_next(out, &message) == 1) {
        if (file_sender_handle(sender, &message) < 0) {
            return false;
        }
    }
    return !file_sender_finished(sender);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct queue_pair pair;
    struct file_sender *sender = NULL;

    if (size < 4) {
        return 0;
    }
    if (scratch[0] == '\0') {
        open_scratch();
    }
    queue_pair_open(&pair);
    const struct file_sender_options options = {.queue = pair.near,
                                                .root_fd = -1,
                                                .path = scratch,
                                                .stream_fd = -1,
                                                .flags = data[0] & VSH_FILE_ALL_FLAGS};
    if (file_sender_new(&options, &sender) < 0) {
        abort();
    }
    bool going = true;
    for (size_t i = 1; going && i + 3 <= size && i < 3 * ANSWERS_MAX; i += 3) {
        put_answer(pair.far, data + i);
        going = drive(sender, pair.near, pair.far);
    }
    for (int i = 0; going && i < 100; i++) {
        going = drive(sender, pair.near, pair.far);
    }
    file_sender_free(sender);
    queue_pair_close(&pair);
    return 0;
}
