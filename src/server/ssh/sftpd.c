/* SPDX-License-Identifier: MIT */
/*
 * Framing and dispatch: packets out of the byte stream at every split point, one handler each. A
 * packet that has come whole is read where it lies; only torn ones are copied together. The data of
 * a WRITE never waits for its end.
 */
#include "server/ssh/sftpd_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define REPLY_MAX (SFTP_PACKET_MAX + 64u)
/* length, type, id, handle's length; and what follows the handle: offset, data's length. */
#define WRITE_FIXED 13u
#define WRITE_AFTER 12u
#define LOOKUPS_MAX 256u /* of users and groups, for one request */

static const struct {
    uint8_t type;
    bool changes; /* refused with --no-upload */
    sftpd_handler *handler;
    const char *audited; /* the name in the audit line; NULL = none */
} requests[] = {
    {SFTP_OPEN, false, sftpd_on_open, "sftp-open"}, /* decides by its flags */
    {SFTP_CLOSE, false, sftpd_on_close, NULL},
    {SFTP_READ, false, sftpd_on_read, NULL},
    {SFTP_LSTAT, false, sftpd_on_lstat, NULL},
    {SFTP_FSTAT, false, sftpd_on_fstat, NULL},
    {SFTP_SETSTAT, true, sftpd_on_setstat, "sftp-setstat"},
    {SFTP_FSETSTAT, true, sftpd_on_fsetstat, NULL}, /* of a file that has its own line */
    {SFTP_OPENDIR, false, sftpd_on_opendir, NULL},
    {SFTP_READDIR, false, sftpd_on_readdir, NULL},
    {SFTP_REMOVE, true, sftpd_on_remove, "sftp-remove"},
    {SFTP_MKDIR, true, sftpd_on_mkdir, "sftp-mkdir"},
    {SFTP_RMDIR, true, sftpd_on_rmdir, "sftp-rmdir"},
    {SFTP_REALPATH, false, sftpd_on_realpath, NULL},
    {SFTP_STAT, false, sftpd_on_stat, NULL},
    {SFTP_RENAME, true, sftpd_on_rename, "sftp-rename"},
    {SFTP_READLINK, false, sftpd_on_readlink, NULL},
    {SFTP_SYMLINK, true, sftpd_on_symlink, "sftp-symlink"},
    {SFTP_EXTENDED, false, sftpd_on_extended, NULL}, /* has a table of its own */
};

static int copy_text(const char *text, char **ret)
{
    *ret = text != NULL ? strdup(text) : NULL;
    return text != NULL && *ret == NULL ? -ENOMEM : 0;
}

int sftpd_new(const struct sftpd_options *options, struct sftpd **ret)
{
    struct sftpd *sftpd = calloc(1, sizeof(*sftpd));
    if (sftpd == NULL) {
        return -ENOMEM;
    }
    sftpd->options = *options;
    if (copy_text(options->home, &sftpd->home) < 0 ||
        copy_text(options->no_upload, &sftpd->no_upload) < 0 ||
        copy_text(options->no_download, &sftpd->no_download) < 0 ||
        sftpd_handles_new(&sftpd->handles) < 0 || sftpd_names_new(&sftpd->names) < 0 ||
        buffer_init(&sftpd->input, SFTP_PACKET_MAX + 4) < 0 ||
        /* Twice the bound, so that content moves down once per megabyte at most. */
        buffer_init(&sftpd->output, 2 * SFTPD_OUTPUT_MAX + REPLY_MAX) < 0) {
        sftpd_free(sftpd);
        return -ENOMEM;
    }
    *ret = sftpd;
    return 0;
}

void sftpd_free(struct sftpd *sftpd)
{
    if (sftpd == NULL) {
        return;
    }
    sftpd_handles_free(sftpd->handles);
    sftpd_names_free(sftpd->names);
    buffer_done(&sftpd->input);
    buffer_done(&sftpd->output);
    free(sftpd->home);
    free(sftpd->no_upload);
    free(sftpd->no_download);
    free(sftpd);
}

bool sftpd_wants_input(const struct sftpd *sftpd)
{
    return sftpd->fatal == NULL && !sftpd->copy.active &&
           buffer_length(&sftpd->output) <= SFTPD_OUTPUT_MAX;
}

size_t sftpd_output(const struct sftpd *sftpd, const uint8_t **ret)
{
    *ret = buffer_head(&sftpd->output);
    return buffer_length(&sftpd->output);
}

void sftpd_consume(struct sftpd *sftpd, size_t length)
{
    buffer_consume(&sftpd->output, length);
}

const struct sftpd_totals *sftpd_totals(const struct sftpd *sftpd)
{
    return &sftpd->totals;
}

bool sftpd_busy(const struct sftpd *sftpd)
{
    return sftpd->copy.active;
}

const char *sftpd_error(const struct sftpd *sftpd)
{
    return sftpd->fatal != NULL ? sftpd->fatal : "no error";
}

int sftpd_refuse(struct sftpd *sftpd, const char *sentence)
{
    sftpd->refusal = sentence;
    return SFTPD_REFUSED;
}

struct sftpd_handle *sftpd_get_handle(struct sftpd *sftpd, struct sftpd_reader *r)
{
    size_t length;
    const uint8_t *wire = sftpd_get_string(r, &length);
    return sftpd_handle_find(sftpd->handles, wire, length);
}

static int fail(struct sftpd *sftpd, const char *sentence)
{
    sftpd->fatal = sentence;
    return -EBADMSG;
}

