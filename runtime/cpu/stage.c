/* SPDX-License-Identifier: MIT
 *
 * stage.c - activation on the way into scratch; statistics of results. */
#include "runtime/cpu/stage.h"

#include "runtime/cpu/vec.h"

CEDM_INLINE v16 activate(v16 x, v16 a, v16 b, const uint32_t act)
{
    if (act == CEDM_ACT_NONE) {
        return x;
    }
    x = v16_fma(a, x, b);
    return act == CEDM_ACT_SILU ? v16_silu(x) : x;
}

/* Some coefficients of up to 16 channels; without act there are none. */
CEDM_INLINE v16 coefficients(const float *p, size_t columns)
{
    if (p == NULL) {
        return v16_set(0.0f);
    }
    return columns == 16 ? v16_load(p) : v16_load_part(p, columns);
}

/* Sixteen channels of all pixels.  The next ones' lines are fetched: where
 * these are few of a pixel's, no hardware foresees them. */
CEDM_INLINE void stage_columns(float *dst, size_t stride, const float *src,
                               size_t pixels, size_t channels, v16 a, v16 b,
                               const uint32_t act)
{
    for (; pixels >= 2; pixels -= 2) {
        v16 x = activate(v16_load(src), a, b, act);
        v16 y = activate(v16_load(src + channels), a, b, act);

        __builtin_prefetch(src + CEDM_PANEL, 0, 2);
        __builtin_prefetch(src + channels + CEDM_PANEL, 0, 2);
        v16_store(dst, x);
        v16_store(dst + stride, y);
        src += 2 * channels;
        dst += 2 * stride;
    }
    if (pixels != 0) {
        v16_store(dst, activate(v16_load(src), a, b, act));
    }
}

CEDM_INLINE void stage_act(float *dst, size_t stride, const float *src,
                           size_t pixels, size_t channels, const float *a,
                           const float *b, const uint32_t act)
{
    size_t whole = channels & ~(size_t)15, rest = channels - whole;

    for (size_t c = 0; c < whole; c += 16) {
        stage_columns(dst + c, stride, src + c, pixels, channels,
                      coefficients(a == NULL ? a : a + c, 16),
                      coefficients(b == NULL ? b : b + c, 16), act);
    }
    if (rest != 0) {
        v16 va = coefficients(a == NULL ? a : a + whole, rest);
        v16 vb = coefficients(b == NULL ? b : b + whole, rest);

        for (size_t p = 0; p < pixels; p++) {
            v16 x = v16_load_part(src + p * channels + whole, rest);

            v16_store_part(dst + p * stride + whole, activate(x, va, vb, act),
                           rest);
        }
    }
}

void CEDM_ISA_NAME(stage_panel)(float *dst, const float *src, size_t pixels,
                                size_t stride, const float *a, const float *b,
                                uint32_t act)
{
    v16 va = coefficients(a, 16), vb = coefficients(b, 16);

    if (act == CEDM_ACT_SILU) {
        stage_columns(dst, CEDM_PANEL, src, pixels, stride, va, vb,
                      CEDM_ACT_SILU);
    } else if (act == CEDM_ACT_AFFINE) {
        stage_columns(dst, CEDM_PANEL, src, pixels, stride, va, vb,
                      CEDM_ACT_AFFINE);
    } else {
        stage_columns(dst, CEDM_PANEL, src, pixels, stride, va, vb,
                      CEDM_ACT_NONE);
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
        stage_act(dst, stride, src, pixels, channels, NULL, NULL,
                  CEDM_ACT_NONE);
    }
}

CEDM_INLINE void pairs_act(float *dst, size_t stride, const float *src,
                           size_t pixels, size_t channels, const float *a,
                           const float *b, const uint32_t act)
{
    for (size_t c = 0; c < channels; c += 16, dst += 8, src += 16) {
        v16 va = coefficients(a == NULL ? a : a + c, 16);
        v16 vb = coefficients(b == NULL ? b : b + c, 16);

        for (size_t p = 0; p < pixels; p++) {
            v16_store_pairs(
                dst + p * stride,
                activate(v16_load(src + p * channels), va, vb, act));
        }
    }
}

