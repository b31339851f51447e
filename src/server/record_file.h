/* SPDX-License-Identifier: MIT */
/* The files of --record: their folder, their names, and writing whole lines. */
#ifndef SERVER_RECORD_FILE_H
#define SERVER_RECORD_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define RECORD_NAME_MAX 200

struct record_file {
    int fd;
    int64_t start_us; /* monotonic */
    off_t whole;      /* bytes of complete lines */
    char name[RECORD_NAME_MAX];
};

/* Who is recorded. */
struct record_subject {
    const char *peer; /* vsh_peer_format() */
    const char *user;
    pid_t pid;
    unsigned number; /* 1 for the first of a connection; the next one shows in the name */
};

/*
 * Opens the folder, which must be there, belong to root or to us, and be writable for nobody else.
 * Returns the descriptor, or a negative errno with one sentence in error[].
 */
int record_folder_open(const char *path, char *error, size_t size);

/*
 * Makes a file that nobody else reads: TIME_PEER_USER_PID.cast. 0 or a negative errno.
 */
int record_file_open(struct record_file *file, int folder_fd, const struct record_subject *subject);
void record_file_close(struct record_file *file);
/* Takes a file back that could not even be begun. */
void record_file_discard(struct record_file *file, int folder_fd);

/* Microseconds since it was opened. */
int64_t record_file_us(const struct record_file *file);

/* Writes a line; a failure leaves the lines before it whole. 0 or a negative errno. */
int record_file_write(struct record_file *file, const void *line, size_t length);

#endif
