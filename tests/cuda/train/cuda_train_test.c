/* SPDX-License-Identifier: MIT
 *
 * cuda_train_test.c - every training op's kernels against trainer/ops, in
 * every precision; fixture.h says within what. */
#include "tests/cuda/train/fixture.h"

#include <stdio.h>

#define FEW 1u          /* one part of a sum */
#define MANY (1u << 20) /* as many parts as there are steps */

/* ---- weights of convolutions -------------------------------------------- */

#define MAP(h, w) .height = h, .width = w, .in_height = h, .in_width = w
#define SAME .kernel = 3, .stride = 1, .pad = 1
#define POINT .kernel = 1, .stride = 1

static const struct {
    const char *name;
    cg_conv_weight op;
    bool src_f32, grad_f32;
    /* clang-format off */
} weight_cases[] = {
    {"3x3", {MAP(9, 7), SAME, .cin = 16, .cout = 24}, 0, 0},
    {"3x3, more than a tile", {MAP(8, 8), SAME, .cin = 40, .cout = 72}, 0, 0},
    {"3x3, rows and columns of tiles",
     {MAP(11, 70), SAME, .cin = 8, .cout = 8}, 0, 0},
    {"3x3, one wide", {MAP(150, 1), SAME, .cin = 8, .cout = 16}, 0, 0},
    {"3x3, two wide", {MAP(150, 2), SAME, .cin = 8, .cout = 8}, 0, 0},
    {"3x3, one pixel", {MAP(1, 1), SAME, .cin = 8, .cout = 8}, 0, 0},
    {"3x3, second source",
     {MAP(4, 4), SAME, .cin = 24, .cout = 8, .row = 40, .first = 16}, 0, 0},
    {"3x3 without a border",
     {.height = 4, .width = 5, .in_height = 6, .in_width = 7, .kernel = 3,
      .stride = 1, .cin = 8, .cout = 16}, 0, 0},
    {"3x3 with a wide border",
     {.height = 8, .width = 9, .in_height = 6, .in_width = 7, .kernel = 3,
      .stride = 1, .pad = 2, .cin = 8, .cout = 16}, 0, 0},
    {"1x1", {MAP(5, 6), POINT, .cin = 136, .cout = 40}, 0, 0},
    {"1x1, more than a tile", {MAP(3, 3), POINT, .cin = 72, .cout = 200}, 0,
     0},
    {"1x1, second source",
     {MAP(5, 3), POINT, .cin = 8, .cout = 136, .row = 30, .first = 20}, 0, 0},
    {"3x3, odd channels", {MAP(6, 5), SAME, .cin = 7, .cout = 19}, 0, 0},
    {"1x1, odd channels", {MAP(6, 5), POINT, .cin = 70, .cout = 67}, 0, 0},
    {"3x3, a step of two",
     {.height = 4, .width = 3, .in_height = 7, .in_width = 5, .kernel = 3,
      .stride = 2, .pad = 1, .cin = 8, .cout = 16}, 0, 0},
    {"the first convolution", {MAP(8, 8), SAME, .cin = 3, .cout = 16}, 1, 0},
    {"the last convolution", {MAP(8, 8), SAME, .cin = 16, .cout = 3}, 0, 1},
    {"a linear layer", {MAP(1, 1), POINT, .cin = 33, .cout = 70}, 1, 1},
};
/* clang-format on */

static void check_weight(enum cedm_cuda_precision precision, size_t k,
                         uint32_t multiprocessors)
{
    cg_training_op op = {.kind = CG_TRAINING_conv_weight};
    cg_conv_weight *w = &op.u.conv_weight;
    fixture x;

    fixture_open(&x, precision, multiprocessors, weight_cases[k].name);
    *w = weight_cases[k].op;
    w->row = w->row == 0 ? w->cin : w->row;
    w->scale = 0.5f;
    w->weight = 64;
    w->src = tensor(&x, weight_cases[k].src_f32,
                    w->in_height * w->in_width * w->cin);
    w->grad =
        tensor(&x, weight_cases[k].grad_f32, w->height * w->width * w->cout);
    x.linear = true;
    expect(&x,
           (output){.ref = w->weight,
                    .grads = true,
                    .store = 0x1p-23,
                    .elements = w->cout * w->kernel * w->kernel * w->row,
                    .terms = sum_terms(BATCH * w->height * w->width + 2)});
    fixture_check(&x, &op);
    fixture_close(&x);
}

