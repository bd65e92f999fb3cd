/* SPDX-License-Identifier: MIT
 *
 * denoiser_features_test.c - features of a denoiser are means over the map
 * that a whole evaluation leaves at the module, whatever the batch, and
 * nothing after it is computed. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/execution/denoiser_features.h"
#include "host/execution/trace.h"
#include "weights/fashion.h"

extern const unsigned char cedm_fashion_blob[FASHION_BLOB_BYTES];

#define BATCH 4u
#define PIXELS ((size_t)FASHION_RESOLUTION * FASHION_RESOLUTION)

typedef struct fixture {
    host_model model;
    host_engine engine;
    uint8_t images[BATCH * PIXELS];
    uint64_t seeds[BATCH];
} fixture;

static int set_up(void **state)
{
    fixture *x = calloc(1, sizeof *x);
    host_engine_config config = {"portable", BATCH, 1};
    host_failure f;

    assert_non_null(x);
    assert_true(host_model_adopt(&x->model, &cedm_fashion_model,
                                 cedm_fashion_blob, FASHION_BLOB_BYTES, &f));
    assert_true(host_engine_open(&x->engine, &x->model, &config, &f));
    for (size_t i = 0; i < BATCH * PIXELS; i++) {
        x->images[i] = (uint8_t)(i * i * 7 + i / PIXELS * 31);
    }
    for (uint32_t i = 0; i < BATCH; i++) {
        x->seeds[i] = 100 + 7 * i;
    }
    *state = x;
    return 0;
}

static int tear_down(void **state)
{
    fixture *x = *state;

    host_engine_close(&x->engine);
    host_model_close(&x->model);
    free(x);
    return 0;
}

static void open_features(host_denoiser_features *x, fixture *on,
                          const char *module, double sigma, uint32_t pool)
{
    const host_denoiser_features_config config = {module, sigma, pool};
    host_failure f;

    if (!host_denoiser_features_open(x, &on->engine, &config, &f)) {
        fail_msg("%s", f.text);
    }
}

/* ---- what an op leaves in a whole evaluation ----------------------------- */

typedef struct seen {
    const cedm_net *net;
    uint32_t id;
    const cedm_conv *op;
    float *map;   /* a copy, of the first image */
    uint32_t ops; /* that were run */
} seen;

static void look(void *arg, host_trace_kind kind, const void *descriptor)
{
    seen *s = arg;
    const cedm_conv *op = descriptor;

    s->ops++;
    if (kind != HOST_TRACE_conv || op->id != s->id) {
        return;
    }
    size_t elements = (size_t)op->height * op->width * op->cout;
    s->op = op;
    s->map = malloc(elements * sizeof *s->map);
    assert_non_null(s->map);
    memcpy(s->map,
           s->net->exec.act +
               (size_t)CEDM_REF_OFFSET(op->dst) * s->net->exec.batch,
           elements * sizeof *s->map);
}

/* x = y + sigma n, where n is what sigma_max n, the start of a drawing, is
 * without its factor. */
static void add_noise(fixture *x, double sigma, cedm_real *noisy)
{
    cedm_sampler sampler;
    cedm_sampler_params params = cedm_sampler_params_default();

    params.sigma_max = 64; /* divides without a rounding */
    assert_int_equal(cedm_sample_begin(&sampler, &x->engine.net, &params,
                                       x->seeds, NULL, 1),
                     CEDM_OK);
    for (size_t i = 0; i < PIXELS; i++) {
        noisy[i] = x->images[i] / 127.5 - 1 +
                   sigma * (cedm_sample_state(&sampler)[i] / 64);
    }
}

static void evaluate(fixture *x, const char *module, double sigma, seen *s)
{
    cedm_real noisy[PIXELS], denoised[PIXELS];
    cedm_real level = (cedm_real)sigma;
    host_trace trace;
    const cedm_ops *ops = x->engine.net.ops;
    void *ctx = x->engine.net.ctx;

    *s = (seen){.net = &x->engine.net};
    assert_true(host_module_last_op(&x->model, module, &s->id));
    add_noise(x, sigma, noisy);
    host_trace_install(&trace, &x->engine.net, NULL, look, s);
    assert_int_equal(
        cedm_denoise(&x->engine.net, noisy, &level, NULL, 1, denoised),
        CEDM_OK);
    x->engine.net.ops = ops;
    x->engine.net.ctx = ctx;
    assert_non_null(s->map);
}

/* The mean of channel c over rows y0 .. y1-1 and columns x0 .. x1-1. */
static double mean(const seen *s, uint32_t c, uint32_t y0, uint32_t y1,
                   uint32_t x0, uint32_t x1)
{
    double sum = 0;

    for (uint32_t y = y0; y < y1; y++) {
        for (uint32_t x = x0; x < x1; x++) {
            sum +=
                (double)
                    s->map[((size_t)y * s->op->width + x) * s->op->cout + c];
        }
    }
    return sum / ((double)(y1 - y0) * (x1 - x0));
}

