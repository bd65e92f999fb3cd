/* SPDX-License-Identifier: MIT
 *
 * gpu_check.c - a model on a GPU against the portable backend, in every
 * precision: denoising, latents, whole runs, those that are given more than
 * seeds and clusters, bits that do not depend on slot or neighbours, a number
 * that 16 bits do not hold, and no allocation after a net is opened.
 *
 *     gpu_check [fp16 | bf16 | fp32 | 8.0]
 *
 * One precision, or fp16 by the kernels of every device where there are
 * newer ones; without it all of them, one after the other.  The model is the
 * demo; with EMULATED_MODEL another one, and its blob's path, as far as an
 * emulated device of EMULATED_ARCH goes in seconds.
 *
 * Prints `N passed, N failed`, or `skipped: no device` with exit code 77. */
#include <cuda_runtime_api.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/gpu/both.h"
#include "tests/gpu/gpu_conditions.h"
#include "runtime/philox.h"

#ifdef EMULATED_MODEL
#include "tests/emulate/emulated.h"
extern const cedm_model EMULATED_MODEL;
#define MODEL EMULATED_MODEL
#define MOST 768u /* elements of an image */
#define BATCH 2u
#define STEPS 2u
/* Kernels of 9.0 are seen in both types, guidance and what else runs are given
 * on 8.0. */
#define GUIDANCE (EMULATED_ARCH == 90 ? 0.0 : 0.5)
#define LAST_PRECISION (EMULATED_ARCH == 90 ? CEDM_CUDA_BF16 : CEDM_CUDA_FP16)
#else
#include "weights/fashion.h"
#define MODEL cedm_fashion_model
#define MOST (FASHION_RESOLUTION * FASHION_RESOLUTION * FASHION_CHANNELS)
#define BATCH 4u
#define STEPS 18u
#define GUIDANCE 0.5
#define LAST_PRECISION CEDM_CUDA_FP32
extern const unsigned char cedm_fashion_blob[FASHION_BLOB_BYTES];
#endif

#define CHANNELS MODEL.denoiser->channels
#define PIXELS (MODEL.denoiser->resolution * MODEL.denoiser->resolution)
#define ELEMENTS (PIXELS * CHANNELS)

/* Why these: docs/NUMERICS.md. */
static const struct {
    double denoise; /* relative RMS */
    double sample;  /* largest difference */
} limits[CEDM_CUDA_PRECISIONS] = {
    [CEDM_CUDA_FP16] = {5e-3, 5e-2},
    [CEDM_CUDA_BF16] = {4e-2, 4e-1},
    [CEDM_CUDA_FP32] = {1e-5, 1e-3},
};
#define LATENT_LIMIT 1e-5

static const uint64_t seeds[4] = {3, (uint64_t)1 << 32 | 9, 14, 15};
static const int32_t clusters[4] = {2, -1, 0, 19};

/* ---- every allocation that the library makes ---------------------------- */

static unsigned allocations;

#define COUNTED(name, parameters, arguments)                                 \
    cudaError_t __real_##name parameters;                                    \
    cudaError_t __wrap_##name parameters;                                    \
    cudaError_t __wrap_##name parameters                                     \
    {                                                                        \
        allocations++;                                                       \
        return __real_##name arguments;                                      \
    }
COUNTED(cudaMalloc, (void **p, size_t n), (p, n))
COUNTED(cudaMallocHost, (void **p, size_t n), (p, n))
COUNTED(cudaMallocAsync, (void **p, size_t n, cudaStream_t s), (p, n, s))
COUNTED(cudaHostAlloc, (void **p, size_t n, unsigned f), (p, n, f))
#undef COUNTED

/* ---- the model ---------------------------------------------------------- */

/* A copy that may be changed. */
static unsigned char *blob(size_t *size)
{
    unsigned char *bytes;
#ifdef EMULATED_MODEL
    FILE *file = fopen(EMULATED_BLOB, "rb");

    if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
        both_need(CEDM_E_BLOB_SHORT, EMULATED_BLOB);
    }
    *size = (size_t)ftell(file);
    rewind(file);
    bytes = both_memory(*size);
    if (fread(bytes, 1, *size, file) != *size) {
        both_need(CEDM_E_BLOB_SHORT, EMULATED_BLOB);
    }
    fclose(file);
