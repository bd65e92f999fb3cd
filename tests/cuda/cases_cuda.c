/* SPDX-License-Identifier: MIT
 *
 * cases_cuda.c - convolutions at the edges of tiles and of what the matrix
 * kernel takes, layers of real networks, and how much work a case is. */
#include "tests/cuda/cases_cuda.h"

/* clang-format off */
#define SAME(h, w)                                                           \
    .height = h, .width = w, .in_height = h, .in_width = w,                  \
    .kernel = {3, 3}, .stride = 1, .pad = {1, 1}
#define POINT(h, w)                                                          \
    .height = h, .width = w, .in_height = h, .in_width = w,                  \
    .kernel = {1, 1}, .stride = 1
#define ENLARGE(in_h, in_w)                                                  \
    .height = 2 * in_h, .width = 2 * in_w, .in_height = in_h,                \
    .in_width = in_w, .kernel = {3, 3}, .stride = 1, .pad = {1, 1}, .up = 1
#define SKIP(c0, c1) .skip_cin = {c0, c1}
#define HALF 0.70710678f
#define CONV(text, n, w, rows, c0, c1, out, ...)                             \
    SCALED(text, HALF, n, w, rows, c0, c1, out, __VA_ARGS__)
#define SCALED(text, s, n, w, rows, c0, c1, out, ...)                        \
    {.name = text, .with = w, .images = n, .deviation = 1.0f,                \
        .op = {.conv = {.cin = {c0, c1}, .cout = out, .stat_rows = rows,     \
        .scale = s, .act = CEDM_ACT_SILU, __VA_ARGS__}}}

/* Partial maps are 128 pixels, as in frozen models. */
static const op_case cases[] = {
    CONV("a tile is a partial @32", 2, WITH_ALL, 4, 16, 0, 72, SAME(8, 32)),
    CONV("a tile is a partial @64", 1, WITH_ALL, 2, 8, 0, 72, SAME(4, 64)),
    CONV("a tile is a partial @8", 2, WITH_ALL, 8, 16, 0, 16, SAME(8, 8)),
    CONV("the last partial is short", 2, WITH_ALL, 8, 8, 0, 72,
         SAME(13, 16)),
    CONV("28 wide", 2, WITH_ALL, 4, 16, 0, 16, SAME(28, 28)),
    CONV("two tiles across", 1, WITH_ALL, 1, 8, 0, 16, SAME(3, 97)),
    CONV("one wide, tall", 2, WITH_ALL, 128, 8, 0, 16, SAME(150, 1)),
    CONV("two wide, tall", 1, WITH_ALL, 64, 8, 0, 72, SAME(150, 2)),
    CONV("slices of 8 and 40", 2, WITH_ALL, 8, 8, 40, 24, SAME(8, 8),
         SKIP(40, 8)),
    CONV("up, tiles in a row", 2, WITH_ALL, 2, 24, 0, 40, ENLARGE(5, 33)),
    CONV("up, skip", 2, WITH_ALL, 4, 16, 8, 16, ENLARGE(6, 6),
         SKIP(16, 8)),
    CONV("up, columns of tiles", 2, WITH_ALL, 2, 8, 0, 136, ENLARGE(3, 33)),
    CONV("up, a skip of the source's size", 2, WITH_ALL, 4, 16, 8, 72,
         ENLARGE(6, 10), SKIP(16, 8), .skip_up = 1),
    CONV("a skip of half the size", 2, WITH_ALL, 4, 16, 8, 72, SAME(6, 32),
         SKIP(16, 8), .skip_up = 1),
    CONV("a skip of half the size, tiles of odd height", 1, WITH_ALL, 1, 8, 0,
         72, SAME(6, 20), SKIP(8, 0), .skip_up = 1),
    CONV("over skip, one column of tiles", 3,
         WITH_ALL | OVER_SKIP0, 8, 16, 0, 200, SAME(8, 8), SKIP(200, 16)),
    CONV("over skip, one large column", 2, WITH_ALL | OVER_SKIP1, 8, 16, 0,
         136, SAME(16, 16), SKIP(16, 136)),
    CONV("over skip, groups of images", 5, WITH_ALL | OVER_SKIP0, 4, 8, 0,
         264, SAME(4, 8), SKIP(264, 0)),
    CONV("over skip, odd, groups of images", 3, WITH_ALL | OVER_SKIP0, 4, 3,
         0, 131, SAME(9, 7), SKIP(131, 5)),
    CONV("over residual, columns of tiles", 2, WITH_ALL | OVER_RESIDUAL, 8,
         32, 0, 136, SAME(8, 16)),
    CONV("1x1, columns of tiles", 2, WITH_ALL, 8, 72, 0, 328, POINT(8, 16)),
    CONV("without padding", 2, WITH_ALL, 4, 16, 0, 72, .height = 6,
         .width = 7, .in_height = 8, .in_width = 9, .kernel = {3, 3},
         .stride = 1),
    SCALED("16 bits overflow", 1e37f, 1, WITH_BIAS, 4, 16, 0, 16,
           SAME(4, 4)),
};

