/* SPDX-License-Identifier: MIT
 *
 * net.c - opens a net in the caller's regions, and closes it. */
#include <cublasLt.h>
#include <cuda_runtime_api.h>
#include <string.h>

#include "runtime/cuda/cuda_net.h"

cedm_cuda_config cedm_cuda_config_default(void)
{
    cedm_cuda_config config = {
        .precision = CEDM_CUDA_FP16,
        .batch = 1,
        .params = cedm_sampler_params_default(),
    };

    return config;
}

cedm_status cedm_cuda_measure(const cedm_model *model,
                              const cedm_cuda_config *config,
                              cedm_cuda_sizes *sizes)
{
    cedm_cuda_places places;

    if (config == NULL || sizes == NULL) {
        return CEDM_E_NULL;
    }
    return cedm_cuda_place(&places, sizes, model, config);
}

/* ---- uploads ----------------------------------------------------------- */

/* A call that waits: staging may be written again after it. */
static cedm_status put(const cedm_cuda_net *net, void *to, const void *from,
                       uint64_t bytes)
{
    cudaStream_t stream = net->exec.stream;
    cudaError_t code = cudaMemcpyAsync(to, from, (size_t)bytes,
                                       cudaMemcpyHostToDevice, stream);

    if (code == cudaSuccess) {
        code = cudaStreamSynchronize(stream);
    }
    return cedm_cuda_check(net->config.fault, "cudaMemcpyAsync", (int)code);
}

/* One part at a time goes through staging. */
typedef struct upload {
    cedm_cuda_net *net;
    cedm_cuda_packing packing;
    uint64_t used;
    cedm_status status;
} upload;

static void put_part(upload *u, uint32_t id)
{
    uint32_t *index = (void *)((unsigned char *)u->net->config.context +
                               u->net->places.index);
    unsigned char *to = (unsigned char *)u->net->config.weights + u->used;

    index[id] = (uint32_t)(u->used / CEDM_ALIGN);
    u->used += u->packing.used;
    u->status = put(u->net, to, u->packing.weights, u->packing.used);
    u->packing.used = 0;
}

#define UPLOAD(name)                                                         \
    static void upload_##name(void *ctx, const cedm_##name *op)              \
    {                                                                        \
        upload *u = ctx;                                                     \
                                                                             \
        if (u->status == CEDM_OK) {                                          \
            cedm_cuda_pack.name(&u->packing, op);                            \
            put_part(u, op->id);                                             \
        }                                                                    \
    }
CEDM_GRAPH_OPS(UPLOAD)
#undef UPLOAD

#define UPLOAD(name) .name = upload_##name,
static const cedm_ops upload_ops = {CEDM_GRAPH_OPS(UPLOAD)};
#undef UPLOAD

static cedm_status upload_weights(cedm_cuda_net *net, const cedm_blob *blob)
{
    upload u = {
        .net = net,
        .packing =
            {
                .precision = net->config.precision,
                .dtype = blob->model->graph.dtype,
                .data = blob->data,
                .weights = net->config.staging,
            },
    };

    blob->model->graph.eval(&upload_ops, &u);
    return u.status;
}

/* The rows of a network, its own or a guide's, by what is free of staging. */
static cedm_status upload_rows(const cedm_cuda_net *net,
                               const cedm_cuda_constants *own,
                               cedm_cuda_table_bytes bytes, uint64_t scalars,
                               uint64_t features)
{
    void *in_scalars = cedm_cuda_staging(net, 0);
    void *in_features = cedm_cuda_staging(net, bytes.scalars);
    cedm_status status;

    cedm_cuda_fill_rows(&net->constants, own, &net->config.params, in_scalars,
                        in_features);
    status =
        put(net, cedm_cuda_arena(net, scalars), in_scalars, bytes.scalars);
    return status == CEDM_OK ? put(net, cedm_cuda_arena(net, features),
                                   in_features, bytes.features)
                             : status;
}

static cedm_status upload_tables(const cedm_cuda_net *net)
{
    const cedm_cuda_places *p = &net->places;
    const cedm_cuda_net *guide = net->config.guide;
    uint32_t count = net->config.params.steps;
    cedm_cuda_table_bytes bytes =
        cedm_cuda_tables_measure(net->exec.model, count);
    void *steps = cedm_cuda_staging(net, 0);
    cedm_status status;

    cedm_cuda_fill_steps(&net->constants, &net->config.params, steps);
    status = put(net, cedm_cuda_arena(net, p->steps), steps, bytes.steps);
    if (status == CEDM_OK) {
        status =
            upload_rows(net, &net->constants, bytes, p->scalars, p->features);
    }
    if (status == CEDM_OK && guide != NULL) {
        bytes = cedm_cuda_tables_measure(guide->exec.model, count);
        status = upload_rows(net, &guide->constants, bytes, p->guide_scalars,
                             p->guide_features);
    }
    return status;
}