static void test_conv_weight(void **state)
{
    const enum cedm_cuda_precision *precision = *state;

    for (size_t k = 0; k < sizeof weight_cases / sizeof weight_cases[0];
         k++) {
        check_weight(*precision, k, FEW);
        check_weight(*precision, k, MANY);
    }
}

/* ---- activated maps ----------------------------------------------------- */

/* Exponentials and divisions are good to a few 2^-20 of the result at least,
 * also the fast ones of 16 bits; then it is stored. */
#define FUNCTIONS 0x1p-18

static void check_activate(enum cedm_cuda_precision precision, uint32_t first,
                           uint32_t second, uint32_t act, uint32_t up,
                           uint32_t layer)
{
    cg_training_op op = {.kind = CG_TRAINING_activate};
    cg_activate *a = &op.u.activate;
    uint32_t channels = first + second, pixels = 5 * 7;
    fixture x;

    fixture_open(&x, precision, FEW, "activate");
    *a = (cg_activate){.height = 5,
                       .width = 7,
                       .channels = {first, second},
                       .act = act,
                       .up = up,
                       .layer = layer,
                       .coeff = CEDM_NONE,
                       .src = {0, CEDM_NONE}};
    a->src[0] = tensor(&x, false, pixels * first);
    if (second != 0) {
        a->src[1] = tensor(&x, false, pixels * second);
    }
    if (act != CEDM_ACT_NONE) {
        a->coeff = tensor(&x, true, 2 * channels);
    }
    a->dst = tensor(&x, false, (pixels * channels) << (2 * up));
    expect(&x, (output){.ref = a->dst,
                        .elements = (pixels * channels) << (2 * up),
                        .store = unit(&x, false) + FUNCTIONS,
                        .level = FUNCTIONS});
    fixture_check(&x, &op);
    fixture_close(&x);
}

static void test_activate(void **state)
{
    const enum cedm_cuda_precision *p = *state;

    check_activate(*p, 16, 8, CEDM_ACT_SILU, 0, CG_NO_DROPOUT);
    check_activate(*p, 40, 0, CEDM_ACT_SILU, 1, CG_NO_DROPOUT);
    check_activate(*p, 64, 64, CEDM_ACT_SILU, 0, 2);
    check_activate(*p, 17, 6, CEDM_ACT_SILU, 1, 3);
    check_activate(*p, 24, 16, CEDM_ACT_NONE, 0, CG_NO_DROPOUT);
    check_activate(*p, 5, 0, CEDM_ACT_AFFINE, 0, 1);
}

/* ---- norms -------------------------------------------------------------- */

static void place_norm(fixture *x, cg_norm_grad *n, bool adaptive)
{
    uint32_t channels = n->channels[0] + n->channels[1];
    uint32_t pixels = n->height * n->width;
    uint32_t partials = (n->height + n->stat_rows - 1) / n->stat_rows;

    for (int s = 0; s < 2; s++) {
        uint32_t own = n->channels[s];

        n->src[s] = n->stats[s] = n->dst[s] = CEDM_NONE;
        if (own != 0) {
            float *stats;

            n->src[s] = tensor(x, false, pixels * own);
            n->dst[s] = tensor(x, false, pixels * own);
            n->stats[s] = tensor(x, true, 2 * partials * own);
            stats = tensor_at(x, n->stats[s]);
            for (uint32_t i = 0; i < BATCH * 2 * partials * own; i++) {
                stats[i] = i / own % 2 == 0 ? 0.3f * stats[i]
                                            : 10.0f + fabsf(stats[i]);
            }
        }
    }
    n->coeff = tensor(x, true, 2 * channels);
    n->grad = tensor(x, false, pixels * channels);
    n->sums = tensor(x, true, 2 * channels);
    n->gamma = 0;
    n->beta = 512;
    n->adaptive_src = n->adaptive_dst = CEDM_NONE;
    if (adaptive) {
        n->adaptive_index = 5;
        n->adaptive_stride = 2 * channels + 9;
        n->adaptive_src = tensor(x, true, n->adaptive_stride);
        n->adaptive_dst = tensor(x, true, n->adaptive_stride);
    }
}

