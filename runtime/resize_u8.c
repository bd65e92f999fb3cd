/* SPDX-License-Identifier: MIT
 *
 * resize_u8.c - Pillow's resizing of 8-bit images, bit for bit. */
#include <string.h>

#include "runtime/resize.h"
#include "runtime/resize_weights.h"
#include "runtime/tasks.h"

/* Weights and sums are multiples of 2^-BITS. */
#define BITS 22
#define LOW_BITS 12 /* of a weight, in `low` */

/* Samples that one step of a sum takes: a vector of 16-bit numbers. */
#define STEP 8u

/* Weights in one sum of 32 bits: 2048 * 255 * 4095 < 2^31. */
#define SUM_TAPS 2048u

/* Outputs that become pixels together: bytes of a row in the second pass. */
#define BLOCK 64u

/* Rows of one task. */
#define TASK_ROWS 16u

/* ---- memory ------------------------------------------------------------- */

static uint64_t align8(uint64_t bytes)
{
    return (bytes + 7u) & ~(uint64_t)7u;
}

static uint32_t padded_taps(uint32_t filter, uint32_t in, uint32_t out)
{
    uint32_t taps = cedm_resize_most_taps(filter, in, out);

    return (taps + STEP - 1u) / STEP
    *STEP;
}

static uint64_t axis_bytes(uint32_t filter, uint32_t in, uint32_t out)
{
    uint64_t taps = padded_taps(filter, in, out);

    return in == out ? 0 : 8u * (uint64_t)out + 4u * out * taps;
}

/* A row's samples, and what the last weights of 0 are multiplied with. */
static uint32_t line_samples(const cedm_resize_shape *s)
{
    return s->in_width + padded_taps(s->filter, s->in_width, s->out_width);
}

static uint64_t between_bytes(const cedm_resize_shape *s)
{
    return align8((uint64_t)s->in_height * s->out_width * s->channels);
}

/* The weights of an output, before they are rounded, are at most so many. */
static uint32_t longer_side(const cedm_resize_shape *s)
{
    return s->in_width > s->in_height ? s->in_width : s->in_height;
}

uint64_t cedm_resize_u8_bytes(const cedm_resize_shape *s, uint32_t workers)
{
    uint64_t lines;

    if (!cedm_resize_fits(s)) {
        return 0;
    }
    lines = align8((uint64_t)line_samples(s) * s->channels * 2u * workers);
    return 8u * (uint64_t)longer_side(s) +
           axis_bytes(s->filter, s->in_width, s->out_width) +
           axis_bytes(s->filter, s->in_height, s->out_height) +
           between_bytes(s) + lines;
}

/* ---- weights ------------------------------------------------------------ */

/* Half away from 0, as a conversion to int does after +- 1/2. */
static int32_t fixed(double weight)
{
    double scaled = weight * (double)(1 << BITS);

    return (int32_t)(scaled < 0.0 ? scaled - 0.5 : scaled + 0.5);
}

static void store_weights(cedm_resize_axis *a, uint32_t o,
                          const double *weights)
{
    int16_t *high = a->high + (size_t)o * a->taps;
    int16_t *low = a->low + (size_t)o * a->taps;

    for (uint32_t j = 0; j < a->taps; j++) {
        int32_t w = j < a->count[o] ? fixed(weights[j]) : 0;
        int32_t part = w & ((1 << LOW_BITS) - 1);

        low[j] = (int16_t)part;
        high[j] = (int16_t)((w - part) / (1 << LOW_BITS));
    }
}

/* Returns the end of what the axis takes of the scratch. */
static unsigned char *make_axis(cedm_resize_axis *a, uint32_t filter,
                                uint32_t in, uint32_t out, unsigned char *at,
                                double *weights)
{
    *a = (cedm_resize_axis){.in = in, .out = out};
    if (in == out) {
        return at;
    }
    a->taps = padded_taps(filter, in, out);
    a->first = (uint32_t *)(void *)at;
    a->count = a->first + out;
    at += 8u * (uint64_t)out;
    a->high = (int16_t *)(void *)at;
    a->low = a->high + (size_t)out * a->taps;
    for (uint32_t o = 0; o < out; o++) {
        a->count[o] =
            cedm_resize_weigh(filter, in, out, o, &a->first[o], weights);
        store_weights(a, o, weights);
    }
    return at + 4u * (uint64_t)out * a->taps;
}

