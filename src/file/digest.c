/* SPDX-License-Identifier: MIT */
/* Only the files named digest* see xxhash in the engine; it is inlined, so nothing links a library.
 */
#include "file/digest.h"

#include <errno.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "file/digest_update.h"

#define ZEROS_SIZE 16384u

struct file_digest {
    XXH3_state_t state;
};

/* For the whole process: in a virtual machine each CPUID costs an exit to the hypervisor. */
static digest_update_fn *update;

int file_digest_new(struct file_digest **ret)
{
    /* The state's own constructor knows its alignment, malloc(3) does not. */
    XXH3_state_t *state = XXH3_createState();

    _Static_assert(offsetof(struct file_digest, state) == 0, "the state is the object");
    if (!state) {
        return -ENOMEM;
    }
    if (!update) {
        update = digest_update_for_this_cpu();
    }
    *ret = (struct file_digest *)(void *)state;
    file_digest_reset(*ret);
    return 0;
}

void file_digest_free(struct file_digest *digest)
{
    if (digest) {
        XXH3_freeState(&digest->state);
    }
}

void file_digest_reset(struct file_digest *digest)
{
    XXH3_128bits_reset(&digest->state);
}

void digest_update_baseline(struct file_digest *digest, const void *bytes, size_t length)
{
    XXH3_128bits_update(&digest->state, bytes, length);
}

void file_digest_update(struct file_digest *digest, const void *bytes, size_t length)
{
    update(digest, bytes, length);
}

void file_digest_zeros(struct file_digest *digest, uint64_t length)
{
    static const uint8_t zeros[ZEROS_SIZE]; /* small enough to stay in the first-level cache */

    while (length > 0) {
        size_t size = length < sizeof(zeros) ? (size_t)length : sizeof(zeros);
        update(digest, zeros, size);
        length -= size;
    }
}

void file_digest_result(const struct file_digest *digest, uint8_t ret[VSH_FILE_DIGEST_SIZE])
{
    XXH128_canonical_t canonical;

    _Static_assert(sizeof(canonical) == VSH_FILE_DIGEST_SIZE, "128 bits");
    XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(&digest->state));
    memcpy(ret, canonical.digest, VSH_FILE_DIGEST_SIZE);
}