/* A first run finds zeros. */
static cedm_status clear(const cedm_cuda_net *net)
{
    cudaError_t code =
        cudaMemsetAsync(net->config.arena, 0, (size_t)net->config.sizes.arena,
                        net->exec.stream);

    return cedm_cuda_check(net->config.fault, "cudaMemsetAsync", (int)code);
}

/* -1 in every byte is -1. */
static cedm_status clear_clusters(const cedm_cuda_net *net)
{
    const cedm_cuda_places *p = &net->places;
    cudaStream_t stream = net->exec.stream;
    size_t bytes = net->exec.batch * sizeof(int32_t);
    cudaError_t code = cudaMemsetAsync(
        cedm_cuda_arena(net, p->starts.clusters), 0xff, bytes, stream);

    if (code == cudaSuccess) {
        code = cudaMemsetAsync(cedm_cuda_arena(net, p->no_clusters), 0xff,
                               bytes, stream);
    }
    return cedm_cuda_check(net->config.fault, "cudaMemsetAsync", (int)code);
}

/* ---- CUDA's objects ---------------------------------------------------- */

static cudaError_t make_event(void **event)
{
    return cudaEventCreateWithFlags((cudaEvent_t *)event,
                                    cudaEventDisableTiming);
}

static cedm_status make_objects(cedm_cuda_net *net)
{
    const cedm_cuda_config *config = &net->config;
    cudaError_t code = cudaStreamCreateWithFlags(
        (cudaStream_t *)&net->exec.stream, cudaStreamNonBlocking);

    if (code == cudaSuccess) {
        code = make_event(&net->caller_done);
    }
    if (code == cudaSuccess) {
        code = make_event(&net->staged);
    }
    if (code == cudaSuccess) {
        code = make_event(&net->done);
    }
    if (code != cudaSuccess) {
        return cedm_cuda_check(config->fault, "cudaStreamCreate", (int)code);
    }
    if (cublasLtCreate((cublasLtHandle_t *)&net->exec.cublas) !=
        CUBLAS_STATUS_SUCCESS) {
        return cedm_cuda_check(config->fault, "cublasLtCreate",
                               cudaErrorUnknown);
    }
    return cedm_cuda_check(config->fault, "cudaFuncSetAttribute",
                           cedm_cuda_kernels_init(&net->exec));
}

static void free_objects(cedm_cuda_net *net)
{
    if (net->exec.stream != NULL) {
        cudaStreamSynchronize(net->exec.stream);
    }
    if (net->encode_graph != NULL) {
        cudaGraphExecDestroy(net->encode_graph);
    }
    for (int i = 0; i < CEDM_CUDA_STEP_KINDS; i++) {
        if (net->graphs[i] != NULL) {
            cudaGraphExecDestroy(net->graphs[i]);
        }
    }
    if (net->exec.cublas != NULL) {
        cublasLtDestroy(net->exec.cublas);
    }
    void *const events[] = {net->caller_done, net->staged, net->done};
    for (int i = 0; i < 3; i++) {
        if (events[i] != NULL) {
            cudaEventDestroy(events[i]);
        }
    }
    if (net->exec.stream != NULL) {
        cudaStreamDestroy(net->exec.stream);
    }
}

/* ---- opening ----------------------------------------------------------- */

static bool aligned(const void *region)
{
    return (uintptr_t)region % CEDM_CUDA_ALIGN == 0;
}

static cedm_status check_regions(const cedm_cuda_config *config,
                                 const cedm_cuda_sizes *need)
{
    const cedm_cuda_sizes *have = &config->sizes;

    if (config->context == NULL || config->staging == NULL ||
        config->weights == NULL || config->arena == NULL) {
        return CEDM_E_NULL;
    }
    if ((uintptr_t)config->context % CEDM_ALIGN != 0 ||
        !aligned(config->staging) || !aligned(config->weights) ||
        !aligned(config->arena)) {
        return CEDM_E_ALIGN;
    }
    if (have->weights < need->weights) {
        return CEDM_E_WEIGHTS;
    }
    return have->context < need->context || have->staging < need->staging ||
                   have->arena < need->arena
               ? CEDM_E_ARENA
               : CEDM_OK;
}

