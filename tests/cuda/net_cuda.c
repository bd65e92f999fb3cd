/* SPDX-License-Identifier: MIT
 *
 * net_cuda.c - the demo network on the device, an evaluation of a batch in
 * each precision, against the portable backend.
 *
 * Tolerances are relative root mean squares of D: those of docs/NUMERICS.md
 * for float, and a few times the 2^-11 and 2^-8 of a rounding for 16 bits. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/cuda/cases_cuda.h"
#include "tests/cuda/test_device.h"
#include "weights/fashion.h"
#include "runtime/noise_level.h"

#define BATCH 2u
#define MAP (FASHION_RESOLUTION * FASHION_RESOLUTION * FASHION_CHANNELS)

extern const unsigned char cedm_fashion_blob[];

static const double sigma[BATCH] = {0.4, 20.0};
static const int32_t clusters[BATCH] = {5, -1};

/* What kernels see besides the arena. */
typedef struct work {
    double x[BATCH * MAP], got[BATCH * MAP];
    float features[BATCH * FASHION_FEATURES];
    cedm_cuda_scalars scalars[BATCH];
    int32_t clusters[BATCH];
    uint32_t overflow[BATCH];
} work;

static work w;
static double wanted[BATCH * MAP];

static void *filled(size_t bytes, int value)
{
    void *memory = aligned_alloc(256, (bytes + 255) / 256 * 256);

    assert_non_null(memory);
    memset(memory, value, (bytes + 255) / 256 * 256);
    return memory;
}

/* What the portable backend makes, and what the device is to load. */
static void want(const cedm_blob *blob)
{
    cedm_net_config config = cedm_net_config_default();
    cedm_net net;

    config.batch = BATCH;
    config.arena_bytes = FASHION_ARENA_BYTES(BATCH, 1);
    config.arena = filled(config.arena_bytes, 0);
    assert_int_equal(cedm_net_init(&net, blob, &config), 0);
    for (uint32_t i = 0; i < BATCH * MAP; i++) {
        w.x[i] = sigma[i / MAP] * (double)stage_normal(0, 0, i);
    }
    assert_int_equal(cedm_denoise(&net, w.x, sigma, clusters, BATCH, wanted),
                     0);
    free(config.arena);
    for (uint32_t i = 0; i < BATCH; i++) {
        cedm_scalings s =
            cedm_precondition(blob->model->denoiser, blob->data, sigma[i]);

        w.scalars[i] = (cedm_cuda_scalars){s.c_in, s.c_skip, s.c_out};
        cedm_noise_features(&blob->model->denoiser->features, blob->data,
                            s.c_noise, w.features + i * FASHION_FEATURES);
    }
}

#define RUN(name)                                                            \
    static void run_##name(void *ctx, const cedm_##name *op)                 \
    {                                                                        \
        assert_int_equal(cedm_cuda_##name(ctx, op), 0);                      \
    }
CEDM_GRAPH_OPS(RUN)
#undef RUN
#define RUN(name) .name = run_##name,
static const cedm_ops table = {CEDM_GRAPH_OPS(RUN)};
#undef RUN

/* Packed weights on the device. */
static void *packed(const cedm_blob *blob, uint32_t *index,
                    enum cedm_cuda_precision precision)
{
    cedm_cuda_packing packing = {.precision = precision,
                                 .dtype = blob->model->graph.dtype,
                                 .data = blob->data};
    void *weights;

    blob->model->graph.eval(&cedm_cuda_pack, &packing);
    packing.weights = filled((size_t)packing.used, 0xff);
    weights = device_take((size_t)packing.used);
    packing.used = 0;
    packing.index = index;
    blob->model->graph.eval(&cedm_cuda_pack, &packing);
    device_put(weights, packing.weights, (size_t)packing.used);
    free(packing.weights);
    return weights;
}

static void evaluate(const cedm_blob *blob,
                     enum cedm_cuda_precision precision)
{
    const cedm_model *model = blob->model;
    uint32_t *index = calloc(model->graph.op_count, sizeof *index);
    void *weights = packed(blob, index, precision);
    work *d = device_take(sizeof *d);
    const cedm_cuda_row row = {NULL, 0, 0, 1};
    cedm_cuda_exec exec = {
        .model = model,
        .precision = precision,
        .batch = BATCH,
        .arch = device_arch(),
        .multiprocessors = 1,
        .act = device_take(BATCH * model->graph.act_elements * sizeof(float)),
        .f32 = device_take(BATCH * model->graph.f32_elements * sizeof(float)),
        .weights = weights,
        .index = index,
        .cluster = d->clusters,
        .overflow = d->overflow,
        .workspace = device_take(1u << 20),
        .workspace_bytes = 1u << 20,
    };

    memcpy(w.clusters, clusters, sizeof clusters);
    memset(w.overflow, 0, sizeof w.overflow);
    device_put(d, &w, sizeof w);
    assert_int_equal(
        cedm_cuda_run_load(
            &exec, &(cedm_cuda_load){d->x, d->scalars, d->features, row}),
        0);
    model->graph.eval(&table, &exec);
    assert_int_equal(
        cedm_cuda_run_unload(&exec, &(cedm_cuda_unload){d->x, d->scalars, row,
                                                        1, 1.0, d->got}),
        0);
    device_get(&w, d, sizeof w);
    for (uint32_t i = 0; i < BATCH; i++) {
        assert_int_equal(w.overflow[i], 0);
    }
    free(index);
    device_give(weights);
    device_give(d);
    device_give(exec.act);
    device_give(exec.f32);
    device_give(exec.workspace);
}

static void test_network(void **state)
{
    static const double tolerance[CEDM_CUDA_PRECISIONS] = {
        [CEDM_CUDA_FP16] = 1e-3,
        [CEDM_CUDA_BF16] = 8e-3,
        [CEDM_CUDA_FP32] = 2e-6,
    };
    cedm_blob blob;

    (void)state;
    assert_int_equal(cedm_bind(&blob, &cedm_fashion_model, cedm_fashion_blob,
                               FASHION_BLOB_BYTES),
                     0);
    want(&blob);
    for (int p = 0; p < CEDM_CUDA_PRECISIONS; p++) {
        evaluate(&blob, (enum cedm_cuda_precision)p);
        for (uint32_t i = 0; i < BATCH; i++) {
            double error = 0, size = 0;

            for (uint32_t e = i * MAP; e < (i + 1) * MAP; e++) {
                error += pow(w.got[e] - wanted[e], 2);
                size += pow(wanted[e], 2);
            }
            print_message("precision %d, sigma %g: %.3g\n", p, sigma[i],
                          sqrt(error / size));
            if (!(sqrt(error / size) <= tolerance[p])) {
                fail_msg("precision %d, sigma %g: relative error %.3g above "
                         "%.3g",
                         p, sigma[i], sqrt(error / size), tolerance[p]);
            }
        }
    }
}

int cuda_net_test(void)
{
    static const struct CMUnitTest tests[] = {
        {.name = "demo network", .test_func = test_network},
    };

    return _cmocka_run_group_tests("cuda network", tests, 1, NULL, NULL);
}
