/* SPDX-License-Identifier: MIT
 *
 * vec_post.h - what is done last to sixteen results: enum cedm_post. */
#ifndef CEDM_CPU_VEC_POST_H
#define CEDM_CPU_VEC_POST_H

#include "cedm_model.h"
#include "runtime/cpu/vec.h"
#include "runtime/gelu.h"

/* y Phi(y): see gelu.h. */
CEDM_INLINE v16 v16_gelu(v16 y)
{
    static const float p[] = CEDM_GELU_COEFFICIENTS;
    const v16 one = v16_set(1.0f), zero = v16_set(0.0f);
    const v16 size = v16_max(v16_sub(zero, y), y);
    const v16 t = v16_div(one, v16_fma(size, v16_set(CEDM_GELU_SLOPE), one));
    v16 sum = v16_set(p[0]);

    for (size_t i = 1; i < sizeof p / sizeof *p; i++) {
        sum = v16_fma(sum, t, v16_set(p[i]));
    }
    const v16 bell = v16_exp(v16_mul(v16_mul(y, y), v16_set(-0.5f)));
    const v16 tail = v16_mul(v16_mul(sum, t), v16_mul(bell, v16_set(0.5f)));

    return v16_sub(v16_max(zero, y), v16_mul(size, tail));
}

CEDM_INLINE v16 v16_post(v16 y, uint32_t post)
{
    switch (post) {
    case CEDM_POST_RELU: return v16_max(v16_set(0.0f), y);
    case CEDM_POST_GELU: return v16_gelu(y);
    default: return y;
    }
}

#endif
