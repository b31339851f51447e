/* SPDX-License-Identifier: MIT */
/* The built-in SFTP server on a channel. */
#ifndef SERVER_SSH_SSH_SFTP_H
#define SERVER_SSH_SSH_SFTP_H

struct channel;

int ssh_sftp_start(struct channel *channel); /* 0 or a negative errno */

#endif