/* Gradients before the norm are not rounded, so sums have float's errors:
 * n roundings of terms as large as the root mean square of what they are the
 * sum of, which is at least 1 / sqrt(n) of that of the sums. */
static void check_norm(enum cedm_cuda_precision precision, cg_norm_grad n,
                       bool adaptive)
{
    cg_training_op op = {.kind = CG_TRAINING_norm_grad};
    uint32_t channels = n.channels[0] + n.channels[1];
    uint32_t pixels = n.height * n.width;
    double sums = sqrt((double)(pixels * BATCH)) *
                  (FUNCTIONS + sum_terms(pixels * BATCH));
    fixture x;

    fixture_open(&x, precision, FEW, "norm_grad");
    place_norm(&x, &n, adaptive);
    op.u.norm_grad = n;
    for (int s = 0; s < 2 && n.channels[s] != 0; s++) {
        expect(&x, (output){.ref = n.dst[s],
                            .elements = pixels * n.channels[s],
                            .store = unit(&x, false) + FUNCTIONS,
                            .level = 4.0 * FUNCTIONS});
    }
    expect(&x, (output){.ref = n.sums,
                        .elements = 2 * channels,
                        .store = FUNCTIONS,
                        .level = sums});
    expect(&x, (output){.ref = n.gamma,
                        .elements = channels,
                        .grads = true,
                        .store = FUNCTIONS,
                        .level = sums});
    expect(&x, (output){.ref = n.beta,
                        .elements = channels,
                        .grads = true,
                        .store = FUNCTIONS,
                        .level = sums});
    if (adaptive) {
        expect(&x, (output){.ref = n.adaptive_dst,
                            .elements = n.adaptive_stride,
                            .store = FUNCTIONS,
                            .level = sums});
    }
    fixture_check(&x, &op);
    fixture_close(&x);
}

static void test_norm_grad(void **state)
{
    const enum cedm_cuda_precision *p = *state;
    const cg_norm_grad base = {.height = 5,
                               .width = 4,
                               .groups = 4,
                               .stat_rows = 2,
                               .eps = 1e-5f,
                               .act = CEDM_ACT_SILU,
                               .layer = CG_NO_DROPOUT};
    cg_norm_grad n = base;

    n.channels[0] = 24;
    check_norm(*p, n, false);
    n.channels[1] = 16; /* groups straddle the sources */
    n.accumulate[1] = 1;
    check_norm(*p, n, true);
    n.layer = 3;
    check_norm(*p, n, false);
    n.channels[0] = 19;
    n.channels[1] = 9;
    n.accumulate[0] = 1;
    check_norm(*p, n, true);
    n = base; /* several runs of pixels, several columns */
    n.height = 25;
    n.width = 12;
    n.stat_rows = 8;
    n.channels[0] = 72;
    n.act = CEDM_ACT_AFFINE;
    check_norm(*p, n, false);
}

/* ---- attention ---------------------------------------------------------- */

/* Probabilities and derivatives of scores are rounded to the type on their
 * way into products: independently, so that sums are off by u of their own
 * size, and 8 and 2 of these leave no room for a wrong element.  In float it
 * is the exponential's error, a few times that of a score. */
