/* SPDX-License-Identifier: MIT
 *
 * gpu_check.c - a model on a GPU against the portable backend, in every
 * precision: denoising, latents, whole runs, bits that do not depend on slot
 * or neighbours, and no allocation after a net is opened.
 *
 * The model is the demo; with TINY_BLOB, the path of its blob, a tiny one, in
 * fp16 and in two steps alone, as far as an emulated device goes in seconds.
 *
 * Needs libc, cudart and cublasLt alone.  Prints `N passed, N failed`, or
 * `skipped: no device` with exit code 77. */
#include <cuda_runtime_api.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cedm_cuda.h"
#include "philox.h"

#ifdef TINY_BLOB
#include "ncsnpp_tiny.h"
#define MODEL cedm_ncsnpp_tiny_model
#define RESOLUTION NCSNPP_TINY_RESOLUTION
#define CHANNELS NCSNPP_TINY_CHANNELS
#define CLUSTERS ((int32_t)NCSNPP_TINY_CLUSTERS)
#define BLOB_BYTES NCSNPP_TINY_BLOB_BYTES
#define BATCH 2u
#define STEPS 2u
#define LAST_PRECISION CEDM_CUDA_FP16
#else
#include "fashion.h"
#define MODEL cedm_fashion_model
#define RESOLUTION FASHION_RESOLUTION
#define CHANNELS FASHION_CHANNELS
#define CLUSTERS ((int32_t)FASHION_CLUSTERS)
#define BLOB_BYTES FASHION_BLOB_BYTES
#define BATCH 4u
#define STEPS 18u
#define LAST_PRECISION CEDM_CUDA_FP32
extern const unsigned char cedm_fashion_blob[FASHION_BLOB_BYTES];
#endif

#define PIXELS (RESOLUTION * RESOLUTION)
#define ELEMENTS (PIXELS * CHANNELS)

/* Why these: docs/NUMERICS.md. */
static const struct {
    const char *name;
    double denoise; /* relative RMS */
    double sample;  /* largest difference */
} limits[CEDM_CUDA_PRECISIONS] = {
    [CEDM_CUDA_FP16] = {"fp16", 5e-3, 5e-2},
    [CEDM_CUDA_BF16] = {"bf16", 4e-2, 4e-1},
    [CEDM_CUDA_FP32] = {"fp32", 1e-5, 1e-3},
};
#define LATENT_LIMIT 1e-5

static const uint64_t seeds[4] = {3, (uint64_t)1 << 32 | 9, 14, 15};
static const int32_t clusters[4] = {2, -1, 0, CLUSTERS - 1};

static int passed, failed;
static unsigned allocations;

static void expect(int good, const char *precision, const char *what,
                   double got, double wanted)
{
    printf("%s %-5s %s: %.3g, wanted at most %.3g\n", good ? "ok    " : "FAILED",
           precision, what, got, wanted);
    passed += good;
    failed += !good;
}

static void need(cedm_status status, const char *what)
{
    if (status < CEDM_OK) {
        fprintf(stderr, "gpu_check: %s: %s\n", what, cedm_status_text(status));
        printf("%d passed, %d failed\n", passed, failed + 1);
        exit(1);
    }
}

static void *memory(size_t bytes)
{
    void *p = aligned_alloc(256, (bytes + 255) / 256 * 256);

    if (p == NULL) {
        need(CEDM_E_NULL, "host memory");
    }
    memset(p, 0, bytes);
    return p;
}

/* ---- every allocation that the library makes ---------------------------- */

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

/* ---- two nets ----------------------------------------------------------- */

typedef struct both {
    cedm_blob blob;
    cedm_net host;
    cedm_cuda_config config;
    cedm_cuda_fault fault;
    cedm_cuda_net *net;
} both;

static const unsigned char *blob(void)
{
#ifdef TINY_BLOB
    unsigned char *bytes = memory(BLOB_BYTES);
    FILE *file = fopen(TINY_BLOB, "rb");

    if (file == NULL || fread(bytes, 1, BLOB_BYTES, file) != BLOB_BYTES) {
        need(CEDM_E_BLOB_SHORT, TINY_BLOB);
    }
    fclose(file);
    return bytes;
#else
    return cedm_fashion_blob;
#endif
}

