/* SPDX-License-Identifier: MIT
 *
 * learner_cuda.c - learning on a GPU, by libcedm_cuda_train, which is opened
 * where it is asked for.  The host has the arrays of a run as far as it was
 * asked for them, and the scalars of a micro-batch. */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "trainer/cuda/train_cuda.h"
#include "trainer/learner_cuda.h"
#include "runtime/noise_level.h"
#include "host/execution/ranks.h"
#include "host/execution/region.h"

typedef struct cuda {
    train_learner base; /* first */
    const host_cuda_library *library;
    const train_cuda_api *api;
    cedm_cuda_device device;
    train_cuda_config config;
    train_cuda_net *net;
    cedm_cuda_fault fault;
    cg_training *training;
    float *data;    /* parameters and constants */
    float *moments; /* m, v, average one after the other */
    float *grads;   /* of ranks that did not join; NULL for one */
    double share;
    uint64_t nonfinite; /* of the device's count, those that were told */
    /* a micro-batch */
    train_cuda_scalings *scalings;
    float *features, *map, *result;
    int32_t *cluster;
} cuda;

static bool good(const cuda *c, cedm_status status, host_failure *f)
{
    return status == CEDM_OK ||
           host_device_failed(c->config.device, "the network", status,
                              &c->fault, f);
}

static uint32_t pixels_of(const cuda *c)
{
    const cg_program *p = c->training->program;

    return p->denoiser.resolution * p->denoiser.resolution *
           p->denoiser.channels;
}

/* The scalars of image i, and the features of its noise level. */
static train_scalings condition(cuda *c, uint32_t i, double sigma)
{
    const cg_program *p = c->training->program;
    train_scalings s = train_scalings_of(sigma, p->denoiser.sigma_data);

    c->scalings[i] =
        (train_cuda_scalings){sigma, s.in, s.skip, s.out, s.weight};
    cedm_noise_features(&p->denoiser.features, c->data, s.noise,
                        c->features +
                            (size_t)i * p->denoiser.features.channels);
    return s;
}

/* ---- training ----------------------------------------------------------- */

static bool cuda_gradient(train_learner *l, const train_batch *batch,
                          host_failure *f)
{
    cuda *c = (cuda *)l;
    const train_cuda_inputs inputs = {.images = batch->images,
                                      .noise = batch->noise,
                                      .scalings = c->scalings,
                                      .features = c->features,
                                      .labels = batch->labels,
                                      .cluster = batch->cluster,
                                      .index = batch->index,
                                      .step = batch->step};

    for (uint32_t i = 0; i < batch->n; i++) {
        (void)condition(c, i, batch->sigma[i]);
    }
    return good(c, c->api->gradient(c->net, &inputs), f);
}

/* Through the host.  A rank that fails takes part, or others would wait. */
static bool add_ranks(cuda *c, host_failure *f)
{
    bool got = good(c, c->api->get_grads(c->net, c->grads), f);

    host_ranks_allreduce(HOST_RANKS_F32, c->grads,
                         c->training->trained_elements);
    return got && good(c, c->api->put_grads(c->net, c->grads), f);
}

static bool cuda_update(train_learner *l, const train_adam_update *update,
                        host_failure *f)
{
    cuda *c = (cuda *)l;
    const train_cuda_rates rates = {update->lr, update->ema_beta};

    if ((c->grads != NULL && !add_ranks(c, f)) ||
        !good(c, c->api->update(c->net, &rates, &l->loss), f)) {
        return false;
    }
    l->loss *= c->share;
    return true;
}

static bool cuda_settle(train_learner *l, host_failure *f)
{
    cuda *c = (cuda *)l;
    train_learner_counts *counts = &l->counts;
    train_cuda_state state;

    if (!good(c, c->api->settle(c->net, &l->loss, &state), f)) {
        return false;
    }
    l->loss *= c->share;
    counts->updates = state.updates;
    counts->skipped = state.skipped;
    counts->good = state.good;
    counts->scale = state.scale;
    counts->not_finite += state.nonfinite - c->nonfinite;
    c->nonfinite = state.nonfinite;
    return true;
}

/* ---- ranks --------------------------------------------------------------- */

_Static_assert(TRAIN_LEARNER_UUID == TRAIN_CUDA_UUID &&
                   TRAIN_LEARNER_INVITATION == TRAIN_CUDA_INVITATION,
               "they are passed on");

static bool cuda_peer(const train_learner *l,
                      unsigned char uuid[TRAIN_LEARNER_UUID])
{
    const cuda *c = (const cuda *)l;

    return c->api->peer(c->config.device, uuid) == CEDM_OK;
}

static bool cuda_invite(train_learner *l,
                        unsigned char by[TRAIN_LEARNER_INVITATION],
                        host_failure *f)
{
    cuda *c = (cuda *)l;

    return good(c, c->api->invite(c->net, by), f);
}

