/* SPDX-License-Identifier: MIT
 *
 * cuda_ops_test.c - every kernel of the CUDA backend in every case of
 * tests/ops, in every precision, on the emulator or on a GPU:
 *
 *   values   against the portable backend on the same rounded inputs
 *   order    last block and last thread first: the same bits, or a race
 *   place    images in other slots of a batch, beside a NaN: the same bits
 *   product  the same of what cuBLAS makes
 *
 *     cuda_ops_test [FILTER [MOST]]
 *
 * FILTER is of names, as "fp16 conv*"; MOST is in multiply-adds of a case.
 *
 * Tolerance: u is half the distance of neighbours at 1.  Independent
 * roundings of inputs, weights and activated values add up to about u times
 * the root mean square of outputs, and the last one is relative to a value:
 * 8 and 2 of these leave no room for a wrong element. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/cuda/cases_cuda.h"
#include "tests/cuda/test_device.h"
#include "tests/cuda/session.h"

/* Multiply-adds above which a case is run in one order only, by one size of
 * tiles only, and not at all. */
static struct {
    uint64_t order, tiles, most;
} limits = {500000, 8000000, 80000000};

static const struct {
    const char *name;
    double u; /* float's covers its sums, too */
} precisions[CEDM_CUDA_PRECISIONS] = {
    [CEDM_CUDA_FP16] = {"fp16", 0x1p-11},
    [CEDM_CUDA_BF16] = {"bf16", 0x1p-8},
    [CEDM_CUDA_FP32] = {"fp32", 0x1p-20},
};

typedef struct subject {
    const op_class *class;
    enum cedm_cuda_precision precision;
} subject;

typedef struct trial {
    stage s;
    any_op op;
    session x;
    char what[160];
} trial;

static void start(trial *r, const subject *t, const op_case *c,
                  stage_setting images, session_setting device)
{
    memset(r, 0, sizeof *r);
    r->op = c->op;
    t->class->place(&r->s, c, &r->op);
    device.precision = t->precision;
    snprintf(r->what, sizeof r->what, "%s %s, %s, %u multiprocessors%s",
             precisions[t->precision].name, t->class->name, c->name,
             device.multiprocessors, device.warpgroups ? ", warpgroups" : "");
    images.workers = 1;
    session_run(&r->x, &device, &r->s, &images, t->class, &r->op, r->what);
}

static void finish(trial *r)
{
    session_close(&r->x);
    stage_close(&r->s);
}

static double root_mean_square(const float *x, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++) {
        sum += (double)x[i] * (double)x[i];
    }
    return sqrt(sum / (double)n);
}

/* Embeddings, coefficients and layers that touch floats are not rounded.  An
 * error of a score is a relative one of its exponential, and scores grow as
 * the square of their inputs: of 256 channels both sides may be 0.76 of the
 * bound of others away from what float64 gives. */
static double unit_of(const subject *t, const op_case *c, const trial *r)
{
    bool f32 = CEDM_REF_IS_F32(r->x.outputs[0].ref) ||
               t->precision == CEDM_CUDA_FP32;
    bool scores = t->class->place == place_attention;

    return precisions[f32 ? CEDM_CUDA_FP32 : t->precision].u *
           (!f32 || !scores       ? 1.0
            : c->deviation > 1.0f ? 16.0
                                  : 2.0);
}

static void check_values(const subject *t, const op_case *c, const trial *r,
                         uint32_t image)
{
    size_t n = r->x.outputs[0].elements;
    const float *got = session_got(&r->x, 0, image);
    const float *wanted = session_wanted(&r->x, 0, image);
    double rms = root_mean_square(wanted, n), u = unit_of(t, c, r);
    bool fp16 = u == precisions[CEDM_CUDA_FP16].u;

    for (size_t e = 0; e < n; e++) {
        double g = (double)got[e], w = (double)wanted[e];

        if (fp16 && fabs(w) > 65520.0 && isinf(g)) {
            continue;
        }
        if (!(fabs(g - w) <= u * (8 * rms + 2 * fabs(w)))) {
            fail_msg("%s: image %u, element %zu: got %.9g, wanted %.9g, "
                     "difference %.3g above %.3g",
                     r->what, image, e, g, w, fabs(g - w),
                     u * (8 * rms + 2 * fabs(w)));
        }
    }
}

