/* SPDX-License-Identifier: MIT
 *
 * gelu.c - the activation of heads and its derivative: see runtime/gelu.h. */
#include "cluster/cpu/kernels_isa.h"
#include "runtime/gelu.h"

/* e^(-u^2/2), and the normal distribution's Phi(-|u|). */
CEDM_INLINE v16 tail(v16 u, v16 *bell)
{
    static const float coefficients[] = CEDM_GELU_COEFFICIENTS;
    const v16 one = v16_set(1.0f), zero = v16_set(0.0f);
    const v16 size = v16_max(u, v16_sub(zero, u));
    const v16 t = v16_div(one, v16_fma(size, v16_set(CEDM_GELU_SLOPE), one));
    v16 sum = v16_set(coefficients[0]);

    for (size_t i = 1; i < sizeof coefficients / sizeof *coefficients; i++) {
        sum = v16_fma(sum, t, v16_set(coefficients[i]));
    }
    *bell = v16_exp(v16_mul(v16_mul(u, u), v16_set(-0.5f)));
    return v16_mul(v16_mul(sum, t), v16_mul(*bell, v16_set(0.5f)));
}

/* u Phi(u) = max(u, 0) - |u| Phi(-|u|), for either sign. */
void CLUSTER_ISA_NAME(gelu)(const float *u, float *out, size_t n)
{
    const v16 zero = v16_set(0.0f);

    for (size_t i = 0; i < n; i += CLUSTER_PANEL) {
        const v16 x = v16_load(u + i);
        const v16 size = v16_max(x, v16_sub(zero, x));
        v16 bell;

        v16_store(out + i,
                  v16_sub(v16_max(x, zero), v16_mul(size, tail(x, &bell))));
    }
}

/* Phi(u) + u phi(u): Phi is the tail below 0 and 1 minus it above, where
 * max(u, 0) / |u| is 1. */
void CLUSTER_ISA_NAME(gelu_grad)(const float *u, float *grad, size_t n)
{
    const v16 zero = v16_set(0.0f), half = v16_set(0.5f);
    const v16 phi = v16_set(0.398942280f); /* 1 / sqrt(2 pi) */

    for (size_t i = 0; i < n; i += CLUSTER_PANEL) {
        const v16 x = v16_load(u + i);
        const v16 size =
            v16_max(v16_max(x, v16_sub(zero, x)), v16_set(1e-30f));
        const v16 sign = v16_div(x, size);
        v16 bell;
        const v16 lower = tail(x, &bell);
        /* 1/2 + sign (1/2 - Phi(-|u|)) */
        const v16 below = v16_fma(sign, v16_sub(half, lower), half);
        const v16 slope = v16_fma(v16_mul(x, bell), phi, below);

        v16_store(grad + i, v16_mul(v16_load(grad + i), slope));
    }
}
