/* SPDX-License-Identifier: MIT */
/*
 * A receiver under a sender without a plan: each input is a list of operations that become frames
 * with right checksums. Whatever comes, nothing appears beside the destination, and the number of
 * open descriptors is what it was.
 */
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file/receive.h"
#include "queue_pair.h"

#define FRAMES_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char scratch[64];

struct input {
    const uint8_t *data;
    size_t size;
};

static uint8_t take(struct input *input)
{
    if (input->size == 0) {
        return 0;
    }
    input->size--;
    return *input->data++;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st;
    (void)kind;
    return ftw->level > 0 ? remove(path) : 0;
}

static void clean(void)
{
    char path[80];

    (void)snprintf(path, sizeof(path), "%s/dest", scratch);
    (void)nftw(path, remove_one, 16, FTW_PHYS | FTW_DEPTH);
}

static void remove_scratch(void)
{
    char path[80];

    clean();
    (void)snprintf(path, sizeof(path), "%s/dest", scratch);
    (void)rmdir(path);
    (void)rmdir(scratch);
}

static void open_scratch(void)
{
    char path[80];
    const char *base = getenv("TMPDIR");

    (void)snprintf(scratch, sizeof(scratch), "%s/vsh-fuzz.XXXXXX", base ? base : "/tmp");
    if (!mkdtemp(scratch)) {
        abort();
    }
    (void)snprintf(path, sizeof(path), "%s/dest", scratch);
    if (mkdir(path, 0700) < 0 || atexit(remove_scratch) != 0) {
        abort();
    }
}

/* "dest" is alone in its folder: nothing was made beside it. */
static void check_outside(void)
{
    DIR *dir = opendir(scratch);
    int entries = 0;

    while (dir && readdir(dir)) {
        entries++;
    }
    if (!dir || entries != 3) {
        abort();
    }
    (void)closedir(dir);
}

static void put_entry(struct vsh_queue *queue, struct input *input, uint32_t *id)
{
    static const char *const names[] = {"a", "b", "..", ".", "", "c/d", "/e", "long-name", "a\n"};
    uint8_t what = take(input);
    uint8_t kind = 1 + what % 4;
    const char *name = names[take(input) % (sizeof(names) / sizeof(names[0]))];
    struct vsh_file_entry entry = {
        .id = ++*id,
        .kind = kind,
        .flags = (what >> 4) & 3,
        .mode = (uint16_t)(take(input) << 1),
        .size = kind == VSH_FILE_REGULAR ? (uint64_t)take(input) * 37 : 0,
        .name = name,
        .name_length = (uint16_t)strlen(name),
        .target = kind == VSH_FILE_LINK ? ".." : NULL,
        .target_length = kind == VSH_FILE_LINK ? 2 : 0,
    };
    if (what & 0x80) {
        entry.size *= 200; /* past the block from which an offer is made */
    }
    (void)vsh_put_file_entry(queue, &entry);
}

static void put_frame(struct vsh_queue *queue, struct input *input, uint32_t *id)
{
    static const uint8_t zeros[4096];
    struct vsh_file_end end = {0};
    const struct vsh_file_totals totals = {0};
    const struct vsh_file_problem problem = {.status = 1, .path = "p", .text = "t"};
    uint8_t what = take(input);

    switch (what % 10) {
    case 0:
    case 1:
    case 2:
        put_entry(queue, input, id);
        break;
    case 3:
        (void)vsh_put_file_mark(queue, VSH_V2_FILE_LEAVE);
        break;
    case 4:
        (void)vsh_queue_put(queue, VSH_V2_FILE_DATA, zeros, (size_t)take(input) * 16 + 1);
        break;
    case 5:
        (void)vsh_put_file_hole(queue, (uint64_t)take(input) * 37 + 1);
        break;
    case 6:
        end.size = (uint64_t)take(input) * 37;
        (void)vsh_put_file_end(queue, &end);
        break;
    case 7:
        (void)vsh_put_file_mark(queue, VSH_V2_FILE_ABORT);
        break;
    case 8:
        (void)vsh_put_file_resume(queue, take(input));
        break;
    default:
        if (what & 0x80) {
            (void)vsh_put_file_totals(queue, VSH_V2_FILE_DONE, &totals);
        } else {
            (void)vsh_put_file_problem(queue, &problem);
        }
        break;
    }
}

/* Drives until the receiver has no more to read or has had enough. */
static void drive(struct file_receiver *receiver, struct vsh_queue *in, struct vsh_queue *out)
{
    struct vsh_message message;
    struct file_wants wants;

    for (int i = 0; i < FRAMES_MAX; i++) {
        (void)vsh_queue_flush(out);
        (void)vsh_queue_fill(in);
        while (file_receiver_ready(receiver) && vsh_queue_next(in, &message) == 1) {
            if (file_receiver_handle(receiver, &message) < 0) {
                return;
            }
        }
        file_receiver_wants(receiver, &wants);
        if (!wants.busy || file_receiver_step(receiver) < 0) {
            return;
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    struct queue_pair pair;
    struct file_receiver *receiver = NULL;
    uint32_t id = 0;
    char path[80];

    if (scratch[0] == '\0') {
        open_scratch();
    }
    (void)snprintf(path, sizeof(path), "%s/dest", scratch);
    queue_pair_open(&pair);
    const struct file_receiver_options options = {.queue = pair.near,
                                                  .root_fd = -1,
                                                  .path = path,
                                                  .stream_fd = -1,
                                                  .flags = take(&input) & 0x7f};
    if (file_receiver_new(&options, &receiver) < 0) {
        abort();
    }
    for (int i = 0; i < FRAMES_MAX && input.size > 0; i++) {
        put_frame(pair.far, &input, &id);
        drive(receiver, pair.near, pair.far);
    }
    if (take(&input) & 1) {
        (void)file_receiver_interrupt(receiver);
    }
    file_receiver_free(receiver);
    queue_pair_close(&pair);
    check_outside();
    clean();
    return 0;
}
