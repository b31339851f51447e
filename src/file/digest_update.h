/* SPDX-License-Identifier: MIT */
/*
 * The part of XXH3 that costs: it is compiled once per kind of processor, from the same header of
 * xxhash, and all kinds give the same digest from the same state. Measured with 256 KiB at a time:
 * SSE2, which every x86-64 has, 20 GB/s, AVX2 54; under emulation (QEMU's TCG) SSE2 0.4, AVX2 0.8
 * and without vectors 1.7 GB/s, as each vector instruction is a call there.
 */
#ifndef FILE_DIGEST_UPDATE_H
#define FILE_DIGEST_UPDATE_H

#include <stdbool.h>
#include <stddef.h>

struct file_digest;
typedef void digest_update_fn(struct file_digest *digest, const void *bytes, size_t length);

digest_update_fn
    digest_update_baseline;          /* what the compiler may take for granted: SSE2, NEON ... */
digest_update_fn digest_update_avx2; /* without AVX2 in the compiler, the same as baseline */
digest_update_fn digest_update_scalar;

/* hypervisor: the 12 bytes by which leaf 0x40000000 of CPUID names it, zeros for none. */
digest_update_fn *digest_update_for(const char hypervisor[12], bool avx2);
digest_update_fn *digest_update_for_this_cpu(void);

#endif
