/* SPDX-License-Identifier: MIT
 *
 * runner_cuda.c - a network that runs on a GPU. */
#include "host/execution/runner.h"

static bool open_net(host_runner *r, const host_cuda_library *l,
                     uint32_t index, const host_runner_config *config,
                     host_failure *f)
{
    host_gpu_config gpu = {
        .index = index,
        .precision = config->precision,
        .batch = config->batch,
        .images = config->images,
        .params = config->params,
        .guide = r->guide != NULL ? &r->guide->gpu : NULL,
    };
    if (!host_gpu_open(&r->gpu, l, r->model, &gpu, f)) {
        return false;
    }
    snprintf(r->isa, sizeof r->isa, "sm_%u", r->gpu.device.arch);
    r->batch = r->gpu.config.batch;
    r->weights_bytes = r->gpu.config.sizes.weights;
    r->arena_bytes = r->gpu.config.sizes.arena;
    return true;
}

static void close_net(host_runner *r)
{
    host_gpu_close(&r->gpu);
}

static enum cedm_cuda_precision precision(const host_runner *r)
{
    return r->gpu.config.precision;
}

static void print(const host_runner *r, FILE *stream)
{
    host_gpu_print(&r->gpu, stream);
}

static bool failed(const host_runner *r, const char *what, cedm_status status,
                   host_failure *f)
{
    return host_device_failed(r->gpu.config.device, what, status,
                              &r->gpu.fault, f);
}

static cedm_status denoise(host_runner *r, const double *x,
                           const double *sigma, const int32_t *clusters,
                           uint32_t n, double *out)
{
    return r->gpu.api->denoise(r->gpu.net, x, sigma, clusters, n, out);
}

static cedm_status encode(host_runner *r, const uint8_t *images, uint32_t n,
                          float *out)
{
    return r->gpu.api->encode(r->gpu.net, images, n, out);
}

static cedm_status begin(host_runner *r, const uint64_t *seeds,
                         const int32_t *clusters, uint32_t n)
{
    return r->gpu.api->begin(r->gpu.net, seeds, clusters, n);
}

static cedm_status step(host_runner *r)
{
    return r->gpu.api->step(r->gpu.net);
}

static cedm_status state(host_runner *r, double *out)
{
    return r->gpu.api->state(r->gpu.net, out);
}

static cedm_status images(host_runner *r, uint8_t *out)
{
    return r->gpu.api->images(r->gpu.net, out);
}

const host_runner_kind host_runner_cuda = {
    .open = open_net,
    .close = close_net,
    .precision = precision,
    .print = print,
    .failed = failed,
    .denoise = denoise,
    .encode = encode,
    .begin = begin,
    .step = step,
    .state = state,
    .images = images,
};