void CEDM_ISA_NAME(stage_pairs)(float *dst, size_t stride, const float *src,
                                size_t pixels, size_t channels,
                                const float *a, const float *b, uint32_t act)
{
    if (act == CEDM_ACT_SILU) {
        pairs_act(dst, stride, src, pixels, channels, a, b, CEDM_ACT_SILU);
    } else if (act == CEDM_ACT_AFFINE) {
        pairs_act(dst, stride, src, pixels, channels, a, b, CEDM_ACT_AFFINE);
    } else {
        pairs_act(dst, stride, src, pixels, channels, NULL, NULL,
                  CEDM_ACT_NONE);
    }
}

/* ---- statistics -------------------------------------------------------- */

/* Additions wait for each other; four sums, of every fourth pixel, do not.
 * The last pixels, fewer than four, go to the first of them. */
typedef struct sums {
    v16 of[4];
} sums;

CEDM_INLINE v16 load_columns(const float *p, size_t columns)
{
    return columns == 16 ? v16_load(p) : v16_load_part(p, columns);
}

CEDM_INLINE v16 total(const sums *s)
{
    return v16_add(v16_add(s->of[0], s->of[1]), v16_add(s->of[2], s->of[3]));
}

/* Adds x - from and its square. */
CEDM_INLINE void add_deviation(v16 *sum, v16 *squares, v16 x, v16 from)
{
    v16 d = v16_sub(x, from);

    *sum = v16_add(*sum, d);
    *squares = v16_fma(d, d, *squares);
}

/* The mean is found in two steps: the second removes what rounding left in
 * the first, from the mean and from the squares about it. */
CEDM_INLINE void moments_of(v16 *mean, v16 *m2, const float *src,
                            size_t pixels, size_t stride, size_t columns)
{
    const v16 zero = v16_set(0.0f);
    const v16 share = v16_set(1.0f / (float)pixels);
    const float *end = src + (pixels & ~(size_t)3) * stride, *p;
    sums sum = {{zero, zero, zero, zero}}, squares = sum;
    v16 first, left;

#define LOAD(i) load_columns(p + (i)*stride, columns)
    for (p = src; p < end; p += 4 * stride) {
        sum.of[0] = v16_add(sum.of[0], LOAD(0));
        sum.of[1] = v16_add(sum.of[1], LOAD(1));
        sum.of[2] = v16_add(sum.of[2], LOAD(2));
        sum.of[3] = v16_add(sum.of[3], LOAD(3));
    }
    for (size_t i = 0; i < pixels % 4; i++) {
        sum.of[0] = v16_add(sum.of[0], LOAD(i));
    }
    first = v16_mul(total(&sum), share);
    sum = squares;
    for (p = src; p < end; p += 4 * stride) {
        add_deviation(&sum.of[0], &squares.of[0], LOAD(0), first);
        add_deviation(&sum.of[1], &squares.of[1], LOAD(1), first);
        add_deviation(&sum.of[0], &squares.of[0], LOAD(2), first);
        add_deviation(&sum.of[1], &squares.of[1], LOAD(3), first);
    }
    for (size_t i = 0; i < pixels % 4; i++) {
        add_deviation(&sum.of[0], &squares.of[0], LOAD(i), first);
    }
#undef LOAD
    left = total(&sum);
    *mean = v16_fma(left, share, first);
    left = v16_mul(v16_mul(left, left), share);
    *m2 = v16_max(zero, v16_sub(total(&squares), left));
}

/* Mean and sum of squared deviations of `count` channels over pixels
 * `stride` apart. */
static void moments(float *mean, float *m2, const float *src, size_t pixels,
                    size_t stride, size_t count)
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

void CEDM_ISA_NAME(stats)(const cedm_exec *exec, const cedm_conv *op,
                          uint32_t image, uint32_t first, uint32_t end,
                          uint32_t from, uint32_t to)
{
    size_t cout = op->cout, row = op->width * cout;
    size_t channel = (size_t)from * CEDM_PANEL;
    size_t last =
        (size_t)to * CEDM_PANEL < cout ? (size_t)to * CEDM_PANEL : cout;
    uint32_t partials = cedm_ceil_div(op->height, op->stat_rows);
    const float *dst = cedm_at(exec, op->dst, op->height * row, image);
    float *stats = cedm_at(exec, op->stats, 2 * partials * cout, image);

    for (uint32_t y = first; y < end; y += op->stat_rows) {
        uint32_t rows = end - y < op->stat_rows ? end - y : op->stat_rows;
        float *mean = stats + 2 * (y / op->stat_rows) * cout + channel;

        moments(mean, mean + cout, dst + y * row + channel,
                (size_t)rows * op->width, cout, last - channel);
    }
}
