/* SPDX-License-Identifier: MIT
 *
 * net.c - sizes, prepared weights, and the arena of a network. */
#include <stdbool.h>
#include <string.h>

#include "runtime/model_check.h"
#include "runtime/tasks.h"
#include "runtime/weights_tag.h"

#define MAX_BATCH 65536u
#define MAX_WORKERS 1024u
/* Keeps every sum of sizes below 2^63. */
#define MAX_SCRATCH ((uint64_t)1 << 48)

static bool aligned(const void *region)
{
    return (uintptr_t)region % CEDM_ALIGN == 0;
}

/* ---- sizes ------------------------------------------------------------- */

static uint64_t index_bytes(const cedm_model *model)
{
    return CEDM_ALIGN_UP(sizeof(uint32_t) * (uint64_t)model->graph.op_count);
}

/* The floats that 16-bit data becomes, before everything else. */
static uint64_t widened_bytes(const cedm_model *model)
{
    return model->graph.dtype == CEDM_DTYPE_F16
               ? CEDM_ALIGN_UP(4u * model->graph.data_elements)
               : 0;
}

/* What a region for so many bytes has. */
static uint64_t region_bytes(uint64_t bytes)
{
    return bytes > 0 ? bytes + CEDM_WEIGHTS_TAG_BYTES : 0;
}

/* What a backend needs for a model. */
static cedm_sizes measure(const cedm_model *model,
                          const cedm_backend *backend)
{
    cedm_sizes sizes = {0, 0};

    if (backend->prepare != NULL) {
        sizes.weights = index_bytes(model);
    }
    model->graph.eval(backend->sizes, &sizes);
    return sizes;
}

uint64_t cedm_weights_bytes(const cedm_model *model,
                            const cedm_backend *backend)
{
    if (cedm_model_check(model) != CEDM_OK || backend == NULL) {
        return 0;
    }
    return region_bytes(widened_bytes(model) +
                        measure(model, backend).weights);
}

static bool counts_fit(const cedm_model *model, uint32_t batch,
                       uint32_t workers)
{
    return batch >= 1 && batch <= MAX_BATCH && workers >= 1 &&
           workers <= MAX_WORKERS &&
           model->graph.scratch_bytes <= MAX_SCRATCH;
}

/* Of a sampler, where there is anything to sample. */
static uint64_t state_bytes(const cedm_model *model, uint32_t batch)
{
    return model->denoiser == NULL
               ? 0
               : CEDM_STATE_BYTES(
                     cedm_pixels(model),
                     (uint64_t)model->denoiser->features.channels, batch);
}

uint64_t cedm_arena_bytes(const cedm_model *model, uint32_t batch,
                          uint32_t workers)
{
    if (cedm_model_check(model) != CEDM_OK ||
        !counts_fit(model, batch, workers)) {
        return 0;
    }
    return CEDM_GRAPH_BYTES(model->graph.act_elements,
                            model->graph.f32_elements,
                            model->graph.scratch_bytes, batch, workers) +
           state_bytes(model, batch);
}

/* ---- prepared weights -------------------------------------------------- */

static cedm_parallel_for *threads_of(const cedm_net_config *config)
{
    return config->workers > 1 ? config->parallel_for : NULL;
}

/* What widening a tensor is told. */
typedef struct widening {
    const cedm_blob *blob;
    float *to;
} widening;

/* A tensor, and zeros up to the next. */
static void widen_task(void *arg, uint32_t index, uint32_t worker)
{
    const widening *w = arg;
    const cedm_model *model = w->blob->model;
    const cedm_tensor *tensor = &model->graph.tensors[index];
    const uint16_t *from = w->blob->data;
    float *to = w->to + tensor->offset;
    size_t used = tensor->elements * sizeof *to;
    uint64_t end = index + 1 < model->graph.tensor_count
                       ? tensor[1].offset * sizeof *to
                       : widened_bytes(model);

    (void)worker;
    from += tensor->offset;
    if (tensor->exact) {
        used = tensor->elements * sizeof *from;
        memcpy(to, from, used);
    } else {
        for (uint32_t i = 0; i < tensor->elements; i++) {
            to[i] = cedm_half_to_float(from[i]);
        }
    }
    end -= tensor->offset * sizeof *to;
    memset((unsigned char *)to + used, 0, (size_t)end - used);
}

