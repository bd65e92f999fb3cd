/* SPDX-License-Identifier: MIT
 *
 * verify.c - what the comparisons of cedm-verify have in common. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/verify/verify.h"

/* Of features by a float32 network, absolute: fifty times what PyTorch's
 * differ by. */
#define FEATURES_LIMIT 1e-4
/* rms of results by 16-bit weights, and by products of bfloat16 */
#define HALF_LIMIT 5e-3
#define PAIRED_LIMIT 2e-2
#define BF16_LIMIT 4e-2

double host_verify_limit(const host_verify *v, double limit)
{
    return isnan(v->tolerance) ? limit : v->tolerance;
}

void host_verify_judge(host_verify *v, const char *what, host_difference d,
                       double value, double limit)
{
    bool good = value <= limit;
    printf("%-28s max %.3e  rel rms %.3e  limit %.3e  %s\n", what, d.max,
           d.rms, limit, good ? "ok" : "FAILED");
    v->items++;
    v->bad += !good;
}

void host_verify_judge_features(host_verify *v, const char *what,
                                host_difference d)
{
    enum cedm_cuda_precision precision;
    if (host_verify_in_half(v, &precision)) {
        host_verify_judge(v, what, d, d.rms,
                          host_verify_limit(v, precision == CEDM_CUDA_FP16
                                                   ? HALF_LIMIT
                                                   : BF16_LIMIT));
    } else if (v->paired || v->half) {
        host_verify_judge(
            v, what, d, d.rms,
            host_verify_limit(v, v->paired ? PAIRED_LIMIT : HALF_LIMIT));
    } else {
        host_verify_judge(v, what, d, d.max,
                          host_verify_limit(v, FEATURES_LIMIT));
    }
}

bool host_verify_files(host_verify *v, const char *path, const char *golden,
                       host_verify_mode *mode, host_failure *f)
{
    if (!host_model_load(&v->model, path, f)) {
        return false;
    }
    const cedm_model *code = v->model.code;
    if (code->denoiser != NULL) {
        v->pixels = (size_t)code->denoiser->resolution *
                    code->denoiser->resolution * code->denoiser->channels;
    }
    v->golden = host_golden_open(golden, f);
    if (v->golden == NULL || !mode(v, f)) {
        return false;
    }
    printf("%s on %s: %u of %u within the limits\n", code->name,
           host_verify_on_gpu(v)
               ? host_precision_name(v->runner->kind->precision(v->runner))
               : v->runner->isa,
           v->items - v->bad, v->items);
    return v->bad == 0 ||
           host_fail(f, "%s: %u of %u items are past the limit", golden,
                     v->bad, v->items);
}

void host_verify_close(host_verify *v)
{
    host_runners_close(&v->runners);
    host_model_close(&v->model);
    cg_close(v->golden);
}

bool host_verify_failed(const host_verify *v, cedm_status status,
                        host_failure *f)
{
    return v->runner->kind->failed(v->runner, v->golden->path, status, f);
}

/* What rounds on a CPU. */
static void note_backend(host_verify *v)
{
    const cedm_backend *backend = v->runner->cpu.backend;
    const char *way = cJSON_GetStringValue(
        cJSON_GetObjectItemCaseSensitive(v->model.description, "cpu_conv"));
    v->by_tiles = backend != cedm_backend_portable() && way != NULL &&
                  strcmp(way, "winograd") == 0;
    v->paired = backend->factor_bits < 24;
}

bool host_verify_open_runner(host_verify *v, uint64_t batch,
                             const cedm_sampler_params *params,
                             host_failure *f)
{
    static const host_device_choice cpu = {.kind = HOST_DEVICE_CPU};
    host_runner_config config = {
        .isa = v->isa,
        .threads = v->threads,
        .precision = v->precision,
        .batch = batch,
        .images = batch,
        .params = *params,
    };
    if (batch < 1 || batch > HOST_ENGINE_MAX_BATCH) {
        return host_fail(f, "%s: wanted 1 to %u items, got %" PRIu64,
                         v->golden->path, HOST_ENGINE_MAX_BATCH, batch);
    }
    if (!host_runners_open(&v->runners, &v->model,
                           v->device != NULL ? v->device : &cpu, 0, &config,
                           f)) {
        return false;
    }
    v->runner = v->runners.runner;
    v->half = v->model.code->graph.dtype == CEDM_DTYPE_F16;
    if (!host_verify_on_gpu(v)) {
        note_backend(v);
    }
    return true;
}

int32_t *host_verify_clusters(const cg_file *file, const char *name,
                              uint64_t n, host_failure *f)
{
    int64_t *values = host_golden_integers(file, name, n, -1, INT32_MAX, f);
    int32_t *clusters =
        values != NULL ? calloc((size_t)n, sizeof *clusters) : NULL;
    for (uint64_t i = 0; clusters != NULL && i < n; i++) {
        clusters[i] = (int32_t)values[i];
    }
    free(values);
    return clusters;
}
