/* SPDX-License-Identifier: MIT */
/*
 * The table of open files and folders of one SFTP channel. It grows with use up to a fixed bound
 * (the descriptor limit usually ends it earlier). A handle on the wire is slot and generation, so
 * that a closed handle is never taken for the one that followed it.
 */
#ifndef SERVER_SSH_SFTPD_HANDLE_H
#define SERVER_SSH_SFTPD_HANDLE_H

#include <dirent.h>
#include <stddef.h>
#include <stdint.h>

#include "server/ssh/sftpd_protocol.h"

#define SFTPD_HANDLES_MAX 16384u

struct sftpd_handle {
    int fd;    /* of the file or folder */
    DIR *dir;  /* a folder's stream, which owns fd; NULL for a file */
    int flags; /* of open(2) */
    uint64_t bytes_read;
    uint64_t bytes_written;
    char *path; /* for the log; may be NULL */
    int64_t opened_ms;
    uint32_t generation;
    uint32_t next_free; /* slot + 1; 0 ends the chain */
};

struct sftpd_handles;

int sftpd_handles_new(struct sftpd_handles **ret); /* 0 or -ENOMEM */
/* Closes everything that is open. NULL is fine. */
void sftpd_handles_free(struct sftpd_handles *handles);

/*
 * Adds a descriptor (dir NULL) or a folder stream and writes its wire form. The table owns both on
 * success; on failure (-EMFILE, -ENOMEM) they stay with the caller.
 */
int sftpd_handle_add(struct sftpd_handles *handles, const struct sftpd_handle *values,
                     uint8_t wire[SFTP_HANDLE_BYTES]);

/* The open handle that the wire form names, or NULL. Valid until the next add or close. */
struct sftpd_handle *sftpd_handle_find(struct sftpd_handles *handles, const uint8_t *wire,
                                       size_t length);

/* Closes; returns 0 or what close(2) said. The slot is free in any case. */
int sftpd_handle_close(struct sftpd_handles *handles, struct sftpd_handle *handle);

/* The first open handle from slot *at on, which moves behind it; NULL at the end. */
struct sftpd_handle *sftpd_handle_next(struct sftpd_handles *handles, uint32_t *at);

size_t sftpd_handle_count(const struct sftpd_handles *handles);

#endif
