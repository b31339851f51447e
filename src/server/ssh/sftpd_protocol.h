/* SPDX-License-Identifier: MIT */
/* Numbers of SFTP version 3 (draft-ietf-secsh-filexfer-02) and the limits that we announce. */
#ifndef SERVER_SSH_SFTPD_PROTOCOL_H
#define SERVER_SSH_SFTPD_PROTOCOL_H

#define SFTP_VERSION      3u
#define SFTP_PACKET_MAX   (256u * 1024u) /* after the length word, both directions */
#define SFTP_DATA_MAX     (255u * 1024u) /* bytes of one READ or WRITE */
#define SFTP_HANDLE_BYTES 8u

enum sftp_type {
    SFTP_INIT = 1,
    SFTP_VERSION_REPLY = 2,
    SFTP_OPEN = 3,
    SFTP_CLOSE = 4,
    SFTP_READ = 5,
    SFTP_WRITE = 6,
    SFTP_LSTAT = 7,
    SFTP_FSTAT = 8,
    SFTP_SETSTAT = 9,
    SFTP_FSETSTAT = 10,
    SFTP_OPENDIR = 11,
    SFTP_READDIR = 12,
    SFTP_REMOVE = 13,
    SFTP_MKDIR = 14,
    SFTP_RMDIR = 15,
    SFTP_REALPATH = 16,
    SFTP_STAT = 17,
    SFTP_RENAME = 18,
    SFTP_READLINK = 19,
    SFTP_SYMLINK = 20,
    SFTP_STATUS = 101,
    SFTP_HANDLE = 102,
    SFTP_DATA = 103,
    SFTP_NAME = 104,
    SFTP_ATTRS = 105,
    SFTP_EXTENDED = 200,
    SFTP_EXTENDED_REPLY = 201,
};

enum sftp_status {
    SFTP_OK = 0,
    SFTP_EOF = 1,
    SFTP_NO_SUCH_FILE = 2,
    SFTP_PERMISSION_DENIED = 3,
    SFTP_FAILURE = 4,
    SFTP_BAD_MESSAGE = 5,
    SFTP_OP_UNSUPPORTED = 8,
};

/* OPEN */
#define SFTP_OPEN_READ      0x01u
#define SFTP_OPEN_WRITE     0x02u
#define SFTP_OPEN_APPEND    0x04u
#define SFTP_OPEN_CREATE    0x08u
#define SFTP_OPEN_TRUNCATE  0x10u
#define SFTP_OPEN_EXCLUSIVE 0x20u

/* ATTRS */
#define SFTP_ATTR_SIZE        0x00000001u
#define SFTP_ATTR_OWNER       0x00000002u
#define SFTP_ATTR_PERMISSIONS 0x00000004u
#define SFTP_ATTR_TIMES       0x00000008u
#define SFTP_ATTR_EXTENDED    0x80000000u

#endif