void cedm_resize_u8_init(cedm_resize *r, const cedm_resize_shape *s,
                         void *scratch, uint32_t workers)
{
    unsigned char *at = scratch;
    double *weights = scratch;

    at += 8u * (uint64_t)longer_side(s);
    *r = (cedm_resize){.shape = *s, .line = line_samples(s)};
    at = make_axis(&r->across, s->filter, s->in_width, s->out_width, at,
                   weights);
    at = make_axis(&r->down, s->filter, s->in_height, s->out_height, at,
                   weights);
    r->between = at;
    at += between_bytes(s);
    r->lines = (int16_t *)(void *)at;
    memset(r->lines, 0, (size_t)r->line * s->channels * 2u * workers);
}

/* ---- rows --------------------------------------------------------------- */

/* Adds up steps * STEP <= SUM_TAPS products.  A count that is seen to be a
 * multiple of STEP lets compilers add in vectors to the end. */
static uint32_t add_products(const int16_t *v, const int16_t *high,
                             const int16_t *low, size_t steps)
{
    int32_t sum_high = 0, sum_low = 0;

    for (size_t j = 0; j < steps * STEP; j++) {
        sum_high += v[j] * high[j];
        sum_low += v[j] * low[j];
    }
    return ((uint32_t)sum_high << LOW_BITS) + (uint32_t)sum_low;
}

/* Pixels of BLOCK sums, in a loop of its own so that it becomes vectors. */
static void to_pixels(uint8_t pixels[BLOCK], const uint32_t sums[BLOCK])
{
    for (uint32_t k = 0; k < BLOCK; k++) {
        int32_t value = (int32_t)(sums[k] + (1u << (BITS - 1))) >> BITS;

        value = value < 0 ? 0 : value;
        pixels[k] = (uint8_t)(value > 255 ? 255 : value);
    }
}

/* Modulo 2^32: the whole sum fits, its parts need not. */
static uint32_t weighted(const cedm_resize_axis *a, uint32_t o,
                         const int16_t *line)
{
    const int16_t *high = a->high + (size_t)o * a->taps;
    const int16_t *low = a->low + (size_t)o * a->taps;
    const int16_t *v = line + a->first[o];
    uint32_t sum = 0, at = 0;

    for (; a->taps - at > SUM_TAPS; at += SUM_TAPS) {
        sum += add_products(v + at, high + at, low + at, SUM_TAPS / STEP);
    }
    return sum +
           add_products(v + at, high + at, low + at, (a->taps - at) / STEP);
}

typedef struct pass {
    const cedm_resize *r;
    uint8_t *dst;
    const uint8_t *src;
    size_t stride; /* of src */
} pass;

/* A row by channels.  Three of them at a time take a third of the time. */
static void split_row(const cedm_resize *r, const uint8_t *restrict src,
                      int16_t *restrict lines)
{
    size_t channels = r->shape.channels, n = r->across.in, line = r->line;

    if (channels == 3) {
        for (size_t x = 0; x < n; x++) {
            lines[x] = src[3 * x];
            lines[line + x] = src[3 * x + 1];
            lines[2 * line + x] = src[3 * x + 2];
        }
        return;
    }
    for (size_t c = 0; c < channels; c++) {
        for (size_t x = 0; x < n; x++) {
            lines[c * line + x] = src[x * channels + c];
        }
    }
}

/* Outputs o .. o + BLOCK - 1 of one channel, as far as there are any. */
static void across_block(const cedm_resize *r, uint8_t *dst, uint32_t o,
                         const int16_t *line)
{
    uint32_t left = r->across.out - o, n = left < BLOCK ? left : BLOCK;
    uint32_t sums[BLOCK] = {0};
    uint8_t pixels[BLOCK];

    for (uint32_t k = 0; k < n; k++) {
        sums[k] = weighted(&r->across, o + k, line);
    }
    to_pixels(pixels, sums);
    for (uint32_t k = 0; k < n; k++) {
        dst[(size_t)(o + k) * r->shape.channels] = pixels[k];
    }
}

