/* SPDX-License-Identifier: MIT
 *
 * gpu.c - a model on one CUDA device: a network that runs there. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "host/execution/engine.h"
#include "host/execution/gpu.h"

bool host_gpu_failed(const host_gpu *g, cedm_status status, host_failure *f)
{
    return host_device_failed(g->config.device, g->model->label, status,
                              &g->fault, f);
}

/* ---- memory ------------------------------------------------------------ */

static uint64_t device_bytes(const host_gpu *g)
{
    return g->config.sizes.weights + g->config.sizes.arena;
}

static bool take(host_gpu *g, host_failure *f)
{
    cedm_cuda_config *c = &g->config;
    cedm_status status =
        g->api->allocate(c->device, c->sizes.weights, &c->weights);
    if (status == CEDM_OK) {
        status = g->api->allocate(c->device, c->sizes.arena, &c->arena);
    }
    if (status == CEDM_E_DEVICE_MEMORY) {
        return host_device_is_full(c->device, &g->device, device_bytes(g),
                                   "batch", f);
    }
    if (status == CEDM_OK) {
        status = g->api->allocate_pinned(c->sizes.staging, &c->staging);
    }
    if (status != CEDM_OK) {
        return host_gpu_failed(g, status, f);
    }
    c->context =
        aligned_alloc(CEDM_ALIGN, (size_t)CEDM_ALIGN_UP(c->sizes.context));
    return c->context != NULL ||
           host_fail(f, "out of memory for a batch of %u images", c->batch);
}

/* ---- opening ----------------------------------------------------------- */

static uint32_t batch_of(const host_gpu *g, const host_gpu_config *config)
{
    uint64_t batch =
        config->batch > 0 ? config->batch : 2 * g->device.multiprocessors;
    batch = config->images < batch ? config->images : batch;
    return batch < 1                       ? 1
           : batch > HOST_ENGINE_MAX_BATCH ? HOST_ENGINE_MAX_BATCH
                                           : (uint32_t)batch;
}

static bool start(host_gpu *g, const host_cuda_library *l,
                  const host_gpu_config *config, host_failure *f)
{
    cedm_cuda_config *c = &g->config;
    c->device = config->index;
    c->fault = &g->fault;
    c->params = config->params;
    c->precision = config->precision == HOST_PRECISION_AUTO
                       ? CEDM_CUDA_FP16
                       : (enum cedm_cuda_precision)config->precision;
    if (!host_device_describe(l, config->index, &g->device, f)) {
        return false;
    }
    c->batch = batch_of(g, config);
    c->guide = config->guide != NULL ? config->guide->net : NULL;
    cedm_status status = g->api->measure(g->model->code, c, &c->sizes);
    if (status != CEDM_OK) {
        return host_gpu_failed(g, status, f);
    }
    if (!take(g, f)) {
        return false;
    }
    status = g->api->open(&g->net, &g->model->blob, c);
    return status == CEDM_OK || host_gpu_failed(g, status, f);
}

bool host_gpu_open(host_gpu *g, const host_cuda_library *l,
                   const host_model *m, const host_gpu_config *config,
                   host_failure *f)
{
    memset(g, 0, sizeof *g);
    g->api = l->api;
    g->model = m;
    g->guide = config->guide;
    if (start(g, l, config, f)) {
        return true;
    }
    host_gpu_close(g);
    return false;
}

void host_gpu_close(host_gpu *g)
{
    if (g->api == NULL) {
        return;
    }
    g->api->close(g->net);
    g->api->release(g->config.device, g->config.weights);
    g->api->release(g->config.device, g->config.arena);
    g->api->release_pinned(g->config.staging);
    free(g->config.context);
    memset(g, 0, sizeof *g);
}

bool host_gpu_was_fp16(const host_gpu *g, cedm_status status)
{
    return status == CEDM_E_OVERFLOW && g->config.precision == CEDM_CUDA_FP16;
}

cedm_status host_gpu_reopen_in_bf16(host_gpu *g)
{
    cedm_status status = CEDM_OK;
    g->api->close(g->net);
    g->net = NULL;
    g->config.precision = CEDM_CUDA_BF16;
    if (g->guide != NULL) {
        status = host_gpu_reopen_in_bf16(g->guide);
        g->config.guide = g->guide->net;
    }
    return status == CEDM_OK
               ? g->api->open(&g->net, &g->model->blob, &g->config)
               : status;
}

void host_gpu_print(const host_gpu *g, FILE *stream)
{
    const cedm_cuda_config *c = &g->config;
    fprintf(stream,
            "%s on cuda:%u, %s, %s: weights %" PRIu64 " + arena %" PRIu64
            " bytes (batch %u)\n",
            g->model->code->name, c->device, g->device.name,
            host_precision_name(c->precision), c->sizes.weights,
            c->sizes.arena, c->batch);
}