static void check_attention(enum cedm_cuda_precision precision,
                            uint32_t tokens, uint32_t channels,
                            uint32_t heads)
{
    cg_training_op op = {.kind = CG_TRAINING_attention_grad};
    cg_attention_grad *a = &op.u.attention_grad;
    fixture x;
    double u;

    fixture_open(&x, precision, FEW, "attention_grad");
    u = precision == CEDM_CUDA_FP32 ? 0x1p-20 : unit(&x, false);
    *a = (cg_attention_grad){
        .tokens = tokens, .channels = channels, .heads = heads};
    a->src = tensor(&x, false, 3 * tokens * channels);
    a->grad = tensor(&x, false, tokens * channels);
    a->dst = tensor(&x, false, 3 * tokens * channels);
    expect(&x, (output){.ref = a->dst,
                        .elements = 3 * tokens * channels,
                        .store = 2.0 * u,
                        .level = 8.0 * u});
    fixture_check(&x, &op);
    fixture_close(&x);
}

static void test_attention_grad(void **state)
{
    const enum cedm_cuda_precision *p = *state;

    check_attention(*p, 10, 32, 2);
    check_attention(*p, 64, 16, 1);
    check_attention(*p, 77, 72, 1);
    check_attention(*p, 70, 128, 2);
    check_attention(*p, 7, 10, 2);
}

/* ---- sums and vectors --------------------------------------------------- */

static void check_sums(enum cedm_cuda_precision precision, bool f32,
                       uint32_t pixels, uint32_t channels, bool biases)
{
    cg_training_op op = {.kind = CG_TRAINING_sums};
    cg_sums *s = &op.u.sums;
    fixture x;

    fixture_open(&x, precision, FEW, "sums");
    *s = (cg_sums){.pixels = pixels,
                   .channels = channels,
                   .scale = 0.5f,
                   .index = 9,
                   .stride = channels + 20,
                   .bias = biases ? 16 : CEDM_NONE,
                   .bias2 = biases ? 1024 : CEDM_NONE};
    s->grad = tensor(&x, f32, pixels * channels);
    s->dst = tensor(&x, true, s->stride);
    x.linear = true;
    expect(&x, (output){.ref = s->dst,
                        .elements = s->stride,
                        .store = 0x1p-23,
                        .terms = sum_terms(pixels)});
    for (int k = 0; k < 2 && biases; k++) {
        expect(&x, (output){.ref = k == 0 ? s->bias : s->bias2,
                            .elements = channels,
                            .grads = true,
                            .store = 0x1p-23,
                            .terms = sum_terms(BATCH * pixels)});
    }
    fixture_check(&x, &op);
    fixture_close(&x);
}

static void test_sums(void **state)
{
    const enum cedm_cuda_precision *p = *state;

    check_sums(*p, false, 12, 72, true);
    check_sums(*p, false, 1100, 8, true);
    check_sums(*p, false, 300, 67, false);
    check_sums(*p, true, 1, 100, true);
}

static void test_vectors(void **state)
{
    const enum cedm_cuda_precision *p = *state;
    cg_training_op op = {.kind = CG_TRAINING_augment};
    cg_augment *a = &op.u.augment;
    cg_silu_grad *s = &op.u.silu_grad;
    cg_embed_grad *e = &op.u.embed_grad;
    fixture x;

    fixture_open(&x, *p, FEW, "augment");
    *a = (cg_augment){.channels = 300, .label_dim = 9, .weight = 32};
    a->src = tensor(&x, true, 300);
    a->labels = tensor(&x, true, 9);
    a->dst = tensor(&x, true, 300);
    expect(&x, (output){.ref = a->dst,
                        .elements = 300,
                        .store = 0x1p-20,
                        .level = 0x1p-20});
    fixture_check(&x, &op);
    fixture_close(&x);

    fixture_open(&x, *p, FEW, "silu_grad");
    op.kind = CG_TRAINING_silu_grad;
    *s = (cg_silu_grad){.channels = 300};
    s->src = tensor(&x, true, 300);
    s->grad = tensor(&x, true, 300);
    s->dst = tensor(&x, true, 300);
    tensor_at(&x, s->src)[0] = -200.0f;
    expect(&x, (output){.ref = s->dst,
                        .elements = 300,
                        .store = 0x1p-20,
                        .level = 0x1p-20});
    fixture_check(&x, &op);
    fixture_close(&x);

    fixture_open(&x, *p, FEW, "embed_grad");
    op.kind = CG_TRAINING_embed_grad;
    *e = (cg_embed_grad){.channels = 70,
                         .label_dim = 4,
                         .label_scale = 2.0f,
                         .weight = 64,
                         .bias = 32};
    e->weight = 512;
    e->grad = tensor(&x, true, 70);
    x.cluster[2] = x.cluster[1];
    expect(&x, (output){.ref = e->weight,
                        .elements = 280,
                        .grads = true,
                        .store = 0x1p-20,
                        .level = 0x1p-20});
    expect(&x, (output){.ref = e->bias,
                        .elements = 70,
                        .grads = true,
                        .store = 0x1p-20,
                        .level = 0x1p-20});
    fixture_check(&x, &op);
    fixture_close(&x);
}