/* The host has no part in it any more. */
static bool cuda_join(train_learner *l,
                      const unsigned char by[TRAIN_LEARNER_INVITATION],
                      host_failure *f)
{
    cuda *c = (cuda *)l;

    free(c->grads);
    c->grads = NULL;
    return good(
        c, c->api->join(c->net, by, host_ranks_rank(), host_ranks_size()), f);
}

/* ---- arrays ------------------------------------------------------------- */

static train_cuda_arrays arrays_of(const cuda *c)
{
    float *const *sets = c->base.sets;

    return (train_cuda_arrays){sets[TRAIN_LEARNER_PARAMS],
                               sets[TRAIN_LEARNER_M], sets[TRAIN_LEARNER_V],
                               sets[TRAIN_LEARNER_EMA]};
}

static bool cuda_pull(train_learner *l, host_failure *f)
{
    cuda *c = (cuda *)l;
    train_cuda_arrays arrays = arrays_of(c);

    return good(c, c->api->get(c->net, &arrays), f);
}

static bool cuda_push(train_learner *l, host_failure *f)
{
    cuda *c = (cuda *)l;
    const train_learner_counts *counts = &l->counts;
    train_cuda_arrays arrays = arrays_of(c);
    train_cuda_state state = {.scale = counts->scale,
                              .good = counts->good,
                              .updates = counts->updates,
                              .skipped = counts->skipped};

    c->nonfinite = 0;
    return good(c, c->api->put(c->net, &arrays, &state), f);
}

/* ---- drawing ------------------------------------------------------------ */

/* Images that a batch lacks are zeros without a cluster. */
static bool cuda_denoise(train_learner *l, uint32_t n, const double *x,
                         double sigma, const int32_t *cluster,
                         double *denoised, host_failure *f)
{
    cuda *c = (cuda *)l;
    size_t all = (size_t)n * pixels_of(c);
    train_scalings s = {0};

    for (uint32_t i = 0; i < l->batch; i++) {
        s = condition(c, i, sigma);
        c->cluster[i] = i < n ? cluster[i] : -1;
    }
    memset(c->map, 0, (size_t)l->batch * pixels_of(c) * sizeof *c->map);
    for (size_t e = 0; e < all; e++) {
        c->map[e] = (float)(s.in * x[e]);
    }
    if (!good(c,
              c->api->denoise(c->net, c->map, c->features, c->cluster,
                              c->result),
              f)) {
        return false;
    }
    for (size_t e = 0; e < all; e++) {
        denoised[e] = s.skip * x[e] + s.out * (double)c->result[e];
    }
    return true;
}

/* ---- closing ------------------------------------------------------------ */

static void cuda_close(train_learner *l)
{
    cuda *c = (cuda *)l;
    const cedm_cuda_api *api = c->library->api;

    if (c->net != NULL) {
        c->api->close(c->net);
    }
    api->release(c->config.device, c->config.memory);
    api->release_pinned(c->config.staging);
    free(c->config.context);
    cg_training_free(c->training);
    free(c->data);
    free(c->moments);
    free(c->grads);
    free(c->scalings);
    free(c->features);
    free(c->map);
    free(c->result);
    free(c->cluster);
    free(c);
}

static const train_learner_kind cuda_kind = {.gradient = cuda_gradient,
                                             .update = cuda_update,
                                             .settle = cuda_settle,
                                             .pull = cuda_pull,
                                             .push = cuda_push,
                                             .denoise = cuda_denoise,
                                             .peer = cuda_peer,
                                             .invite = cuda_invite,
                                             .join = cuda_join,
                                             .close = cuda_close};

/* ---- memory ------------------------------------------------------------- */

/* The largest divisor of the batch whose memory is within a limit, or 1. */
static bool choose_batch(cuda *c, const train_learner_cuda_options *o,
                         host_failure *f)
{
    train_cuda_config *config = &c->config;
    uint64_t limit = o->fixed ? UINT64_MAX : c->device.total_bytes / 2;

    for (config->batch = o->batch;; config->batch--) {
        if (o->batch % config->batch != 0) {
            continue;
        }
        config->evaluations = o->images / config->batch;
        if (!good(c, c->api->measure(c->training, config, &config->sizes),
                  f)) {
            return false;
        }
        if (config->batch == 1 || config->sizes.device <= limit) {
            return true;
        }
    }
}

static bool take_device(cuda *c, host_failure *f)
{
    const cedm_cuda_api *api = c->library->api;
    train_cuda_config *config = &c->config;
    const train_cuda_sizes *sizes = &config->sizes;
    cedm_status status =
        api->allocate(config->device, sizes->device, &config->memory);

    if (status == CEDM_E_DEVICE_MEMORY) {
        return host_device_is_full(config->device, &c->device, sizes->device,
                                   "micro-batch", f);
    }
    if (status == CEDM_OK) {
        status = api->allocate_pinned(sizes->staging, &config->staging);
    }
    return good(c, status, f);
}

