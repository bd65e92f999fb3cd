/* SPDX-License-Identifier: MIT
 *
 * vector_kernels.c - which kernels a processor gets. */
#include "cluster/vector_kernels.h"

#include "cedm.h"

#define DECLARE(name, bit)                                                   \
    extern const cluster_kernels cluster_kernels_##name;
CEDM_ISA_LIST(DECLARE)
#undef DECLARE
extern const cluster_kernels cluster_kernels_portable;

const cluster_kernels *cluster_kernels_for(uint32_t mask)
{
    mask &= cedm_isa_available();
#if defined __x86_64__
    if ((mask & CEDM_ISA_avx512) != 0) {
        return &cluster_kernels_avx512;
    }
    if ((mask & CEDM_ISA_avx2) != 0) {
        return &cluster_kernels_avx2;
    }
#elif defined __aarch64__
    if ((mask & CEDM_ISA_neon) != 0) {
        return &cluster_kernels_neon;
    }
#endif
    return &cluster_kernels_portable;
}