static void check_add(enum cedm_cuda_precision precision, bool f32,
                      uint32_t elements, uint32_t accumulate)
{
    cg_training_op op = {.kind = CG_TRAINING_add};
    cg_add *a = &op.u.add;
    fixture x;

    fixture_open(&x, precision, FEW, "add");
    *a = (cg_add){
        .elements = elements, .accumulate = accumulate, .scale = 0.70710678f};
    a->src = tensor(&x, f32, elements);
    a->dst = accumulate ? tensor(&x, f32, elements) : a->src;
    expect(&x, (output){.ref = a->dst,
                        .elements = elements,
                        .store = unit(&x, f32),
                        .level = 0x1p-22});
    fixture_check(&x, &op);
    fixture_close(&x);
}

static void check_dilate(enum cedm_cuda_precision precision,
                         uint32_t channels)
{
    cg_training_op op = {.kind = CG_TRAINING_dilate};
    cg_dilate *d = &op.u.dilate;
    fixture x;

    fixture_open(&x, precision, FEW, "dilate");
    *d = (cg_dilate){.height = 3, .width = 5, .channels = channels};
    d->src = tensor(&x, false, 15 * channels);
    d->dst = tensor(&x, false, 45 * channels);
    expect(&x, (output){.ref = d->dst, .elements = 45 * channels});
    fixture_check(&x, &op);
    fixture_close(&x);
}

static void test_maps(void **state)
{
    const enum cedm_cuda_precision *p = *state;

    check_add(*p, false, 1000, 0);
    check_add(*p, false, 1000, 1);
    check_add(*p, false, 1003, 1);
    check_add(*p, true, 40, 1);
    check_dilate(*p, 16);
    check_dilate(*p, 5);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest ops[] = {
        cmocka_unit_test(test_conv_weight),
        cmocka_unit_test(test_activate),
        cmocka_unit_test(test_norm_grad),
        cmocka_unit_test(test_attention_grad),
        cmocka_unit_test(test_sums),
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_maps),
    };
    enum { OPS = sizeof ops / sizeof ops[0] };
    static enum cedm_cuda_precision precisions[CEDM_CUDA_PRECISIONS];
    struct CMUnitTest tests[OPS * CEDM_CUDA_PRECISIONS];
    char names[OPS * CEDM_CUDA_PRECISIONS][64];

    if (!device_open()) {
        puts("skipped: no device");
        return 77;
    }
    if (train_cuda_kernels_init() != 0) {
        fputs("train_cuda_kernels_init failed\n", stderr);
        return 1;
    }
    for (int p = 0; p < CEDM_CUDA_PRECISIONS; p++) {
        precisions[p] = (enum cedm_cuda_precision)p;
        for (int i = 0; i < OPS; i++) {
            int k = p * OPS + i;

            (void)snprintf(names[k], sizeof names[k], "%s %s",
                           precision_names[p], ops[i].name);
            tests[k] = ops[i];
            tests[k].name = names[k];
            tests[k].initial_state = &precisions[p];
        }
    }
    if (argc > 1) {
        cmocka_set_test_filter(argv[1]);
    }
    return _cmocka_run_group_tests("cuda training ops", tests,
                                   OPS * CEDM_CUDA_PRECISIONS, NULL, NULL) +
           train_update_test();
}
