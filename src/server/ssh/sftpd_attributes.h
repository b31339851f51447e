/* SPDX-License-Identifier: MIT */
/* File attributes: their wire form, stat(2) into it, and the "ls -l" line of a NAME reply. */
#ifndef SERVER_SSH_SFTPD_ATTRIBUTES_H
#define SERVER_SSH_SFTPD_ATTRIBUTES_H

#include <stdint.h>
#include <sys/stat.h>
#include <time.h>

#include "server/ssh/sftpd_names.h"
#include "server/ssh/sftpd_wire.h"

struct sftpd_attributes {
    uint32_t flags; /* SFTP_ATTR_*: which of the others hold */
    uint64_t size;
    uint32_t uid, gid;
    uint32_t permissions;
    uint32_t atime, mtime;
};

/* Failure is sticky in the reader. Extended pairs are skipped. */
void sftpd_get_attributes(struct sftpd_reader *r, struct sftpd_attributes *ret);
void sftpd_put_stat(struct sftpd_writer *w, const struct stat *st);
void sftpd_put_no_attributes(struct sftpd_writer *w);

/* A line as "ls -l" prints it, in the C locale; at most size - 1 bytes. Returns buf. */
const char *sftpd_long_name(char *buf, size_t size, const char *name, const struct stat *st,
                            struct sftpd_names *names, time_t now);

#endif
