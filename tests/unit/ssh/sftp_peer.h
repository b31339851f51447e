/* SPDX-License-Identifier: MIT */
/* A client for the SFTP tests: builds requests in memory, takes the replies apart again. */
#ifndef TESTS_UNIT_SSH_SFTP_PEER_H
#define TESTS_UNIT_SSH_SFTP_PEER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/ssh/sftpd.h"
#include "server/ssh/sftpd_protocol.h"
#include "server/ssh/sftpd_wire.h"

struct peer {
    struct sftpd *sftpd;
    char folder[64]; /* a fresh folder, also the working directory */
    int root_fd;
    uint8_t request[300000];
    struct sftpd_writer w;
    /* the last reply */
    uint8_t type;
    uint32_t id;
    uint8_t reply[300000];
    struct sftpd_reader r;
};

static inline void peer_start(struct peer *p, bool rooted, const char *no_upload,
                              const char *no_download)
{
    const struct sftpd_options options = {.root_fd = rooted ? p->root_fd : -1,
                                          .home = p->folder,
                                          .no_upload = no_upload,
                                          .no_download = no_download};
    sftpd_free(p->sftpd);
    assert_int_equal(sftpd_new(&options, &p->sftpd), 0);
    static const uint8_t init[] = {0, 0, 0, 5, SFTP_INIT, 0, 0, 0, 3};
    const uint8_t *out;
    assert_int_equal(sftpd_input(p->sftpd, init, sizeof(init)), sizeof(init));
    size_t length = sftpd_output(p->sftpd, &out);
    assert_true(length > 9);
    assert_int_equal(out[4], SFTP_VERSION_REPLY);
    assert_int_equal(sftpd_load_u32(out + 5), 3);
    memcpy(p->reply, out, length);
    p->r = (struct sftpd_reader){.data = p->reply + 9, .length = length - 9};
    sftpd_consume(p->sftpd, length);
}

