/* SPDX-License-Identifier: MIT */
/*
 * Typed payloads of the file frames of protocol v2, 0x30 to 0x3f. The document is
 * PROTOCOL-FILES.md of the source tree.
 *
 * The rules are those of message.h: vsh_put_*() append a whole message and return 0, -ENOBUFS,
 * VSH_E_TOO_BIG or -EINVAL; vsh_get_*() return 0 or VSH_E_MALFORMED, and what they return points
 * into the payload. "S" is the side that sends files, "R" the one that receives them: of a PUT the
 * client is S, of a GET the server is.
 */
#ifndef VSOCK_SHELL_FILE_MESSAGE_H
#define VSOCK_SHELL_FILE_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vsock-shell/message_queue.h>
#include <vsock-shell/protocol.h>

#ifdef __cplusplus
extern "C" {
#endif

enum vsh_file_message_type {
    VSH_V2_FILE_PUT = 0x30,     /* c->s  store what follows at this path */
    VSH_V2_FILE_GET = 0x31,     /* c->s  send this path */
    VSH_V2_FILE_COUNT = 0x32,   /* S->R  how much there is in all, for progress */
    VSH_V2_FILE_ENTRY = 0x33,   /* S->R  one file, link or folder; a folder is entered */
    VSH_V2_FILE_LEAVE = 0x34,   /* S->R  leave the folder entered last */
    VSH_V2_FILE_DATA = 0x35,    /* S->R  bytes of the current file */
    VSH_V2_FILE_HOLE = 0x36,    /* S->R  so many zero bytes that need no space */
    VSH_V2_FILE_END = 0x37,     /* S->R  the current file is whole: size and digest */
    VSH_V2_FILE_ABORT = 0x38,   /* S->R  the current file is given up: drop it */
    VSH_V2_FILE_RESULT = 0x39,  /* R->S  every entry up to this id is settled */
    VSH_V2_FILE_PROBLEM = 0x3a, /* both  one entry failed or was skipped, and why */
    VSH_V2_FILE_OFFER = 0x3b,   /* R->S  answer to an entry that asks: so much is here already */
    VSH_V2_FILE_RESUME = 0x3c,  /* S->R  answer to OFFER: data starts at this offset */
    VSH_V2_FILE_DONE = 0x3d,    /* S->R  the request is carried out */
    VSH_V2_FILE_DONE_ACK = 0x3e /* R->S  and everything is stored; carries R's totals */
};

#define VSH_FILE_CHUNK        (256u * 1024u)        /* most DATA bytes of one frame */
#define VSH_FILE_HOLE_MAX     (64u * 1024u * 1024u) /* longest HOLE of one frame */
#define VSH_FILE_DEPTH_MAX    256u                  /* folders in folders */
#define VSH_FILE_NAME_MAX     255u                  /* bytes of one path component */
#define VSH_FILE_PATH_MAX     4095u                 /* bytes of a requested path or a link target */
#define VSH_FILE_TEXT_MAX     1023u                 /* bytes of a problem's sentence */
#define VSH_FILE_EXCLUDES_MAX 64u
#define VSH_FILE_DIGEST_SIZE  16u /* XXH3-128, canonical (big-endian) as xxh128sum prints it */

/* Flags of PUT and GET. R checks the ones that are its own, S the others; unknown bits refuse. */
#define VSH_FILE_RECURSIVE  0x01u /* folders too */
#define VSH_FILE_FOLLOW     0x02u /* S: send what links point to */
#define VSH_FILE_RESUME     0x04u /* continue partials, skip files of equal size and time */
#define VSH_FILE_NO_CLOBBER 0x08u /* R: never replace */
#define VSH_FILE_DRY_RUN    0x10u /* entries only, no data; R writes nothing */
#define VSH_FILE_SYNC       0x20u /* R: fsync file and folder before a result */
#define VSH_FILE_COUNT      0x40u /* S: send COUNT frames */
#define VSH_FILE_ALL_FLAGS  0x7fu

struct vsh_file_request {
    uint32_t flags;
    const char *path;  /* PUT: destination; GET: source; "" = the working directory */
    const char *user;  /* whose rights the copy has there; NULL or "" = the session's own user */
    uint64_t limit;    /* GET: bytes per second, 0 = no limit */
    uint32_t excludes; /* GET: how many patterns */
    const char *exclude[VSH_FILE_EXCLUDES_MAX];
};

enum vsh_file_kind {
    VSH_FILE_REGULAR = 1,
    VSH_FILE_FOLDER = 2,
    VSH_FILE_LINK = 3,
    VSH_FILE_STREAM = 4, /* a file of unknown size: standard input, or /proc */
};

#define VSH_FILE_ENTRY_ASK  0x1u /* S waits for OFFER (or PROBLEM) before it sends data */
#define VSH_FILE_ENTRY_BARE 0x2u /* mode and time mean nothing: R takes its defaults */

struct vsh_file_entry {
    uint32_t id; /* 1, 2, 3, ... within one request */
    uint8_t kind;
    uint8_t flags;
    uint16_t mode; /* permission bits, at most 07777 */
    int64_t mtime_s;
    uint64_t size; /* regular files only, else 0 */
    /* Not NUL-terminated and not judged here: R refuses what is no single path component. */
    const char *name;
    const char *target; /* links only */
    uint32_t mtime_ns;
    uint16_t name_length;
    uint16_t target_length;
};

struct vsh_file_end {
    uint64_t size;
    uint8_t digest[VSH_FILE_DIGEST_SIZE];
};

struct vsh_file_offer {
    uint32_t id;
    uint64_t offset; /* 0 = nothing here; the digest is that of the first offset bytes */
    uint8_t digest[VSH_FILE_DIGEST_SIZE];
};

enum vsh_file_status {
    VSH_FILE_FAILED = 1,
    VSH_FILE_SKIPPED = 2, /* not copied, on purpose: exists, unchanged, special file */
};

/* Codes of PROBLEM, for programs; the sentence is for people. */
enum vsh_file_code {
    VSH_FILE_CODE_SOURCE = 1,    /* cannot be read */
    VSH_FILE_CODE_CHANGED = 2,   /* changed while it was read */
    VSH_FILE_CODE_TARGET = 3,    /* cannot be written */
    VSH_FILE_CODE_SPACE = 4,     /* no space, or over quota */
    VSH_FILE_CODE_DIGEST = 5,    /* arrived damaged */
    VSH_FILE_CODE_EXISTS = 6,    /* skipped: there is something, and --no-clobber */
    VSH_FILE_CODE_UNCHANGED = 7, /* skipped: the same size and time, and --resume */
    VSH_FILE_CODE_SPECIAL = 8,   /* skipped: neither file, folder nor link */
    VSH_FILE_CODE_BUSY = 9,      /* another copy writes to the same target */
};

struct vsh_file_problem {
    uint32_t id; /* the entry, or 0 when none was sent */
    uint8_t status;
    uint8_t code;
    const char *path; /* as the side that speaks knows it */
    const char *text; /* why, without the path */
};

/* Totals of one request: payload of DONE and DONE_ACK. */
struct vsh_file_totals {
    uint64_t files; /* regular files and streams that are whole at the target */
    uint64_t folders;
    uint64_t links;
    uint64_t bytes;   /* content of these files, holes included */
    uint64_t reused;  /* of which were at the target already (resumed) */
    uint64_t skipped; /* entries left out on purpose */
    uint64_t failed;
};

struct vsh_file_count {
    uint64_t files;
    uint64_t bytes;
    bool complete; /* false: counting goes on, more will come */
};

/* type is VSH_V2_FILE_PUT or VSH_V2_FILE_GET; both have the same payload. */
int vsh_put_file_request(struct vsh_queue *queue, uint32_t type,
                         const struct vsh_file_request *request);
int vsh_get_file_request(const struct vsh_message *message, struct vsh_file_request *ret);

int vsh_put_file_entry(struct vsh_queue *queue, const struct vsh_file_entry *entry);
int vsh_get_file_entry(const struct vsh_message *message, struct vsh_file_entry *ret);

/* DATA is bytes and nothing else: vsh_queue_reserve() and vsh_queue_commit() make it. */
int vsh_put_file_hole(struct vsh_queue *queue, uint64_t length);
int vsh_get_file_hole(const struct vsh_message *message, uint64_t *ret_length);

int vsh_put_file_end(struct vsh_queue *queue, const struct vsh_file_end *end);
int vsh_get_file_end(const struct vsh_message *message, struct vsh_file_end *ret);

/* LEAVE and ABORT have no payload. */
int vsh_put_file_mark(struct vsh_queue *queue, uint32_t type);
int vsh_get_file_mark(const struct vsh_message *message);

int vsh_put_file_result(struct vsh_queue *queue, uint32_t id);
int vsh_get_file_result(const struct vsh_message *message, uint32_t *ret_id);

/* A path or text that is too long for the frame is shortened, the path at its beginning. */
int vsh_put_file_problem(struct vsh_queue *queue, const struct vsh_file_problem *problem);
int vsh_get_file_problem(const struct vsh_message *message, struct vsh_file_problem *ret);

int vsh_put_file_offer(struct vsh_queue *queue, const struct vsh_file_offer *offer);
int vsh_get_file_offer(const struct vsh_message *message, struct vsh_file_offer *ret);

int vsh_put_file_resume(struct vsh_queue *queue, uint64_t offset);
int vsh_get_file_resume(const struct vsh_message *message, uint64_t *ret_offset);

/* type is VSH_V2_FILE_DONE or VSH_V2_FILE_DONE_ACK. */
int vsh_put_file_totals(struct vsh_queue *queue, uint32_t type,
                        const struct vsh_file_totals *totals);
int vsh_get_file_totals(const struct vsh_message *message, struct vsh_file_totals *ret);

int vsh_put_file_count(struct vsh_queue *queue, const struct vsh_file_count *count);
int vsh_get_file_count(const struct vsh_message *message, struct vsh_file_count *ret);

#ifdef __cplusplus
}
#endif
#endif