#else
    *size = FASHION_BLOB_BYTES;
    bytes = both_memory(*size);
    memcpy(bytes, cedm_fashion_blob, *size);
#endif
    return bytes;
}

/* ---- comparisons -------------------------------------------------------- */

static double relative_rms(const double *got, const double *want)
{
    double error = 0, size = 0;

    for (size_t i = 0; i < ELEMENTS; i++) {
        error += (got[i] - want[i]) * (got[i] - want[i]);
        size += want[i] * want[i];
    }
    return sqrt(error / size);
}

static double largest(const double *got, const double *want, size_t n)
{
    double most = 0;

    for (size_t i = 0; i < n; i++) {
        double d = fabs(got[i] - want[i]);

        most = isnan(most) || d <= most ? most : d; /* a NaN stays */
    }
    return most;
}

static void check_denoise(both *b)
{
    static double x[BATCH * MOST], got[BATCH * MOST], want[BATCH * MOST];
    const double sigma[4] = {0.3, 2, 0.03, 40};
    double limit = limits[b->config.precision].denoise;

    for (uint32_t i = 0; i < BATCH * ELEMENTS; i++) {
        x[i] = sigma[i / ELEMENTS] *
               (double)cedm_normal_f32(i / ELEMENTS, i % ELEMENTS, 0);
    }
    both_need(cedm_denoise(&b->host, x, sigma, clusters, BATCH, want),
              "denoise");
    both_need(cedm_cuda_denoise(b->net, x, sigma, clusters, BATCH, got),
              "cedm_cuda_denoise");
    for (uint32_t i = 0; i < BATCH; i++) {
        double d = relative_rms(got + i * ELEMENTS, want + i * ELEMENTS);

        both_expect(b, d <= limit, "D of an image", d, limit);
    }
}

/* The state after all steps, or after none. */
static void run(both *b, const uint64_t *seed, const int32_t *cluster,
                uint32_t n, int steps, double *state)
{
    cedm_status status = cedm_cuda_begin(b->net, seed, cluster, n);

    both_need(status, "cedm_cuda_begin");
    while (steps && (status = cedm_cuda_step(b->net)) == CEDM_MORE) {
    }
    both_need(status, "cedm_cuda_step");
    both_need(cedm_cuda_state(b->net, state), "cedm_cuda_state");
}

static void check_latents(both *b)
{
    static double got[BATCH * MOST];
    double most = 0,
           top = cedm_sigma(&b->config.params, b->config.params.start);

    run(b, seeds, clusters, BATCH, 0, got);
    for (uint32_t i = 0; i < BATCH; i++) {
        for (uint32_t k = 0; k < ELEMENTS; k++) { /* of [C][H][W] */
            uint32_t at = k % PIXELS * CHANNELS + k / PIXELS;
            double d = fabs(got[i * ELEMENTS + at] / top -
                            (double)cedm_normal_f32(seeds[i], k, 0));

            most = isnan(most) || d <= most ? most : d;
        }
    }
    both_expect(b, most <= LATENT_LIMIT, "latents", most, LATENT_LIMIT);
}

/* D of the last evaluation, in 8 bits; of state within the limit. */
static void check_preview(both *b, const cedm_sampler *s, double limit)
{
    static uint8_t got[BATCH * MOST], wanted[BATCH * MOST];
    double most = 0, bound = ceil(127.5 * limit);

    both_need(cedm_sample_preview(s, wanted), "preview");
    both_need(cedm_cuda_preview(b->net, got), "cedm_cuda_preview");
    for (size_t i = 0; i < BATCH * ELEMENTS; i++) {
        most = fmax(most, fabs((double)got[i] - wanted[i]));
    }
    both_expect(b, most <= bound, "a preview, in grey levels", most, bound);
}

