/* SPDX-License-Identifier: MIT
 *
 * post.h - what is done last to a result, in plain C: enum cedm_post. */
#ifndef CEDM_OPS_POST_H
#define CEDM_OPS_POST_H

#include "cedm_model.h"
#include "runtime/gelu.h"
#include "runtime/ops/lanes.h"

/* y Phi(y): see gelu.h. */
static inline float cedm_gelu(float y)
{
    static const float p[] = CEDM_GELU_COEFFICIENTS;
    float size = y < 0.0f ? -y : y;
    float t = 1.0f / (1.0f + size * CEDM_GELU_SLOPE), sum = p[0];

    for (size_t i = 1; i < sizeof p / sizeof *p; i++) {
        sum = sum * t + p[i];
    }
    sum *= t * cedm_lanes_exp((cedm_lanes){-0.5f * y * y})[0];
    return (y < 0.0f ? 0.0f : y) - 0.5f * size * sum;
}

/* A NaN stays one. */
static inline float cedm_post(float y, uint32_t post)
{
    switch (post) {
    case CEDM_POST_RELU: return y < 0.0f ? 0.0f : y;
    case CEDM_POST_GELU: return cedm_gelu(y);
    default: return y;
    }
}

#endif
