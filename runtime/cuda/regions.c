/* SPDX-License-Identifier: MIT
 *
 * regions.c - how large a net's regions are, and where its parts lie. */
#include <string.h>

#include "runtime/cuda/cuda_net.h"
#include "runtime/model_check.h"

#define MAX_BATCH 65536u

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* The next part of a region. */
static uint64_t take(uint64_t *end, uint64_t bytes)
{
    uint64_t start = *end;

    *end +=
        (bytes + (CEDM_CUDA_ALIGN - 1)) & ~(uint64_t)(CEDM_CUDA_ALIGN - 1);
    return start;
}

/* ---- weights ----------------------------------------------------------- */

/* Counts parts one by one. */
typedef struct parts {
    cedm_cuda_packing packing;
    uint64_t largest, total;
} parts;

static void add(parts *p)
{
    if (p->packing.used > p->largest) {
        p->largest = p->packing.used;
    }
    p->total += p->packing.used;
    p->packing.used = 0;
}

#define COUNT(name)                                                          \
    static void count_##name(void *ctx, const cedm_##name *op)               \
    {                                                                        \
        parts *p = ctx;                                                      \
                                                                             \
        cedm_cuda_pack.name(&p->packing, op);                                \
        add(p);                                                              \
    }
CEDM_GRAPH_OPS(COUNT)
#undef COUNT

#define COUNT(name) .name = count_##name,
static const cedm_ops count = {CEDM_GRAPH_OPS(COUNT)};
#undef COUNT

/* ---- the others -------------------------------------------------------- */

cedm_cuda_table_bytes cedm_cuda_tables_measure(const cedm_model *model,
                                               uint32_t steps)
{
    uint64_t rows = 2 * (uint64_t)steps;
    cedm_cuda_table_bytes bytes = {
        .steps = steps * (uint64_t)sizeof(cedm_cuda_step_row),
        .scalars = rows * sizeof(cedm_cuda_scalars),
        .features = rows * model->denoiser->features.channels * sizeof(float),
    };

    return bytes;
}

static uint64_t place_context(cedm_cuda_places *p, const cedm_model *model)
{
    uint64_t end = 0;

    take(&end, sizeof(struct cedm_cuda_net));
    p->index = take(&end, (uint64_t)model->graph.op_count * sizeof(uint32_t));
    p->gemms = take(&end, (uint64_t)model->graph.op_count *
                              sizeof(struct cedm_cuda_gemm));
    return end;
}

static void place_starts(cedm_cuda_starts *s, uint64_t batch, uint64_t *end)
{
    uint64_t first = *end;

    s->seeds = take(end, batch * sizeof(uint64_t));
    s->clusters = take(end, batch * sizeof(int32_t));
    s->goals = take(end, batch * sizeof(uint64_t));
    s->others = take(end, batch * sizeof(int32_t));
    s->weights = take(end, 2 * batch * sizeof(double));
    s->shares = take(end, batch * sizeof(float));
    s->bytes = *end - first;
}

/* Tables of the rows of a guide; nothing without one. */
static cedm_cuda_table_bytes measure_guide(const cedm_cuda_config *config)
{
    return config->guide == NULL
               ? (cedm_cuda_table_bytes){0, 0, 0}
               : cedm_cuda_tables_measure(config->guide->exec.model,
                                          config->params.steps);
}

static uint64_t place_staging(cedm_cuda_places *p, const cedm_model *model,
                              const cedm_cuda_config *config,
                              uint64_t largest_part)
{
    cedm_cuda_table_bytes t =
        cedm_cuda_tables_measure(model, config->params.steps);
    cedm_cuda_table_bytes g = measure_guide(config);
    uint64_t batch = config->batch, end = 0;
    uint64_t rows = larger(t.scalars + t.features, g.scalars + g.features);

    place_starts(&p->in_starts, batch, &end);
    p->in_overflow = take(&end, batch * sizeof(uint32_t));
    p->in_scalars = take(&end, batch * sizeof(cedm_cuda_scalars));
    p->in_features = take(&end, batch * model->denoiser->features.channels *
                                    sizeof(float));
    p->in_map = take(&end, batch * cedm_pixels(model) * sizeof(double));
    return larger(larger(end, largest_part), larger(t.steps, rows));
}

/* in_map takes images there and features back. */
static uint64_t place_encoder_staging(cedm_cuda_places *p,
                                      const cedm_encoder *encoder,
                                      uint64_t batch, uint64_t largest_part)
{
    uint64_t features = encoder->features * (uint64_t)sizeof(float), end = 0;

    p->in_overflow = take(&end, batch * sizeof(uint32_t));
    p->in_map =
        take(&end, batch * larger(cedm_encoder_pixels(encoder), features));
    return larger(end, largest_part);
}

