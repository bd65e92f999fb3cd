/* SPDX-License-Identifier: MIT
 *
 * cuda_host_test.c - what the CUDA backend does before there is a device:
 * packed weights against their definition, the size of regions, and the
 * tables of a sampler against what the sampler on the host computes. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/cuda/cuda_net.h"
#include "weights/fashion.h"

extern const unsigned char cedm_fashion_blob[FASHION_BLOB_BYTES];

/* ---- packed convolutions ------------------------------------------------ */

/* A blob of small whole numbers: sums of four are exact in every type. */
#define DATA 65536u
static float data[DATA];
static uint16_t half_data[DATA];

static void fill(void)
{
    for (uint32_t i = 0; i < DATA; i++) {
        data[i] = (float)((int)(i * 2654435761u >> 27) - 16);
        half_data[i] = cedm_half_from_float(data[i]);
    }
}

static double element(const unsigned char *part, size_t i,
                      enum cedm_cuda_precision precision)
{
    uint16_t half;
    float x;

    if (precision == CEDM_CUDA_FP32) {
        memcpy(&x, part + i * sizeof x, sizeof x);
        return (double)x;
    }
    memcpy(&half, part + i * sizeof half, sizeof half);
    if (precision == CEDM_CUDA_FP16) {
        return (double)cedm_half_to_float(half);
    }
    uint32_t bits = (uint32_t)half << 16;
    memcpy(&x, &bits, sizeof x);
    return (double)x;
}

/* Where launch.h puts a tap of a channel of source s. */
static size_t at(const cedm_cuda_conv_layout *l, uint32_t phase, uint32_t o,
                 uint32_t s, uint32_t c, uint32_t tap)
{
    size_t k = ((size_t)phase * l->cout_padded + o) * l->k;

    k += s == 0 ? 0 : (size_t)l->taps * l->cin_padded[0];
    return k + ((size_t)(c / CEDM_CUDA_K) * l->taps + tap) * CEDM_CUDA_K +
           c % CEDM_CUDA_K;
}

/* The function that a phase's matrix computes, tap by tap: output (py, px)
 * of a 2x2 block takes enlarged rows 2y + py + ky - 1, source row half of
 * that, rounded down. */
static double wanted(const cedm_conv *op, uint32_t phase, uint32_t o,
                     uint32_t c, uint32_t tap)
{
    size_t cin = op->cin[0] + op->cin[1],
           taps = op->kernel[0] * op->kernel[1];
    const float *w = data + op->weight + o * taps * cin + c;
    double sum = 0;

    if (!op->up) {
        return (double)w[tap * cin];
    }
    for (int ky = 0; ky < 3; ky++) {
        for (int kx = 0; kx < 3; kx++) {
            int py = (int)phase / 2, px = (int)phase % 2;
            int y = (int)floor((py + ky - 1) / 2.0) - (py - 1);
            int x = (int)floor((px + kx - 1) / 2.0) - (px - 1);

            if (2 * y + x == (int)tap) {
                sum += (double)w[(size_t)(3 * ky + kx) * cin];
            }
        }
    }
    return sum;
}

static void check_part(const cedm_conv *op, const unsigned char *part,
                       const cedm_cuda_conv_layout *l,
                       enum cedm_cuda_precision precision)
{
    size_t nonzero = 0, found = 0,
           all = (size_t)l->phases * l->cout_padded * l->k;

