/* SPDX-License-Identifier: MIT */
/*
 * Bytes into files: WRITE, whose data goes to the file as it arrives, and copy-data, which goes on
 * in slices between other work of the process.
 */
#include "server/ssh/sftpd_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

#define COPY_SLICE (4u * 1024u * 1024u)
#define COPY_BLOCK (64u * 1024u)

static void write_finish(struct sftpd *sftpd)
{
    sftpd->write.active = false;
    sftpd_reply_status(sftpd, sftpd->write.id, sftpd->write.outcome);
}

/* What the head alone decides. */
static int write_check(struct sftpd *sftpd, const struct sftpd_reader *r, uint32_t length,
                       size_t payload)
{
    if (r->error != 0 || length > payload) {
        return -EBADMSG;
    }
    if (sftpd->no_upload != NULL) {
        return sftpd_refuse(sftpd, sftpd->no_upload);
    }
    const struct sftpd_handle *handle = sftpd->write.handle;
    return handle == NULL || handle->dir != NULL ? SFTPD_BAD_HANDLE : 0;
}

void sftpd_write_begin(struct sftpd *sftpd, uint32_t id, struct sftpd_reader *r, size_t payload)
{
    struct sftpd_write *write = &sftpd->write;
    write->active = true;
    write->id = id;
    write->handle = sftpd_get_handle(sftpd, r);
    write->offset = sftpd_get_u64(r);
    uint32_t length = sftpd_get_u32(r);
    write->outcome = write_check(sftpd, r, length, payload);
    write->data_left = write->outcome == 0 ? length : 0;
    write->skip_left = payload - write->data_left;
    if (payload == 0) {
        write_finish(sftpd);
    }
}

/* All of it, or a negative errno; *ret_done is what reached the file in either case. */
static int write_all_at(int fd, const uint8_t *bytes, size_t length, uint64_t offset,
                        size_t *ret_done)
{
    *ret_done = 0;
    while (*ret_done < length) {
        ssize_t n = pwrite(fd, bytes + *ret_done, length - *ret_done, (off_t)(offset + *ret_done));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return -errno;
        }
        *ret_done += (size_t)n;
    }
    return 0;
}

size_t sftpd_write_data(struct sftpd *sftpd, const uint8_t *bytes, size_t length)
{
    struct sftpd_write *write = &sftpd->write;
    size_t data = length < write->data_left ? length : write->data_left;
    if (data > 0) {
        size_t done;
        int r = write_all_at(write->handle->fd, bytes, data, write->offset, &done);
        write->handle->bytes_written += done;
        sftpd->totals.bytes_written += done;
        write->offset += data;
        write->data_left -= data;
        if (r < 0) {
            /* The packet's rest still has to be taken off the stream. */
            write->outcome = r;
            write->skip_left += write->data_left;
            write->data_left = 0;
        }
    }
    size_t skip = 0;
    if (write->data_left == 0) {
        skip = length - data < write->skip_left ? length - data : write->skip_left;
        write->skip_left -= skip;
    }
    if (write->data_left == 0 && write->skip_left == 0) {
        write_finish(sftpd);
    }
    return data + skip;
}

static bool ranges_overlap(const struct sftpd_copy *copy)
{
    if (copy->to_end) {
        return copy->to >= copy->from;
    }
    return copy->from < copy->to + copy->left && copy->to < copy->from + copy->left;
}

int sftpd_on_copy_data(struct sftpd *sftpd, uint32_t id, struct sftpd_reader *r)
{
    struct sftpd_copy copy = {.active = true, .id = id};
    struct sftpd_handle *from = sftpd_get_handle(sftpd, r);
    copy.from = sftpd_get_u64(r);
    copy.left = sftpd_get_u64(r);
    struct sftpd_handle *to = sftpd_get_handle(sftpd, r);
    copy.to = sftpd_get_u64(r);
    copy.to_end = copy.left == 0;
    if (r->error != 0) {
        return r->error;
    }
    if (from == NULL || to == NULL || from->dir != NULL || to->dir != NULL) {
        return SFTPD_BAD_HANDLE;
    }
    if (copy.from > INT64_MAX || copy.to > INT64_MAX || copy.left > INT64_MAX ||
        /* Two handles may be one file, and a copy that follows its own end would never stop. */
        (fd_is_same(from->fd, to->fd) && ranges_overlap(&copy))) {
        return -EINVAL;
    }
    copy.from_fd = from->fd;
    copy.to_fd = to->fd;
    sftpd->copy = copy;
    return SFTPD_REPLIED;
}

/* The slow way, where the kernel cannot copy between the two. Returns bytes, 0 at the end. */
static ssize_t copy_block(const struct sftpd_copy *copy, size_t length)
{
    uint8_t block[COPY_BLOCK];
    size_t done;
    size_t wanted = length < sizeof(block) ? length : sizeof(block);
    ssize_t n = pread(copy->from_fd, block, wanted, (off_t)copy->from);
    if (n < 0) {
        return -errno;
    }
    int r = write_all_at(copy->to_fd, block, (size_t)n, copy->to, &done);
    return r < 0 ? r : n;
}

static ssize_t copy_some(const struct sftpd_copy *copy, size_t length)
{
    off_t from = (off_t)copy->from, to = (off_t)copy->to;
    ssize_t n = copy_file_range(copy->from_fd, &from, copy->to_fd, &to, length, 0);
    if (n > 0) {
        return n;
    }
    /* 0 may be a lie on /proc and friends; most errors only mean "not between these two". */
    return copy_block(copy, length);
}

void sftpd_work(struct sftpd *sftpd)
{
    struct sftpd_copy *copy = &sftpd->copy;
    ssize_t n = 1;
    if (!copy->active) {
        return;
    }
    for (size_t slice = 0; slice < COPY_SLICE && n > 0; slice += (size_t)n) {
        size_t wanted = COPY_SLICE;
        if (!copy->to_end && copy->left < wanted) {
            wanted = (size_t)copy->left;
        }
        n = wanted > 0 ? copy_some(copy, wanted) : 0;
        if (n > 0) {
            copy->from += (uint64_t)n;
            copy->to += (uint64_t)n;
            copy->left -= copy->to_end ? 0 : (uint64_t)n;
        }
    }
    if (n <= 0) {
        copy->active = false;
        sftpd_reply_status(sftpd, copy->id, (int)n);
    }
}
