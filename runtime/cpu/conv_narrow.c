/* SPDX-License-Identifier: MIT
 *
 * conv_narrow.c - convolutions to a few channels, as the last one of a
 * network: a panel of sixteen outputs would be almost empty, so lanes are
 * input channels instead.
 *
 * An output is the sum of sixteen chains, over kernel rows and taps in
 * order, added by halves. */
#include "runtime/cpu/conv.h"
#include "runtime/cpu/vec.h"
#include "runtime/ops/post.h"

/* Pixels at a time: as many chains hide the latency of an addition. */
#define PIXELS 4u

/* Sums of `runs` runs of `length` floats, `step` apart, by one output's
 * weights. */
CEDM_INLINE void dot(v16 *sum, const float *const *x, const float *w,
                     uint32_t runs, size_t length, size_t step)
{
    v16 a = v16_set(0.0f), b = a, c = a, d = a;

    for (uint32_t run = 0; run < runs; run++, w += length) {
        size_t at = run * step;

        for (size_t k = 0; k < length; k += 16) {
            const v16 y = v16_load(w + k);

            a = v16_fma(v16_load(x[0] + at + k), y, a);
            b = v16_fma(v16_load(x[1] + at + k), y, b);
            c = v16_fma(v16_load(x[2] + at + k), y, c);
            d = v16_fma(v16_load(x[3] + at + k), y, d);
        }
    }
    sum[0] = a;
    sum[1] = b;
    sum[2] = c;
    sum[3] = d;
}

/* Where an image's strip goes, and what is added to it. */
typedef struct narrow {
    float *dst;
    const float *residual, *emb;
} narrow;

/* Pixels first.., count of them, of output o. */
static void finish(const cedm_conv_strip *s, const narrow *to, const v16 *sum,
                   uint32_t first, uint32_t count, uint32_t o)
{
    const cedm_conv *op = s->job->op;
    float init = s->job->bias[o];

    if (to->emb != NULL) {
        init += to->emb[o];
    }
    for (uint32_t i = 0; i < count; i++) {
        size_t at = s->dst_at[first + i] + o;
        float y = init + v16_sum(sum[i]);

        if (to->residual != NULL) {
            y += to->residual[at];
        }
        to->dst[at] = cedm_post(y * op->scale, op->post);
    }
}

static void run_image(const cedm_conv_strip *s, const float *source,
                      const narrow *to)
{
    const cedm_conv_plan *plan = &s->job->plan;
    uint32_t pixels = s->rows * plan->width, cout = s->job->op->cout;
    const float *x[PIXELS];
    v16 sum[PIXELS];

    for (uint32_t first = 0; first < pixels; first += PIXELS) {
        uint32_t left = pixels - first;
        uint32_t count = left < PIXELS ? left : PIXELS;

        for (uint32_t i = 0; i < PIXELS; i++) {
            x[i] = source + s->source_at[i < count ? first + i : first];
        }
        for (uint32_t o = 0; o < cout; o++) {
            dot(sum, x, s->job->weights + (size_t)o * plan->k,
                plan->kernel[0], plan->kernel[1] * plan->cin, plan->pitch);
            finish(s, to, sum, first, count, o);
        }
    }
}

void CEDM_ISA_NAME(conv_narrow)(const cedm_conv_strip *s)
{
    const cedm_conv *op = s->job->op;
    size_t stride = cedm_dst_stride(op->dst_stride, op->cout);
    size_t row = op->width * stride, map = op->height * row;

    for (uint32_t i = 0; i < s->images; i++) {
        uint32_t image = s->image + i;
        narrow to = {.dst = cedm_at(s->exec, op->dst, map, image) +
                            op->dst_index + s->row * row};

        if (op->residual != CEDM_NONE) {
            to.residual =
                cedm_at(s->exec, op->residual, map, image) + s->row * row;
        }
        if (op->emb_src != CEDM_NONE) {
            to.emb = cedm_at(s->exec, op->emb_src, op->emb_stride, image) +
                     op->emb_index;
        }
        run_image(s, s->source + i * s->job->plan.source, &to);
    }
}
