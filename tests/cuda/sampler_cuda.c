/* SPDX-License-Identifier: MIT
 *
 * sampler_cuda.c - the sampler's kernels against their formulas, with numbers
 * around what they may write. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/cuda/cases_cuda.h"
#include "tests/cuda/test_device.h"
#include "runtime/philox.h"
#include "tests/denoiser_model.h"

#define SIDE 11
#define CHANNELS 3
#define PIXELS (SIDE * SIDE)
#define MAP (PIXELS * CHANNELS)
#define BATCH 3
#define FEATURES 400 /* more than a map has elements */
#define REF 512      /* elements that a tensor may have */
#define GUARD 16
#define GUARD_VALUE 12345.0
#define STEP 2u /* the step that *step says */

/* All that kernels see, on the host and on the device. */
typedef struct work {
    uint64_t seeds[BATCH];
    uint32_t step, overflow[BATCH];
    float f32[BATCH * 3 * REF], features[16 * FEATURES];
    double x[BATCH * MAP], y[BATCH * MAP], z[BATCH * MAP];
    double next[BATCH * MAP];
    double dst[BATCH * MAP + GUARD], dst2[BATCH * MAP + GUARD];
    uint8_t bytes[BATCH * MAP + GUARD], mask[BATCH * PIXELS];
    double weights[BATCH];
    cedm_cuda_step_row steps[4];
    cedm_cuda_scalars scalars[16];
} work;

static work w, *d;
static denoiser_model m;
static cedm_cuda_exec exec;

static const uint64_t seeds[BATCH] = {0, 12345, 0xffffffffffffffffu};

/* Runs an op whose members point into *d. */
#define RUN(name, ...)                                                       \
    do {                                                                     \
        device_put(d, &w, sizeof w);                                         \
        assert_int_equal(                                                    \
            cedm_cuda_run_##name(&exec, &(cedm_cuda_##name){__VA_ARGS__}),   \
            0);                                                              \
        device_get(&w, d, sizeof w);                                         \
    } while (0)

static void start(uint32_t stream)
{
    memset(&w, 0, sizeof w);
    m.denoiser = (cedm_denoiser){.resolution = SIDE,
                                 .channels = CHANNELS,
                                 .features = {.channels = FEATURES}};
    denoiser_model_wire(&m, REF);
    exec = (cedm_cuda_exec){.model = &m.model,
                            .batch = BATCH,
                            .f32 = d->f32,
                            .overflow = d->overflow};
    memcpy(w.seeds, seeds, sizeof seeds);
    w.step = STEP;
    for (uint32_t i = 0; i < BATCH * MAP; i++) {
        w.x[i] = (double)stage_normal(stream, 0, i);
        w.y[i] = (double)stage_normal(stream, 1, i);
        w.z[i] = (double)stage_normal(stream, 2, i);
    }
    for (uint32_t i = 0; i < BATCH * MAP + GUARD; i++) {
        w.dst[i] = w.dst2[i] = GUARD_VALUE;
    }
    for (uint32_t i = 0; i < BATCH * 3 * REF; i++) {
        w.f32[i] = (float)GUARD_VALUE;
    }
    for (uint32_t i = 0; i < 16 * FEATURES; i++) {
        w.features[i] = stage_normal(stream, 3, i);
    }
    for (uint32_t i = 0; i < 4; i++) {
        w.steps[i] = (cedm_cuda_step_row){0.5 + i,  1.5 + i,  0.75 + i,
                                          2.25 + i, -0.7 - i, {{0}}};
    }
    for (uint32_t i = 0; i < 16; i++) {
        w.scalars[i] = (cedm_cuda_scalars){0.3 + i, 0.2 * i, 1.0 / (1 + i)};
    }
}

static void check(const char *what, size_t i, double got, double wanted,
                  double tolerance)
{
    if (!(fabs(got - wanted) <= tolerance)) {
        fail_msg("%s: element %zu: got %.17g, wanted %.17g, tolerance %.3g",
                 what, i, got, wanted, tolerance);
    }
}

static void check_rest(const char *what, const double *dst)
{
    for (size_t i = BATCH * MAP; i < BATCH * MAP + GUARD; i++) {
        check(what, i, dst[i], GUARD_VALUE, 0.0);
    }
}

/* Element i of a batch in the order of the generator. */
static uint64_t chw(size_t i)
{
    return i % CHANNELS * PIXELS + i / CHANNELS % PIXELS;
}

/* Element i of a draw; floats go through the logarithm and sine of single
 * precision, whose limit is `tolerance`. */
static double normal(size_t i, uint32_t draw, double *tolerance)
{
    uint64_t seed = seeds[i / MAP];

    *tolerance = draw == 0 ? 2e-6 : 1e-13;
    return draw == 0 ? (double)cedm_normal_f32(seed, chw(i), 0)
                     : cedm_normal_f64(seed, chw(i), draw);
}

/* Latents over NaNs; what is added to a state; weights of images, where one of
 * 0 keeps the state's bits. */