static void widen(const cedm_blob *blob, const cedm_net_config *config,
                  float *to)
{
    const cedm_model *model = blob->model;
    uint64_t first = model->graph.tensor_count > 0
                         ? model->graph.tensors[0].offset * sizeof *to
                         : widened_bytes(model);
    widening w = {blob, to};

    memset(to, 0, (size_t)first);
    cedm_for_each(threads_of(config), config->pool, widen_task, &w,
                  model->graph.tensor_count);
}

/* The blob's tensors as backends read them. */
static const float *floats(const cedm_blob *blob, const void *weights)
{
    return blob->model->graph.dtype == CEDM_DTYPE_F16 ? weights : blob->data;
}

/* The part of the region that is the backend's. */
static cedm_status prepare(const cedm_blob *blob,
                           const cedm_net_config *config, const float *data,
                           unsigned char *weights, uint64_t need)
{
    cedm_prepare_ctx ctx = {
        .data = data,
        .weights = weights,
        .used = index_bytes(blob->model),
        .parallel_for = threads_of(config),
        .pool = config->pool,
    };

    memset(weights, 0, (size_t)ctx.used);
    blob->model->graph.eval(config->backend->prepare, &ctx);
    /* else the backend's two tables disagree */
    return ctx.used == need ? CEDM_OK : CEDM_E_WEIGHTS;
}

cedm_status cedm_prepare(const cedm_blob *blob, const cedm_net_config *config,
                         void *weights, size_t size)
{
    uint64_t need, widened;
    cedm_status status = CEDM_OK;

    if (blob == NULL || blob->model == NULL || config == NULL ||
        config->backend == NULL) {
        return CEDM_E_NULL;
    }
    need = cedm_weights_bytes(blob->model, config->backend);
    if (need == 0) {
        return CEDM_OK;
    }
    if (weights == NULL) {
        return CEDM_E_NULL;
    }
    if (!aligned(weights)) {
        return CEDM_E_ALIGN;
    }
    if (size < need) {
        return CEDM_E_WEIGHTS;
    }
    widened = widened_bytes(blob->model);
    if (widened > 0) {
        widen(blob, config, weights);
    }
    if (config->backend->prepare != NULL) {
        status = prepare(blob, config, floats(blob, weights),
                         (unsigned char *)weights + widened,
                         need - widened - CEDM_WEIGHTS_TAG_BYTES);
    }
    if (status != CEDM_OK) {
        memset(weights, 0, (size_t)need);
        return status;
    }
    cedm_weights_tag_write((unsigned char *)weights + need -
                               CEDM_WEIGHTS_TAG_BYTES,
                           blob, config->backend, need);
    return CEDM_OK;
}

/* Of `bytes` for the backend.  An index that points outside them was not made
 * by cedm_prepare. */
static cedm_status check_weights(const cedm_net_config *config,
                                 const cedm_blob *blob, uint64_t bytes)
{
    const cedm_model *model = blob->model;
    uint64_t widened = widened_bytes(model);
    uint64_t need = region_bytes(widened + bytes);
    const unsigned char *end;
    const uint32_t *index;

    if (need == 0) {
        return CEDM_OK;
    }
    if (config->weights == NULL) {
        return CEDM_E_NULL;
    }
    if (!aligned(config->weights)) {
        return CEDM_E_ALIGN;
    }
    end = (const unsigned char *)config->weights + need -
          CEDM_WEIGHTS_TAG_BYTES;
    if (config->weights_bytes < need ||
        !cedm_weights_tag_fits(end, blob, config->backend, need)) {
        return CEDM_E_WEIGHTS;
    }
    index = (const void *)((const unsigned char *)config->weights + widened);
    for (uint32_t i = 0; i < model->graph.op_count && bytes > 0; i++) {
        if ((uint64_t)index[i] * CEDM_ALIGN > bytes) {
            return CEDM_E_WEIGHTS;
        }
    }
    return CEDM_OK;
}

/* ---- network ----------------------------------------------------------- */

cedm_net_config cedm_net_config_default(void)
{
    cedm_net_config config = {
        .backend = cedm_backend_portable(),
        .batch = 1,
        .workers = 1,
    };

    return config;
}

