/* SPDX-License-Identifier: MIT
 *
 * cuda_ops_test.c - every kernel of the CUDA backend in every case of
 * tests/ops, in every precision, on the emulator or on a GPU.  A test is a
 * case by kernels of a family:
 *
 *   8.0     those of every device
 *   9.0     convolutions by warpgroups
 *   cuBLAS  products by it, on a real device
 *   slots   the bits of its products, whatever the place in a batch
 *
 * What is tested:
 *
 *   values  against the portable backend on the same rounded inputs
 *   order   last block and last thread first: the same bits, or a race
 *   place   images in other slots of a batch, beside a NaN: the same bits
 *
 *     cuda_ops_test [-l LEAST] [-m MOST] [-o ORDER] [-s SUMS | -w SUMS]
 *                   [FILTER]
 *
 * FILTER is of names, as "fp16 9.0 conv*"; LEAST and MOST are multiply-adds
 * of a case, ORDER those above which only values are tested.  SUMS (sums.h)
 * has what cases are to give; -w makes it, of LEAST to MOST. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/cuda/cases_cuda.h"
#include "tests/cuda/sums.h"
#include "tests/cuda/test_device.h"
#include "tests/cuda/op_trial.h"

/* Multiply-adds above which a case is run in one order only (by warpgroups,
 * which are emulated faster), by one size of tiles only, and not at all; and
 * below which not. */
static struct {
    uint64_t order, order_9_0, tiles, most, least;
} limits = {500000, 8000000, 8000000, 80000000, 0};

typedef struct op_test {
    subject subject;
    char name[128];
} op_test;

/* ---- a case ------------------------------------------------------------- */

static void name_of_sums(char *name, size_t size, const subject *t)
{
    snprintf(name, size, "%s %s: %s", precision_name(t->precision),
             t->class->name, t->c->name);
}

static bool is_product(const op_class *class, const any_op *op)
{
    return class->place == place_conv ? cedm_cuda_gemm_suits_conv(&op->conv)
           : class->place == place_linear
               ? cedm_cuda_gemm_suits_linear(&op->linear)
               : false;
}

/* A second run, whose bits are to be those of the first. */
static void same_again(const subject *t, const trial *first,
                       stage_setting images, session_setting device,
                       uint32_t from, const char *why)
{
    trial other;

    device.again = true;
    trial_start(&other, t, images, device);
    check_same_bits(&other, first, from, images.first, why);
    if (images.nan) {
        check_flag(&other, 0);
        check_nan(&other);
    }
    trial_finish(&other);
}

/* What a run must have in common with others. */
static void test_order(const subject *t, const trial *first,
                       session_setting device)
{
    uint32_t n = t->c->images;
    stage_setting all = {.batch = n, .n = n};

    device.backwards = true;
    same_again(t, first, all, device, 0, "in the other order");
    device.backwards = false;
    if (n > 1) {
        stage_setting later = {.batch = n, .n = n - 1, .first = 1};

        same_again(t, first, later, device, 0, "in another slot");
    }
    all.nan = true;
    same_again(t, first, all, device, 1, "beside a NaN");
}

static void test_run(const subject *t, session_setting device, bool order)
{
    stage_setting all = {.batch = t->c->images, .n = t->c->images};
    char name[120];
    trial first;

    name_of_sums(name, sizeof name, t);
    device.sums = sums_find(name);
    trial_start(&first, t, all, device);
    print_message("%.3f of what is allowed: %s\n", check_values(t, &first),
                  first.what);
    for (uint32_t i = 0; i < t->c->images; i++) {
        check_stats(&first, i);
        check_flag(&first, i);
    }
    if (order) {
        test_order(t, &first, device);
    }
    trial_finish(&first);
}

/* What cuBLAS leaves to a kernel, on maps that a convolution made. */
static void test_finish(const subject *t)
{
    stage_setting all = {.batch = t->c->images, .n = t->c->images};
    session_setting device = {
        .multiprocessors = 1, .finish = true, .again = true};
    trial r;

    trial_start(&r, t, all, device);
    for (uint32_t i = 0; i < t->c->images; i++) {
        check_stats(&r, i);
        check_flag(&r, i);
    }
    trial_finish(&r);
}

/* ---- families ----------------------------------------------------------- */

