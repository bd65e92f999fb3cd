/* SPDX-License-Identifier: MIT
 *
 * reduce.c - what is read off scores and panels. */
#include "cluster/cpu/kernels_isa.h"

void CLUSTER_ISA_NAME(largest)(const float *values, uint32_t panels,
                               float *out)
{
    for (uint32_t p = 0; p < panels; p++) {
        out[p] = v16_largest(v16_load(values + (size_t)p * CLUSTER_PANEL));
    }
}

void CLUSTER_ISA_NAME(squares)(const float *panel, uint32_t k, float *out)
{
    v16 sum = v16_set(0.0f);

    for (uint32_t i = 0; i < k; i++) {
        const v16 x = v16_load(panel + (size_t)i * CLUSTER_PANEL);

        sum = v16_fma(x, x, sum);
    }
    v16_store(out, sum);
}