/* Everything that is known without the device. */
static void fill_exec(cedm_cuda_net *net, const cedm_model *model,
                      const cedm_cuda_device *device)
{
    unsigned char *context = net->config.context;
    const cedm_cuda_places *p = &net->places;
    cedm_cuda_exec *exec = &net->exec;

    exec->model = model;
    exec->precision = net->config.precision;
    exec->batch = net->config.batch;
    exec->arch = net->config.arch != 0 && net->config.arch < device->arch
                     ? net->config.arch
                     : device->arch;
    exec->multiprocessors = device->multiprocessors;
    exec->act = cedm_cuda_arena(net, p->act);
    exec->f32 = (void *)cedm_cuda_arena(net, p->f32);
    exec->weights = net->config.weights;
    exec->index = (const void *)(context + p->index);
    exec->overflow = (void *)cedm_cuda_arena(net, p->overflow);
    exec->workspace = cedm_cuda_arena(net, p->workspace);
    exec->workspace_bytes = CEDM_CUDA_WORKSPACE_BYTES;
    exec->gemms = (void *)(context + p->gemms);
}

static cedm_status start(cedm_cuda_net *net, const cedm_blob *blob)
{
    cedm_status status = make_objects(net);

    if (status == CEDM_OK) {
        status = upload_weights(net, blob);
    }
    if (status == CEDM_OK) {
        status = cedm_cuda_gemm_open(net);
    }
    if (status == CEDM_OK) {
        status = clear(net);
    }
    if (status == CEDM_OK && net->exec.model->denoiser != NULL) {
        status = clear_clusters(net);
        if (status == CEDM_OK) {
            status = upload_tables(net);
        }
    }
    return status == CEDM_OK ? cedm_cuda_capture(net) : status;
}

static cedm_status open_on_device(cedm_cuda_net *net, const cedm_blob *blob)
{
    cedm_cuda_device device;
    cedm_cuda_scope scope;
    cedm_status status = cedm_cuda_describe(net->config.device, &device);

    if (status == CEDM_OK) {
        status = cedm_cuda_enter(&scope, net->config.device);
    }
    if (status != CEDM_OK) {
        return status;
    }
    fill_exec(net, blob->model, &device);
    status = start(net, blob);
    if (status != CEDM_OK) {
        free_objects(net);
    }
    cedm_cuda_leave(&scope);
    return status;
}

/* What a run of the sampler begins with. */
static cedm_status prepare_sampler(cedm_cuda_net *n, const cedm_blob *blob)
{
    cedm_status status;

    cedm_cuda_constants_of(&n->constants, blob);
    status = cedm_steps_check(&n->constants.denoiser, n->constants.data,
                              &n->config.params);
    if (status == CEDM_OK) {
        n->first = cedm_first_noising(&n->constants.denoiser,
                                      n->constants.data, &n->config.params);
    }
    return status;
}

cedm_status cedm_cuda_open(cedm_cuda_net **net, const cedm_blob *blob,
                           const cedm_cuda_config *config)
{
    cedm_cuda_places places;
    cedm_cuda_sizes need;
    cedm_cuda_net *n;
    cedm_status status;

    if (net == NULL) {
        return CEDM_E_NULL;
    }
    *net = NULL;
    if (blob == NULL || blob->model == NULL || config == NULL) {
        return CEDM_E_NULL;
    }
    status = cedm_cuda_place(&places, &need, blob->model, config);
    if (status == CEDM_OK) {
        status = check_regions(config, &need);
    }
    if (status != CEDM_OK) {
        return status;
    }
    n = config->context;
    memset(n, 0, sizeof *n);
    n->config = *config;
    n->config.sizes = need;
    n->places = places;
    if (blob->model->denoiser != NULL) {
        status = prepare_sampler(n, blob);
    }
    if (status == CEDM_OK) {
        status = open_on_device(n, blob);
    }
    *net = status == CEDM_OK ? n : NULL;
    return status;
}

cedm_status cedm_cuda_close(cedm_cuda_net *net)
{
    cedm_cuda_scope scope;
    cedm_status status;

    if (net == NULL) {
        return CEDM_OK;
    }
    status = cedm_cuda_enter(&scope, net->config.device);
    if (status == CEDM_OK) {
        free_objects(net);
        cedm_cuda_leave(&scope);
    }
    memset(net, 0, sizeof *net);
    return status;
}