/* Takes the next part of the arena. */
static void *take(unsigned char **at, uint64_t bytes)
{
    void *part = *at;

    *at += bytes;
    return part;
}

/* As CEDM_GRAPH_BYTES adds it up; returns the end. */
static unsigned char *place_graph(cedm_net *net,
                                  const cedm_net_config *config)
{
    const cedm_graph *graph = &net->model->graph;
    uint64_t batch = config->batch;
    uint64_t stride = CEDM_ALIGN_UP(graph->scratch_bytes);
    unsigned char *at = config->arena;

    net->exec.act =
        take(&at, CEDM_ALIGN_UP(batch * graph->act_elements * 4u));
    net->exec.f32 =
        take(&at, CEDM_ALIGN_UP(batch * graph->f32_elements * 4u));
    net->exec.scratch = take(&at, config->workers * stride);
    net->exec.scratch_stride = (size_t)stride;
    return at;
}

/* As CEDM_STATE_BYTES adds it up, from `at` on. */
static void place_state(cedm_net *net, uint64_t batch, unsigned char *at)
{
    uint64_t map = batch * cedm_pixels(net->model);
    unsigned char *end =
        at + CEDM_ALIGN_UP(CEDM_STATE_MAPS * map * sizeof(cedm_real));

    for (uint32_t i = 0; i < CEDM_STATE_MAPS; i++) {
        net->state[i] = take(&at, map * sizeof(cedm_real));
    }
    at = end;
    /* widest first, so that each part is aligned for its type */
    net->seeds = take(&at, batch * sizeof *net->seeds);
    net->scalars = take(&at, 4u * batch * sizeof *net->scalars);
    net->features = take(
        &at, batch * net->model->denoiser->features.channels * sizeof(float));
    net->clusters[0] = take(&at, batch * sizeof(int32_t));
    net->clusters[1] = take(&at, batch * sizeof(int32_t));
    net->others = take(&at, batch * sizeof *net->others);
    net->shares = take(&at, batch * sizeof *net->shares);
    for (uint32_t i = 0; i < batch; i++) {
        net->clusters[1][i] = -1;
    }
}

static cedm_status check_config(const cedm_net_config *config,
                                const cedm_blob *blob)
{
    const cedm_model *model = blob->model;
    cedm_status status = cedm_model_check(model);
    cedm_sizes sizes;

    if (status != CEDM_OK) {
        return status;
    }
    if (!counts_fit(model, config->batch, config->workers)) {
        return CEDM_E_BATCH;
    }
    if (!aligned(config->arena)) {
        return CEDM_E_ALIGN;
    }
    if (config->arena_bytes <
        cedm_arena_bytes(model, config->batch, config->workers)) {
        return CEDM_E_ARENA;
    }
    /* The arena was counted when the model was frozen, perhaps for another
     * release of the backend. */
    sizes = measure(model, config->backend);
    if (sizes.scratch > model->graph.scratch_bytes) {
        return CEDM_E_BACKEND;
    }
    return check_weights(config, blob, sizes.weights);
}

cedm_status cedm_net_init(cedm_net *net, const cedm_blob *blob,
                          const cedm_net_config *config)
{
    cedm_status status;

    if (net == NULL) {
        return CEDM_E_NULL;
    }
    memset(net, 0, sizeof *net);
    if (blob == NULL || config == NULL || config->backend == NULL ||
        config->arena == NULL) {
        return CEDM_E_NULL;
    }
    status = check_config(config, blob);
    if (status != CEDM_OK) {
        return status;
    }
    net->model = blob->model;
    net->ops = config->backend->run;
    net->sampler_ops = config->backend->sampler;
    net->ctx = &net->exec;
    net->exec.model = blob->model;
    net->exec.data = floats(blob, config->weights);
    if (config->weights != NULL) {
        net->exec.weights = (const unsigned char *)config->weights +
                            widened_bytes(blob->model);
    }
    net->exec.batch = config->batch;
    net->exec.workers = config->workers;
    net->exec.parallel_for = config->parallel_for;
    net->exec.pool = config->pool;
    unsigned char *end = place_graph(net, config);
    if (net->model->denoiser != NULL) {
        place_state(net, config->batch, end);
    }
    return CEDM_OK;
}
