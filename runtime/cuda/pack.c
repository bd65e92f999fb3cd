/* SPDX-License-Identifier: MIT
 *
 * pack.c - weights as the kernels want them; launch.h has the layout.
 *
 * Plain C: what goes to the device is made here in double precision and
 * rounded once.  Counting and packing are one walk over the ops, so a part
 * is exactly as long as it was counted. */
#include <stdbool.h>
#include <string.h>

#include "runtime/cuda/launch.h"

static uint32_t round_up(uint32_t x, uint32_t to)
{
    return (x + (to - 1)) / to * to;
}

static uint64_t whole(uint64_t bytes)
{
    return (bytes + (CEDM_CUDA_ALIGN - 1)) & ~(uint64_t)(CEDM_CUDA_ALIGN - 1);
}

/* ---- layout ------------------------------------------------------------ */

void cedm_cuda_plan_conv(cedm_cuda_conv_layout *layout,
                         enum cedm_cuda_precision precision,
                         const cedm_conv *op)
{
    const cedm_conv view = cedm_cuda_conv_view(op);
    cedm_cuda_conv_layout l = {
        .f32 = (uint32_t)cedm_cuda_conv_is_f32(precision, op),
        .phases = op->up ? 4 : 1,
        .taps = op->up ? 4 : view.kernel[0] * view.kernel[1],
        .cout_padded = round_up(op->cout, CEDM_CUDA_N),
    };
    uint64_t element = l.f32 ? 4 : 2, rows = l.cout_padded;

    for (int s = 0; s < 2; s++) {
        l.cin_padded[s] = round_up(view.cin[s], CEDM_CUDA_K);
        l.skip_padded[s] = round_up(op->skip_cin[s], CEDM_CUDA_K);
        l.k += l.taps * l.cin_padded[s] + l.skip_padded[s];
    }
    l.bias = whole(l.phases * rows * l.k * element);
    l.bytes = whole(l.bias + rows * sizeof(float));
    if (cedm_cuda_gemm_suits_conv(op)) {
        l.scaled_bias = l.bytes;
        l.bytes = whole(l.scaled_bias + rows * element);
    }
    *layout = l;
}

/* ---- numbers ----------------------------------------------------------- */

/* Element i of a tensor of the blob; 0 of one that there is not. */
static double value(const cedm_cuda_packing *packing, cedm_weight weight,
                    size_t i)
{
    if (weight == CEDM_NONE) {
        return 0;
    }
    if (packing->dtype == CEDM_DTYPE_F16) {
        const uint16_t *data = packing->data;
        return (double)cedm_half_to_float(data[weight + i]);
    }
    const float *data = packing->data;
    return (double)data[weight + i];
}

/* To float, but odd where it is inexact: a second rounding to fewer bits
 * then gives what a single one would (Boldo and Melquiond, 2008). */
static float round_to_odd(double x)
{
    float f = (float)x;
    uint32_t bits;

    if ((double)f == x || x - x != 0) {
        return f;
    }
    memcpy(&bits, &f, sizeof bits);
    if ((x > 0) == ((double)f > x)) {
        bits--; /* towards zero */
    }
    bits |= 1;
    memcpy(&f, &bits, sizeof f);
    return f;
}

