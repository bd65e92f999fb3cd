/* SPDX-License-Identifier: MIT
 *
 * reduce.c - what is read off scores and panels. */
#include "cluster/cpu/kernels_isa.h"

void CLUSTER_ISA_NAME(largest)(const float *values, const float *bias,
                               uint32_t panels, float *out)
{
    for (size_t p = 0; p < panels; p++) {
        v16 x = v16_load(values + p * CLUSTER_PANEL);

        if (bias != NULL) {
            x = v16_add(x, v16_load(bias + p * CLUSTER_PANEL));
        }
        out[p] = v16_largest(x);
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
