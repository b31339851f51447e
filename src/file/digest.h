/* SPDX-License-Identifier: MIT */
/*
 * XXH3-128 over a file's content as it streams by. Holes count as the zeros they read as, so the
 * result is what xxh128sum prints for the file, whatever holes either end has.
 */
#ifndef FILE_DIGEST_H
#define FILE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include <vsock-shell/file_message.h>

struct file_digest;

int file_digest_new(struct file_digest **ret); /* reset; 0 or -ENOMEM */
void file_digest_free(struct file_digest *digest);
void file_digest_reset(struct file_digest *digest);
void file_digest_update(struct file_digest *digest, const void *bytes, size_t length);
void file_digest_zeros(struct file_digest *digest, uint64_t length);

/* The digest of all that has been added; more may be added afterwards. */
void file_digest_result(const struct file_digest *digest, uint8_t ret[VSH_FILE_DIGEST_SIZE]);

#endif