static bool take_host(cuda *c, host_failure *f)
{
    const cg_training *t = c->training;
    size_t batch = c->config.batch;

    c->config.context = host_region_new(c->config.sizes.context);
    c->data = calloc(t->data_elements, sizeof *c->data);
    c->moments = calloc(3 * t->trained_elements, sizeof *c->moments);
    c->scalings = malloc(batch * sizeof *c->scalings);
    c->features = malloc(batch * t->program->denoiser.features.channels *
                         sizeof *c->features);
    c->map = malloc(batch * pixels_of(c) * sizeof *c->map);
    c->result = malloc(batch * pixels_of(c) * sizeof *c->result);
    c->cluster = malloc(batch * sizeof *c->cluster);
    if (host_ranks_size() > 1) {
        c->grads = malloc(t->trained_elements * sizeof *c->grads);
    }
    return (c->config.context != NULL && c->data != NULL &&
            c->moments != NULL && c->scalings != NULL &&
            c->features != NULL && c->map != NULL && c->result != NULL &&
            c->cluster != NULL &&
            (host_ranks_size() == 1 || c->grads != NULL)) ||
           host_fail(f, "out of memory; use a smaller --micro-batch");
}

static void list_memory(cuda *c)
{
    const train_cuda_sizes *s = &c->config.sizes;
    uint64_t arrays = sizeof(float) * (c->training->data_elements +
                                       3 * c->training->trained_elements);
    const train_learner_memory parts[] = {
        {"copies of arrays", arrays, false},
        {"pinned staging", s->staging, false},
        {"parameters", s->parameters, true},
        {"gradients", s->gradients, true},
        {"optimiser, average", s->optimiser, true},
        {"packed weights", s->packed, true},
        {"arena, both ways", s->arena, true},
        {"workspace", s->workspace, true},
        {"micro-batch", s->inputs, true}};

    memcpy(c->base.memory, parts, sizeof parts);
    c->base.memory_count = sizeof parts / sizeof parts[0];
}

/* ---- opening ------------------------------------------------------------ */

static bool find_api(cuda *c, host_failure *f)
{
    void *symbol = dlsym(c->library->handle, "train_cuda_entry");
    train_cuda_entry_fn *entry;

    memcpy(&entry, &symbol, sizeof entry); /* ISO C has no such conversion */
    c->api = symbol != NULL ? entry() : NULL;
    return (c->api != NULL && c->api->abi == TRAIN_CUDA_ABI &&
            c->api->size == sizeof *c->api) ||
           host_fail(
               f,
               "--device cuda: %s cannot train; wanted that of " CEDM_VERSION,
               c->library->file);
}

static void fill_base(cuda *c)
{
    uint64_t n = c->training->trained_elements;

    train_params_load(c->training, c->data);
    memcpy(c->moments + 2 * n, c->data, n * sizeof(float));
    c->base = (train_learner){
        .kind = &cuda_kind,
        .training = c->training,
        .batch = c->config.batch,
        .sets = {c->data, c->moments, c->moments + n, c->moments + 2 * n},
        .counts = {.scale = c->config.precision == CEDM_CUDA_FP16
                                ? TRAIN_LEARNER_FIRST_SCALE
                                : 1.0f}};
    list_memory(c);
}

static bool start(cuda *c, const cg_file *checkpoint,
                  const train_learner_cuda_options *o, host_failure *f)
{
    cg_error error = {""};

    c->training = cg_build_training(checkpoint, o->dropout > 0.0f, &error);
    if (c->training == NULL) {
        return host_fail(f, "%s", error.text);
    }
    if (!find_api(c, f) ||
        !host_device_describe(c->library, c->config.device, &c->device, f) ||
        !choose_batch(c, o, f) || !take_device(c, f) || !take_host(c, f)) {
        return false;
    }
    fill_base(c);
    return good(c, c->api->open(&c->net, c->training, &c->config), f);
}

train_learner *
train_learner_cuda_open(const cg_file *checkpoint,
                        const train_learner_cuda_options *options,
                        host_failure *f)
{
    cuda *c = calloc(1, sizeof *c);

    if (c == NULL) {
        (void)host_fail(f, "out of memory");
        return NULL;
    }
    c->library = options->library;
    c->share = options->share;
    c->config = (train_cuda_config){.device = options->device,
                                    .precision = options->precision,
                                    .share = options->share,
                                    .dropout = options->dropout,
                                    .seed = options->seed,
                                    .fault = &c->fault};
    if (!start(c, checkpoint, options, f)) {
        cuda_close(&c->base);
        return NULL;
    }
    return &c->base;
}