/* Cells of a map of 8 x 8: their bounds, written out. */
static void check_cells(void **state, uint32_t pool, const uint32_t *begin,
                        const uint32_t *end)
{
    fixture *x = *state;
    host_denoiser_features features;
    host_failure f;
    seen s;
    float out[9 * 64];

    evaluate(x, "dec.8x8_in1", 0.2, &s);
    assert_int_equal(s.op->height, 8);
    assert_int_equal(s.op->cout, 64);
    open_features(&features, x, "dec.8x8_in1", 0.2, pool);
    assert_int_equal(features.width, pool * pool * 64);
    assert_true(host_denoiser_features_of(&features, x->images, x->seeds, 1,
                                          out, &f));
    for (uint32_t i = 0; i < features.width; i++) {
        uint32_t c = i % 64, column = i / 64 % pool, row = i / 64 / pool;
        double wanted =
            mean(&s, c, begin[row], end[row], begin[column], end[column]);

        /* the image is rounded to float before the noise is added */
        if (!(fabs(wanted - (double)out[i]) <= 1e-5)) {
            fail_msg("pool %u, feature %u: wanted %g, got %g", pool, i,
                     wanted, (double)out[i]);
        }
    }
    host_denoiser_features_close(&features);
    free(s.map);
}

static void test_cells(void **state)
{
    static const uint32_t zero[] = {0}, eight[] = {8};
    static const uint32_t begin2[] = {0, 4}, end2[] = {4, 8};
    static const uint32_t begin3[] = {0, 2, 5}, end3[] = {3, 6, 8};

    check_cells(state, 1, zero, eight);
    check_cells(state, 2, begin2, end2);
    check_cells(state, 3, begin3, end3);
}

static void test_default_module(void **state)
{
    fixture *x = *state;
    host_denoiser_features features;

    open_features(&features, x, NULL, 0.2, 2);
    assert_string_equal(features.module, "dec.8x8_in1");
    host_denoiser_features_close(&features);
}

static void test_batch_changes_nothing(void **state)
{
    fixture *x = *state;
    host_denoiser_features features;
    host_failure f;
    float together[BATCH * 256], alone[256];

    open_features(&features, x, NULL, 0.2, 2);
    assert_true(host_denoiser_features_of(&features, x->images, x->seeds,
                                          BATCH, together, &f));
    for (uint32_t i = 0; i < BATCH; i++) {
        assert_true(host_denoiser_features_of(
            &features, x->images + i * PIXELS, x->seeds + i, 1, alone, &f));
        assert_memory_equal(alone, together + i * 256, sizeof alone);
    }
    assert_memory_not_equal(together, together + 256, sizeof alone);
    host_denoiser_features_close(&features);
}

/* The net is traced before, so that the features' table calls the trace. */
static void test_nothing_after_the_module(void **state)
{
    fixture *x = *state;
    cedm_net *net = &x->engine.net;
    const cedm_ops *ops = net->ops;
    void *ctx = net->ctx;
    host_denoiser_features features;
    host_failure f;
    host_trace trace;
    seen s = {.net = net, .id = UINT32_MAX};
    float out[256];
    uint32_t last;

    assert_true(host_module_last_op(&x->model, "dec.8x8_in1", &last));
    host_trace_install(&trace, net, NULL, look, &s);
    open_features(&features, x, NULL, 0.2, 2);
    assert_true(host_denoiser_features_of(&features, x->images, x->seeds, 1,
                                          out, &f));
    assert_int_equal(s.ops, last + 1);
    assert_true(last + 1 < cedm_fashion_model.graph.op_count);
    host_denoiser_features_close(&features);
    assert_ptr_equal(net->ctx, &trace);
    net->ops = ops;
    net->ctx = ctx;
}

/* ---- what is refused ----------------------------------------------------- */

static void refuse(void **state, const char *module, uint32_t pool,
                   const char *text)
{
    fixture *x = *state;
    const host_denoiser_features_config config = {module, 0.2, pool};
    const cedm_ops *ops = x->engine.net.ops;
    host_denoiser_features features;
    host_failure f;

    assert_false(
        host_denoiser_features_open(&features, &x->engine, &config, &f));
    assert_non_null(strstr(f.text, text));
    host_denoiser_features_close(&features);
    assert_ptr_equal(x->engine.net.ops, ops);
}

static void test_refused(void **state)
{
    refuse(state, "dec.9x9_in1", 2, "no module 'dec.9x9_in1'");
    refuse(state, "dec.8x8_in", 2, "no module 'dec.8x8_in'");
    refuse(state, "map_layer0", 1, "vector of the noise level");
    refuse(state, "dec.8x8_in1", 9, "map of 8x8");
}

static void test_level_out_of_range(void **state)
{
    fixture *x = *state;
    host_denoiser_features features;
    host_failure f;
    float out[256];

    open_features(&features, x, NULL, -1.0, 2);
    assert_false(host_denoiser_features_of(&features, x->images, x->seeds, 1,
                                           out, &f));
    assert_non_null(strstr(f.text, "sigma -1"));
    host_denoiser_features_close(&features);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cells),
        cmocka_unit_test(test_default_module),
        cmocka_unit_test(test_batch_changes_nothing),
        cmocka_unit_test(test_nothing_after_the_module),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_level_out_of_range),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