static void open_host(both *b)
{
    cedm_net_config config = cedm_net_config_default();

    need(cedm_bind(&b->blob, &MODEL, blob(), BLOB_BYTES), "cedm_bind");
    config.batch = BATCH;
    config.arena_bytes = (size_t)cedm_arena_bytes(&MODEL, BATCH, 1);
    config.arena = memory(config.arena_bytes);
    need(cedm_net_init(&b->host, &b->blob, &config), "cedm_net_init");
}

static void take_regions(both *b)
{
    cedm_cuda_config *c = &b->config;

    need(cedm_cuda_measure(&MODEL, c, &c->sizes), "measure");
    need(cedm_cuda_allocate(0, c->sizes.weights, &c->weights), "allocate");
    need(cedm_cuda_allocate(0, c->sizes.arena, &c->arena), "allocate");
    need(cedm_cuda_allocate_pinned(c->sizes.staging, &c->staging), "pinned");
    c->context = memory((size_t)c->sizes.context);
}

static void free_regions(both *b)
{
    cedm_cuda_release(0, b->config.weights);
    cedm_cuda_release(0, b->config.arena);
    cedm_cuda_release_pinned(b->config.staging);
    free(b->config.context);
}

static void open_device(both *b)
{
    cedm_status status;

    b->config.fault = &b->fault;
    status = cedm_cuda_open(&b->net, &b->blob, &b->config);
    if (status == CEDM_E_CUDA) {
        fprintf(stderr, "gpu_check: %s: %s\n", b->fault.call, b->fault.text);
    }
    need(status, "cedm_cuda_open");
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

        most = d <= most ? most : d; /* a NaN stays */
    }
    return most;
}

static void check_denoise(both *b)
{
    static double x[BATCH * ELEMENTS], got[BATCH * ELEMENTS],
        want[BATCH * ELEMENTS];
    const double sigma[4] = {0.3, 2, 0.03, 40};
    const char *name = limits[b->config.precision].name;
    double limit = limits[b->config.precision].denoise;

    for (uint32_t i = 0; i < BATCH * ELEMENTS; i++) {
        x[i] = sigma[i / ELEMENTS] *
               (double)cedm_normal_f32(i / ELEMENTS, i % ELEMENTS, 0);
    }
    need(cedm_denoise(&b->host, x, sigma, clusters, BATCH, want), "denoise");
    need(cedm_cuda_denoise(b->net, x, sigma, clusters, BATCH, got),
         "cedm_cuda_denoise");
    for (uint32_t i = 0; i < BATCH; i++) {
        double d = relative_rms(got + i * ELEMENTS, want + i * ELEMENTS);

        expect(d <= limit, name, "D of an image", d, limit);
    }
}

/* The state after all steps, or after none. */
static void run(both *b, const uint64_t *seed, const int32_t *cluster,
                uint32_t n, int steps, double *state)
{
    cedm_status status = cedm_cuda_begin(b->net, seed, cluster, n);

    need(status, "cedm_cuda_begin");
    while (steps && (status = cedm_cuda_step(b->net)) == CEDM_MORE) {
    }
    need(status, "cedm_cuda_step");
    need(cedm_cuda_state(b->net, state), "cedm_cuda_state");
}

static void check_latents(both *b)
{
    static double got[BATCH * ELEMENTS];
    double most = 0, top = cedm_sigma(&b->config.params, 0);

    run(b, seeds, clusters, BATCH, 0, got);
    for (uint32_t i = 0; i < BATCH; i++) {
        for (uint32_t k = 0; k < ELEMENTS; k++) { /* of [C][H][W] */
            uint32_t at = k % PIXELS * CHANNELS + k / PIXELS;
            double d = fabs(got[i * ELEMENTS + at] / top -
                            (double)cedm_normal_f32(seeds[i], k, 0));

            most = d <= most ? most : d;
        }
    }
    expect(most <= LATENT_LIMIT, limits[b->config.precision].name, "latents",
           most, LATENT_LIMIT);
}

