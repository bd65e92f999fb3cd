/* SPDX-License-Identifier: MIT
 *
 * places.c - how much memory a net takes, and where everything lies in it.
 * Needs no device. */
#include <string.h>

#include "trainer/cuda/device_net.h"

static uint64_t whole(uint64_t bytes)
{
    return (bytes + (CEDM_CUDA_ALIGN - 1)) & ~(uint64_t)(CEDM_CUDA_ALIGN - 1);
}

/* The next part's offset. */
static uint64_t take(uint64_t *end, uint64_t bytes)
{
    uint64_t offset = *end;

    *end += whole(bytes);
    return offset;
}

train_cuda_widths train_cuda_widths_of(const cg_training *t)
{
    const cg_program *p = t->program;

    return (train_cuda_widths){
        .pixels = p->denoiser.resolution * p->denoiser.resolution *
                  p->denoiser.channels,
        .features = p->denoiser.features.channels,
        .labels = t->labels_ref != CEDM_NONE ? t->augment_dim : 0};
}

/* ---- packed weights ----------------------------------------------------- */

uint64_t train_cuda_count_parts(const cg_training *t,
                                enum cedm_cuda_precision precision,
                                uint32_t *index)
{
    cedm_cuda_packing packing = {
        .precision = precision, .index = index, .dtype = CEDM_DTYPE_F32};

    for (uint32_t i = 0; i < t->step_count; i++) {
        if (!t->steps[i].training) {
            cg_call(&t->steps[i].op, &cedm_cuda_pack, &packing);
        }
    }
    return packing.used;
}

_Static_assert(CEDM_CUDA_WORKSPACE_BYTES >= TRAIN_CUDA_ADAM_WORKSPACE,
               "Adam's workspace is there anyway");

static uint64_t workspace(const cg_training *t,
                          enum cedm_cuda_precision precision, uint32_t batch)
{
    uint64_t most = CEDM_CUDA_WORKSPACE_BYTES;

    for (uint32_t i = 0; i < t->step_count; i++) {
        uint64_t bytes =
            t->steps[i].training
                ? train_cuda_workspace(&t->steps[i].grad, precision, batch)
                : 0;

        most = bytes > most ? bytes : most;
    }
    return most;
}

/* ---- regions ------------------------------------------------------------ */

static void place_inputs(train_cuda_inputs_places *p, uint64_t *end,
                         const train_cuda_widths *w, uint64_t batch)
{
    p->images = take(end, batch * w->pixels * sizeof(float));
    p->noise = take(end, batch * w->pixels * sizeof(float));
    p->scalings = take(end, batch * sizeof(train_cuda_scalings));
    p->cluster = take(end, batch * sizeof(int32_t));
    p->index = take(end, batch * sizeof(uint64_t));
    p->step = take(end, sizeof(uint32_t));
}

static void place_staging(train_cuda_places *p, train_cuda_sizes *sizes,
                          const train_cuda_widths *w,
                          const train_cuda_config *config)
{
    uint64_t *end = &sizes->staging, batch = config->batch;

    for (int i = 0; i < 2; i++) {
        place_inputs(&p->in[i], end, w, batch);
        p->in[i].features = take(end, batch * w->features * sizeof(float));
        p->in[i].labels = take(end, batch * w->labels * sizeof(float));
        p->in_rates[i] = take(end, sizeof(train_cuda_rates));
        p->in_losses[i] =
            take(end, batch * config->evaluations * sizeof(double));
    }
    p->in_state = take(end, sizeof(train_cuda_state));
}

/* Arrays that Adam reads end with a whole four. */
static uint64_t trained_bytes(const cg_training *t)
{
    return whole(t->trained_elements * sizeof(float));
}

static void place_device(train_cuda_places *p, train_cuda_sizes *sizes,
                         const cg_training *t, const train_cuda_widths *w,
                         const train_cuda_config *config)
{
    uint64_t batch = config->batch, trained = trained_bytes(t), end = 0;
    uint64_t act =
        batch * t->act.elements * cedm_cuda_act_bytes(config->precision);
    uint64_t inputs;

    sizes->packed = train_cuda_count_parts(t, config->precision, NULL);
    sizes->workspace = workspace(t, config->precision, config->batch);
    p->data = take(&end, t->data_elements * sizeof(float));
    sizes->parameters = end;
    p->grads = take(&end, trained);
    sizes->gradients = trained;
    p->m = take(&end, trained);
    p->v = take(&end, trained);
    p->ema = take(&end, trained);
    sizes->optimiser = 3 * trained;
    p->packed = take(&end, sizes->packed);
    p->act = take(&end, act);
    p->f32 = take(&end, batch * t->f32.elements * sizeof(float));
    sizes->arena = end - p->act;
    p->workspace = take(&end, sizes->workspace);
    inputs = end;
    place_inputs(&p->on, &end, w, batch);
    p->losses = take(&end, batch * sizeof(double));
    p->overflow = take(&end, batch * sizeof(uint32_t));
    p->rates = take(&end, sizeof(train_cuda_rates));
    p->state = take(&end, sizeof(train_cuda_state));
    sizes->inputs = end - inputs;
    sizes->device = end;
}

cedm_status train_cuda_place(train_cuda_places *places,
                             train_cuda_sizes *sizes,
                             const cg_training *training,
                             const train_cuda_config *config)
{
    train_cuda_widths w;

    if (training == NULL || config == NULL || sizes == NULL) {
        return CEDM_E_NULL;
    }
    if (config->batch == 0 || config->evaluations == 0) {
        return CEDM_E_BATCH;
    }
    if ((int)config->precision < 0 ||
        config->precision >= CEDM_CUDA_PRECISIONS) {
        return CEDM_E_PARAM;
    }
    memset(places, 0, sizeof *places);
    memset(sizes, 0, sizeof *sizes);
    w = train_cuda_widths_of(training);
    sizes->context = sizeof(train_cuda_net);
    places->op_index = sizes->context;
    sizes->context += training->step_count * sizeof(uint32_t);
    place_staging(places, sizes, &w, config);
    place_device(places, sizes, training, &w, config);
    return CEDM_OK;
}

cedm_status train_cuda_measure(const cg_training *training,
                               const train_cuda_config *config,
                               train_cuda_sizes *sizes)
{
    train_cuda_places places;

    return train_cuda_place(&places, sizes, training, config);
}