static void test_8_0(void **state)
{
    const subject *t = *state;
    uint64_t work = case_work(t->class, t->c);
    bool is_conv = t->class->place == place_conv;
    bool order = work <= limits.order;
    session_setting device = {.multiprocessors = 1};

    test_run(t, device, order);
    if (is_conv && t->precision != CEDM_CUDA_FP32 && work <= limits.tiles) {
        device.multiprocessors = 1u << 20;
        test_run(t, device, order);
    }
    if (is_conv && order) {
        test_finish(t);
    }
}

/* By every size of tiles that warpgroups have, and by blocks that make one
 * tile, several, or all of them. */
static void test_9_0(void **state)
{
    static const uint32_t processors[] = {1, 3, 12, 1u << 20};
    const subject *t = *state;
    uint64_t work = case_work(t->class, t->c);
    session_setting device = {.warpgroups = true};
    bool small = work <= limits.tiles;

    for (int i = 0; i < (small ? 4 : 1); i++) {
        device.multiprocessors = processors[i];
        test_run(t, device, work <= limits.order_9_0 && i % 2 == 1);
    }
    if (strcmp(t->class->name, "conv, real") == 0 && !device_is_real() &&
        device_boxes() == 0) {
        fail_msg("%s: not made by warpgroups", t->c->name);
    }
}

static void test_cublas(void **state)
{
    const subject *t = *state;
    session_setting device = {.multiprocessors = 1, .product = true};

    test_run(t, device, case_work(t->class, t->c) <= limits.order);
}

/* cuBLAS may make the last rows of a matrix by other tiles than the first:
 * each image in early, middle and last slots of a batch. */
static void test_slots(void **state)
{
    enum { BATCH = 66 };
    static const uint32_t shifts[] = {1, 31, 65};
    const subject *t = *state;
    stage_setting images = {.batch = BATCH, .n = BATCH};
    session_setting device = {
        .multiprocessors = 1, .product = true, .again = true};
    trial first;

    trial_start(&first, t, images, device);
    for (int i = 0; i < 3; i++) {
        images.first = shifts[i];
        images.n = BATCH - shifts[i];
        same_again(t, &first, images, device, 0, "in another slot");
    }
    trial_finish(&first);
}

static bool has_8_0(const subject *t)
{
    (void)t;
    return true;
}

static bool has_9_0(const subject *t)
{
    return t->class->place == place_conv && t->precision != CEDM_CUDA_FP32 &&
           t->c->op.conv.cout > 64 && device_encode_tensor() != NULL;
}

static bool has_cublas(const subject *t)
{
    stage unused = {0};
    any_op op = t->c->op;

    t->class->place(&unused, t->c, &op);
    return device_is_real() && is_product(t->class, &op);
}

static const struct {
    const char *name;
    bool (*has)(const subject *t);
    void (*test)(void **state);
} families[] = {
    {"8.0", has_8_0, test_8_0},
    {"9.0", has_9_0, test_9_0},
    {"cuBLAS", has_cublas, test_cublas},
    {"slots", has_cublas, test_slots},
};
enum { FAMILIES = sizeof families / sizeof families[0] };

/* ---- all cases ---------------------------------------------------------- */

static const op_class *class_at(size_t k)
{
    return k < op_class_count ? &op_classes[k]
                              : &cuda_classes[k - op_class_count];
}

/* (Winograd's is a CPU's second way to make what came before.) */
static bool is_wanted(const subject *t)
{
    uint64_t work = case_work(t->class, t->c);

    return work >= limits.least && work <= limits.most &&
           (t->class->place != place_conv ||
            t->c->op.conv.algorithm != CEDM_CONV_WINOGRAD2);
}

/* Calls visit for every case in every precision. */
static void for_each_subject(void (*visit)(const subject *t, void *to),
                             void *to)
{
    for (size_t k = 0; k < op_class_count + cuda_class_count; k++) {
        for (int p = 0; p < CEDM_CUDA_PRECISIONS; p++) {
            for (size_t i = 0; i < class_at(k)->count; i++) {
                subject t = {class_at(k), &class_at(k)->cases[i],
                             (enum cedm_cuda_precision)p};

                if (is_wanted(&t)) {
                    visit(&t, to);
                }
            }
        }
    }
}

