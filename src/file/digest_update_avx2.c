/* SPDX-License-Identifier: MIT */
/* Compiled with AVX2 where the compiler knows it (CMakeLists.txt); run only where the processor
 * does. */
#include "file/digest_update.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

void digest_update_avx2(struct file_digest *digest, const void *bytes, size_t length)
{
    XXH3_128bits_update((XXH3_state_t *)(void *)digest, bytes, length);
}
