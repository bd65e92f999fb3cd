/* SPDX-License-Identifier: MIT
 *
 * cases.c - tables of the shapes that ops are tested with.
 *
 * Odd sizes, 1 and 3 channels, channels that are no multiple of a vector,
 * 1 x 1 maps, every option alone and together, the shapes that networks
 * spend their time on, and values that break careless arithmetic. */
#include "tests/ops/cases.h"

/* ---- tables ----------------------------------------------------------- */

/* clang-format off */
#define EMBED(text, c, labels, a, w)                                         \
    {.name = text, .with = w, .images = 5, .deviation = 1.0f,                \
        .op = {.embed = {.channels = c, .label_dim = labels,                 \
        .act = CEDM_ACT_##a, .label_scale = 1.7f}}}

static const op_case embed_cases[] = {
    EMBED("128 of 10", 128, 10, NONE, WITH_BIAS),
    EMBED("37 of 3", 37, 3, SILU, WITH_BIAS),
    EMBED("no bias", 64, 3, NONE, 0),
    EMBED("no bias, silu", 19, 4, SILU, 0),
    EMBED("1 of 4", 1, 4, NONE, WITH_BIAS),
    EMBED("unconditional", 64, 0, NONE, 0),
    EMBED("unconditional, silu", 10, 0, SILU, 0),
};

#define LINEAR(text, i, o, a, w, d)                                          \
    {.name = text, .with = w, .images = 5, .deviation = d, .op = {.linear = {\
        .in = i, .out = o, .act = CEDM_ACT_##a}}}

static const op_case linear_cases[] = {
    LINEAR("128 to 512 silu", 128, 512, SILU, WITH_BIAS, 1.0f),
    LINEAR("512 to 1000", 512, 1000, NONE, WITH_BIAS, 1.0f),
    LINEAR("no bias", 33, 70, NONE, 0, 1.0f),
    LINEAR("1 to 1", 1, 1, SILU, WITH_BIAS, 1.0f),
    LINEAR("7 to 3", 7, 3, SILU, 0, 1.0f),
    LINEAR("exp overflows", 20, 130, SILU, WITH_BIAS, 900.0f),
};

#define NORM(text, h, w, c0, c1, g, rows, extra, m, d)                       \
    {.name = text, .with = extra, .images = 5, .mean = m, .deviation = d,    \
        .op = {.norm_coeff = {.height = h, .width = w, .channels = {c0, c1}, \
        .groups = g, .stat_rows = rows, .eps = 1e-6f}}}

static const op_case norm_coeff_cases[] = {
    NORM("256 @32", 32, 32, 256, 0, 32, 8, 0, 0.5f, 1.0f),
    NORM("384, a group straddles", 16, 16, 256, 128, 32, 4, 0, 0.5f, 1.0f),
    NORM("adaptive, straddles", 9, 7, 21, 9, 3, 4, WITH_ADAPTIVE, 0.0f,
         1.0f),
    NORM("one pixel", 1, 1, 12, 0, 3, 1, 0, 0.0f, 1.0f),
    NORM("one group", 5, 3, 1, 6, 1, 2, 0, 0.0f, 1.0f),
    NORM("group of one", 3, 5, 5, 0, 5, 16, WITH_ADAPTIVE, 0.0f, 1.0f),
    NORM("mean far above deviation", 32, 32, 64, 64, 16, 8, 0, 1000.0f,
         0.05f),
};

/* Geometries of a conv: a 3x3 with its map kept, a 1x1, a 3x3 that halves
 * or enlarges the map, and one without padding. */
#define SAME(h, w)                                                           \
    .height = h, .width = w, .in_height = h, .in_width = w,                  \
    .kernel = {3, 3}, .stride = 1, .pad = {1, 1}
#define POINT(h, w)                                                          \
    .height = h, .width = w, .in_height = h, .in_width = w,                  \
    .kernel = {1, 1}, .stride = 1
#define STEP2(in_h, in_w, h, w, k, p)                                        \
    .height = h, .width = w, .in_height = in_h, .in_width = in_w,            \
    .kernel = {k, k}, .stride = 2, .pad = {p, p}
#define ENLARGE(in_h, in_w)                                                  \
    .height = 2 * in_h, .width = 2 * in_w, .in_height = in_h,                \
    .in_width = in_w, .kernel = {3, 3}, .stride = 1, .pad = {1, 1}, .up = 1
#define VALID(h, w)                                                          \
    .height = h, .width = w, .in_height = h + 2, .in_width = w + 2,          \
    .kernel = {3, 3}, .stride = 1

#define NONE .act = CEDM_ACT_NONE
#define AFFINE .act = CEDM_ACT_AFFINE
#define SILU .act = CEDM_ACT_SILU
#define RELU .post = CEDM_POST_RELU
#define GELU .post = CEDM_POST_GELU
#define RECTANGLE(h, w, kh, kw)                                              \
    .height = h, .width = w, .in_height = h, .in_width = w,                  \
    .kernel = {kh, kw}, .stride = 1, .pad = {kh / 2, kw / 2}
#define SKIP(c0, c1) .skip_cin = {c0, c1}

/* CONV(text, images, with, stat_rows, scale, cin, cin, cout, options...) */
#define CONV(text, n, w, rows, s, c0, c1, out, ...)                          \
    CONV_OF(text, 0.0f, 1.0f, n, w, rows, s, c0, c1, out, __VA_ARGS__)
#define CONV_OF(text, m, d, n, w, rows, s, c0, c1, out, ...)                 \
    {.name = text, .with = w, .images = n, .mean = m, .deviation = d,        \
        .op = {.conv = {.cin = {c0, c1}, .cout = out, .stat_rows = rows,     \
        .scale = s, __VA_ARGS__}}}
#define HALF 0.70710678f

/* By tiles of 4 x 4: up-sampling has no others. */
#define TILED4(text, n, w, rows, s, c0, c1, out, ...)                        \
    CONV("4 x 4, " text, n, w, rows, s, c0, c1, out, __VA_ARGS__,            \
         .algorithm = CEDM_CONV_WINOGRAD4)

/* By both sizes of tiles. */
#define TILED(text, n, w, rows, s, c0, c1, out, ...)                         \
    TILED4(text, n, w, rows, s, c0, c1, out, __VA_ARGS__),                   \
    CONV("2 x 2, " text, n, w, rows, s, c0, c1, out, __VA_ARGS__,            \
         .algorithm = CEDM_CONV_WINOGRAD2)

static const op_case conv_cases[] = {
    CONV("plain", 5, 0, 4, 1, 16, 0, 16, SAME(6, 5), NONE),
    CONV("bias and stats", 5, WITH_BIAS | WITH_STATS, 4, 1, 32, 0, 32,
         SAME(8, 8), SILU),
    CONV("1 to 1 channels", 5, WITH_STATS, 4, 1, 1, 0, 1, SAME(5, 7), SILU),
    CONV("3 to 13", 3, WITH_ALL, 4, HALF, 3, 0, 13, SAME(9, 11), NONE),
    CONV("17 to 3", 3, WITH_BIAS, 4, 1, 17, 0, 3, SAME(7, 6), SILU),
    CONV("narrow", 5, WITH_ALL, 4, HALF, 16, 0, 1, SAME(7, 5), SILU),
    CONV("narrow, two sources", 3, WITH_ALL, 4, 1, 48, 16, 4, SAME(9, 6),
         AFFINE),
    CONV("narrow, stride 2", 3, WITH_STATS | WITH_BIAS, 4, 1, 32, 0, 3,
         STEP2(9, 7, 5, 4, 3, 1), NONE),
    CONV("narrow, 1x1", 3, 0, 4, 1, 256, 0, 2, POINT(5, 3), SILU),
    CONV("one pixel", 5, WITH_ALL, 4, HALF, 19, 0, 35, SAME(1, 1), SILU),
    CONV("one row", 3, WITH_ALL, 4, 1, 8, 0, 24, SAME(1, 13), AFFINE),
    CONV("one column", 3, WITH_ALL, 4, 1, 8, 0, 24, SAME(13, 1), AFFINE),
    CONV("wide", 1, WITH_ALL, 4, 1, 5, 0, 16, SAME(3, 131), SILU),
    CONV("two sources", 5, WITH_ALL, 4, 1, 24, 13, 40, SAME(7, 9), SILU),
    CONV("two sources, none", 3, WITH_BIAS, 4, HALF, 5, 3, 17, SAME(5, 5),
         NONE),
    CONV("two sources, affine", 3, WITH_STATS, 4, 1, 16, 32, 33, SAME(8, 4),
         AFFINE),
    CONV("stride 2", 3, WITH_ALL, 4, 1, 18, 0, 20, STEP2(8, 10, 4, 5, 3, 1),
         SILU),
    CONV("stride 2, odd", 3, WITH_ALL, 4, 1, 16, 5, 16,
         STEP2(9, 7, 5, 4, 3, 1), NONE),
    CONV("stride 2, pad 0", 3, WITH_ALL, 4, 1, 7, 0, 16,
         STEP2(8, 8, 4, 4, 3, 0), NONE),
    CONV("stride 2, 1x1", 3, WITH_ALL, 4, 1, 16, 0, 16,
         STEP2(7, 8, 4, 4, 1, 0), NONE),
    CONV("pad 0", 3, WITH_ALL, 4, 1, 16, 0, 16, VALID(6, 7), SILU),
    CONV("up", 5, WITH_ALL, 4, 1, 16, 0, 16, ENLARGE(4, 4), SILU),
    CONV("up, odd, two sources", 3, WITH_ALL, 4, 1, 9, 20, 37,
         ENLARGE(3, 5), SILU),
    CONV("up one pixel", 3, WITH_ALL, 4, 1, 6, 0, 18, ENLARGE(1, 1), NONE),
    CONV("up, tall", 1, WITH_ALL, 4, 1, 5, 0, 16, ENLARGE(67, 3), SILU),
    CONV("skip", 5, WITH_ALL, 4, HALF, 16, 0, 32, SAME(6, 7), SILU,
         SKIP(16, 0)),
    CONV("skip of two", 3, WITH_ALL, 4, 1, 20, 0, 21, SAME(6, 6), SILU,
         SKIP(3, 18)),
    CONV("skip, no biases", 3, 0, 4, 1, 8, 0, 12, SAME(5, 5), NONE,
         SKIP(24, 8)),
    CONV("skip_up", 3, WITH_ALL, 4, 1, 16, 0, 16, SAME(6, 8), SILU,
         SKIP(16, 0), .skip_up = 1),
    CONV("up and skip_up of two", 3, WITH_ALL, 4, 1, 16, 0, 19,
         ENLARGE(4, 3), SILU, SKIP(7, 18), .skip_up = 1),
    CONV("1x1", 5, WITH_ALL, 4, 1, 32, 0, 48, POINT(7, 5), AFFINE),
    CONV("1x1, 3 to 1", 3, WITH_BIAS, 4, 1, 3, 0, 1, POINT(4, 9), NONE),
    CONV("1x1 of two, skip", 3, WITH_ALL, 4, 1, 10, 23, 50, POINT(8, 8),
         NONE, SKIP(5, 0)),
    CONV("stat_rows 1", 3, WITH_STATS, 1, 1, 8, 0, 16, SAME(5, 5), NONE),
    CONV("stat_rows 3 of 16", 3, WITH_STATS, 3, 1, 8, 0, 16, SAME(16, 4),
         NONE),
    CONV("stat_rows above the height", 3, WITH_STATS, 64, 1, 8, 0, 16,
         SAME(5, 4), NONE),
    CONV("up, stat_rows 3", 3, WITH_STATS, 3, 1, 8, 0, 16, ENLARGE(4, 5),
         NONE),

    CONV("over residual", 3, WITH_ALL | OVER_RESIDUAL, 2, HALF, 16, 0, 21,
         SAME(9, 6), NONE),
    CONV("over residual, up", 3, WITH_ALL | OVER_RESIDUAL, 4, HALF, 16, 0,
         16, ENLARGE(4, 3), SILU),
    CONV("over residual, 1x1", 3, WITH_ALL | OVER_RESIDUAL, 4, HALF, 48, 0,
         48, POINT(8, 8), NONE),
    CONV("over skip 0", 3, WITH_ALL | OVER_SKIP0, 4, HALF, 16, 3, 32,
         SAME(6, 10), SILU, SKIP(32, 0)),
    CONV("over skip 1", 3, WITH_ALL | OVER_SKIP1, 4, HALF, 9, 0, 35,
         SAME(5, 7), NONE, SKIP(16, 35)),
    CONV("over skip 0 of two", 3, OVER_SKIP0, 4, HALF, 32, 0, 64,
         SAME(8, 8), SILU, SKIP(64, 32)),

    TILED4("up", 5, WITH_ALL, 4, 1, 16, 0, 16, ENLARGE(4, 4), SILU),
    TILED4("up, odd, two sources", 3, WITH_ALL, 4, HALF, 16, 32, 48,
           ENLARGE(3, 5), AFFINE),
    TILED4("up one pixel", 3, WITH_ALL, 4, 1, 16, 0, 32, ENLARGE(1, 1), NONE),
    TILED4("up, wide", 1, WITH_ALL, 4, 1, 16, 0, 16, ENLARGE(5, 205), SILU),
    TILED4("up, tall", 1, WITH_ALL, 3, 1, 16, 0, 16, ENLARGE(67, 9), SILU),
    TILED4("up and skip_up of two", 3, WITH_ALL, 4, 1, 16, 0, 32,
           ENLARGE(6, 3), SILU, SKIP(16, 18), .skip_up = 1),
    TILED4("up, over residual", 3, WITH_ALL | OVER_RESIDUAL, 4, HALF, 16, 0,
           16, ENLARGE(4, 3), SILU),
    TILED4("up, over skip 0", 3, WITH_ALL | OVER_SKIP0, 4, HALF, 16, 0, 32,
           ENLARGE(5, 6), SILU, SKIP(32, 0)),

    TILED("plain", 5, 0, 4, 1, 16, 0, 16, SAME(8, 8), NONE),
    TILED("bias, stats", 5, WITH_BIAS | WITH_STATS, 4, 1, 32, 0, 48,
          SAME(8, 8), SILU),
    TILED("odd map", 5, WITH_ALL, 4, HALF, 48, 0, 80, SAME(7, 9), SILU),
    TILED("one pixel", 5, WITH_ALL, 4, HALF, 16, 0, 16, SAME(1, 1), SILU),
    TILED("one row", 3, WITH_ALL, 4, 1, 16, 0, 32, SAME(1, 13), AFFINE),
    TILED("one column", 3, WITH_ALL, 4, 1, 16, 0, 32, SAME(13, 1), AFFINE),
    TILED("wide", 1, WITH_ALL, 4, 1, 16, 0, 16, SAME(10, 411), SILU),
    TILED("tall", 3, WITH_ALL, 4, 1, 16, 0, 16, SAME(99, 18), SILU),
    TILED("pad 0", 3, WITH_ALL, 4, 1, 16, 0, 32, VALID(6, 11), SILU),
    TILED("pad 0, odd", 3, WITH_BIAS, 4, 1, 32, 16, 48, VALID(5, 9), NONE),
    TILED("pad 0, one pixel", 3, WITH_ALL, 4, 1, 16, 0, 16, VALID(1, 1),
          NONE),
    TILED("pad 0, wide", 1, WITH_BIAS, 4, 1, 16, 0, 16, VALID(3, 411), NONE),
    TILED("two sources", 5, WITH_ALL, 4, 1, 32, 16, 32, SAME(6, 11), SILU),
    TILED("two sources, affine", 3, WITH_STATS, 4, 1, 16, 48, 96,
          SAME(5, 4), AFFINE),
    TILED("stat_rows 3", 3, WITH_STATS, 3, 1, 16, 0, 16, SAME(26, 33), NONE),
    TILED("stat_rows above the height", 3, WITH_STATS, 64, 1, 16, 0, 16,
          SAME(35, 22), NONE),
    TILED("skip", 5, WITH_ALL, 4, HALF, 16, 0, 32, SAME(6, 7), SILU,
          SKIP(16, 0)),
    TILED("skip of odd two", 3, WITH_ALL, 4, 1, 16, 0, 16, SAME(9, 6), SILU,
          SKIP(3, 18)),
    TILED("skip_up of two", 3, WITH_ALL, 4, 1, 16, 0, 16, SAME(10, 6), SILU,
          SKIP(7, 32), .skip_up = 1),
    TILED("over residual", 3, WITH_ALL | OVER_RESIDUAL, 2, HALF, 16, 0, 32,
          SAME(9, 6), NONE),
    TILED("over skip 0", 3, WITH_ALL | OVER_SKIP0, 4, HALF, 16, 0, 32,
          SAME(6, 10), SILU, SKIP(32, 0)),
    TILED("over skip 1", 3, WITH_ALL | OVER_SKIP1, 4, HALF, 16, 0, 48,
          SAME(5, 7), NONE, SKIP(16, 48)),
    TILED("over skip 0 of two", 3, OVER_SKIP0, 4, HALF, 32, 0, 80,
          SAME(23, 31), SILU, SKIP(80, 32)),
    TILED("256 to 256 @16", 3, WITH_ALL, 8, HALF, 256, 0, 256, SAME(16, 16),
          SILU),
    TILED("impossible channels", 3, WITH_ALL, 4, HALF, 16, 5, 24, SAME(7, 6),
          SILU),
    TILED("impossible, up", 3, WITH_ALL, 4, HALF, 16, 0, 16, ENLARGE(4, 4),
          SILU),
    TILED("512 to 256 @8", 5, WITH_ALL, 8, HALF, 256, 256, 256, SAME(8, 8),
          SILU, SKIP(256, 256)),

    CONV_OF("exp overflows", 0.0f, 300.0f, 1, WITH_ALL, 2, 1, 16, 16, 16,
            SAME(6, 6), SILU),
    CONV_OF("mean far above deviation", 4096.0f, 0.25f, 1,
            WITH_STATS | WITH_RESIDUAL, 8, 1, 1, 0, 16, POINT(16, 16), NONE),

    CONV("256 to 256 @32", 1, WITH_ALL, 8, HALF, 256, 0, 256, SAME(32, 32),
         SILU),
    CONV("512 to 256 @16", 1, WITH_ALL, 4, HALF, 256, 256, 256, SAME(16, 16),
         SILU, SKIP(256, 256)),
    CONV("384 to 256 @16", 1, WITH_ALL, 4, HALF, 256, 128, 256, SAME(16, 16),
         SILU, SKIP(256, 128)),
    CONV("256 to 256 @8", 2, WITH_ALL, 4, HALF, 256, 0, 256, SAME(8, 8),
         SILU),
    CONV("256 to 256 @8 up", 1, WITH_ALL, 4, HALF, 256, 0, 256,
         ENLARGE(8, 8), SILU),
    CONV("relu", 3, WITH_BIAS, 4, 1, 16, 0, 32, SAME(7, 6), NONE, RELU),
    CONV("gelu, residual", 3, WITH_BIAS | WITH_RESIDUAL, 4, HALF, 32, 0, 48,
         POINT(37, 1), NONE, GELU),
    CONV("gelu, 37 of 35", 3, WITH_BIAS, 4, 1, 20, 0, 35, POINT(37, 1), NONE,
         GELU),
    CONV("gelu, narrow", 3, WITH_BIAS, 4, 1, 32, 0, 3, POINT(9, 1), NONE,
         GELU),
    CONV("gelu, large", 1, WITH_BIAS, 4, 20, 64, 0, 64, POINT(50, 1), NONE,
         GELU),
    CONV("1x7", 3, WITH_BIAS, 4, 1, 24, 0, 32, RECTANGLE(9, 11, 1, 7), NONE),
    CONV("7x1, relu, into", 3, WITH_BIAS | IN_SLICE, 4, 1, 32, 0, 48,
         RECTANGLE(9, 11, 7, 1), NONE, RELU),
    CONV("5x5, narrow, into", 3, WITH_BIAS | IN_SLICE, 4, 1, 32, 0, 4,
         RECTANGLE(6, 7, 5, 5), NONE, RELU),
    CONV("1x3, part of a panel, into", 3, WITH_BIAS | IN_SLICE, 4, 1, 8, 0,
         21, RECTANGLE(6, 7, 1, 3), NONE, RELU),
    CONV("patches", 3, WITH_BIAS, 4, 1, 3, 0, 64, .height = 4, .width = 3,
         .in_height = 30, .in_width = 23, .kernel = {7, 7}, .stride = 7,
         NONE),
    TILED("relu, into", 3, WITH_BIAS | IN_SLICE, 4, 1, 32, 0, 48, SAME(9, 7),
          NONE, RELU),
    TILED("gelu", 3, WITH_BIAS, 4, 1, 16, 0, 32, SAME(9, 7), NONE, GELU),

    CONV("qkv, 256 to 768 @16", 1, WITH_BIAS, 4, 1, 256, 0, 768,
         POINT(16, 16), AFFINE),
};

/* With tokens that wait for nothing, after attention in a transformer. */
#define PREPROCESS(text, f, in_h, in_w, h, w, c, t0, t1)                     \
    {.name = text, .images = 3, .deviation = 1.0f, .op = {.preprocess = {    \
        .height = h, .width = w, .in_height = in_h, .in_width = in_w,        \
        .channels = c, .taps = {t0, t1}, .fixed = f}}}

static const op_case preprocess_cases[] = {
    PREPROCESS("8 bits", 1, 9, 7, 16, 12, 3, 4, 5),
    PREPROCESS("8 bits, as it is", 1, 6, 5, 6, 5, 3, 1, 1),
    PREPROCESS("8 bits, one row", 1, 40, 33, 1, 5, 1, 40, 13),
    PREPROCESS("floats", 0, 9, 7, 5, 12, 3, 3, 2),
    PREPROCESS("floats, one pixel", 0, 1, 1, 3, 2, 4, 1, 1),
    PREPROCESS("floats, 32 to 75", 0, 32, 32, 75, 75, 3, 4, 4),
};

#define TOKENS(text, n, t, f, c)                                             \
    {.name = text, .images = n, .deviation = 1.0f, .op = {.tokens = {        \
        .tokens = t, .first = f, .channels = c}}}

static const op_case tokens_cases[] = {
    TOKENS("197 of 64", 2, 197, 1, 64),
    TOKENS("registers", 3, 30, 5, 19),
    TOKENS("none before", 3, 16, 0, 3),
};

#define LAYER(text, n, t, c, m, d)                                           \
    {.name = text, .images = n, .mean = m, .deviation = d,                   \
        .op = {.layer_norm = {.tokens = t, .channels = c, .eps = 1e-6f}}}

static const op_case layer_norm_cases[] = {
    LAYER("197 of 384", 1, 197, 384, 0.5f, 1.0f),
    LAYER("37 of 64", 3, 37, 64, 0.0f, 2.0f),
    LAYER("one token of 19", 3, 1, 19, 0.0f, 1.0f),
    LAYER("5 of 7", 3, 5, 7, 3.0f, 1.0f),
    LAYER("mean far above deviation", 2, 9, 80, 1000.0f, 0.05f),
};

#define GATE(text, n, t, c, d)                                               \
    {.name = text, .images = n, .deviation = d,                              \
        .op = {.gate = {.tokens = t, .channels = c}}}

static const op_case gate_cases[] = {
    GATE("37 of 176", 2, 37, 176, 1.0f),
    GATE("17 of 5", 3, 17, 5, 1.0f),
    GATE("exp overflows", 3, 3, 40, 300.0f),
};

#define POOL(text, m, w, in_h, in_w, h, wd, c, k, st, p)                     \
    {.name = text, .with = w, .images = 3, .deviation = 1.0f,                \
        .op = {.pool = {.mode = CEDM_POOL_##m, .height = h, .width = wd,     \
        .in_height = in_h, .in_width = in_w, .channels = c, .kernel = k,     \
        .stride = st, .pad = p}}}

static const op_case pool_cases[] = {
    POOL("max, stride 2", MAX, 0, 9, 11, 4, 5, 64, 3, 2, 0),
    POOL("max, stride 2 into", MAX, IN_SLICE, 9, 11, 4, 5, 48, 3, 2, 0),
    POOL("max, pad", MAX, 0, 8, 8, 8, 8, 19, 3, 1, 1),
    POOL("mean, pad", MEAN, 0, 5, 7, 5, 7, 33, 3, 1, 1),
    POOL("mean, pad into", MEAN, IN_SLICE, 8, 8, 8, 8, 32, 3, 1, 1),
    POOL("whole map", MEAN, 0, 8, 8, 1, 1, 80, 0, 1, 0),
    POOL("one pixel", MEAN, 0, 1, 1, 1, 1, 5, 3, 1, 1),
};

#define RESAMPLE(text, m, h, w, in_h, in_w, c, t, p, a, d)                   \
    {.name = text, .images = 3, .deviation = d, .op = {.resample = {         \
        .mode = CEDM_RESAMPLE_##m, .height = h, .width = w,                  \
        .in_height = in_h, .in_width = in_w, .channels = c, .taps = t,       \
        .pad = p, .act = CEDM_ACT_##a}}}

static const op_case resample_cases[] = {
    RESAMPLE("pool", DOWN, 8, 8, 16, 16, 32, 2, 0, SILU, 1.0f),
    RESAMPLE("pool, 3 channels", DOWN, 3, 5, 6, 10, 3, 2, 0, NONE, 1.0f),
    RESAMPLE("down, 4 taps", DOWN, 4, 3, 8, 6, 17, 4, 1, AFFINE, 1.0f),
    RESAMPLE("down, 12 taps", DOWN, 8, 8, 16, 16, 5, 12, 5, SILU, 1.0f),
    RESAMPLE("up, nearest", UP, 8, 10, 4, 5, 19, 2, 0, SILU, 1.0f),
    RESAMPLE("up, 4 taps", UP, 6, 8, 3, 4, 16, 4, 2, AFFINE, 1.0f),
    RESAMPLE("up, 16 taps", UP, 8, 8, 4, 4, 1, 16, 8, NONE, 1.0f),
    RESAMPLE("same, 3 taps", SAME, 5, 9, 5, 9, 33, 3, 1, SILU, 1.0f),
    RESAMPLE("one pixel up", UP, 2, 2, 1, 1, 16, 2, 0, NONE, 1.0f),
    RESAMPLE("exp overflows", DOWN, 4, 4, 8, 8, 40, 2, 0, SILU, 300.0f),
    RESAMPLE("256 @32", DOWN, 16, 16, 32, 32, 256, 2, 0, SILU, 1.0f),
};

#define ATTENTION(text, n, t, c, h, d)                                       \
    {.name = text, .images = n, .deviation = d, .op = {.attention = {        \
        .tokens = t, .channels = c, .heads = h}}}

static const op_case attention_cases[] = {
    ATTENTION("256 of 256", 1, 256, 256, 1, 1.0f),
    ATTENTION("64 of 256", 3, 64, 256, 1, 1.0f),
    ATTENTION("4 heads of 64", 3, 49, 256, 4, 1.0f),
    ATTENTION("one token", 3, 1, 16, 1, 1.0f),
    ATTENTION("one channel", 3, 9, 1, 1, 1.0f),
    ATTENTION("heads of 5", 3, 35, 15, 3, 1.0f),
    ATTENTION("heads of 24", 3, 30, 48, 2, 1.0f),
    ATTENTION("scores of hundreds", 3, 70, 32, 1, 20.0f),
    ATTENTION("4096 tokens", 1, 4096, 16, 1, 1.0f),
};
/* clang-format on */

/* ---- the list --------------------------------------------------------- */

bool op_case_is_large(const op_class *class, const op_case *c)
{
    any_op op = c->op;
    stage s = {.tensor_count = 0};

    class->place(&s, c, &op);
    return s.data_elements + s.elements[0] + s.elements[1] > 1u << 18;
}

#define CALL(name)                                                           \
    static void call_##name(const cedm_ops *ops, void *ctx, const void *op)  \
    {                                                                        \
        ops->name(ctx, op);                                                  \
    }
CEDM_GRAPH_OPS(CALL)

#define CLASS(op)                                                            \
    {#op,       op##_cases, sizeof op##_cases / sizeof op##_cases[0],        \
     call_##op, place_##op, twin_##op},
const op_class op_classes[] = {CEDM_GRAPH_OPS(CLASS)};
const size_t op_class_count = sizeof op_classes / sizeof op_classes[0];