static void place_state(cedm_cuda_places *p, const cedm_model *model,
                        const cedm_cuda_config *config, uint64_t *end)
{
    cedm_cuda_table_bytes t =
        cedm_cuda_tables_measure(model, config->params.steps);
    cedm_cuda_table_bytes g = measure_guide(config);
    uint64_t batch = config->batch, pixels = batch * cedm_pixels(model);

    for (int i = 0; i < 4; i++) {
        p->state[i] = take(end, pixels * sizeof(double));
    }
    p->images = take(end, pixels);
    p->known = take(end, pixels);
    p->mask = take(end, pixels / model->denoiser->channels);
    place_starts(&p->starts, batch, end);
    p->no_clusters = take(end, batch * sizeof(int32_t));
    p->step = take(end, sizeof(uint32_t));
    p->steps = take(end, t.steps);
    p->scalars = take(end, t.scalars + batch * sizeof(cedm_cuda_scalars));
    p->features =
        take(end, t.features + batch * model->denoiser->features.channels *
                                   sizeof(float));
    p->guide_scalars = take(end, g.scalars);
    p->guide_features = take(end, g.features);
}

static void place_encoder(cedm_cuda_places *p, const cedm_encoder *encoder,
                          uint64_t batch, uint64_t *end)
{
    p->images = take(end, batch * cedm_encoder_pixels(encoder));
    p->encoded =
        take(end, batch * encoder->features * (uint64_t)sizeof(float));
}

static uint64_t place_arena(cedm_cuda_places *p, const cedm_model *model,
                            const cedm_cuda_config *config)
{
    uint64_t batch = config->batch, end = 0;

    p->act = take(&end, batch * model->graph.act_elements *
                            cedm_cuda_act_bytes(config->precision));
    p->f32 = take(&end, batch * model->graph.f32_elements * sizeof(float));
    if (model->denoiser != NULL) {
        place_state(p, model, config, &end);
    } else {
        place_encoder(p, model->encoder, batch, &end);
    }
    p->overflow = take(&end, batch * sizeof(uint32_t));
    p->workspace = take(&end, CEDM_CUDA_WORKSPACE_BYTES);
    return end;
}

static cedm_status check_guide(const cedm_denoiser *own,
                               const cedm_cuda_config *config)
{
    const cedm_cuda_net *guide = config->guide;

    if (guide == NULL) {
        return CEDM_OK;
    }
    if (guide->exec.model == NULL || guide->exec.model->denoiser == NULL) {
        return CEDM_E_KIND;
    }
    return cedm_guide_suits(own, guide->exec.model->denoiser) &&
                   guide->config.batch == config->batch &&
                   guide->config.device == config->device
               ? CEDM_OK
               : CEDM_E_GUIDE;
}

/* What a model is for decides about steps and guides. */
static cedm_status check_kind(const cedm_model *model,
                              const cedm_cuda_config *config)
{
    uint32_t steps = config->params.steps;

    if (model->denoiser == NULL) {
        return model->encoder == NULL ? CEDM_E_KIND : CEDM_OK;
    }
    return steps == 0 || steps > CEDM_MAX_STEPS
               ? CEDM_E_STEPS
               : check_guide(model->denoiser, config);
}

cedm_status cedm_cuda_place(cedm_cuda_places *places, cedm_cuda_sizes *sizes,
                            const cedm_model *model,
                            const cedm_cuda_config *config)
{
    cedm_status status = cedm_model_check(model);
    parts p = {.packing = {.precision = config->precision}};

    memset(places, 0, sizeof *places);
    memset(sizes, 0, sizeof *sizes);
    if (status != CEDM_OK) {
        return status;
    }
    if (config->precision >= CEDM_CUDA_PRECISIONS ||
        (config->arch != 0 && config->arch < CEDM_CUDA_MIN_ARCH)) {
        return CEDM_E_PARAM;
    }
    if (config->batch == 0 || config->batch > MAX_BATCH) {
        return CEDM_E_BATCH;
    }
    status = check_kind(model, config);
    if (status != CEDM_OK) {
        return status;
    }
    model->graph.eval(&count, &p);
    sizes->context = place_context(places, model);
    sizes->staging = model->denoiser != NULL
                         ? place_staging(places, model, config, p.largest)
                         : place_encoder_staging(places, model->encoder,
                                                 config->batch, p.largest);
    sizes->weights = p.total;
    sizes->arena = place_arena(places, model, config);
    return CEDM_OK;
}