    for (uint32_t p = 0; p < l->phases; p++) {
        for (uint32_t o = 0; o < op->cout; o++) {
            for (uint32_t c = 0; c < op->cin[0] + op->cin[1]; c++) {
                uint32_t s = c >= op->cin[0];

                for (uint32_t t = 0; t < l->taps; t++) {
                    double want = wanted(op, p, o, c, t);
                    double got = element(
                        part, at(l, p, o, s, c - (s ? op->cin[0] : 0), t),
                        precision);

                    nonzero += fabs(want) > 0;
                    if (fabs(got - want) > 0) {
                        fail_msg("phase %u output %u channel %u tap %u: got "
                                 "%g, wanted %g",
                                 p, o, c, t, got, want);
                    }
                }
            }
            for (uint32_t c = 0; c < op->skip_cin[0]; c++) {
                size_t k = ((size_t)p * l->cout_padded + o + 1) * l->k -
                           l->skip_padded[0] + c;
                double want =
                    (double)data[op->skip_weight + o * op->skip_cin[0] + c];

                nonzero += fabs(want) > 0;
                assert_true(fabs(element(part, k, precision) - want) <= 0);
            }
        }
    }
    for (size_t i = 0; i < all; i++) {
        found += fabs(element(part, i, precision)) > 0;
    }
    assert_int_equal(found, nonzero); /* what is padded is zero */
    for (uint32_t o = 0; o < l->cout_padded; o++) {
        double want =
            o >= op->cout
                ? 0
                : (double)data[op->bias + o] +
                      (op->skip_cin[0] ? (double)data[op->skip_bias + o] : 0);

        assert_true(fabs(element(part + l->bias, o, CEDM_CUDA_FP32) - want) <=
                    0);
        if (l->scaled_bias != 0) {
            assert_true(fabs(element(part + l->scaled_bias, o, precision) -
                             want * (double)op->scale) <= 0);
        }
    }
}

#define BASE                                                                 \
    .scale = 0.5f, .coeff = CEDM_NONE, .emb_src = CEDM_NONE,                 \
    .residual = CEDM_NONE, .stats = CEDM_NONE, .src = {0, CEDM_NONE},        \
    .weight = 16, .bias = 40000, .skip_weight = 41000, .skip_bias = 44000
static const cedm_conv convs[] = {
    {.height = 4,
     .width = 4,
     .in_height = 4,
     .in_width = 4,
     .cin = {33, 40},
     .cout = 5,
     .kernel = {3, 3},
     .stride = 1,
     .pad = {1, 1},
     BASE},
    {.height = 4,
     .width = 4,
     .in_height = 2,
     .in_width = 2,
     .cin = {35},
     .cout = 66,
     .kernel = {3, 3},
     .stride = 1,
     .pad = {1, 1},
     .up = 1,
     .skip_cin = {20},
     .act = CEDM_ACT_SILU,
     BASE},
    {.height = 4,
     .width = 4,
     .in_height = 4,
     .in_width = 4,
     .cin = {64},
     .cout = 24,
     .kernel = {1, 1},
     .stride = 1,
     BASE},
};

static void convolutions_are_packed(void **state)
{
    (void)state;
    fill();
    for (size_t i = 0; i < sizeof convs / sizeof convs[0]; i++) {
        for (int p = 0; p < 2 * CEDM_CUDA_PRECISIONS; p++) {
            enum cedm_cuda_precision precision =
                (enum cedm_cuda_precision)(p / 2);
            uint32_t index = 1;
            cedm_cuda_conv_layout l;
            cedm_cuda_packing packing = {
                .precision = precision,
                .dtype = p % 2 ? CEDM_DTYPE_F16 : CEDM_DTYPE_F32,
                .data = p % 2 ? (const void *)half_data : data,
                .index = &index,
            };

            cedm_cuda_pack.conv(&packing, &convs[i]);
            cedm_cuda_plan_conv(&l, precision, &convs[i]);
            assert_int_equal(packing.used, l.bytes);
            assert_int_equal(index, 0);
            packing.used = 0;
            packing.weights = malloc((size_t)l.bytes);
            assert_non_null(packing.weights);
            memset(packing.weights, 0xff, (size_t)l.bytes);
            cedm_cuda_pack.conv(&packing, &convs[i]);
            check_part(&convs[i], packing.weights, &l, precision);
            free(packing.weights);
        }
    }
}

