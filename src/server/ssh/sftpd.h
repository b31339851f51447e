/* SPDX-License-Identifier: MIT */
/*
 * An SFTP version 3 server: the peer's bytes in, replies out, files as the user that this process
 * is. It knows nothing of SSH: it is driven over any byte stream, and fuzzed alone.
 *
 * Order of calls: sftpd_new(); then, in a loop: sftpd_input() with what came (it may take less than
 * all: the rest again later), sftpd_output() and sftpd_consume() for what is to be sent, and
 * sftpd_work() while sftpd_busy(). sftpd_free() closes everything.
 *
 * Memory is bounded: replies wait in one buffer of SFTPD_OUTPUT_MAX bytes plus one reply, and no
 * request is taken while more waits there; the data of a WRITE goes to the file as it arrives.
 * Calls block for as long as the disk takes, never for the peer.
 */
#ifndef SERVER_SSH_SFTPD_H
#define SERVER_SSH_SFTPD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define SFTPD_OUTPUT_MAX (1024u * 1024u)

struct audit_session;

struct sftpd_options {
    int root_fd;             /* no path leaves this folder; -1 = the whole file system. Borrowed. */
    const char *home;        /* what "~" is; without a root also where relative paths start */
    const char *no_upload;   /* the sentence that refuses every change; NULL = allowed */
    const char *no_download; /* the sentence that refuses reading files; NULL = allowed */
    struct audit_session *audit; /* for a line per file and change, as details; NULL = none */
};

/* For the line of the whole session. */
struct sftpd_totals {
    uint64_t files, changes; /* opened; names and attributes that were changed */
    uint64_t bytes_read, bytes_written;
};

struct sftpd;

int sftpd_new(const struct sftpd_options *options, struct sftpd **ret); /* 0 or -ENOMEM */
void sftpd_free(struct sftpd *sftpd);                                   /* NULL is fine */

/*
 * Takes bytes from the peer. Returns how many it took: fewer than length while replies wait to be
 * sent or a copy is under way. -EBADMSG after bytes that no SFTP client sends: end the channel and
 * log sftpd_error().
 */
ssize_t sftpd_input(struct sftpd *sftpd, const uint8_t *bytes, size_t length);

/* True when sftpd_input() would take something. */
bool sftpd_wants_input(const struct sftpd *sftpd);

/* What is to be sent: gives the place and returns the length, 0 = nothing. */
size_t sftpd_output(const struct sftpd *sftpd, const uint8_t **ret);
void sftpd_consume(struct sftpd *sftpd, size_t length);

/* A copy-data request is under way: sftpd_work() does one slice of it. */
bool sftpd_busy(const struct sftpd *sftpd);
void sftpd_work(struct sftpd *sftpd);

const struct sftpd_totals *sftpd_totals(const struct sftpd *sftpd);

/* The audit lines of the files that the peer has left open: before sftpd_free(). */
void sftpd_audit_open_files(struct sftpd *sftpd);

/* Why sftpd_input() failed, as a sentence for the log. */
const char *sftpd_error(const struct sftpd *sftpd);

#endif