static inline int peer_setup(void **state)
{
    struct peer *p = calloc(1, sizeof(*p));
    strcpy(p->folder, "/tmp/vsh-sftp-XXXXXX");
    assert_non_null(mkdtemp(p->folder));
    assert_int_equal(chdir(p->folder), 0);
    p->root_fd = open(p->folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    umask(022);
    peer_start(p, false, NULL, NULL);
    *state = p;
    return 0;
}

static inline int peer_remove(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st, (void)flag, (void)ftw;
    return remove(path);
}

static inline int peer_teardown(void **state)
{
    struct peer *p = *state;
    sftpd_free(p->sftpd);
    close(p->root_fd);
    assert_int_equal(chdir("/"), 0);
    assert_int_equal(nftw(p->folder, peer_remove, 8, FTW_DEPTH | FTW_PHYS), 0);
    free(p);
    return 0;
}

/* Begins a request; add arguments with sftpd_put_*(&p->w, ...). */
static inline void request(struct peer *p, uint8_t type, uint32_t id)
{
    p->w = (struct sftpd_writer){.data = p->request, .capacity = sizeof(p->request), .length = 9};
    p->request[4] = type;
    sftpd_store_u32(p->request + 5, id);
}

static inline void request_done(struct peer *p)
{
    assert_int_equal(p->w.error, 0);
    sftpd_store_u32(p->request, (uint32_t)p->w.length - 4);
}

/* Takes one reply out of the output. */
static inline uint8_t take_reply(struct peer *p)
{
    const uint8_t *out;
    size_t length = sftpd_output(p->sftpd, &out);
    assert_true(length >= 9);
    size_t packet = 4 + (size_t)sftpd_load_u32(out);
    assert_true(packet <= length && packet <= sizeof(p->reply));
    memcpy(p->reply, out, packet);
    sftpd_consume(p->sftpd, packet);
    p->type = p->reply[4];
    p->id = sftpd_load_u32(p->reply + 5);
    p->r = (struct sftpd_reader){.data = p->reply + 9, .length = packet - 9};
    return p->type;
}

/* Sends the request, expects exactly one reply and gives its type. */
static inline uint8_t ask(struct peer *p)
{
    const uint8_t *out;
    request_done(p);
    assert_int_equal(sftpd_input(p->sftpd, p->request, p->w.length), p->w.length);
    while (sftpd_busy(p->sftpd)) {
        sftpd_work(p->sftpd);
    }
    uint8_t type = take_reply(p);
    assert_int_equal(sftpd_output(p->sftpd, &out), 0);
    assert_int_equal(p->id, sftpd_load_u32(p->request + 5));
    return type;
}

static inline uint32_t ask_status(struct peer *p)
{
    assert_int_equal(ask(p), SFTP_STATUS);
    return sftpd_get_u32(&p->r);
}

static inline void put_handle(struct peer *p, const uint8_t handle[SFTP_HANDLE_BYTES])
{
    sftpd_put_string(&p->w, handle, SFTP_HANDLE_BYTES);
}

static inline void get_handle(struct peer *p, uint8_t handle[SFTP_HANDLE_BYTES])
{
    size_t length;
    const uint8_t *at = sftpd_get_string(&p->r, &length);
    assert_int_equal(length, SFTP_HANDLE_BYTES);
    memcpy(handle, at, length);
}

/* Opens and gives the status; SFTP_OK fills handle. */
static inline uint32_t open_file(struct peer *p, const char *path, uint32_t flags,
                                 uint8_t handle[SFTP_HANDLE_BYTES])
{
    request(p, SFTP_OPEN, 1);
    sftpd_put_text(&p->w, path);
    sftpd_put_u32(&p->w, flags);
    sftpd_put_u32(&p->w, SFTP_ATTR_PERMISSIONS);
    sftpd_put_u32(&p->w, 0640);
    if (ask(p) == SFTP_STATUS) {
        return sftpd_get_u32(&p->r);
    }
    assert_int_equal(p->type, SFTP_HANDLE);
    get_handle(p, handle);
    return SFTP_OK;
}

static inline uint32_t close_file(struct peer *p, const uint8_t handle[SFTP_HANDLE_BYTES])
{
    request(p, SFTP_CLOSE, 2);
    put_handle(p, handle);
    return ask_status(p);
}

static inline uint32_t write_file(struct peer *p, const uint8_t handle[SFTP_HANDLE_BYTES],
                                  uint64_t offset, const char *text)
{
    request(p, SFTP_WRITE, 3);
    put_handle(p, handle);
    sftpd_put_u64(&p->w, offset);
    sftpd_put_text(&p->w, text);
    return ask_status(p);
}

/* A request whose arguments are one or two paths; its status. */
static inline uint32_t path_status(struct peer *p, uint8_t type, const char *one, const char *two)
{
    request(p, type, 4);
    sftpd_put_text(&p->w, one);
    if (two != NULL) {
        sftpd_put_text(&p->w, two);
    }
    return ask_status(p);
}

/* A request that answers with one name; "" and *status otherwise. */
static inline const char *path_name(struct peer *p, uint8_t type, const char *path,
                                    uint32_t *status)
{
    static char name[4096];
    name[0] = '\0';
    *status = SFTP_OK;
    request(p, type, 5);
    sftpd_put_text(&p->w, path);
    if (ask(p) == SFTP_STATUS) {
        *status = sftpd_get_u32(&p->r);
        return name;
    }
    assert_int_equal(p->type, SFTP_NAME);
    assert_int_equal(sftpd_get_u32(&p->r), 1);
    sftpd_get_text(&p->r, name, sizeof(name));
    return name;
}

static inline void make_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
    assert_int_equal(fclose(f), 0);
}

static inline const char *file_text(const char *path)
{
    static char text[4096];
    FILE *f = fopen(path, "re");
    assert_non_null(f);
    text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
    fclose(f);
    return text;
}

#endif
