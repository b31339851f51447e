/* SPDX-License-Identifier: MIT */
/*
 * What the files send*.c share. A state is a function that does one piece of work:
 *
 *   WALK ----> OFFER --> PREFIX --> DATA --+        OFFER and PREFIX with --resume only
 *    ^ |                            ^      |
 *    | +----------------------------+      |
 *    +-------------------------------------+
 *    +--> ACK --> OVER
 */
#ifndef FILE_SEND_STATE_H
#define FILE_SEND_STATE_H

#include <vsock-shell/message_queue.h>

#include "file/digest.h"
#include "file/limit.h"
#include "file/send.h"
#include "file/walk.h"

enum send_state {
    SEND_WALK,   /* looking for the next entry */
    SEND_OFFER,  /* the receiver looks what it has of the file */
    SEND_PREFIX, /* hashing our beginning of the file, to compare */
    SEND_DATA,
    SEND_ACK, /* all sent, waiting for DONE_ACK */
    SEND_OVER,
};

/* The file that is being sent. */
struct send_file {
    int fd; /* -1 between files */
    uint32_t id;
    enum vsh_file_kind kind;
    uint64_t size;     /* regular: as announced */
    uint64_t offset;   /* content that is behind us */
    uint64_t data_end; /* a hole may begin here */
    bool may_have_holes;
    bool borrowed; /* the fd is the caller's stream */
    bool refused;  /* the receiver does not want it any more */
    struct vsh_file_offer offer;
    struct stat st;
};

struct file_sender {
    struct file_sender_options options;
    char **patterns;
    char *path_text;
    enum send_state state;
    struct file_walk *walk;
    struct file_walk *counter; /* the same walk again, ahead of the first; NULL once done */
    struct vsh_file_count count;
    struct file_walk_item item; /* what walk told last; path is that of the current file */
    struct file_walk_item counted_item;
    struct send_file file;
    uint32_t last_id;
    uint32_t settled_id; /* as the last RESULT says */
    uint32_t folders[VSH_FILE_DEPTH_MAX];
    unsigned prune_to; /* leave folders until so many are open; UINT_MAX = none to leave */
    struct file_digest *digest;
    struct file_limit limit;
    uint8_t *buffer; /* VSH_FILE_CHUNK, for the prefix */
    struct file_wants wants;
    struct vsh_file_totals totals;
    char error[256];
};

/* Pieces of work: 1 = go on, 0 = wait (wants says for what), negative errno = the session ends. */
int send_walk_piece(struct file_sender *sender);
int send_prefix_piece(struct file_sender *sender);
int send_data_piece(struct file_sender *sender);
int send_count_piece(struct file_sender *sender);

/* Begins the current file at file.offset, which the digest covers already. */
void send_file_begin(struct file_sender *sender);
void send_file_close(struct file_sender *sender);

/* Announces the source stream. */
int send_stream_entry(struct file_sender *sender);

/* A failure or skip on this side: told to the owner and to the receiver. */
int send_problem(struct file_sender *sender, const struct vsh_file_problem *problem);
int send_failure(struct file_sender *sender, const char *path, const char *act, int error);

/* Room for any frame without content, and for a problem or mark behind it. */
bool send_has_room(const struct file_sender *sender);
struct file_item send_item(const struct file_sender *sender);

/* Keeps the sentence of what ends the session. Returns error. */
__attribute__((format(printf, 3, 4))) int send_fail(struct file_sender *sender, int error,
                                                    const char *format, ...);

#endif
