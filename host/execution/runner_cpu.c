/* SPDX-License-Identifier: MIT
 *
 * runner_cpu.c - a network that runs on the CPU. */
#include "host/execution/runner.h"

static bool open_net(host_runner *r, const host_cuda_library *l,
                     uint32_t index, const host_runner_config *config,
                     host_failure *f)
{
    (void)l;
    (void)index;
    uint64_t batch =
        config->batch > 0 ? config->batch : HOST_RUNNER_CPU_BATCH;
    batch = config->images < batch ? config->images : batch;
    host_engine_config engine = {config->isa, (uint32_t)batch,
                                 config->threads};
    if (!host_engine_open(&r->cpu, r->model, &engine, f)) {
        return false;
    }
    snprintf(r->isa, sizeof r->isa, "%s", r->cpu.backend->name);
    r->batch = r->cpu.batch;
    r->threads = r->cpu.threads;
    r->weights_bytes = r->cpu.weights_bytes;
    r->arena_bytes = r->cpu.arena_bytes;
    return true;
}

static void close_net(host_runner *r)
{
    host_engine_close(&r->cpu);
}

static enum cedm_cuda_precision precision(const host_runner *r)
{
    (void)r;
    return CEDM_CUDA_FP32;
}

static void print(const host_runner *r, FILE *stream)
{
    host_engine_print(&r->cpu, stream);
}

static bool failed(const host_runner *r, const char *what, cedm_status status,
                   host_failure *f)
{
    (void)r;
    return host_fail(f, "%s: %s", what, cedm_status_text(status));
}

static cedm_status denoise(host_runner *r, const double *x,
                           const double *sigma, const int32_t *clusters,
                           uint32_t n, double *out)
{
    return cedm_denoise(&r->cpu.net, x, sigma, clusters, n, out);
}

static cedm_status encode(host_runner *r, const uint8_t *images, uint32_t n,
                          float *out)
{
    return cedm_encode(&r->cpu.net, images, n, out);
}

static cedm_status begin(host_runner *r, const uint64_t *seeds,
                         const int32_t *clusters, uint32_t n)
{
    cedm_status status = cedm_sample_begin(&r->sampler, &r->cpu.net,
                                           &r->params, seeds, clusters, n);
    return status == CEDM_OK && r->guide != NULL
               ? cedm_sample_guide(&r->sampler, &r->guide->cpu.net)
               : status;
}

static cedm_status mix(host_runner *r, const uint64_t *seeds,
                       const int32_t *clusters, const double *shares)
{
    return cedm_sample_mix(&r->sampler, seeds, clusters, shares);
}

static cedm_status from(host_runner *r, const uint8_t *images)
{
    return cedm_sample_from(&r->sampler, images);
}

static cedm_status mask(host_runner *r, const uint8_t *images,
                        const uint8_t *mask, uint32_t rounds)
{
    return cedm_sample_mask(&r->sampler, images, mask, rounds);
}

static cedm_status step(host_runner *r)
{
    return cedm_sample_step(&r->sampler);
}

static cedm_status state(host_runner *r, double *out)
{
    const cedm_denoiser *d = r->model->code->denoiser;
    const cedm_real *x = cedm_sample_state(&r->sampler);
    size_t elements =
        (size_t)r->sampler.n * d->resolution * d->resolution * d->channels;
    for (size_t i = 0; i < elements; i++) {
        out[i] = (double)x[i];
    }
    return CEDM_OK;
}

static cedm_status preview(host_runner *r, uint8_t *out)
{
    return cedm_sample_preview(&r->sampler, out);
}

static cedm_status images(host_runner *r, uint8_t *out)
{
    return cedm_sample_images(&r->sampler, out);
}

const host_runner_kind host_runner_cpu = {
    .open = open_net,
    .close = close_net,
    .precision = precision,
    .print = print,
    .failed = failed,
    .denoise = denoise,
    .encode = encode,
    .begin = begin,
    .mix = mix,
    .from = from,
    .mask = mask,
    .step = step,
    .state = state,
    .preview = preview,
    .images = images,
};
