/* SPDX-License-Identifier: MIT
 *
 * vector.h - sixteen floats side by side: those of the instruction set that
 * a file is compiled for, CEDM_ISA, or, without one, the same operations on
 * four times four floats, which every compiler knows.
 *
 * There a fused multiply-add is a product and a sum, each rounded. */
#ifndef CEDM_CLUSTER_VECTOR_H
#define CEDM_CLUSTER_VECTOR_H

#ifdef CEDM_ISA

#include "runtime/cpu/vec.h"

#else

#include <string.h>

#include "runtime/ops/lanes.h"

#define CEDM_INLINE static inline __attribute__((always_inline))

typedef struct v16 {
    cedm_lanes q[4];
} v16;

#define CLUSTER_EACH(i) for (size_t i = 0; i < 4; i++)

CEDM_INLINE v16 v16_load(const float *p)
{
    v16 x;

    memcpy(&x, p, sizeof x);
    return x;
}

CEDM_INLINE void v16_store(float *p, v16 x)
{
    memcpy(p, &x, sizeof x);
}

CEDM_INLINE v16 v16_set(float x)
{
    const cedm_lanes q = {x, x, x, x};

    return (v16){{q, q, q, q}};
}

CEDM_INLINE v16 v16_fma(v16 a, v16 b, v16 c)
{
    CLUSTER_EACH(i)
    {
        c.q[i] += a.q[i] * b.q[i];
    }
    return c;
}

#define CLUSTER_OPERATION(name, operator)                                    \
    CEDM_INLINE v16 v16_##name(v16 a, v16 b)                                 \
    {                                                                        \
        CLUSTER_EACH(i)                                                      \
        {                                                                    \
            a.q[i] = a.q[i] operator b.q[i];                                 \
        }                                                                    \
        return a;                                                            \
    }
CLUSTER_OPERATION(add, +)
CLUSTER_OPERATION(sub, -)
CLUSTER_OPERATION(mul, *)
CLUSTER_OPERATION(div, /)
#undef CLUSTER_OPERATION

CEDM_INLINE v16 v16_max(v16 a, v16 b)
{
    CLUSTER_EACH(i)
    {
        const cedm_lanes_bits larger = (cedm_lanes_bits)(a.q[i] > b.q[i]);

        b.q[i] = (cedm_lanes)(((cedm_lanes_bits)a.q[i] & larger) |
                              ((cedm_lanes_bits)b.q[i] & ~larger));
    }
    return b;
}

CEDM_INLINE v16 v16_exp(v16 x)
{
    CLUSTER_EACH(i)
    {
        x.q[i] = cedm_lanes_exp(x.q[i]);
    }
    return x;
}

/* By halves: lane i with i + 8, then 4, 2, 1. */
CEDM_INLINE float v16_sum(v16 x)
{
    const cedm_lanes q = (x.q[0] + x.q[2]) + (x.q[1] + x.q[3]);

    return (q[0] + q[2]) + (q[1] + q[3]);
}

CEDM_INLINE float v16_largest(v16 x)
{
    float largest = x.q[0][0];

    for (size_t lane = 1; lane < 16; lane++) {
        const float value = x.q[lane / 4][lane % 4];

        largest = value > largest ? value : largest;
    }
    return largest;
}

#endif

#endif
