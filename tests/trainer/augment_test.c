/* SPDX-License-Identifier: MIT
 *
 * augment_test.c - augmented images and labels against the reference, and
 * how often each transformation is drawn. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "trainer/augment.h"
#include "codegen/training.h"

#define TOLERANCE 1e-4

static cg_file *golden;

static double at(const char *name, uint64_t i)
{
    const cg_array *a = cg_find(golden, name);

    if (a == NULL) {
        fail_msg("no %s", name);
    }
    return cg_element(a, i);
}

static void load_params(train_augment_params *params, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        params[i] = (train_augment_params){
            at("xflip", i),       at("yflip", i),      at("scale", i),
            at("rotate", i),      at("aniso", i),      at("aniso_angle", i),
            at("translate_x", i), at("translate_y", i)};
    }
}

static void test_images(void **state)
{
    const cg_array *images = cg_find(golden, "images");
    uint32_t n = (uint32_t)images->shape[0];
    uint32_t channels = (uint32_t)images->shape[1];
    uint32_t size = (uint32_t)images->shape[2], margins[4];
    size_t pixels = (size_t)size * size;
    train_augment_params *params = calloc(n, sizeof *params);
    float *scratch =
        calloc(train_augment_scratch(size, channels), sizeof(float));
    float *image = calloc(pixels * channels, sizeof(float));
    uint32_t transformed = 0;

    (void)state;
    load_params(params, n);
    train_augment_margins(params, n, size, margins);
    for (uint32_t i = 0; i < n; i++) {
        size_t first = i * pixels * channels;

        for (size_t e = 0; e < pixels * channels; e++) {
            image[e % pixels * channels + e / pixels] =
                (float)at("images", first + e);
        }
        train_augment_image(&params[i], margins, size, channels, image,
                            scratch);
        for (size_t e = 0; e < pixels * channels; e++) {
            double got = (double)image[e % pixels * channels + e / pixels];
            double wanted = at("augmented", first + e);

            if (!(fabs(got - wanted) <= TOLERANCE)) {
                fail_msg("image %u element %zu: got %.7g, wanted %.7g", i, e,
                         got, wanted);
            }
        }
        transformed += params[i].rotate != 0.0 || params[i].aniso != 0.0;
    }
    assert_true(transformed > 3);
    free(params);
    free(scratch);
    free(image);
}

static void test_labels(void **state)
{
    uint32_t n = (uint32_t)cg_find(golden, "labels")->shape[0];
    train_augment_params *params = calloc(n, sizeof *params);

    (void)state;
    load_params(params, n);
    for (uint32_t i = 0; i < n; i++) {
        float labels[TRAIN_AUGMENT_LABELS];

        train_augment_labels(&params[i], labels);
        for (uint32_t k = 0; k < TRAIN_AUGMENT_LABELS; k++) {
            double wanted = at("labels", i * TRAIN_AUGMENT_LABELS + k);

            if (!(fabs((double)labels[k] - wanted) <= 1e-6)) {
                fail_msg("image %u label %u: got %.8g, wanted %.8g", i, k,
                         (double)labels[k], wanted);
            }
        }
    }
    free(params);
}

/* Four standard errors of a share of `n` draws. */
static void test_shares(void **state)
{
    static const double wanted[TRAIN_AUGMENT_LABELS] = {
        0.5, 0.06, 0.12, 0.12, 0.12, 0.12, 0.06, 0.12, 0.12};
    const uint32_t n = 20000;
    uint32_t count[TRAIN_AUGMENT_LABELS] = {0};

    (void)state;
    for (uint32_t i = 0; i < n; i++) {
        train_augment_params params;
        float labels[TRAIN_AUGMENT_LABELS];

        train_augment_draw(&params, 0.12, 5, i % 7, i);
        train_augment_labels(&params, labels);
        for (uint32_t k = 0; k < TRAIN_AUGMENT_LABELS; k++) {
            count[k] += labels[k] != 0.0f;
        }
    }
    for (uint32_t k = 0; k < TRAIN_AUGMENT_LABELS; k++) {
        double share = (double)count[k] / n;
        double error = 4.0 * sqrt(wanted[k] * (1.0 - wanted[k]) / n);

        if (!(fabs(share - wanted[k]) <= error)) {
            fail_msg("label %u: share %.4f, wanted %.4f", k, share,
                     wanted[k]);
        }
    }
}

/* Without any transformation images go through the filters unharmed. */
static void test_identity(void **state)
{
    enum { SIZE = 16 };
    train_augment_params none, drawn;
    float image[SIZE * SIZE], copy[SIZE * SIZE];
    float *scratch = calloc(train_augment_scratch(SIZE, 1), sizeof(float));
    uint32_t margins[4];

    (void)state;
    train_augment_draw(&drawn, 0.0, 1, 2, 3);
    memset(&none, 0, sizeof none);
    assert_memory_equal(&none, &drawn, sizeof none);
    for (int i = 0; i < SIZE * SIZE; i++) {
        copy[i] = image[i] = (float)(i * 37 % 256) / 127.5f - 1.0f;
    }
    train_augment_margins(&none, 1, SIZE, margins);
    train_augment_image(&none, margins, SIZE, 1, image, scratch);
    for (int i = 0; i < SIZE * SIZE; i++) {
        if (!(fabsf(image[i] - copy[i]) <= 1e-5f)) {
            fail_msg("element %d: got %.7g, wanted %.7g", i, (double)image[i],
                     (double)copy[i]);
        }
    }
    free(scratch);
}

int main(void)
{
    cg_error error = {""};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_images),
        cmocka_unit_test(test_labels),
        cmocka_unit_test(test_shares),
        cmocka_unit_test(test_identity),
    };

    golden = cg_open("tests/golden/augment.golden.safetensors", &error);
    if (golden == NULL) {
        print_error("%s\n", error.text);
        return 1;
    }
    int failures = cmocka_run_group_tests(tests, NULL, NULL);
    cg_close(golden);
    return failures;
}
