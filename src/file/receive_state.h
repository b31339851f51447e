/* SPDX-License-Identifier: MIT */
/*
 * What the files receive*.c share. The state is that of the current file:
 *
 *   IDLE --> DATA --> IDLE            END or ABORT came, or it failed here: then SKIP until they
 * come
 *        --> PREFIX --> OFFERED --> DATA      an entry that asks
 *        --> SKIP --> IDLE
 */
#ifndef FILE_RECEIVE_STATE_H
#define FILE_RECEIVE_STATE_H

#include <vsock-shell/message_queue.h>

#include "file/digest.h"
#include "file/path.h"
#include "file/receive.h"
#include "file/stage.h"

enum receive_state {
    RECEIVE_IDLE,
    RECEIVE_PREFIX,  /* hashing the partial of an earlier attempt */
    RECEIVE_OFFERED, /* waiting for RESUME */
    RECEIVE_DATA,
    RECEIVE_SKIP, /* what comes of this file is not wanted */
    RECEIVE_OVER,
};

/* A folder that was entered. */
struct receive_level {
    int fd;      /* -1 in a dry run, when it does not exist */
    bool is_new; /* made by us: nothing is left there */
    bool asked_lock;
    bool locked; /* small files are staged with FILE_STAGE_ALONE */
    bool keep;   /* leave mode and time as they are */
    struct file_meta meta;
    uint32_t id;
    size_t path_length;
};

/* The output stream's backlog: what did not go out at once. */
struct receive_stream {
    int fd;
    bool whole_writes; /* a plain file never stops us */
    uint8_t *bytes;
    size_t head;
    size_t length;
    uint64_t zeros; /* behind the bytes */
};

struct file_receiver {
    struct file_receiver_options options;
    enum receive_state state;
    struct file_path path; /* of the current entry, or of the folder entered last */
    char *destination;
    char *source_name; /* what the first entry must be called, NULL = anything */
    bool begun;        /* the first entry has come */
    int place_fd;      /* the folder that it goes to; -1 before */
    uint32_t last_id;
    uint32_t told_id; /* of the last RESULT */
    uint64_t told_bytes;
    unsigned depth;
    unsigned refused_depth; /* folders entered inside one that was refused, itself included */
    struct receive_level levels[VSH_FILE_DEPTH_MAX];
    struct vsh_file_entry entry; /* the current file; name and target are not kept */
    struct file_stage stage;
    uint64_t offset;  /* content behind us */
    uint64_t reused;  /* of which were here */
    uint64_t offered; /* in OFFER */
    struct file_digest *digest;
    struct receive_stream stream;
    uint8_t *buffer; /* VSH_FILE_CHUNK, for the prefix */
    struct vsh_file_totals totals;
    char error[384];
};

/* Frames; each returns 0 or a negative errno that ends the session. */
int receive_entry(struct file_receiver *receiver, const struct vsh_message *message);
int receive_leave(struct file_receiver *receiver, const struct vsh_message *message);
int receive_data(struct file_receiver *receiver, const struct vsh_message *message);
int receive_hole(struct file_receiver *receiver, const struct vsh_message *message);
int receive_end(struct file_receiver *receiver, const struct vsh_message *message);
int receive_abort(struct file_receiver *receiver, const struct vsh_message *message);
int receive_resume(struct file_receiver *receiver, const struct vsh_message *message);

/* Begins a regular file or stream named name in dir_fd (-1: nothing there yet, dry run). */
int receive_file_begin(struct file_receiver *receiver, int dir_fd, const char *name);
int receive_prefix_piece(struct file_receiver *receiver);

/* The output stream takes content at once or into its backlog, which must be empty before. */
int receive_stream_put(struct file_receiver *receiver, const uint8_t *bytes, size_t length);
int receive_stream_zeros(struct file_receiver *receiver, uint64_t length);
int receive_stream_flush(struct file_receiver *receiver);
bool receive_stream_full(const struct file_receiver *receiver);

/* Where the first entry goes. */
struct receive_place {
    int fd;        /* the receiver's, for its life */
    bool appended; /* the sender's name, in a folder that is there */
    char name[NAME_MAX + 1];
};
int receive_resolve(struct file_receiver *receiver, const char *name, struct receive_place *ret);

/* Enters a folder named name in dir_fd (-1: nothing there yet, dry run); a failure refuses it. */
int receive_folder_open(struct file_receiver *receiver, int dir_fd, const char *name);
/* Gives the folder entered last its mode and time and closes it. Returns 0 or a negative errno. */
int receive_folder_close(struct file_receiver *receiver);

/* The current entry is settled well; tells the sender now and then. */
int receive_settled(struct file_receiver *receiver);
/* It is not: told to the owner and to the sender. Later frames of the file are dropped. */
int receive_failed(struct file_receiver *receiver, const char *act, int error);
int receive_failed_as(struct file_receiver *receiver, uint32_t id, const char *act, int error);
int receive_problem(struct file_receiver *receiver, const struct vsh_file_problem *problem);
int receive_skipped(struct file_receiver *receiver, enum vsh_file_code code, const char *text);

struct file_item receive_item(const struct file_receiver *receiver);
void receive_tell_started(const struct file_receiver *receiver);
void receive_tell_finished(const struct file_receiver *receiver, const struct file_item *item);

__attribute__((format(printf, 3, 4))) int receive_fail(struct file_receiver *receiver, int error,
                                                       const char *format, ...);

#endif