static void test_noise(void **state)
{
    static const struct {
        uint32_t draw;
        double base, scale;
        int weighted;
    } rows[] = {{0, 0, 80, 0}, {7, 0.9, 0.5, 0}, {0, 1, 3, 1}, {5, 1, 2, 1}};

    (void)state;
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
        double base = rows[r].base, scale = rows[r].scale;

        start((uint32_t)r);
        for (size_t i = 0; i < BATCH * MAP; i++) {
            w.dst[i] = base > 0 ? w.x[i] : (double)NAN;
        }
        for (uint32_t i = 0; i < BATCH; i++) {
            w.weights[i] = 0.5 * i;
        }
        RUN(noise, d->seeds, rows[r].weighted ? d->weights : NULL,
            rows[r].draw, base, scale, d->dst);
        for (size_t i = 0; i < BATCH * MAP; i++) {
            double weight = rows[r].weighted ? w.weights[i / MAP] : 1;
            double tolerance;
            double z = normal(i, rows[r].draw, &tolerance);

            check("noise", i, w.dst[i],
                  (base > 0 ? base * w.x[i] : 0) + scale * weight * z,
                  weight > 0 ? scale * tolerance : 0.0);
        }
        check_rest("noise", w.dst);
    }
}

/* With a mask and without; what is wholly known may be a NaN before, what is
 * not known keeps its bits. */
static void test_from_image(void **state)
{
    (void)state;
    for (uint32_t r = 0; r < 4; r++) {
        uint32_t draw = r % 2 == 0 ? 0 : 9;
        double base = 0.75, scale = 2.5;
        int masked = r / 2 == 0;

        start(10 + r);
        for (size_t i = 0; i < BATCH * PIXELS; i++) {
            w.mask[i] = (uint8_t)(i % 3 == 0 ? 0 : i % 3 == 1 ? 255 : 7 * i);
        }
        for (size_t i = 0; i < BATCH * MAP; i++) {
            w.bytes[i] = (uint8_t)(i * 37);
            w.dst[i] =
                masked && w.mask[i / CHANNELS] > 0 ? w.x[i] : (double)NAN;
        }
        RUN(from_image, d->seeds, d->bytes, masked ? d->mask : NULL, draw,
            base, scale, d->dst);
        for (size_t i = 0; i < BATCH * MAP; i++) {
            double a = masked ? w.mask[i / CHANNELS] / 255.0 : 0, tolerance;
            double z = normal(i, draw, &tolerance);
            double v = base * (w.bytes[i] / 127.5 - 1) + scale * z;

            check("from_image", i, w.dst[i],
                  a < 1 ? (a > 0 ? a * w.x[i] : 0) + (1 - a) * v : w.x[i],
                  a < 1 ? scale * tolerance : 0.0);
        }
        check_rest("from_image", w.dst);
    }
}

/* step 2 of rows of 4, the second of a step, an image each. */
static cedm_cuda_row row(void)
{
    return (cedm_cuda_row){&d->step, 4, 1, 1};
}

static size_t row_of(size_t image)
{
    return STEP
    *4 + 1 + image;
}

static void test_load(void **state)
{
    const float *features = w.f32 + (size_t)BATCH * 2 * REF;

    (void)state;
    start(2);
    RUN(load, d->x, d->scalars, d->features, row());
    for (size_t i = 0; i < BATCH * REF; i++) {
        double wanted =
            i < BATCH * MAP
                ? (double)(float)(w.scalars[row_of(i / MAP)].c_in * w.x[i])
                : GUARD_VALUE;

        check("load: image", i, (double)w.f32[i], wanted, 0.0);
        wanted = i < BATCH * FEATURES
                     ? (double)w.features[row_of(i / FEATURES) * FEATURES +
                                          i % FEATURES]
                     : GUARD_VALUE;
        check("load: features", i, (double)features[i], wanted, 0.0);
    }
}

static void test_unload(void **state)
{
    (void)state;
    for (uint32_t first = 0; first < 2; first++) {
        start(first);
        memcpy(w.dst, w.y, sizeof w.y);
        for (size_t i = 0; i < BATCH * MAP; i++) {
            w.f32[BATCH * REF + i] = stage_normal(first, 4, i);
        }
        w.f32[BATCH * REF + MAP] = INFINITY; /* of image 1 */
        RUN(unload, d->x, d->scalars, row(), first, -1.5, d->dst);
        for (size_t i = 0; i < BATCH * MAP; i++) {
            const cedm_cuda_scalars *s = &w.scalars[row_of(i / MAP)];
            double old = first ? 0.0 : w.y[i];
            double f = (double)w.f32[BATCH * REF + i];

            if (i != MAP) {
                check("unload", i, w.dst[i],
                      old - 1.5 * (s->c_skip * w.x[i] + s->c_out * f), 1e-14);
            }
        }
        check_rest("unload", w.dst);
        for (size_t i = 0; i < BATCH; i++) {
            check("unload: flag", i, w.overflow[i],
                  i == 1 ? CEDM_CUDA_NONFINITE : 0, 0.0);
        }
    }
}