/* Plain products, which cuBLAS makes where there is one. */
#define PRODUCT(text, n, w, rows, in, out, ...)                              \
    {.name = text, .with = (w) | WITH_BIAS, .images = n, .deviation = 1.0f,  \
        .op = {.conv = {.cin = {in, 0}, .cout = out, .stat_rows = rows,      \
        .scale = HALF, .act = CEDM_ACT_NONE, __VA_ARGS__}}}

static const op_case products[] = {
    PRODUCT("one pixel", 3, 0, 1, 8, 8, POINT(1, 1)),
    PRODUCT("odd map", 3, WITH_STATS, 4, 40, 24, POINT(7, 5)),
    PRODUCT("residual", 3, WITH_STATS | WITH_RESIDUAL, 2, 64, 136,
            POINT(4, 9)),
    PRODUCT("over residual", 3, WITH_STATS | WITH_RESIDUAL | OVER_RESIDUAL,
            4, 72, 64, POINT(8, 8)),
    PRODUCT("proj, 256 to 256 @16", 2,
            WITH_STATS | WITH_RESIDUAL | OVER_RESIDUAL, 8, 256, 256,
            POINT(16, 16)),
};

#define RECTANGLE(h, w, kh, kw)                                              \
    .height = h, .width = w, .in_height = h, .in_width = w,                  \
    .kernel = {kh, kw}, .stride = 1, .pad = {kh / 2, kw / 2}
#define PATCHES(h, w, in_h, in_w, k)                                         \
    .height = h, .width = w, .in_height = in_h, .in_width = in_w,            \
    .kernel = {k, k}, .stride = k
#define INTO(index, of) .dst_index = index, .dst_stride = of
#define RELU .post = CEDM_POST_RELU
#define GELU .post = CEDM_POST_GELU

/* Layers of encoders: what comes last, kernels that are no squares, parts of
 * maps where tensor cores and cuBLAS may write, and where they may not. */
static const op_case encoders[] = {
    PRODUCT("1x7, relu", 2, 0, 7, 16, 72, RECTANGLE(17, 17, 1, 7), RELU),
    PRODUCT("7x1, relu, into", 2, IN_SLICE, 7, 40, 72,
            RECTANGLE(17, 9, 7, 1), RELU, INTO(16, 112)),
    PRODUCT("5x5, relu, into", 1, IN_SLICE, 3, 16, 72,
            RECTANGLE(7, 35, 5, 5), RELU, INTO(0, 80)),
    PRODUCT("7x7, wider than tiles", 2, 0, 1, 8, 16, RECTANGLE(3, 70, 7, 7),
            RELU),
    PRODUCT("3x3 without padding", 2, 0, 4, 16, 72, .height = 15, .width = 17,
            .in_height = 17, .in_width = 19, .kernel = {3, 3}, .stride = 1,
            RELU),
    PRODUCT("5x3, padded by less", 2, 0, 4, 24, 72, .height = 9, .width = 11,
            .in_height = 11, .in_width = 13, .kernel = {5, 3}, .stride = 1,
            .pad = {1, 0}, RELU),
    PRODUCT("9x1, too tall", 2, 0, 1, 8, 16, RECTANGLE(12, 5, 9, 1)),
    PRODUCT("3x3, into, not in eights", 2, IN_SLICE, 4, 16, 72, SAME(8, 8),
            RELU, INTO(4, 80)),
    PRODUCT("1x1, relu, into", 3, IN_SLICE, 4, 40, 24, POINT(7, 5), RELU,
            INTO(8, 40)),
    PRODUCT("1x1, into, not in eights", 3, IN_SLICE, 4, 40, 24, POINT(7, 5),
            INTO(8, 37)),
    PRODUCT("tokens, gelu", 2, 0, 128, 64, 136, POINT(197, 1), GELU),
    PRODUCT("tokens, gelu, residual", 2, WITH_RESIDUAL, 128, 72, 72,
            POINT(37, 1), GELU),
    PRODUCT("tokens, over residual", 2, WITH_RESIDUAL | OVER_RESIDUAL, 128,
            136, 64, POINT(37, 1)),
    PRODUCT("patches side by side", 2, 0, 1, 3, 40, PATCHES(4, 3, 28, 21, 7)),
    PRODUCT("patches with a margin", 2, 0, 1, 3, 40, PATCHES(4, 3, 30, 23, 7)),
    PRODUCT("patches of 16 with a margin", 2, 0, 1, 3, 40,
            PATCHES(2, 2, 34, 35, 16)),
    PRODUCT("patches of a map", 2, 0, 1, 16, 24, PATCHES(4, 4, 8, 8, 2)),
};