static void check_run(both *b, const char *what)
{
    static double got[BATCH * MOST], again[BATCH * MOST];
    const uint64_t turned[4] = {seeds[1], seeds[0], 77, 78};
    const int32_t their[4] = {clusters[1], clusters[0], 1, 2};
    double limit = limits[b->config.precision].sample, d;
    cedm_sampler s;
    cedm_status status;

    both_need(cedm_sample_begin(&s, &b->host, &b->config.params, seeds,
                                clusters, BATCH),
              "begin");
    while ((status = cedm_sample_step(&s)) == CEDM_MORE) {
    }
    both_need(status, "step");
    run(b, seeds, clusters, BATCH, 1, got);
    d = largest(got, cedm_sample_state(&s), BATCH * ELEMENTS);
    both_expect(b, d <= limit, what, d, limit);
    check_preview(b, &s, limit);
    run(b, turned, their, BATCH, 1, again);
    d = fmax(largest(got + ELEMENTS, again, ELEMENTS),
             largest(got, again + ELEMENTS, ELEMENTS));
    both_expect(b, d <= 0, "in another slot, beside others", d, 0);
    run(b, turned, their, 1, 1, again);
    d = largest(got + ELEMENTS, again, ELEMENTS);
    both_expect(b, d <= 0, "alone", d, 0);
}

/* What is handed over is what is copied out. */
static void check_result(both *b)
{
    static double state[BATCH * MOST], view_state[BATCH * MOST];
    static uint8_t images[BATCH * MOST], view_images[BATCH * MOST];
    const size_t n = BATCH * ELEMENTS;
    cedm_cuda_result_view view;

    run(b, seeds, clusters, BATCH, 1, state);
    both_need(cedm_cuda_images(b->net, images), "cedm_cuda_images");
    both_need(cedm_cuda_result(b->net, &view), "cedm_cuda_result");
    /* in the default stream, which waits for the net's */
    cudaMemcpy(view_state, view.state, n * sizeof *state,
               cudaMemcpyDeviceToHost);
    cudaMemcpy(view_images, view.images, n, cudaMemcpyDeviceToHost);
    both_expect(b,
                memcmp(state, view_state, n * sizeof *state) == 0 &&
                    memcmp(images, view_images, n) == 0,
                "results on the device", 0, 0);
}

/* ---- one precision ------------------------------------------------------ */

static size_t free_bytes(void)
{
    size_t free_now = 0, total = 0;

    cudaMemGetInfo(&free_now, &total);
    return free_now;
}

static void check_net(both *b, const char *what)
{
    unsigned char first;
    unsigned before;
    size_t free_before;

    both_open_device(b);
    /* the driver's own staging, of which the first such copy makes use */
    cudaMemcpy(&first, b->config.arena, 1, cudaMemcpyDeviceToHost);
    before = allocations;
    free_before = free_bytes();
    check_denoise(b);
    check_latents(b);
    check_run(b, what);
    check_result(b);
    both_expect(b, allocations == before, "allocations after open",
                allocations - before, 0);
    both_expect(b, free_bytes() == free_before, "bytes lost after open",
                (double)free_before - (double)free_bytes(), 0);
    cedm_cuda_close(b->net);
}

/* ---- an overflow -------------------------------------------------------- */

#define IGNORE(name)                                                         \
    static void ignore_##name(void *ctx, const cedm_##name *op)              \
    {                                                                        \
        (void)ctx;                                                           \
        (void)op;                                                            \
    }
CEDM_GRAPH_OPS(IGNORE)
#undef IGNORE

/* The first 3x3 convolution to the most channels. */
static void find_widest(void *ctx, const cedm_conv *op)
{
    cedm_conv *widest = ctx;

    if (op->kernel[0] == 3 && op->cout > widest->cout) {
        *widest = *op;
    }
}

static void check_status(const both *b, cedm_status got, const char *what)
{
    cedm_status wanted =
        b->config.precision == CEDM_CUDA_FP16 ? CEDM_E_OVERFLOW : CEDM_OK;

    both_expect(b, got == wanted, what, got, wanted);
}

/* The first bias of that convolution, in a blob that may be changed. */
static float *widest_bias(const both *b)
{
#define MEMBER(name) .name = ignore_##name,
    cedm_ops finder = {CEDM_GRAPH_OPS(MEMBER)};
#undef MEMBER
    cedm_conv widest = {0};

    finder.conv = find_widest;
    MODEL.graph.eval(&finder, &widest);
    return (float *)(void *)(b->data + widest.bias * sizeof(float));
}