static void test_euler(void **state)
{
    const cedm_cuda_step_row *s = &w.steps[STEP];

    (void)state;
    for (int in_place = 0; in_place < 2; in_place++) {
        start(3);
        if (in_place) { /* d over denoised, next over x */
            memcpy(w.dst, w.x, sizeof w.x);
            memcpy(w.dst2, w.y, sizeof w.y);
            RUN(euler, d->steps, &d->step, d->dst, d->dst2, d->dst2, d->dst);
        } else {
            RUN(euler, d->steps, &d->step, d->x, d->y, d->dst2, d->dst);
        }
        for (size_t i = 0; i < BATCH * MAP; i++) {
            double slope = (s->s * w.x[i] - w.y[i]) / s->divisor;

            check("euler: d", i, w.dst2[i], slope, 1e-14);
            check("euler: next", i, w.dst[i], w.x[i] + s->h * slope, 1e-14);
        }
        check_rest("euler: d", w.dst2);
        check_rest("euler: next", w.dst);
    }
}

static void test_heun(void **state)
{
    const cedm_cuda_step_row *s = &w.steps[STEP];

    (void)state;
    for (int in_place = 0; in_place < 2; in_place++) {
        start(4);
        for (uint32_t i = 0; i < BATCH * MAP; i++) {
            w.next[i] = (double)stage_normal(4, 7, i);
        }
        memcpy(w.dst, w.x, sizeof w.x);
        RUN(heun, d->steps, &d->step, in_place ? d->dst : d->x, d->y, d->next,
            d->z, d->dst);
        for (size_t i = 0; i < BATCH * MAP; i++) {
            double late = (s->next_s * w.next[i] - w.z[i]) / s->next_divisor;

            check("heun", i, w.dst[i], w.x[i] + s->h * (w.y[i] + late) / 2,
                  1e-14);
        }
        check_rest("heun", w.dst);
    }
}

/* One weight is 0 where its map holds a NaN. */
static void test_combine(void **state)
{
    static const double weight[4][4] = {
        {1.25, -0.5, 0.75, 0}, {0, 1, 0, 0}, {0, 0, 0, 0}, {2, 0, -3, 0}};

    (void)state;
    start(7);
    memcpy(w.steps[STEP].matrix, weight, sizeof weight);
    for (uint32_t i = 0; i < BATCH * MAP; i++) {
        w.dst[i] = (double)stage_normal(7, 7, i);
        w.dst2[i] = (double)NAN;
    }
    work before = w;
    RUN(combine, d->steps, &d->step, {d->x, d->dst, d->z, d->dst2});
    for (size_t i = 0; i < BATCH * MAP; i++) {
        double a = before.x[i], b = before.dst[i], c = before.z[i];

        check("combine: 0", i, w.x[i], 1.25 * a - 0.5 * b + 0.75 * c, 1e-14);
        check("combine: 1", i, w.dst[i], b, 0.0);
        check("combine: 2", i, w.z[i], 0.0, 0.0);
        check("combine: 3", i, w.dst2[i], 2 * a - 3 * c, 1e-14);
    }
    check_rest("combine: 1", w.dst);
    check_rest("combine: 3", w.dst2);
}

static void test_to_image(void **state)
{
    static const double known[] = {-1.0,     -1.01,     0.0,  -1e-4,
                                   1.0,      0.99,      50.0, -50.0,
                                   HUGE_VAL, -HUGE_VAL, 1e300};
    static const uint8_t bytes[] = {0,   0, 128, 127, 255, 254,
                                    255, 0, 255, 0,   255};

    (void)state;
    start(5);
    memset(w.bytes, 77, sizeof w.bytes);
    memcpy(w.x, known, sizeof known);
    w.x[11] = (double)NAN;
    RUN(to_image, d->x, d->bytes);
    for (size_t i = 0; i < BATCH * MAP + GUARD; i++) {
        double v = i < BATCH * MAP ? trunc(127.5 * w.x[i] + 128) : 77;

        check("to_image", i, w.bytes[i],
              i < 11    ? bytes[i]
              : i == 11 ? 0
                        : fmin(fmax(v, 0), 255),
              0.0);
    }
}

static void test_advance(void **state)
{
    (void)state;
    start(6);
    RUN(advance, &d->step, 1);
    assert_int_equal(w.step, STEP + 1);
    RUN(advance, &d->step, (uint32_t)-1);
    assert_int_equal(w.step, STEP);
}

int cuda_sampler_test(void)
{
    static const struct CMUnitTest tests[] = {
#define TEST(op) {.name = #op, .test_func = test_##op},
        CEDM_CUDA_SAMPLER_OPS(TEST)
#undef TEST
    };

    int failed;

    d = device_take(sizeof *d);
    failed =
        _cmocka_run_group_tests("cuda sampler ops", tests,
                                sizeof tests / sizeof tests[0], NULL, NULL);
    device_give(d);
    return failed;
}