/* Ties of the target type that rounding to float first would decide wrongly,
 * here as a sum of two taps: 1 + 2^-11 + 2^-30 is above half way between two
 * fp16, 1 + 2^-8 + 2^-30 above half way between two bf16. */
static void sums_are_rounded_once(void **state)
{
    (void)state;
    static const double tie[] = {0x1p-11, 0x1p-8}, next[] = {0x1p-10, 0x1p-7};
    for (int p = 0; p < 2; p++) {
        cedm_conv op = convs[1];
        cedm_cuda_conv_layout l;
        cedm_cuda_packing packing = {.precision = (enum cedm_cuda_precision)p,
                                     .data = data};

        memset(data, 0, sizeof data);
        /* phase 0, tap (0, 1) of output 0, channel 0: kernel (0, 1), (0, 2) */
        data[op.weight + 1 * 35] = (float)(1 + tie[p]);
        data[op.weight + 2 * 35] = 0x1p-30f;
        cedm_cuda_plan_conv(&l, packing.precision, &op);
        packing.weights = malloc((size_t)l.bytes);
        assert_non_null(packing.weights);
        cedm_cuda_pack.conv(&packing, &op);
        double got = element(packing.weights, at(&l, 0, 0, 0, 0, 1),
                             packing.precision);
        if (fabs(got - (1 + next[p])) > 0) {
            fail_msg("got %a, wanted %a", got, 1 + next[p]);
        }
        free(packing.weights);
    }
}

/* ---- regions ------------------------------------------------------------ */

static cedm_blob bound(void)
{
    cedm_blob blob;

    assert_int_equal(cedm_bind(&blob, &cedm_fashion_model, cedm_fashion_blob,
                               FASHION_BLOB_BYTES),
                     CEDM_OK);
    return blob;
}

static void regions_have_their_sizes(void **state)
{
    (void)state;
    cedm_cuda_config config = {.batch = 3,
                               .params = cedm_sampler_params_default()};
    cedm_cuda_places places;
    cedm_cuda_sizes half, bf16, full;
    cedm_cuda_packing packing = {.data = cedm_fashion_blob};

    assert_int_equal(
        cedm_cuda_place(&places, &half, &cedm_fashion_model, &config), 0);
    cedm_fashion_model.graph.eval(&cedm_cuda_pack, &packing);
    assert_int_equal(half.weights, packing.used);
    config.precision = CEDM_CUDA_BF16;
    assert_int_equal(
        cedm_cuda_place(&places, &bf16, &cedm_fashion_model, &config), 0);
    assert_memory_equal(&half, &bf16, sizeof half);
    config.precision = CEDM_CUDA_FP32;
    assert_int_equal(
        cedm_cuda_place(&places, &full, &cedm_fashion_model, &config), 0);
    assert_int_equal(full.arena - half.arena, 3 * 2 * FASHION_ACT_ELEMENTS);
    assert_true(full.weights > half.weights);
    assert_true(places.workspace + CEDM_CUDA_WORKSPACE_BYTES == full.arena);
    assert_true(places.in_map + 3 * FASHION_IMAGE_BYTES(8) <= full.staging);
    config.batch = 0;
    assert_int_equal(
        cedm_cuda_place(&places, &full, &cedm_fashion_model, &config),
        CEDM_E_BATCH);
    config.batch = 1;
    config.params.steps = 0;
    assert_int_equal(
        cedm_cuda_place(&places, &full, &cedm_fashion_model, &config),
        CEDM_E_STEPS);
}

/* Room for the rows of a guide: three doubles and the features of each of two
 * evaluations a step.  One that does not fit is refused before a device is. */
