/* SPDX-License-Identifier: MIT
 *
 * sampler_ops.c - the vector ops of a sampler against their formulas, with
 * guards behind what they write. */
#include "tests/ops/sampler_ops.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/philox.h"
#include "tests/ops/op_stage.h"
#include "tests/denoiser_model.h"

#define SIDE 5
#define CHANNELS 3
#define PIXELS (SIDE * SIDE)
#define MAP (PIXELS * CHANNELS)
#define BATCH 3
#define FEATURES 11
#define GUARD 16
#define GUARD_VALUE 12345.0

#ifdef CEDM_STATE_F32
#define ULP 0x1p-23
#else
#define ULP 0x1p-52
#endif

/* A model of one image of 5 x 5 x 3, its tensors, and sampler state; each
 * test starts it afresh. */
static struct {
    denoiser_model m;
    cedm_exec exec;
    float f32[BATCH * 3 * 96];
    cedm_real x[BATCH * MAP], y[BATCH * MAP], z[BATCH * MAP];
    cedm_real dst[BATCH * MAP + GUARD], dst2[BATCH * MAP + GUARD];
} w;

static void start(uint32_t stream, uint32_t n)
{
    w.m.denoiser = (cedm_denoiser){.resolution = SIDE,
                                   .channels = CHANNELS,
                                   .features = {.channels = FEATURES}};
    denoiser_model_wire(&w.m, 96);
    w.exec = (cedm_exec){.model = &w.m.model,
                         .f32 = w.f32,
                         .batch = BATCH,
                         .n = n,
                         .workers = 1};
    for (uint32_t i = 0; i < BATCH * MAP; i++) {
        w.x[i] = (cedm_real)stage_normal(stream, 0, i);
        w.y[i] = (cedm_real)stage_normal(stream, 1, i);
        w.z[i] = (cedm_real)stage_normal(stream, 2, i);
    }
    for (uint32_t i = 0; i < BATCH * MAP + GUARD; i++) {
        w.dst[i] = w.dst2[i] = (cedm_real)GUARD_VALUE;
    }
    for (size_t i = 0; i < sizeof w.f32 / sizeof w.f32[0]; i++) {
        w.f32[i] = (float)GUARD_VALUE;
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

/* What lies behind the n images must be as it was. */
static void check_rest(const char *what, const cedm_real *dst, uint32_t n)
{
    for (size_t i = n * MAP; i < BATCH * MAP + GUARD; i++) {
        check(what, i, (double)dst[i], GUARD_VALUE, 0.0);
    }
}

/* The generator has tests of its own; here it is the order of elements. */
static void test_noise(void **state)
{
    const cedm_backend *backend = *state;
    const uint64_t seeds[BATCH] = {0, 12345, 0xffffffffffffffffu};

    for (uint32_t n = 1; n <= BATCH; n++) {
        for (uint32_t draw = 0; draw < 4; draw++) {
            cedm_noise op = {.n = n,
                             .draw = draw,
                             .base_scale = (cedm_real)0.75,
                             .scale = (cedm_real)1.75,
                             .seed = seeds,
                             .dst = w.dst};

            start(draw, n);
            if (draw == 2) {
                op.base = w.x;
            } else if (draw == 3) {
                memcpy(w.dst, w.x, n * MAP * sizeof w.x[0]);
                op.base = w.dst;
            }
            backend->sampler->noise(&w.exec, &op);
            for (size_t i = 0; i < n * MAP; i++) {
                size_t pixel = i / CHANNELS % PIXELS;
                size_t chw = i % CHANNELS * PIXELS + pixel;
                uint64_t seed = seeds[i / MAP];
                double z = draw == 0
                               ? (double)cedm_normal_f32(seed, chw, draw)
                               : cedm_normal_f64(seed, chw, draw);
                double wanted =
                    1.75 * z + (draw < 2 ? 0 : 0.75 * (double)w.x[i]);

                check("noise", i, (double)w.dst[i], wanted, 8 * ULP);
            }
            check_rest("noise", w.dst, n);
        }
    }
}

static void test_load(void **state)
{
    const cedm_backend *backend = *state;
    const cedm_real c_in[BATCH] = {(cedm_real)0.125, (cedm_real)1.3,
                                   (cedm_real)77.7};
    const int32_t cluster[BATCH] = {3, -1, 0}, other[BATCH] = {1, 2, 3};
    const float share[BATCH] = {0, 0.5f, 1};
    float features[BATCH * FEATURES];

    for (uint32_t i = 0; i < BATCH * FEATURES; i++) {
        features[i] = stage_normal(9, 9, i);
    }
    for (uint32_t n = 1; n <= BATCH; n++) {
        cedm_load op = {n, w.x, c_in, features, cluster, other, share};
        const float *loaded = w.f32 + BATCH * 192;

        start(n, n);
        backend->sampler->load(&w.exec, &op);
        assert_ptr_equal(w.exec.cluster, cluster);
        assert_ptr_equal(w.exec.other, other);
        assert_ptr_equal(w.exec.share, share);
        for (size_t i = 0; i < BATCH * 96; i++) {
            double wanted = i < n * MAP
                                ? (double)(float)(c_in[i / MAP] * w.x[i])
                                : GUARD_VALUE;

            check("load: image", i, (double)w.f32[i], wanted, 0.0);
            wanted = i < n * FEATURES ? (double)features[i] : GUARD_VALUE;
            check("load: features", i, (double)loaded[i], wanted, 0.0);
        }
    }
}

static void test_unload(void **state)
{
    const cedm_backend *backend = *state;
    const cedm_real c_skip[BATCH] = {(cedm_real)0.9, (cedm_real)0.5, 0};
    const cedm_real c_out[BATCH] = {(cedm_real)0.1, (cedm_real)-0.25, 1};
    const double weights[3] = {0.0, -1.5, 1.0};

    for (uint32_t k = 0; k < 6; k++) {
        uint32_t n = k % BATCH + 1, first = k % 2;
        double weight = weights[k / 2];
        cedm_unload op = {n,     first, (cedm_real)weight, w.x, c_skip,
                          c_out, w.dst};

        start(k, n);
        for (uint32_t i = 0; i < BATCH * MAP; i++) {
            w.f32[BATCH * 96 + i] = stage_normal(k, 4, i);
        }
        memcpy(w.dst, w.y, n * MAP * sizeof w.y[0]);
        backend->sampler->unload(&w.exec, &op);
        for (size_t i = 0; i < n * MAP; i++) {
            double a = (double)c_skip[i / MAP] * (double)w.x[i];
            double b = (double)c_out[i / MAP] * (double)w.f32[BATCH * 96 + i];
            double old = first ? 0.0 : (double)w.y[i];

            check("unload", i, (double)w.dst[i], old + weight * (a + b),
                  4 * ULP * (fabs(old) + 3 * (fabs(a) + fabs(b))));
        }
        check_rest("unload", w.dst, n);
    }
}

static void test_euler(void **state)
{
    const cedm_backend *backend = *state;

    for (uint32_t k = 0; k < 2 * BATCH; k++) {
        uint32_t n = k / 2 + 1;
        int in_place = k % 2;
        cedm_euler op = {n,
                         (cedm_real)0.625,
                         (cedm_real)3.25,
                         (cedm_real)-0.7,
                         w.x,
                         w.y,
                         w.dst2,
                         w.dst};

        start(k, n);
        if (in_place) {
            memcpy(w.dst2, w.y, n * MAP * sizeof w.y[0]);
            op.denoised = w.dst2;
        }
        backend->sampler->euler(&w.exec, &op);
        for (size_t i = 0; i < n * MAP; i++) {
            double x = (double)w.x[i], y = (double)w.y[i];
            double d = (0.625 * x - y) / 3.25, size = fabs(x) + fabs(y);

            check("euler: d", i, (double)w.dst2[i], d, 4 * ULP * size);
            check("euler: next", i, (double)w.dst[i], x - 0.7 * d,
                  4 * ULP * size);
        }
        check_rest("euler: d", w.dst2, n);
        check_rest("euler: next", w.dst, n);
    }
}

static void test_heun(void **state)
{
    const cedm_backend *backend = *state;

    for (uint32_t n = 1; n <= BATCH; n++) {
        cedm_heun op = {n,
                        (cedm_real)0.625,
                        (cedm_real)1.5,
                        (cedm_real)-0.7,
                        w.x,
                        w.y,
                        w.z,
                        w.dst};
        cedm_real next[BATCH * MAP];

        start(n, n);
        for (uint32_t i = 0; i < BATCH * MAP; i++) {
            next[i] = (cedm_real)stage_normal(n, 7, i);
        }
        memcpy(w.dst, next, n * MAP * sizeof next[0]);
        backend->sampler->heun(&w.exec, &op);
        for (size_t i = 0; i < n * MAP; i++) {
            double x = (double)w.x[i], d = (double)w.y[i];
            double late = (0.625 * (double)next[i] - (double)w.z[i]) / 1.5;
            double size = fabs(x) + fabs(d) + fabs((double)next[i]) +
                          fabs((double)w.z[i]);

            check("heun", i, (double)w.dst[i], x - 0.7 * (d + late) / 2,
                  4 * ULP * size);
        }
        check_rest("heun", w.dst, n);
    }
}

/* Maps 0 to 2 and a fourth; one weight is 0 where its map holds a NaN. */
static void test_combine(void **state)
{
    static const double weight[4][4] = {
        {1.25, -0.5, 0.75, 0}, {0, 1, 0, 0}, {0, 0, 0, 0}, {2, 0, -3, 0}};
    const cedm_backend *backend = *state;

    for (uint32_t n = 1; n <= BATCH; n++) {
        cedm_combine op = {.n = n, .map = {w.dst, w.dst2, w.x, w.y}};

        start(n, n);
        memcpy(w.dst, w.z, n * MAP * sizeof w.z[0]);
        for (uint32_t i = 0; i < n * MAP; i++) {
            w.dst2[i] = (cedm_real)stage_normal(n, 7, i);
            w.y[i] = (cedm_real)NAN;
        }
        for (uint32_t k = 0; k < 16; k++) {
            op.weight[k / 4][k % 4] = (cedm_real)weight[k / 4][k % 4];
        }
        cedm_real third[BATCH * MAP];
        memcpy(third, w.x, sizeof third);
        backend->sampler->combine(&w.exec, &op);
        for (size_t i = 0; i < n * MAP; i++) {
            double a = (double)w.z[i];
            double b = (double)(cedm_real)stage_normal(n, 7, (uint32_t)i);
            double c = (double)third[i];
            double size = fabs(a) + fabs(b) + 3 * fabs(c);

            check("combine: 0", i, (double)w.dst[i],
                  1.25 * a - 0.5 * b + 0.75 * c, 4 * ULP * size);
            check("combine: 1", i, (double)w.dst2[i], b, 0);
            check("combine: 2", i, (double)w.x[i], 0, 0);
            check("combine: 3", i, (double)w.y[i], 2 * a - 3 * c,
                  4 * ULP * size);
        }
        check_rest("combine: 0", w.dst, n);
        check_rest("combine: 1", w.dst2, n);
    }
}

static void test_to_image(void **state)
{
    static const struct {
        double x;
        uint8_t byte;
    } known[] = {
        /* 127.5 x + 128 is 0.5, 0, -0.775; 128, 127.99; 255.5, 255.4 */
        {-1.0, 0},    {-128.0 / 127.5, 0}, {-1.01, 0},      {0.0, 128},
        {-1e-4, 127}, {1.0, 255},          {0.999, 255},    {0.99, 254},
        {50.0, 255},  {-50.0, 0},          {HUGE_VAL, 255}, {-HUGE_VAL, 0},
        {1e300, 255},
    };
    const cedm_backend *backend = *state;
    size_t count = sizeof known / sizeof known[0];
    uint8_t bytes[MAP + GUARD];
    cedm_to_image op = {1, w.x, bytes};

    start(0, 1);
    memset(bytes, 77, sizeof bytes);
    for (size_t i = 0; i < count; i++) {
        w.x[i] = (cedm_real)known[i].x;
    }
    backend->sampler->to_image(&w.exec, &op);
    for (size_t i = 0; i < MAP + GUARD; i++) {
        double v = i < MAP ? trunc(127.5 * (double)w.x[i] + 128) : 77;

        check("to_image", i, bytes[i],
              i < count ? known[i].byte : fmin(fmax(v, 0), 255), 0.0);
    }
}

/* Known, drawn and both, by draws of either kind, with a mask and without. */
static void test_from_image(void **state)
{
    const cedm_backend *backend = *state;
    const uint64_t seeds[BATCH] = {0, 12345, 0xffffffffffffffffu};
    uint8_t image[BATCH * MAP], mask[BATCH * PIXELS];

    for (uint32_t i = 0; i < BATCH * MAP; i++) {
        image[i] = (uint8_t)(i * 37);
    }
    for (uint32_t i = 0; i < BATCH * PIXELS; i++) {
        mask[i] = (uint8_t)(i % 3 == 0 ? 255 : i % 3 == 1 ? 0 : i);
    }
    for (uint32_t k = 0; k < 4 * BATCH; k++) {
        uint32_t n = k / 4 + 1, draw = k % 2 * 7;
        bool masked = k % 4 < 2;
        cedm_from_image op = {.n = n,
                              .draw = draw,
                              .scale = (cedm_real)0.75,
                              .noise = (cedm_real)1.75,
                              .seed = seeds,
                              .image = image,
                              .mask = masked ? mask : NULL,
                              .x = w.dst};

        start(k, n);
        memcpy(w.dst, w.x, n * MAP * sizeof w.x[0]);
        backend->sampler->from_image(&w.exec, &op);
        for (size_t i = 0; i < n * MAP; i++) {
            size_t pixel = i / CHANNELS % PIXELS;
            size_t chw = i % CHANNELS * PIXELS + pixel;
            double a = masked ? mask[i / CHANNELS] / 255.0 : 0;
            double z = draw == 0
                           ? (double)cedm_normal_f32(seeds[i / MAP], chw, 0)
                           : cedm_normal_f64(seeds[i / MAP], chw, draw);
            double v = 0.75 * (image[i] / 127.5 - 1) + 1.75 * z;

            check("from_image", i, (double)w.dst[i],
                  a < 1 ? a * (double)w.x[i] + (1 - a) * v : (double)w.x[i],
                  a < 1 ? 16 * ULP : 0);
        }
        check_rest("from_image", w.dst, n);
    }
}

int sampler_ops_test(const cedm_backend *const *list, size_t count)
{
    static char names[16][32];
    int failed = 0;

    for (size_t b = 0; b < count && b < 16; b++) {
        union {
            const void *as_const;
            void *plain;
        } backend = {list[b]};
        struct CMUnitTest tests[] = {
#define TEST(op)                                                             \
    {.name = #op, .test_func = test_##op, .initial_state = backend.plain},
            CEDM_SAMPLER_OPS(TEST)
#undef TEST
        };

        snprintf(names[b], sizeof names[b], "sampler ops, %s", list[b]->name);
        failed += _cmocka_run_group_tests(
            names[b], tests, sizeof tests / sizeof tests[0], NULL, NULL);
    }
    return failed;
}
