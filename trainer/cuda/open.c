/* SPDX-License-Identifier: MIT
 *
 * open.c - opens a net that learns in the caller's regions, and closes it. */
#include <cuda_runtime_api.h>
#include <string.h>

#include "trainer/cuda/device_net.h"

/* ---- CUDA's objects ----------------------------------------------------- */

static cudaError_t make_events(train_cuda_net *net)
{
    cudaError_t code = cudaSuccess;

    for (int i = 0; code == cudaSuccess && i < 2; i++) {
        code = cudaEventCreateWithFlags((cudaEvent_t *)&net->staged[i],
                                        cudaEventDisableTiming);
        if (code == cudaSuccess) {
            code = cudaEventCreateWithFlags((cudaEvent_t *)&net->done[i],
                                            cudaEventDisableTiming);
        }
    }
    return code;
}

static cedm_status make_objects(train_cuda_net *net)
{
    cudaError_t code = cudaStreamCreateWithFlags(
        (cudaStream_t *)&net->exec.base.stream, cudaStreamNonBlocking);
    int kernels;

    if (code == cudaSuccess) {
        code = make_events(net);
    }
    if (code != cudaSuccess) {
        return cedm_cuda_check(net->config.fault, "cudaStreamCreate",
                               (int)code);
    }
    kernels = cedm_cuda_kernels_init(&net->exec.base);
    if (kernels == 0) {
        kernels = train_cuda_kernels_init();
    }
    return cedm_cuda_check(net->config.fault, "cudaFuncSetAttribute",
                           kernels);
}

static void free_objects(train_cuda_net *net)
{
    void *const graphs[] = {net->batch_graph, net->update_graph};
    void *const events[] = {net->staged[0], net->staged[1], net->done[0],
                            net->done[1]};

    train_cuda_leave(net);
    if (net->exec.base.stream != NULL) {
        cudaStreamSynchronize(net->exec.base.stream);
    }
    for (int i = 0; i < 2; i++) {
        if (graphs[i] != NULL) {
            cudaGraphExecDestroy(graphs[i]);
        }
    }
    for (int i = 0; i < 4; i++) {
        if (events[i] != NULL) {
            cudaEventDestroy(events[i]);
        }
    }
    if (net->exec.base.stream != NULL) {
        cudaStreamDestroy(net->exec.base.stream);
    }
}

/* ---- opening ------------------------------------------------------------ */

static void fill_exec(train_cuda_net *net, const cedm_cuda_device *device)
{
    const train_cuda_places *p = &net->places;
    uint32_t *index =
        (void *)((unsigned char *)net->config.context + p->op_index);

    (void)train_cuda_count_parts(net->training, net->config.precision, index);
    net->exec = (train_cuda_exec){
        .base = {.precision = net->config.precision,
                 .batch = net->config.batch,
                 .arch = device->arch,
                 .multiprocessors = device->multiprocessors,
                 .act = train_cuda_memory(net, p->act),
                 .f32 = train_cuda_memory(net, p->f32),
                 .weights = train_cuda_memory(net, p->packed),
                 .index = index,
                 .cluster = train_cuda_memory(net, p->on.cluster),
                 .overflow = train_cuda_memory(net, p->overflow),
                 .workspace = train_cuda_memory(net, p->workspace),
                 .workspace_bytes = (size_t)net->config.sizes.workspace},
        .data = train_cuda_memory(net, p->data),
        .packed = train_cuda_memory(net, p->packed),
        .grads = train_cuda_memory(net, p->grads),
        .dropout = net->config.dropout,
        .seed = net->config.seed,
        .step = train_cuda_memory(net, p->on.step),
        .images = train_cuda_memory(net, p->on.index)};
}

static void fill_arguments(train_cuda_net *net)
{
    const train_cuda_places *p = &net->places;
    const cg_training *t = net->training;

    net->batch =
        (train_cuda_batch){.elements = train_cuda_widths_of(t).pixels,
                           .images = train_cuda_memory(net, p->on.images),
                           .noise = train_cuda_memory(net, p->on.noise),
                           .scalings = train_cuda_memory(net, p->on.scalings),
                           .input = t->input_ref,
                           .output = t->output_ref,
                           .output_grad = t->output_grad_ref,
                           .share = net->config.share,
                           .loss = train_cuda_memory(net, p->losses)};
    net->adam = (train_cuda_adam_args){
        .elements = (t->trained_elements + 3) / 4 * 4,
        .params = net->exec.data,
        .grads = net->exec.grads,
        .m = train_cuda_memory(net, p->m),
        .v = train_cuda_memory(net, p->v),
        .ema = train_cuda_memory(net, p->ema),
        .rates = train_cuda_memory(net, p->rates),
        .dynamic = net->config.precision == CEDM_CUDA_FP16,
        .state = train_cuda_memory(net, p->state)};
}

static cedm_status start(train_cuda_net *net)
{
    cedm_status status = make_objects(net);

    if (status == CEDM_OK) { /* padding stays zero */
        status = cedm_cuda_check(
            net->config.fault, "cudaMemsetAsync",
            (int)cudaMemsetAsync(net->config.memory, 0,
                                 (size_t)net->config.sizes.device,
                                 net->exec.base.stream));
    }
    return status == CEDM_OK ? train_cuda_capture(net) : status;
}

static cedm_status check_regions(const train_cuda_config *config,
                                 const train_cuda_sizes *need)
{
    const train_cuda_sizes *have = &config->sizes;

    if (config->context == NULL || config->staging == NULL ||
        config->memory == NULL) {
        return CEDM_E_NULL;
    }
    if ((uintptr_t)config->context % CEDM_ALIGN != 0 ||
        (uintptr_t)config->staging % CEDM_CUDA_ALIGN != 0 ||
        (uintptr_t)config->memory % CEDM_CUDA_ALIGN != 0) {
        return CEDM_E_ALIGN;
    }
    return have->context < need->context || have->staging < need->staging ||
                   have->device < need->device
               ? CEDM_E_ARENA
               : CEDM_OK;
}

cedm_status train_cuda_open(train_cuda_net **net, const cg_training *training,
                            const train_cuda_config *config)
{
    train_cuda_places places;
    train_cuda_sizes need;
    cedm_cuda_device device;
    cedm_cuda_scope scope; /* stays: see train_cuda.h */
    train_cuda_net *n;
    cedm_status status = train_cuda_place(&places, &need, training, config);

    if (status == CEDM_OK) {
        status = check_regions(config, &need);
    }
    if (status == CEDM_OK) {
        status = cedm_cuda_describe(config->device, &device);
    }
    if (status == CEDM_OK) {
        status = cedm_cuda_enter(&scope, config->device);
    }
    if (status != CEDM_OK) {
        return status;
    }
    n = config->context;
    memset(n, 0, sizeof *n);
    n->config = *config;
    n->config.sizes = need;
    n->places = places;
    n->training = training;
    fill_exec(n, &device);
    fill_arguments(n);
    status = start(n);
    if (status != CEDM_OK) {
        free_objects(n);
        return status;
    }
    *net = n;
    return CEDM_OK;
}

cedm_status train_cuda_close(train_cuda_net *net)
{
    if (net != NULL) {
        free_objects(net);
        memset(net, 0, sizeof *net);
    }
    return CEDM_OK;
}