static void regions_with_a_guide(void **state)
{
    (void)state;
    cedm_cuda_net guide = {.exec = {.model = &cedm_fashion_model},
                           .config = {.batch = 3, .device = 1}};
    cedm_cuda_config config = {
        .batch = 3, .device = 1, .params = cedm_sampler_params_default()};
    cedm_cuda_places places;
    cedm_cuda_sizes without, with;
    cedm_model model = cedm_fashion_model;
    cedm_denoiser denoiser = *model.denoiser;

    config.params.steps = 64; /* whole CEDM_CUDA_ALIGN bytes */
    assert_int_equal(
        cedm_cuda_place(&places, &without, &cedm_fashion_model, &config), 0);
    config.guide = &guide;
    assert_int_equal(
        cedm_cuda_place(&places, &with, &cedm_fashion_model, &config), 0);
    assert_int_equal(
        with.arena - without.arena,
        2 * 64 * (3 * sizeof(double) + FASHION_FEATURES * sizeof(float)));
    assert_int_equal(with.staging, without.staging);
    guide.config.batch = 2;
    assert_int_equal(
        cedm_cuda_place(&places, &with, &cedm_fashion_model, &config),
        CEDM_E_GUIDE);
    guide.config.batch = 3;
    guide.config.device = 0;
    assert_int_equal(
        cedm_cuda_place(&places, &with, &cedm_fashion_model, &config),
        CEDM_E_GUIDE);
    guide.config.device = 1;
    guide.exec.model = &model;
    model.denoiser = &denoiser;
    denoiser.label_dim++;
    assert_int_equal(
        cedm_cuda_place(&places, &with, &cedm_fashion_model, &config),
        CEDM_E_GUIDE);
    denoiser.label_dim = 0;
    assert_int_equal(
        cedm_cuda_place(&places, &with, &cedm_fashion_model, &config), 0);
    model.denoiser = NULL;
    assert_int_equal(
        cedm_cuda_place(&places, &with, &cedm_fashion_model, &config),
        CEDM_E_KIND);
}

/* ---- tables ------------------------------------------------------------- */

/* An Euler step by the tables from any state is one by the sampler's own
 * numbers: the rows are compared with the schedule itself. */
static void tables_follow_the_schedule(void **state)
{
    (void)state;
    enum { STEPS = 6, FEATURES = 4096 };
    cedm_blob blob = bound();
    cedm_cuda_constants constants;
    cedm_sampler_params params = cedm_sampler_params_default();
    static cedm_cuda_step_row steps[STEPS];
    static cedm_cuda_scalars scalars[2 * STEPS];
    static float features[2 * STEPS * FEATURES];

    params.steps = STEPS;
    params.S_churn = 1;
    cedm_cuda_constants_of(&constants, &blob);
    assert_true(constants.denoiser.features.channels <= FEATURES);
    assert_int_equal(
        cedm_steps_check(&constants.denoiser, constants.data, &params),
        CEDM_OK);
    cedm_cuda_fill_steps(&constants, &params, steps);
    cedm_cuda_fill_rows(&constants, &constants, &params, scalars, features);
    for (uint32_t i = 0; i < STEPS; i++) {
        double sigma = cedm_sigma(&params, i);
        double hat = sigma * (1 + 1.0 / STEPS);
        double next = cedm_sigma(&params, i + 1);
        double in = 1 / sqrt(hat * hat + 0.25);

        assert_true(fabs(steps[i].h - (next - hat)) <= 1e-13 * hat);
        assert_true(fabs(steps[i].divisor - hat) <= 1e-13 * hat);
        assert_true(fabs(scalars[2 * i].c_in - in) <= 1e-13 * in);
        if (i + 1 < STEPS) {
            in = 1 / sqrt(next * next + 0.25);
            assert_true(fabs(steps[i].next_divisor - next) <= 1e-13 * next);
            assert_true(fabs(scalars[2 * i + 1].c_in - in) <= 1e-13 * in);
        }
    }
    assert_true(fabs(scalars[2 * STEPS - 1].c_in) <= 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(convolutions_are_packed),
        cmocka_unit_test(sums_are_rounded_once),
        cmocka_unit_test(regions_have_their_sizes),
        cmocka_unit_test(regions_with_a_guide),
        cmocka_unit_test(tables_follow_the_schedule),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
