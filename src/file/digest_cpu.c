/* SPDX-License-Identifier: MIT */
/* Which way of computing XXH3 is the fastest on this processor. */
#include <string.h>

#include "file/digest_update.h"

digest_update_fn *digest_update_for(const char hypervisor[12], bool avx2)
{
    if (memcmp(hypervisor, "TCGTCGTCGTCG", 12) == 0) {
        return digest_update_scalar;
    }
    return avx2 ? digest_update_avx2 : digest_update_baseline;
}

#if defined(__x86_64__)

#include <cpuid.h>

#define LEAF_FEATURES   1u
#define LEAF_HYPERVISOR 0x40000000u
#define ECX_HYPERVISOR  (1u << 31)

digest_update_fn *digest_update_for_this_cpu(void)
{
    unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
    unsigned name[3] = {0};

    /* The hypervisor's leaf is only there where the bit says so. */
    if (__get_cpuid(LEAF_FEATURES, &eax, &ebx, &ecx, &edx) && (ecx & ECX_HYPERVISOR) != 0) {
        __cpuid(LEAF_HYPERVISOR, eax, name[0], name[1], name[2]);
    }
    return digest_update_for((const char *)name, __builtin_cpu_supports("avx2"));
}

#else

digest_update_fn *digest_update_for_this_cpu(void)
{
    return digest_update_baseline;
}

#endif
