/* SPDX-License-Identifier: MIT
 *
 * stage.c - activation on the way into scratch; statistics of results. */
#include "cpu/stage.h"

#include "cpu/vec.h"

CEDM_INLINE v16 activate(v16 x, v16 a, v16 b, const uint32_t act)
{
    x = v16_fma(a, x, b);
    return act == CEDM_ACT_SILU ? v16_silu(x) : x;
}

CEDM_INLINE void stage_act(float *dst, size_t stride, const float *src,
                           size_t pixels, size_t channels, const float *a,
                           const float *b, const uint32_t act)
{
    size_t whole = channels & ~(size_t)15, rest = channels - whole;

    for (size_t c = 0; c < whole; c += 16) {
        const v16 va = v16_load(a + c), vb = v16_load(b + c);

        for (size_t p = 0; p < pixels; p++) {
            v16 x = v16_load(src + p * channels + c);

            v16_store(dst + p * stride + c, activate(x, va, vb, act));
        }
    }
    if (rest != 0) {
        const v16 va = v16_load_part(a + whole, rest);
        const v16 vb = v16_load_part(b + whole, rest);

        for (size_t p = 0; p < pixels; p++) {
            v16 x = v16_load_part(src + p * channels + whole, rest);

            v16_store_part(dst + p * stride + whole,
                           activate(x, va, vb, act), rest);
        }
    }
}

void CEDM_ISA_NAME(stage)(float *dst, size_t stride, const float *src,
                          size_t pixels, size_t channels, const float *a,
                          const float *b, uint32_t act)
{
    if (act == CEDM_ACT_SILU) {
        stage_act(dst, stride, src, pixels, channels, a, b, CEDM_ACT_SILU);
    } else if (act == CEDM_ACT_AFFINE) {
        stage_act(dst, stride, src, pixels, channels, a, b, CEDM_ACT_AFFINE);
    } else if (stride == channels) {
        memcpy(dst, src, pixels * channels * sizeof *dst);
    } else {
        for (size_t p = 0; p < pixels; p++) {
            memcpy(dst + p * stride, src + p * channels,
                   channels * sizeof *dst);
        }
    }
}

/* ---- statistics -------------------------------------------------------- */

/* Sums wait for each other; four of them, of every fourth pixel, do not. */
#define SUMS 4

CEDM_INLINE v16 load_columns(const float *p, size_t columns)
{
    return columns == 16 ? v16_load(p) : v16_load_part(p, columns);
}

CEDM_INLINE v16 add_up(const v16 s[SUMS])
{
    return v16_add(v16_add(s[0], s[1]), v16_add(s[2], s[3]));
}

/* The mean is found in two steps: the second removes what rounding left in
 * the first, from the mean and from the squares about it. */
CEDM_INLINE void moments_of(v16 *mean, v16 *m2, const float *src,
                            size_t pixels, size_t stride, size_t columns)
{
    const v16 zero = v16_set(0.0f);
    const v16 share = v16_set(1.0f / (float)pixels);
    v16 sum[SUMS] = {zero, zero, zero, zero};
    v16 squares[SUMS] = {zero, zero, zero, zero};
    v16 first, left;

    for (size_t p = 0; p < pixels; p++) {
        v16 x = load_columns(src + p * stride, columns);

        sum[p % SUMS] = v16_add(sum[p % SUMS], x);
    }
    first = v16_mul(add_up(sum), share);
    for (int i = 0; i < SUMS; i++) {
        sum[i] = zero;
    }
    for (size_t p = 0; p < pixels; p++) {
        v16 d = v16_sub(load_columns(src + p * stride, columns), first);

        sum[p % SUMS] = v16_add(sum[p % SUMS], d);
        squares[p % SUMS] = v16_fma(d, d, squares[p % SUMS]);
    }
    left = add_up(sum);
    *mean = v16_fma(left, share, first);
    left = v16_mul(left, left);
    *m2 = v16_max(zero, v16_sub(add_up(squares), v16_mul(left, share)));
}

void CEDM_ISA_NAME(moments)(float *mean, float *m2, const float *src,
                            size_t pixels, size_t stride, size_t count)
{
    for (size_t c = 0; c < count; c += 16) {
        size_t columns = count - c < 16 ? count - c : 16;
        v16 vm, vs;

        if (columns == 16) {
            moments_of(&vm, &vs, src + c, pixels, stride, 16);
            v16_store(mean + c, vm);
            v16_store(m2 + c, vs);
        } else {
            moments_of(&vm, &vs, src + c, pixels, stride, columns);
            v16_store_part(mean + c, vm, columns);
            v16_store_part(m2 + c, vs, columns);
        }
    }
}