/* An INIT may come again, as with OpenSSH's server; the answer is always version 3. */
static int answer_init(struct sftpd *sftpd)
{
    struct sftpd_writer w;
    sftpd_reply_begin(sftpd, SFTP_VERSION_REPLY, SFTP_VERSION, 4096, &w);
    sftpd_put_extensions(sftpd, &w);
    sftpd->initialised = true;
    (void)sftpd_reply_end(sftpd, &w);
    return 0;
}

static int dispatch(struct sftpd *sftpd, uint8_t type, uint32_t id, struct sftpd_reader *r)
{
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        if (requests[i].type != type) {
            continue;
        }
        sftpd->path[0] = sftpd->second_path[0] = '\0';
        sftpd_names_allow(sftpd->names, LOOKUPS_MAX);
        int outcome = requests[i].changes && sftpd->no_upload != NULL
                          ? sftpd_refuse(sftpd, sftpd->no_upload)
                          : requests[i].handler(sftpd, id, r);
        sftpd_audit_request(sftpd, requests[i].audited, requests[i].changes, outcome);
        return outcome;
    }
    return SFTPD_UNSUPPORTED;
}

/* One packet, whole, or of a WRITE the head. Returns 0 or -EBADMSG. */
static int take_packet(struct sftpd *sftpd, const uint8_t *data, size_t length)
{
    uint8_t type = data[4];
    struct sftpd_reader r = {.data = data + 5, .length = length - 5};
    uint32_t id = sftpd_get_u32(&r);
    if (r.error != 0) {
        return fail(sftpd, "an SFTP packet is too short for its request id");
    }
    if (type == SFTP_INIT) {
        return answer_init(sftpd);
    }
    if (!sftpd->initialised) {
        return fail(sftpd, "an SFTP request came before INIT");
    }
    if (type == SFTP_WRITE) {
        sftpd_write_begin(sftpd, id, &r, 4 + (size_t)sftpd_load_u32(data) - length);
        return 0;
    }
    int outcome = dispatch(sftpd, type, id, &r);
    if (outcome != SFTPD_REPLIED) {
        sftpd_reply_status(sftpd, id, outcome);
    }
    return 0;
}

/*
 * How many bytes from a packet's first must be there before take_packet(): the whole packet, or the
 * head of a WRITE. Grows as more of the head is known. -EBADMSG when the length cannot be true.
 */
static ssize_t bytes_needed(struct sftpd *sftpd, const uint8_t *data, size_t length)
{
    if (length < 5) {
        return 5;
    }
    size_t packet = sftpd_load_u32(data);
    if (packet < 5 || packet > SFTP_PACKET_MAX) {
        return fail(sftpd, "the length of an SFTP packet is not between 5 and 262144 bytes");
    }
    if (data[4] != SFTP_WRITE || packet + 4 < WRITE_FIXED) {
        return (ssize_t)packet + 4;
    }
    if (length < WRITE_FIXED) {
        return WRITE_FIXED;
    }
    size_t head = (size_t)sftpd_load_u32(data + 9) + WRITE_FIXED + WRITE_AFTER;
    /* A head that claims to be longer than its packet is read whole and answered BAD_MESSAGE. */
    return (ssize_t)(head < packet + 4 ? head : packet + 4);
}

/* Adds to the torn packet what it lacks, or less, and takes it when it is complete. */
static ssize_t complete_packet(struct sftpd *sftpd, const uint8_t *bytes, size_t length)
{
    struct buffer *input = &sftpd->input;
    ssize_t needed = bytes_needed(sftpd, buffer_head(input), buffer_length(input));
    if (needed < 0) {
        return needed;
    }
    size_t missing = (size_t)needed - buffer_length(input);
    size_t taken = length < missing ? length : missing;
    if (buffer_append(input, bytes, taken) < 0) {
        return fail(sftpd, "an SFTP packet is larger than its buffer");
    }
    needed = bytes_needed(sftpd, buffer_head(input), buffer_length(input));
    if (needed < 0) {
        return needed;
    }
    if (buffer_length(input) < (size_t)needed) {
        return (ssize_t)taken;
    }
    int r = take_packet(sftpd, buffer_head(input), buffer_length(input));
    buffer_clear(input);
    return r < 0 ? r : (ssize_t)taken;
}

static ssize_t take_some(struct sftpd *sftpd, const uint8_t *bytes, size_t length)
{
    if (sftpd->write.active) {
        return (ssize_t)sftpd_write_data(sftpd, bytes, length);
    }
    if (buffer_length(&sftpd->input) > 0) {
        return complete_packet(sftpd, bytes, length);
    }
    ssize_t needed = bytes_needed(sftpd, bytes, length);
    if (needed < 0) {
        return needed;
    }
    if ((size_t)needed > length) {
        return complete_packet(sftpd, bytes, length);
    }
    int r = take_packet(sftpd, bytes, (size_t)needed);
    return r < 0 ? r : needed;
}

ssize_t sftpd_input(struct sftpd *sftpd, const uint8_t *bytes, size_t length)
{
    size_t used = 0;
    if (sftpd->fatal != NULL) {
        return -EBADMSG;
    }
    while (used < length && sftpd_wants_input(sftpd)) {
        ssize_t n = take_some(sftpd, bytes + used, length - used);
        if (n < 0) {
            return n;
        }
        used += (size_t)n;
    }
    return (ssize_t)used;
}
