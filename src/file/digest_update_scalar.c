/* SPDX-License-Identifier: MIT */
/* For processors that are emulated, where code without vectors is the fastest. */
#include "file/digest_update.h"

#define XXH_INLINE_ALL
#define XXH_VECTOR 0 /* XXH_SCALAR, which the header names only later */
#include <xxhash.h>

void digest_update_scalar(struct file_digest *digest, const void *bytes, size_t length)
{
    XXH3_128bits_update((XXH3_state_t *)(void *)digest, bytes, length);
}
