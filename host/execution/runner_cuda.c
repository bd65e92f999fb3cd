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

static cedm_status mix(host_runner *r, const uint64_t *seeds,
                       const int32_t *clusters, const double *shares)
{
    return r->gpu.api->mix(r->gpu.net, seeds, clusters, shares);
}

static cedm_status from(host_runner *r, const uint8_t *images)
{
    return r->gpu.api->from(r->gpu.net, images);
}

static cedm_status mask(host_runner *r, const uint8_t *images,
                        const uint8_t *mask, uint32_t rounds)
{
    return r->gpu.api->mask(r->gpu.net, images, mask, rounds);
}

static cedm_status step(host_runner *r)
{
    return r->gpu.api->step(r->gpu.net);
}

static cedm_status state(host_runner *r, double *out)
{
    return r->gpu.api->state(r->gpu.net, out);
}

static cedm_status preview(host_runner *r, uint8_t *out)
{
    return r->gpu.api->preview(r->gpu.net, out);
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
    .mix = mix,
    .from = from,
    .mask = mask,
    .step = step,
    .state = state,
    .preview = preview,
    .images = images,
};

/* ---- batches in a queue ------------------------------------------------- */

static cedm_status queue_all(host_runner *r)
{
    const host_runner_batch *b = &r->queue;
    cedm_status status = host_runner_begin(r, b);
    uint32_t done = r->params.start;
    do {
        status = status >= CEDM_OK ? step(r) : status;
        done++;
        if (status == CEDM_MORE && b->watch != NULL) {
            cedm_status seen = b->watch(b->arg, r, done);
            status = seen == CEDM_OK ? status : seen;
        }
    } while (status == CEDM_MORE);
    return status;
}

bool host_runner_queue(host_runner *r, const host_runner_batch *batch,
                       host_failure *f)
{
    r->queue = *batch;
    cedm_status status = queue_all(r);
    return status == CEDM_OK || host_gpu_failed(&r->gpu, status, f);
}

static cedm_status run_in_bf16(host_runner *r, uint8_t *out)
{
    cedm_status status = host_gpu_reopen_in_bf16(&r->gpu);
    if (status == CEDM_OK) {
        status = queue_all(r);
    }
    return status == CEDM_OK ? images(r, out) : status;
}

bool host_runner_fetch(host_runner *r, uint8_t *out, bool *widened,
                       host_failure *f)
{
    cedm_status status = images(r, out);
    *widened = host_gpu_was_fp16(&r->gpu, status);
    if (*widened) {
        status = run_in_bf16(r, out);
    }
    return status == CEDM_OK || host_gpu_failed(&r->gpu, status, f);
}
