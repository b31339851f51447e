/* SPDX-License-Identifier: MIT */
/*
 * Numbers of the native protocol. The document is PROTOCOL.md of the source tree; the names and
 * numbers of version 1 are those of the deployed program and never change.
 */
#ifndef VSOCK_SHELL_PROTOCOL_H
#define VSOCK_SHELL_PROTOCOL_H

#define VSH_MAGIC              0xcafebabeu
#define VSH_HEADER_SIZE        12u /* magic, type, length: u32 little-endian each */
#define VSH_V1_PAYLOAD_MAX     4096u
#define VSH_V2_PAYLOAD_DEFAULT 32768u          /* what a v2 peer takes before it has said more */
#define VSH_V2_PAYLOAD_MAX     (1024u * 1024u) /* nobody may announce more */
#define VSH_V2_VERSION         2u
#define VSH_V2_WINDOW_INITIAL  (1024u * 1024u) /* credit of every stream at its start, in bytes */

enum vsh_message_type {
    VSH_V1_PTY_DATA = 0x07,            /* s->c  terminal output */
    VSH_V1_OPEN_BASH = 0x08,           /* c->s  login shell on a PTY */
    VSH_V1_OPEN_CMD = 0x09,            /* c->s  command, NUL-terminated, on a PTY */
    VSH_V1_WINDOW_SIZE = 0x0a,         /* c->s  rows, columns, x and y pixels, u16 each */
    VSH_V1_CLIENT_DATA = 0x0b,         /* c->s  input */
    VSH_V1_CLIENT_END = 0x0c,          /* both  the session is over */
    VSH_V1_FILE_UPLOAD_START = 0x0d,   /* c->s  "source destination", NUL-terminated */
    VSH_V1_FILE_DOWNLOAD_START = 0x0e, /* c->s  the same */
    VSH_V1_FILE_READY_SEND =
        0x0f, /* s->c  answer to an upload: "OK source destination", "KO reason" */
    VSH_V1_FILE_READY_RECV = 0x10,   /* s->c  answer to a download */
    VSH_V1_FILE_DATA = 0x11,         /* both  bytes */
    VSH_V1_FILE_DATA_END = 0x12,     /* both  end of file */
    VSH_V1_FILE_DATA_BEGIN = 0x13,   /* both  before the first FILE_DATA */
    VSH_V1_FILE_DATA_END_ACK = 0x14, /* both  the receiver has the whole file */

    VSH_V2_HELLO =
        0x20, /* both  version, features, largest payload, software; first frame of each side */
    VSH_V2_EXEC = 0x21,    /* c->s  run a shell or a command */
    VSH_V2_STARTED = 0x22, /* s->c  the process runs; its PID */
    VSH_V2_DATA = 0x23,    /* both  stream number, bytes */
    VSH_V2_EOF = 0x24,     /* both  stream number: no more DATA on it */
    VSH_V2_CLOSE = 0x25,   /* both  stream number: the reader is gone, send no more DATA on it */
    VSH_V2_WINDOW = 0x26,  /* both  stream number, bytes of further credit */
    VSH_V2_RESIZE = 0x27,  /* c->s  window size */
    VSH_V2_SIGNAL = 0x28,  /* c->s  signal name without SIG */
    VSH_V2_EXIT = 0x29,    /* s->c  exit code or signal */
    VSH_V2_END = 0x2a,     /* both  acknowledges the end; after it the sender closes */
    VSH_V2_ERROR = 0x2b,   /* both  code and sentence; ends the session */
    VSH_V2_PING = 0x2c,    /* both  8 bytes */
    VSH_V2_PONG = 0x2d,    /* both  the same 8 bytes */

    /* 0x30 to 0x3f carry files: see file_message.h. */
    VSH_V2_FILE_FIRST = 0x30,
    VSH_V2_FILE_LAST = 0x3f,
};

/* Streams of an exec session. */
enum vsh_stream {
    VSH_STREAM_STDIN = 0,
    VSH_STREAM_STDOUT = 1, /* a PTY has only this one and stdin */
    VSH_STREAM_STDERR = 2,
    VSH_STREAMS = 3,
};

/* Feature bits of HELLO; an unknown bit is ignored. */
#define VSH_FEATURE_EXEC  0x1u
#define VSH_FEATURE_FILES 0x2u
#define VSH_FEATURE_SSH   0x4u /* of a server: SSH is served on the same port */

/* Codes of ERROR. The sentence beside it is for people; programs look at the code. */
enum vsh_error_code {
    VSH_ERROR_PROTOCOL = 1,    /* malformed, too big, out of order */
    VSH_ERROR_VERSION = 2,     /* no common version */
    VSH_ERROR_REFUSED = 3,     /* the policy says no: peer, capability, user */
    VSH_ERROR_LIMIT = 4,       /* too many sessions */
    VSH_ERROR_TIMEOUT = 5,     /* login grace, idle */
    VSH_ERROR_EXEC = 6,        /* the command could not be started */
    VSH_ERROR_FILE = 7,        /* a file request could not even begin */
    VSH_ERROR_UNSUPPORTED = 8, /* a request this peer does not know */
    VSH_ERROR_INTERNAL = 9,    /* out of memory and the like */
    VSH_ERROR_SHUTDOWN = 10    /* the server ends */
};

#endif