/* [images][1 + sums] of what a case is to give; how many. */
static size_t fill_sums(float *values, const trial *r)
{
    size_t n = r->x.outputs[0].elements, used = 0;

    for (uint32_t image = 0; image < r->x.n; image++) {
        const float *wanted = session_wanted(&r->x, 0, image);

        values[used++] = (float)sums_rms(wanted, n);
        for (size_t k = 0; k < sums_count(n); k++) {
            values[used++] = (float)sums_one(wanted, n, k);
        }
    }
    return used;
}

/* Not of what fp16 does not hold, whose infinities have no sum. */
static void add_sums(const subject *t, void *to)
{
    stage_setting all = {.batch = t->c->images, .n = t->c->images};
    session_setting device = {.multiprocessors = 1, .only_wanted = true};
    char name[120];
    float *values;
    size_t count;
    trial r;

    (void)to;
    trial_start(&r, t, all, device);
    values = malloc(t->c->images * (1 + sums_count(r.x.outputs[0].elements)) *
                    sizeof *values);
    assert_non_null(values);
    count = fill_sums(values, &r);
    name_of_sums(name, sizeof name, t);
    if (values[0] < 65504.0f) {
        sums_add(name, values, count);
    }
    free(values);
    trial_finish(&r);
}

typedef struct op_tests {
    op_test *all;
    struct CMUnitTest *tests;
    size_t count, room;
} op_tests;

static int is_lost(void **state)
{
    (void)state;
    return device_works() ? 0 : -1;
}

static void add_test(const subject *t, void *to)
{
    op_tests *list = to;

    for (int f = 0; f < FAMILIES; f++) {
        op_test *test = &list->all[list->count];

        if (!families[f].has(t)) {
            continue;
        }
        assert_true(list->count < list->room);
        test->subject = *t;
        snprintf(test->name, sizeof test->name, "%s %s %s: %s",
                 precision_name(t->precision), families[f].name,
                 t->class->name, t->c->name);
        list->tests[list->count++] = (struct CMUnitTest){
            .name = test->name,
            .test_func = families[f].test,
            .teardown_func = is_lost,
            .initial_state = &test->subject,
        };
    }
}

static int run_all(const char *filter)
{
    enum { ROOM = 4096 };
    op_tests list = {.all = calloc(ROOM, sizeof *list.all),
                     .tests = calloc(ROOM, sizeof *list.tests),
                     .room = ROOM};
    int failed;

    assert_true(list.all != NULL && list.tests != NULL);
    for_each_subject(add_test, &list);
    if (filter != NULL) {
        cmocka_set_test_filter(filter);
    }
    failed = _cmocka_run_group_tests("cuda ops", list.tests, list.count, NULL,
                                     NULL);
    free(list.all);
    free(list.tests);
    return failed + cuda_sampler_test() + cuda_net_test();
}

/* False if it cannot be. */
static bool read_options(int argc, char **argv, const char **sums_path)
{
    int option;

    while ((option = getopt(argc, argv, "l:m:o:s:w:")) != -1) {
        switch (option) {
        case 'l': limits.least = strtoull(optarg, NULL, 10); break;
        case 'm': limits.most = strtoull(optarg, NULL, 10); break;
        case 'o':
            limits.order = limits.order_9_0 = strtoull(optarg, NULL, 10);
            break;
        case 's': sums_read(optarg); break;
        case 'w': *sums_path = optarg; break;
        default: return false;
        }
    }
    return argc - optind <= 1;
}

int main(int argc, char **argv)
{
    const char *sums_path = NULL;
    bool is_device = device_open();

    if (is_device && device_is_real()) {
        limits.order = limits.order_9_0 = UINT64_MAX;
        limits.tiles = limits.most = UINT64_MAX;
    }
    if (!read_options(argc, argv, &sums_path)) {
        fputs("cuda_ops_test: its head says what it takes\n", stderr);
        return 2;
    }
    if (sums_path != NULL) {
        sums_begin(sums_path);
        for_each_subject(add_sums, NULL);
        sums_end();
        return 0;
    }
    if (!is_device) {
        puts("skipped: no device");
        return 77;
    }
    return run_all(argc > optind ? argv[optind] : NULL);
}