/* One channel of one partial, of the map that was written. */
static void check_partial(const trial *r, uint32_t image, uint32_t p,
                          uint32_t c)
{
    const cedm_conv *op = &r->op.conv;
    uint32_t row = p * op->stat_rows, left = op->height - row;
    size_t pixels =
        (size_t)(left < op->stat_rows ? left : op->stat_rows) * op->width;
    const float *map =
        session_got(&r->x, 0, image) + (size_t)row * op->width * op->cout + c;
    const float *stats =
        session_got(&r->x, 1, image) + (size_t)p * 2 * op->cout + c;
    double sum = 0, m2 = 0, largest = 0, mean;

    for (size_t i = 0; i < pixels; i++) {
        sum += (double)map[i * op->cout];
        largest = fmax(largest, fabs((double)map[i * op->cout]));
    }
    mean = sum / (double)pixels;
    for (size_t i = 0; i < pixels; i++) {
        double d = (double)map[i * op->cout] - mean;

        m2 += d * d;
    }
    if (!(fabs((double)stats[0] - mean) <= 0x1p-20 * largest) ||
        !(fabs((double)stats[op->cout] - m2) <=
          0x1p-18 * m2 + (double)pixels * pow(largest * 0x1p-20, 2))) {
        fail_msg("%s: image %u, partial %u, channel %u: got mean %.9g, M2 "
                 "%.9g, wanted %.9g, %.9g",
                 r->what, image, p, c, (double)stats[0],
                 (double)stats[op->cout], mean, m2);
    }
}

static void check_stats(const trial *r, uint32_t image)
{
    const cedm_conv *op = &r->op.conv;

    if (r->x.output_count < 2) {
        return;
    }
    for (uint32_t p = 0; p * op->stat_rows < op->height; p++) {
        for (uint32_t c = 0; c < op->cout; c++) {
            check_partial(r, image, p, c);
        }
    }
}

/* The flag tells of 16-bit results that are not finite, and of no others. */
static void check_flag(const trial *r, uint32_t image)
{
    const float *got = session_got(&r->x, 0, image);
    bool f32 = CEDM_REF_IS_F32(r->x.outputs[0].ref) ||
               r->x.setting.precision == CEDM_CUDA_FP32;
    bool finite = true;

    for (size_t e = 0; e < r->x.outputs[0].elements; e++) {
        finite = finite && isfinite(got[e]);
    }
    if (r->x.overflow[image] != (f32 || finite ? 0 : CEDM_CUDA_OVERFLOW)) {
        fail_msg("%s: image %u is %s, its flag %u", r->what, image,
                 finite ? "finite" : "not finite", r->x.overflow[image]);
    }
}

static void same_bits(const trial *is, const trial *was, uint32_t from,
                      uint32_t shift, const char *why)
{
    for (int k = 0; k < is->x.output_count; k++) {
        for (uint32_t i = from; i < is->x.n; i++) {
            const float *a = session_got(&is->x, k, i);
            const float *b = session_got(&was->x, k, i + shift);

            for (size_t e = 0; e < is->x.outputs[k].elements; e++) {
                if (memcmp(&a[e], &b[e], sizeof a[e]) != 0) {
                    fail_msg("%s: output %d, image %u, element %zu: %.9g, "
                             "but %.9g %s",
                             is->what, k, i + shift, e, (double)b[e],
                             (double)a[e], why);
                }
            }
        }
    }
}

/* Some element of the first image depends on element 0 of its input. */
static void check_nan(const trial *r)
{
    const float *got = session_got(&r->x, 0, 0);
    size_t e = 0;

    while (e < r->x.outputs[0].elements && !isnan(got[e])) {
        e++;
    }
    if (e == r->x.outputs[0].elements) {
        fail_msg("%s: a NaN got lost", r->what);
    }
}

/* A run of a case, and with `order` what it must have in common with
 * others. */
static void test_run(const subject *t, const op_case *c,
                     session_setting device, bool order)
{
    stage_setting all = {.batch = c->images, .n = c->images};
    stage_setting later = {
        .batch = c->images, .n = c->images - 1, .first = 1};
    trial first, other;

    start(&first, t, c, all, device);
    for (uint32_t i = 0; i < c->images; i++) {
        check_values(t, c, &first, i);
        check_stats(&first, i);
        check_flag(&first, i);
    }
    device.again = true;
    if (order) {
        device.backwards = true;
        start(&other, t, c, all, device);
        same_bits(&other, &first, 0, 0, "in the other order");
        finish(&other);
        device.backwards = false;
        if (c->images > 1) {
            start(&other, t, c, later, device);
            same_bits(&other, &first, 0, 1, "in another slot");
            finish(&other);
        }
        all.nan = true;
        start(&other, t, c, all, device);
        same_bits(&other, &first, 1, 0, "beside a NaN");
        check_flag(&other, 0);
        check_nan(&other);
        finish(&other);
    }
    finish(&first);
}