/* bfloat16 is the upper half of a float: to nearest, ties to even. */
static uint16_t bfloat16(float x)
{
    uint32_t bits;

    memcpy(&bits, &x, sizeof bits);
    if (x != x) {
        return (uint16_t)(bits >> 16 | 0x40u);
    }
    return (uint16_t)((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

/* Element i of an array of a precision. */
static void store(void *array, size_t i, enum cedm_cuda_precision precision,
                  double x)
{
    if (precision == CEDM_CUDA_FP32) {
        ((float *)array)[i] = (float)x;
    } else {
        float odd = round_to_odd(x);
        ((uint16_t *)array)[i] = precision == CEDM_CUDA_BF16
                                     ? bfloat16(odd)
                                     : cedm_half_from_float(odd);
    }
}

/* ---- parts ------------------------------------------------------------- */

/* The next part: its place, or NULL while bytes are counted. */
static unsigned char *begin_part(cedm_cuda_packing *packing, uint32_t id,
                                 uint64_t bytes)
{
    unsigned char *part = NULL;

    if (packing->weights != NULL) {
        part = packing->weights + packing->used;
        memset(part, 0, (size_t)whole(bytes));
    }
    if (packing->index != NULL) {
        packing->index[id] = (uint32_t)(packing->used / CEDM_ALIGN);
    }
    packing->used += whole(bytes);
    return part;
}

/* Some elements of a tensor; `exact` as in cedm_tensor. */
typedef struct piece {
    cedm_weight weight;
    size_t count;
    bool exact;
} piece;

static float *copy(float *dst, const cedm_cuda_packing *packing, piece p)
{
    const float *data = packing->data;

    for (size_t i = 0; i < p.count; i++) {
        dst[i] = p.exact && packing->dtype == CEDM_DTYPE_F16
                     ? data[p.weight / 2 + i]
                     : (float)value(packing, p.weight, i);
    }
    return dst + p.count;
}

/* A part of floats: pieces in a row. */
static void pack_floats(void *ctx, uint32_t id, const piece *pieces, int n)
{
    cedm_cuda_packing *packing = ctx;
    uint64_t count = 0;
    float *dst;

    for (int i = 0; i < n; i++) {
        count += pieces[i].count;
    }
    dst = (void *)begin_part(packing, id, count * sizeof *dst);
    for (int i = 0; dst != NULL && i < n; i++) {
        dst = copy(dst, packing, pieces[i]);
    }
}

static void pack_embed(void *ctx, const cedm_embed *op)
{
    const piece pieces[] = {
        {op->weight, (size_t)op->label_dim * op->channels, false},
        {op->bias, op->channels, false}};

    pack_floats(ctx, op->id, pieces, 2);
}

static void pack_linear(void *ctx, const cedm_linear *op)
{
    const piece pieces[] = {{op->weight, (size_t)op->in * op->out, false},
                            {op->bias, op->out, false}};

    pack_floats(ctx, op->id, pieces, 2);
}

static void pack_norm_coeff(void *ctx, const cedm_norm_coeff *op)
{
    size_t channels = (size_t)op->channels[0] + op->channels[1];
    const piece pieces[] = {{op->gamma, channels, false},
                            {op->beta, channels, false}};

    pack_floats(ctx, op->id, pieces, 2);
}

static void pack_resample(void *ctx, const cedm_resample *op)
{
    const piece filter = {op->filter, op->taps, false};

    pack_floats(ctx, op->id, &filter, 1);
}

static void pack_preprocess(void *ctx, const cedm_preprocess *op)
{
    const piece pieces[] = {
        {op->down, (size_t)op->height * (1 + op->taps[0]), true},
        {op->across, (size_t)op->width * (1 + op->taps[1]), true},
        {op->normal, 2 * (size_t)op->channels, true}};

    pack_floats(ctx, op->id, pieces, 3);
}

static void pack_tokens(void *ctx, const cedm_tokens *op)
{
    const piece table = {op->table, (size_t)op->tokens * op->channels, false};

    pack_floats(ctx, op->id, &table, 1);
}

static void pack_layer_norm(void *ctx, const cedm_layer_norm *op)
{
    const piece pieces[] = {{op->gamma, op->channels, false},
                            {op->beta, op->channels, false}};

    pack_floats(ctx, op->id, pieces, 2);
}

/* ---- convolutions ------------------------------------------------------ */

/* One convolution while it is packed. */
typedef struct conv_part {
    const cedm_cuda_packing *packing;
    const cedm_conv *op;
    cedm_cuda_conv_layout layout;
    enum cedm_cuda_precision precision; /* of this part */
    unsigned char *at;
} conv_part;

/* The taps of one axis that meet tap t of a phase: phase 0 sees source
 * pixels -1, 0, 0 and phase 1 sees 0, 0, 1. */
static void merged(uint32_t phase, uint32_t t, uint32_t *from, uint32_t *to)
{
    *from = t == 0 ? 0 : 1 + phase;
    *to = t == 0 ? 1 + phase : 3;
}

/* The weight of output o and input channel c at a tap of a phase. */
static double tap_weight(const conv_part *part, uint32_t o, uint32_t c,
                         uint32_t phase, uint32_t tap)
{
    const cedm_conv *op = part->op;
    size_t cin = (size_t)op->cin[0] + op->cin[1];
    size_t taps = (size_t)op->kernel[0] * op->kernel[1];
    size_t first = o * taps * cin + c;
    uint32_t y0, y1, x0, x1;
    double sum = 0;

    if (!op->up) {
        return value(part->packing, op->weight, first + tap * cin);
    }
    merged(phase / 2, tap / 2, &y0, &y1);
    merged(phase % 2, tap % 2, &x0, &x1);
    for (uint32_t y = y0; y < y1; y++) {
        for (uint32_t x = x0; x < x1; x++) {
            sum +=
                value(part->packing, op->weight, first + (y * 3 + x) * cin);
        }
    }
    return sum;
}

/* All taps of a source's channels in one row of a matrix. */
static void pack_source(const conv_part *part, size_t row, uint32_t o,
                        uint32_t phase, uint32_t source)
{
    const cedm_conv *op = part->op;
    uint32_t taps = part->layout.taps;
    uint32_t before = source == 0 ? 0 : op->cin[0];

    for (uint32_t c = 0; c < op->cin[source]; c++) {
        size_t slice = row + (size_t)(c / CEDM_CUDA_K) * taps * CEDM_CUDA_K +
                       c % CEDM_CUDA_K;

        for (uint32_t t = 0; t < taps; t++) {
            store(part->at, slice + (size_t)t * CEDM_CUDA_K, part->precision,
                  tap_weight(part, o, before + c, phase, t));
        }
    }
}

static void pack_skip(const conv_part *part, size_t row, uint32_t o,
                      uint32_t source)
{
    const cedm_conv *op = part->op;
    uint32_t before = source == 0 ? 0 : op->skip_cin[0];
    size_t from = (size_t)o * (op->skip_cin[0] + op->skip_cin[1]) + before;

    for (uint32_t c = 0; c < op->skip_cin[source]; c++) {
        store(part->at, row + c, part->precision,
              value(part->packing, op->skip_weight, from + c));
    }
}

static void pack_row(const conv_part *part, uint32_t phase, uint32_t o)
{
    const cedm_cuda_conv_layout *l = &part->layout;
    size_t row = ((size_t)phase * l->cout_padded + o) * l->k;

    for (uint32_t s = 0; s < 2; s++) {
        pack_source(part, row, o, phase, s);
        row += (size_t)l->taps * l->cin_padded[s];
    }
    for (uint32_t s = 0; s < 2; s++) {
        pack_skip(part, row, o, s);
        row += l->skip_padded[s];
    }
}

static void pack_bias(const conv_part *part)
{
    const cedm_conv *op = part->op;
    cedm_weight skip = op->skip_cin[0] != 0 ? op->skip_bias : CEDM_NONE;

    for (uint32_t o = 0; o < op->cout; o++) {
        double bias =
            value(part->packing, op->bias, o) + value(part->packing, skip, o);

        store(part->at + part->layout.bias, o, CEDM_CUDA_FP32, bias);
        if (part->layout.scaled_bias != 0) {
            store(part->at + part->layout.scaled_bias, o, part->precision,
                  bias * (double)op->scale);
        }
    }
}

static void pack_conv(void *ctx, const cedm_conv *op)
{
    cedm_cuda_packing *packing = ctx;
    const cedm_conv view = cedm_cuda_conv_view(op);
    conv_part part = {.packing = packing, .op = &view};

    cedm_cuda_plan_conv(&part.layout, packing->precision, op);
    part.precision = part.layout.f32 ? CEDM_CUDA_FP32 : packing->precision;
    part.at = begin_part(packing, op->id, part.layout.bytes);
    if (part.at == NULL) {
        return;
    }
    for (uint32_t phase = 0; phase < part.layout.phases; phase++) {
        for (uint32_t o = 0; o < op->cout; o++) {
            pack_row(&part, phase, o);
        }
    }
    pack_bias(&part);
}

/* An op without weights still has its entry of the index. */
#define NOTHING(name)                                                        \
    static void nothing_##name(void *ctx, const cedm_##name *op)             \
    {                                                                        \
        begin_part(ctx, op->id, 0);                                          \
    }
CEDM_GRAPH_OPS(NOTHING)
#undef NOTHING

#pragma GCC diagnostic ignored "-Woverride-init"
#define NOTHING(name) .name = nothing_##name,
const cedm_ops cedm_cuda_pack = {
    CEDM_GRAPH_OPS(NOTHING).embed = pack_embed,
    .linear = pack_linear,
    .norm_coeff = pack_norm_coeff,
    .conv = pack_conv,
    .resample = pack_resample,
    .preprocess = pack_preprocess,
    .tokens = pack_tokens,
    .layer_norm = pack_layer_norm,
};
#undef NOTHING
