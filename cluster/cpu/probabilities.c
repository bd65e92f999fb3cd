/* SPDX-License-Identifier: MIT
 *
 * probabilities.c - what TEMI makes of the logits of one row. */
#include <math.h>

#include "cluster/cpu/kernels_isa.h"
#include "runtime/fmath.h"

#define AT(p) ((size_t)(p)*CLUSTER_PANEL)

static float largest_of(const float *values, uint32_t panels)
{
    v16 most = v16_load(values);

    for (uint32_t p = 1; p < panels; p++) {
        most = v16_max(most, v16_load(values + AT(p)));
    }
    return v16_largest(most);
}

/* v16_exp has no zero: classes that do not exist lie so far down that what
 * it gives for them, e^-87, is taken off again. */
void CLUSTER_ISA_NAME(softmax)(const float *logits, float scale,
                               uint32_t panels, float *q, float *log_q)
{
    const v16 factor = v16_set(scale), nothing = v16_exp(v16_set(-1e30f));
    const v16 most = v16_set(largest_of(logits, panels));
    v16 sum = v16_set(0.0f);

    for (uint32_t p = 0; p < panels; p++) {
        const v16 x =
            v16_mul(v16_sub(v16_load(logits + AT(p)), most), factor);
        const v16 e = v16_sub(v16_exp(x), nothing);

        v16_store(log_q + AT(p), x);
        v16_store(q + AT(p), e);
        sum = v16_add(sum, e);
    }
    const float total = v16_sum(sum);
    const v16 inverse = v16_set(1.0f / total);
    const v16 logarithm = v16_set((float)cedm_log((double)total));

    for (uint32_t p = 0; p < panels; p++) {
        v16_store(q + AT(p), v16_mul(v16_load(q + AT(p)), inverse));
        v16_store(log_q + AT(p), v16_sub(v16_load(log_q + AT(p)), logarithm));
    }
}

float CLUSTER_ISA_NAME(overlap)(const float *a, const float *b,
                                uint32_t panels)
{
    v16 sum = v16_set(0.0f);

    for (uint32_t p = 0; p < panels; p++) {
        sum = v16_fma(v16_load(a + AT(p)), v16_load(b + AT(p)), sum);
    }
    return v16_sum(sum);
}

float CLUSTER_ISA_NAME(mutual)(const float *log_q, const float *log_t,
                               float beta, const float *inverse,
                               uint32_t panels, float *r)
{
    const v16 power = v16_set(beta);
    v16 sum = v16_set(0.0f);

    for (uint32_t p = 0; p < panels; p++) {
        const v16 x =
            v16_add(v16_load(log_q + AT(p)), v16_load(log_t + AT(p)));
        const v16 value =
            v16_mul(v16_exp(v16_mul(power, x)), v16_load(inverse + AT(p)));

        v16_store(r + AT(p), value);
        sum = v16_add(sum, value);
    }
    return v16_sum(sum);
}