/* A bias of 1e6, which fp16 does not hold. */
static void check_overflow(both *b)
{
    static double x[BATCH * MOST], out[BATCH * MOST];
    static uint8_t images[BATCH * MOST];
    static const double sigma[4] = {1, 1, 1, 1};
    float *bias = widest_bias(b), was = *bias;

    *bias = 1e6f;
    b->config.params.steps = 1;
    b->config.params.start = 0;
    b->config.params.guidance = 0;
    both_open_device(b);
    *bias = was;
    check_status(b, cedm_cuda_denoise(b->net, x, sigma, clusters, BATCH, out),
                 "status of D with an overflow");
    both_need(cedm_cuda_begin(b->net, seeds, clusters, BATCH),
              "cedm_cuda_begin");
    both_need(cedm_cuda_step(b->net), "cedm_cuda_step");
    check_status(b, cedm_cuda_images(b->net, images),
                 "status of images with an overflow");
    cedm_cuda_close(b->net);
}

/* ---- other runs --------------------------------------------------------- */

static void check_conditions(both *b, both *guide)
{
    guide->config = b->config;
    both_take(guide);
    both_open_device(guide);
    b->config.guide = guide->net;
    both_take(b);
    conditions_check(b, guide, limits[b->config.precision].sample);
    both_free(b);
    cedm_cuda_close(guide->net);
    both_free(guide);
}

static void check_precision(both *b, both *guide,
                            enum cedm_cuda_precision precision)
{
    b->config.precision = precision;
    b->config.params = cedm_sampler_params_default();
    b->config.params.steps = STEPS + 1; /* the most */
    both_take(b);
    b->config.params.steps = STEPS;
#ifdef EMULATED_MODEL
    /* two steps down to 0.002 would multiply an error by 80 / 0.002 / 2 */
    b->config.params.sigma_min = 10;
#else
    check_net(b, "a run");
#endif
    b->config.params.S_churn = 20;
    b->config.params.guidance = GUIDANCE;
    b->config.params.guidance_max = 20; /* a level is above, one below */
    b->config.params.steps = STEPS + 1; /* of which the first is left out */
    b->config.params.start = 1;
    check_net(b, GUIDANCE > 0 ? "a run with churn and guidance"
                              : "a run with churn");
    cedm_sampler_params params = b->config.params;
    check_overflow(b);
#ifdef EMULATED_MODEL
    both_expect(b, (emulated_take().boxes > 0) == (EMULATED_ARCH == 90),
                "convolutions by warpgroups, of", EMULATED_ARCH, 90);
#endif
    both_free(b);
    b->config.params = params;
    if (GUIDANCE > 0) {
        check_conditions(b, guide);
    }
}

/* A device of 9.0 by kernels of 8.0. */
static void check_older(both *b)
{
    b->config.precision = CEDM_CUDA_FP16;
    b->config.arch = 80;
    both_take(b);
    both_open_device(b);
    check_denoise(b);
    cedm_cuda_close(b->net);
#ifdef EMULATED_MODEL
    both_expect(b, emulated_take().boxes == 0,
                "no convolutions by warpgroups, of", 80, 80);
#endif
    both_free(b);
}

static bool is_chosen(const char *chosen, const char *name)
{
    return chosen == NULL || strcmp(chosen, name) == 0;
}

int main(int argc, char **argv)
{
    static both b, guide; /* hold a cedm_net each, which must not move */
    cedm_cuda_device device;
    const char *chosen = argc > 1 ? argv[1] : NULL;
    unsigned char *bytes;
    size_t size;
    uint32_t count;

#ifdef EMULATED_MODEL
    setenv("EMULATED_ARCH", EMULATED_ARCH == 90 ? "90" : "80", 1);
#endif
    if (cedm_cuda_devices(&count) != CEDM_OK ||
        cedm_cuda_describe(0, &device) != CEDM_OK) {
        puts("skipped: no device");
        return 77;
    }
    printf("%s, sm_%u, %u multiprocessors\n", device.name, device.arch,
           device.multiprocessors);
    b.config = cedm_cuda_config_default();
    b.config.batch = BATCH;
    bytes = blob(&size);
    both_open_host(&b, &MODEL, bytes, size);
    guide.config = b.config;
    bytes = blob(&size);
    both_open_host(&guide, &MODEL, bytes, size);
    *widest_bias(&guide) += 1; /* another network */
    for (int p = 0; p <= LAST_PRECISION; p++) {
        enum cedm_cuda_precision precision = (enum cedm_cuda_precision)p;

        if (is_chosen(chosen, both_precision(precision))) {
            check_precision(&b, &guide, precision);
        }
    }
    if (device.arch == 90 && is_chosen(chosen, "8.0")) {
        check_older(&b);
    }
    return both_summary();
}