/* The layers that most of the time goes to in networks of full size. */
static const op_case real[] = {
    CONV("CIFAR-10, 256 to 256 @32", 2, WITH_ALL, 4, 256, 0, 256,
         SAME(32, 32)),
    CONV("CIFAR-10, 512 to 256 @32", 1, WITH_EMB | WITH_BIAS | WITH_STATS, 4,
         256, 256, 256, SAME(32, 32)),
    CONV("CIFAR-10, 256 to 256 @32, skip", 2,
         WITH_ALL | OVER_SKIP0, 4, 256, 0, 256, SAME(32, 32),
         SKIP(256, 128)),
    CONV("CIFAR-10, 512 to 256 @16", 3, WITH_ALL, 8, 256, 256, 256,
         SAME(16, 16)),
    CONV("CIFAR-10, 256 to 256 @8", 5, WITH_ALL | OVER_RESIDUAL, 8, 256, 0,
         256, SAME(8, 8)),
    CONV("CIFAR-10, up to 32", 2, WITH_ALL, 4, 256, 0, 256,
         ENLARGE(16, 16)),
    CONV("FFHQ-64, 128 to 128 @64", 2, WITH_ALL, 2, 128, 0, 128,
         SAME(64, 64)),
    CONV("FFHQ-64, 256 to 128 @64", 1, WITH_ALL, 2, 256, 128, 128,
         SAME(64, 64)),
    CONV("ImageNet-64, 384 to 192 @64", 1, WITH_ALL, 2, 192, 192, 192,
         SAME(64, 64)),
    CONV("ImageNet-64, 1536 to 768 @8", 3, WITH_ALL, 8, 768, 768, 768,
         SAME(8, 8)),
    PRODUCT("ViT-S/16, 384 to 1536, gelu", 2, 0, 128, 384, 1536,
            POINT(197, 1), GELU),
    PRODUCT("Inception, 80 to 192 @73, without padding", 1, 0, 1, 80, 192,
            .height = 71, .width = 71, .in_height = 73, .in_width = 73,
            .kernel = {3, 3}, .stride = 1, RELU),
    PRODUCT("Inception, 1x7, 192 to 192 @17", 2, 0, 7, 192, 192,
            RECTANGLE(17, 17, 1, 7), RELU),
    PRODUCT("Inception, 7x1, 160 to 192 @17, into", 2, IN_SLICE, 7, 160, 192,
            RECTANGLE(17, 17, 7, 1), RELU, INTO(192, 768)),
};

static const op_case real_attention[] = {
    {.name = "ImageNet-64, 6 heads of 64 @32", .images = 2,
     .deviation = 1.0f,
     .op = {.attention = {.tokens = 1024, .channels = 384, .heads = 6}}},
    {.name = "FFHQ-64, 256 of 256", .images = 3, .deviation = 1.0f,
     .op = {.attention = {.tokens = 256, .channels = 256, .heads = 1}}},
};

static const op_case real_linear[] = {
    {.name = "all affines of CIFAR-10", .images = 8, .with = WITH_BIAS,
     .deviation = 1.0f, .op = {.linear = {.in = 512, .out = 9216}}},
};

static void call_conv(const cedm_ops *ops, void *ctx, const void *op)
{
    ops->conv(ctx, op);
}

static void call_attention(const cedm_ops *ops, void *ctx, const void *op)
{
    ops->attention(ctx, op);
}

static void call_linear(const cedm_ops *ops, void *ctx, const void *op)
{
    ops->linear(ctx, op);
}

#define CLASS(text, cases, op)                                               \
    {text, cases, sizeof cases / sizeof cases[0], call_##op, place_##op,     \
     twin_##op}
const op_class cuda_classes[] = {
    CLASS("conv of tiles", cases, conv),
    CLASS("conv, a product", products, conv),
    CLASS("conv of encoders", encoders, conv),
    CLASS("conv, real", real, conv),
    CLASS("attention, real", real_attention, attention),
    CLASS("linear, real", real_linear, linear),
};
/* clang-format on */
const size_t cuda_class_count = sizeof cuda_classes / sizeof cuda_classes[0];

uint64_t case_work(const op_class *class, const op_case *c)
{
    const cedm_conv *conv = &c->op.conv;
    const cedm_attention *a = &c->op.attention;
    const cedm_linear *linear = &c->op.linear;

    if (class->place == place_linear) {
        return (uint64_t)c->images * linear->in * linear->out;
    }
    if (class->place == place_conv) {
        return (uint64_t)c->images * conv->height * conv->width * conv->cout *
               conv->kernel[0] * conv->kernel[1] *
               (conv->cin[0] + conv->cin[1]);
    }
    return class->place != place_attention
               ? 0
               : 2ull * c->images * a->tokens * a->tokens * a->channels;
}