static void check_run(both *b, const char *what)
{
    static double got[BATCH * ELEMENTS], again[BATCH * ELEMENTS];
    const uint64_t turned[4] = {seeds[1], seeds[0], 77, 78};
    const int32_t their[4] = {clusters[1], clusters[0], 1, 2};
    const char *name = limits[b->config.precision].name;
    double limit = limits[b->config.precision].sample, d;
    cedm_sampler s;
    cedm_status status;

    need(cedm_sample_begin(&s, &b->host, &b->config.params, seeds, clusters,
                           BATCH), "begin");
    while ((status = cedm_sample_step(&s)) == CEDM_MORE) {
    }
    need(status, "step");
    run(b, seeds, clusters, BATCH, 1, got);
    d = largest(got, cedm_sample_state(&s), BATCH * ELEMENTS);
    expect(d <= limit, name, what, d, limit);
    run(b, seeds, clusters, BATCH, 1, again);
    d = largest(got, again, BATCH * ELEMENTS);
    expect(d <= 0, name, "the same again", d, 0);
    run(b, turned, their, BATCH, 1, again);
    d = fmax(largest(got + ELEMENTS, again, ELEMENTS),
             largest(got, again + ELEMENTS, ELEMENTS));
    expect(d <= 0, name, "in another slot, beside others", d, 0);
    run(b, turned, their, 1, 1, again);
    d = largest(got + ELEMENTS, again, ELEMENTS);
    expect(d <= 0, name, "alone", d, 0);
}

/* What is handed over is what is copied out. */
static void check_result(both *b)
{
    static double state[BATCH * ELEMENTS], view_state[BATCH * ELEMENTS];
    static uint8_t images[BATCH * ELEMENTS], view_images[BATCH * ELEMENTS];
    cedm_cuda_result_view view;

    run(b, seeds, clusters, BATCH, 1, state);
    need(cedm_cuda_images(b->net, images), "cedm_cuda_images");
    need(cedm_cuda_result(b->net, &view), "cedm_cuda_result");
    /* in the default stream, which waits for the net's */
    cudaMemcpy(view_state, view.state, sizeof view_state,
               cudaMemcpyDeviceToHost);
    cudaMemcpy(view_images, view.images, sizeof view_images,
               cudaMemcpyDeviceToHost);
    expect(memcmp(state, view_state, sizeof state) == 0 &&
               memcmp(images, view_images, sizeof images) == 0,
           limits[b->config.precision].name, "results on the device", 0, 0);
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
    const char *name = limits[b->config.precision].name;
    unsigned before;
    size_t free_before;

    open_device(b);
    before = allocations;
    free_before = free_bytes();
    check_denoise(b);
    check_latents(b);
    check_run(b, what);
    check_result(b);
    expect(allocations == before, name, "allocations after open",
           allocations - before, 0);
    expect(free_bytes() == free_before, name, "bytes lost after open",
           (double)free_before - (double)free_bytes(), 0);
    cedm_cuda_close(b->net);
}

static void check_precision(both *b, enum cedm_cuda_precision precision)
{
    b->config.precision = precision;
    b->config.batch = BATCH;
    b->config.params = cedm_sampler_params_default();
    b->config.params.steps = STEPS;
    take_regions(b);
#ifdef TINY_BLOB
    /* two steps down to 0.002 would multiply an error by 80 / 0.002 / 2 */
    b->config.params.sigma_min = 10;
#else
    check_net(b, "a run");
#endif
    b->config.params.S_churn = 20;
    b->config.params.guidance = 0.5;
    check_net(b, "a run with churn and guidance");
    free_regions(b);
}

int main(void)
{
    static both b; /* holds a cedm_net, which must not move */
    cedm_cuda_device device;
    uint32_t count;

    if (cedm_cuda_devices(&count) != CEDM_OK ||
        cedm_cuda_describe(0, &device) != CEDM_OK) {
        puts("skipped: no device");
        return 77;
    }
    printf("%s, sm_%u, %u multiprocessors\n", device.name, device.arch,
           device.multiprocessors);
    b.config = cedm_cuda_config_default();
    open_host(&b);
    for (int p = 0; p <= LAST_PRECISION; p++) {
        check_precision(&b, (enum cedm_cuda_precision)p);
    }
    printf("%d passed, %d failed\n", passed, failed);
    return failed > 0;
}
