/* SPDX-License-Identifier: MIT */
/* What the parts of the SFTP server share: its state, how a handler answers, the request table. */
#ifndef SERVER_SSH_SFTPD_INTERNAL_H
#define SERVER_SSH_SFTPD_INTERNAL_H

#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "base/buffer.h"
#include "server/ssh/sftpd.h"
#include "server/ssh/sftpd_attributes.h"
#include "server/ssh/sftpd_handle.h"
#include "server/ssh/sftpd_names.h"
#include "server/ssh/sftpd_protocol.h"
#include "server/ssh/sftpd_wire.h"

/* A WRITE whose payload is arriving. */
struct sftpd_write {
    bool active;
    uint32_t id;
    struct sftpd_handle *handle; /* valid: no other request is taken meanwhile */
    uint64_t offset;
    size_t data_left;
    size_t skip_left; /* bytes of the packet that are no data (malformed, or an earlier error) */
    int outcome;      /* what the handler will return */
};

/* A copy-data that is done in slices, so that the session stays alive. */
struct sftpd_copy {
    bool active;
    bool to_end; /* length 0 on the wire */
    uint32_t id;
    int from_fd, to_fd;
    uint64_t from, to, left;
};

struct sftpd {
    struct sftpd_options options;
    char *home;
    char *no_upload;
    char *no_download;
    struct sftpd_handles *handles;
    struct sftpd_names *names;
    struct buffer input;  /* the start of a packet that has not come whole */
    struct buffer output; /* replies */
    bool initialised;
    const char *fatal;
    const char *refusal; /* the sentence that goes with SFTPD_REFUSED */
    struct sftpd_totals totals;
    struct sftpd_write write;
    struct sftpd_copy copy;
    char path[PATH_MAX], second_path[PATH_MAX]; /* the texts of the request at hand */
};

/*
 * A handler reads its arguments and returns what the answer is: 0 for OK, a negative errno, or one
 * of these. It checks the reader's error before it acts.
 */
enum sftpd_outcome {
    SFTPD_REPLIED = 1, /* it has written (or will write) the reply itself */
    SFTPD_AT_END,      /* SSH_FX_EOF */
    SFTPD_BAD_HANDLE,
    SFTPD_UNSUPPORTED,
    SFTPD_REFUSED, /* by our own switches: sftpd->refusal says why */
};
typedef int sftpd_handler(struct sftpd *sftpd, uint32_t id, struct sftpd_reader *r);

sftpd_handler sftpd_on_open, sftpd_on_close, sftpd_on_read, sftpd_on_fstat, sftpd_on_fsetstat;
sftpd_handler sftpd_on_opendir, sftpd_on_readdir, sftpd_on_mkdir, sftpd_on_rmdir;
sftpd_handler sftpd_on_stat, sftpd_on_lstat, sftpd_on_setstat, sftpd_on_remove, sftpd_on_rename;
sftpd_handler sftpd_on_realpath, sftpd_on_readlink, sftpd_on_symlink;
sftpd_handler sftpd_on_posix_rename, sftpd_on_hardlink, sftpd_on_lsetstat, sftpd_on_fsync;
sftpd_handler sftpd_on_extended, sftpd_on_statvfs, sftpd_on_fstatvfs, sftpd_on_limits;
sftpd_handler sftpd_on_expand_path, sftpd_on_home_directory, sftpd_on_users_groups;
sftpd_handler sftpd_on_copy_data;

/*
 * WRITE is not in the table, its data is streamed: begin reads the head, payload is what the packet
 * holds behind it; data takes some of that and returns how much.
 */
void sftpd_write_begin(struct sftpd *sftpd, uint32_t id, struct sftpd_reader *r, size_t payload);
size_t sftpd_write_data(struct sftpd *sftpd, const uint8_t *bytes, size_t length);

/* The extension pairs of our VERSION reply. */
void sftpd_put_extensions(const struct sftpd *sftpd, struct sftpd_writer *w);

/* Reads a handle's wire form and finds it; NULL on failure. */
struct sftpd_handle *sftpd_get_handle(struct sftpd *sftpd, struct sftpd_reader *r);
int sftpd_refuse(struct sftpd *sftpd, const char *sentence); /* SFTPD_REFUSED */

/* The sentence of an outcome. */
const char *sftpd_outcome_text(const struct sftpd *sftpd, int outcome);

/*
 * Audit lines: of a request that is over, when it changed something or failed (name NULL: of no
 * interest); of a file that is closed.
 */
void sftpd_audit_request(struct sftpd *sftpd, const char *name, bool changes, int outcome);
void sftpd_audit_file(struct sftpd *sftpd, const struct sftpd_handle *handle);

/* Replies. begin/end: room for size payload bytes after type and id; end sends, or FAILURE when the
 * writer ran out of room. */
void sftpd_reply_status(struct sftpd *sftpd, uint32_t id, int outcome);
void sftpd_reply_begin(struct sftpd *sftpd, uint8_t type, uint32_t id, size_t size,
                       struct sftpd_writer *ret);
int sftpd_reply_end(struct sftpd *sftpd, const struct sftpd_writer *w);
int sftpd_reply_handle(struct sftpd *sftpd, uint32_t id, const struct sftpd_handle *values);
int sftpd_reply_stat(struct sftpd *sftpd, uint32_t id, const struct stat *st);
int sftpd_reply_path(struct sftpd *sftpd, uint32_t id, const char *path);

/* Applies attributes to a path (at_fd, name, flags of fchownat(2)) or to a descriptor, as OpenSSH:
 * size, mode, times, owner; each is tried, the last failure is the answer. */
struct sftpd_place;
int sftpd_apply_place(const struct sftpd_attributes *a, const struct sftpd_place *place, int flags);
int sftpd_apply_fd(const struct sftpd_attributes *a, int fd);

#endif