static void across_row(const pass *p, uint32_t y, int16_t *lines)
{
    const cedm_resize *r = p->r;
    size_t channels = r->shape.channels;
    uint8_t *dst = p->dst + y * r->across.out * channels;

    split_row(r, p->src + y * p->stride, lines);
    for (uint32_t c = 0; c < channels; c++) {
        for (uint32_t o = 0; o < r->across.out; o += BLOCK) {
            across_block(r, dst + c, o, lines + (size_t)c * r->line);
        }
    }
}

static void across_task(void *arg, uint32_t index, uint32_t worker)
{
    const pass *p = arg;
    const cedm_resize *r = p->r;
    int16_t *lines = r->lines + (size_t)worker * r->line * r->shape.channels;
    uint32_t end = (index + 1u) * TASK_ROWS;

    end = end < r->shape.in_height ? end : r->shape.in_height;
    for (uint32_t y = index * TASK_ROWS; y < end; y++) {
        across_row(p, y, lines);
    }
}

/* ---- columns ------------------------------------------------------------ */

/* sum[k] += w * row[k] modulo 2^32, w in its two parts. */
static void add_row(uint32_t sum[BLOCK], const uint8_t row[BLOCK],
                    int16_t high, int16_t low)
{
    for (uint32_t k = 0; k < BLOCK; k++) {
        int16_t v = row[k];

        sum[k] += ((uint32_t)(v * high) << LOW_BITS) + (uint32_t)(v * low);
    }
}

/* Bytes x .. x + n - 1 of output row y, n <= BLOCK. */
static void down_block(const pass *p, uint32_t y, size_t x, size_t n,
                       uint8_t *dst)
{
    const cedm_resize_axis *a = &p->r->down;
    const uint8_t *row = p->src + a->first[y] * p->stride + x;
    uint32_t sum[BLOCK] = {0};
    uint8_t part[BLOCK] = {0}, out[BLOCK];

    for (uint32_t j = 0; j < a->count[y]; j++) {
        const uint8_t *v = row + j * p->stride;

        if (n < BLOCK) {
            memcpy(part, v, n);
            v = part;
        }
        add_row(sum, v, a->high[(size_t)y * a->taps + j],
                a->low[(size_t)y * a->taps + j]);
    }
    to_pixels(out, sum);
    memcpy(dst + x, out, n);
}

static void down_task(void *arg, uint32_t y, uint32_t worker)
{
    const pass *p = arg;
    size_t bytes = (size_t)p->r->shape.out_width * p->r->shape.channels;
    uint8_t *dst = p->dst + y * bytes;

    (void)worker;
    for (size_t x = 0; x < bytes; x += BLOCK) {
        down_block(p, y, x, bytes - x < BLOCK ? bytes - x : BLOCK, dst);
    }
}

static void copy_task(void *arg, uint32_t y, uint32_t worker)
{
    const pass *p = arg;
    size_t bytes = (size_t)p->r->shape.out_width * p->r->shape.channels;

    (void)worker;
    memcpy(p->dst + y * bytes, p->src + y * p->stride, bytes);
}

void cedm_resize_u8(const cedm_resize *r, uint8_t *dst, const uint8_t *src,
                    size_t stride, cedm_parallel_for *parallel_for,
                    void *pool)
{
    bool across = r->across.in != r->across.out;
    bool down = r->down.in != r->down.out;
    uint8_t *between = down ? r->between : dst;
    pass p = {.r = r, .dst = between, .src = src, .stride = stride};

    if (across) {
        cedm_for_each(parallel_for, pool, across_task, &p,
                      (r->shape.in_height + TASK_ROWS - 1u) / TASK_ROWS);
        p.src = between;
        p.stride = (size_t)r->shape.out_width * r->shape.channels;
    }
    p.dst = dst;
    if (down || !across) {
        cedm_for_each(parallel_for, pool, down ? down_task : copy_task, &p,
                      r->shape.out_height);
    }
}