static bool is_product(const op_class *class, const any_op *op)
{
    return class->place == place_conv ? cedm_cuda_gemm_suits_conv(&op->conv)
           : class->place == place_linear
               ? cedm_cuda_gemm_suits_linear(&op->linear)
               : false;
}

static void test_case(const subject *t, const op_case *c, uint32_t processors)
{
    session_setting device = {.multiprocessors = processors};
    bool order = case_work(t->class, c) <= limits.order;
    stage unused = {0};
    any_op op = c->op;

    test_run(t, c, device, order);
    t->class->place(&unused, c, &op);
    if (device_is_real() && is_product(t->class, &op)) {
        device.product = true;
        test_run(t, c, device, order);
    }
}

/* By every size of tiles that warpgroups have, and by blocks that make one
 * tile, several, or all of them. */
static void test_warpgroups(const subject *t, const op_case *c)
{
    static const uint32_t processors[] = {1, 3, 12, 1u << 20};
    session_setting device = {.warpgroups = true};
    bool small = case_work(t->class, c) <= limits.tiles;

    for (int i = 0; i < (small ? 4 : 1); i++) {
        device.multiprocessors = processors[i];
        test_run(t, c, device, small && i % 2 == 1);
    }
    if (strcmp(t->class->name, "conv, real") == 0 && !device_is_real() &&
        device_boxes() == 0) {
        fail_msg("%s: not made by warpgroups", c->name);
    }
}

/* What cuBLAS leaves to a kernel, on maps that a convolution made. */
static void test_finish(const subject *t, const op_case *c)
{
    stage_setting all = {.batch = c->images, .n = c->images};
    session_setting device = {.multiprocessors = 1, .finish = true};
    trial r;

    if (t->class->place != place_conv ||
        case_work(t->class, c) > limits.order) {
        return;
    }
    start(&r, t, c, all, device);
    for (uint32_t i = 0; i < c->images; i++) {
        check_stats(&r, i);
        check_flag(&r, i);
    }
    finish(&r);
}

static void test_cases(void **state)
{
    const subject *t = *state;
    bool is_conv = t->class->place == place_conv;

    for (size_t i = 0; i < t->class->count; i++) {
        const op_case *c = &t->class->cases[i];

        if (case_work(t->class, c) > limits.most ||
            (is_conv && c->op.conv.algorithm == CEDM_CONV_WINOGRAD2)) {
            continue; /* (a CPU's second way to make what came before) */
        }
        test_case(t, c, 1);
        if (is_conv && t->precision != CEDM_CUDA_FP32) {
            if (case_work(t->class, c) <= limits.tiles) {
                test_case(t, c, 1u << 20);
            }
            if (device_encode_tensor() != NULL && c->op.conv.cout > 64) {
                test_warpgroups(t, c);
            }
        }
        test_finish(t, c);
    }
}

static void set_limits(const char *most)
{
    if (device_is_real()) {
        limits.order = limits.tiles = limits.most = UINT64_MAX;
    }
    if (most != NULL) {
        limits.most = strtoull(most, NULL, 10);
    }
}

int main(int argc, char **argv)
{
    enum { CLASSES = 24 };
    static subject subjects[CLASSES * CEDM_CUDA_PRECISIONS];
    static char names[CLASSES * CEDM_CUDA_PRECISIONS][64];
    static struct CMUnitTest tests[CLASSES * CEDM_CUDA_PRECISIONS];
    size_t used = 0;
    int failed;

    if (!device_open()) {
        puts("skipped: no device");
        return 77;
    }
    assert_true(op_class_count + cuda_class_count <= CLASSES);
    for (size_t k = 0; k < op_class_count + cuda_class_count; k++) {
        for (int p = 0; p < CEDM_CUDA_PRECISIONS; p++) {
            const op_class *class = k < op_class_count
                                        ? &op_classes[k]
                                        : &cuda_classes[k - op_class_count];

            subjects[used] = (subject){class, (enum cedm_cuda_precision)p};
            snprintf(names[used], sizeof names[used], "%s %s",
                     precisions[p].name, class->name);
            tests[used] = (struct CMUnitTest){
                .name = names[used],
                .test_func = test_cases,
                .initial_state = &subjects[used],
            };
            used++;
        }
    }
    set_limits(argc > 2 ? argv[2] : NULL);
    if (argc > 1) {
        cmocka_set_test_filter(argv[1]);
    }
    failed = _cmocka_run_group_tests("cuda ops", tests, used, NULL, NULL);
    return failed + cuda_sampler_test() + cuda_net_test();
}
