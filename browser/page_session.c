/* SPDX-License-Identifier: MIT
 *
 * page_session.c - one model in a page: where its memory lies, and images. */
#include "browser/page_session.h"

#include "browser/backend.h"

/* Of one thread; the runtime's frames are below 4 KiB, and none recurses. */
#define STACK_BYTES 65536u

static struct {
    browser_memory memory;
    browser_recipe recipe;
    browser_choice choice;
    const cedm_model *model;
    uint32_t workers;
    uint64_t seed;
    cedm_blob blob;
    cedm_net net;
    cedm_sampler sampler;
} session;

/* ---- memory -------------------------------------------------------------- */

/* The next region of `bytes`; *end moves behind it. */
static uint32_t place(uint64_t *end, uint64_t bytes)
{
    uint64_t at = CEDM_ALIGN_UP(*end);

    *end = at + bytes;
    return (uint32_t)at;
}

/* Of the image that is drawn or encoded. */
static uint64_t image_bytes(const cedm_model *model)
{
    const cedm_denoiser *d = model->denoiser;
    const cedm_encoder *e = model->encoder;

    return d != NULL ? (uint64_t)d->resolution * d->resolution * d->channels
                     : (uint64_t)e->height * e->width * e->channels;
}

cedm_status browser_plan(const cedm_model *model, uint32_t start,
                         uint32_t blob_bytes, uint32_t workers)
{
    uint64_t arena = cedm_arena_bytes(model, 1, workers);
    uint64_t end = start, weights, image, features = 0;
    browser_memory *m = &session.memory;

    if (arena == 0) {
        return CEDM_E_ABI;
    }
    weights = cedm_weights_bytes(model, browser_backend());
    image = image_bytes(model);
    if (model->encoder != NULL) {
        features = sizeof(float) * model->encoder->features;
    }
    *m = (browser_memory){.blob_bytes = blob_bytes,
                          .weights_bytes = (uint32_t)weights,
                          .arena_bytes = (uint32_t)arena,
                          .image_bytes = (uint32_t)image,
                          .features_bytes = (uint32_t)features,
                          .stack_bytes = STACK_BYTES};
    m->blob = place(&end, blob_bytes);
    m->weights = place(&end, weights);
    m->arena = place(&end, arena);
    m->image = place(&end, image);
    m->features = place(&end, features);
    m->stacks = place(&end, (uint64_t)(workers - 1) * STACK_BYTES);
    m->end = (uint32_t)end;
    session.model = model;
    session.workers = workers;
    return end <= UINT32_MAX ? CEDM_OK : CEDM_E_ARENA;
}

const browser_memory *browser_planned(void)
{
    return &session.memory;
}

static void *at(uint32_t address)
{
    return (void *)(uintptr_t)address;
}

cedm_status browser_open(void)
{
    const browser_memory *m = &session.memory;
    cedm_net_config config = cedm_net_config_default();
    cedm_status status =
        cedm_bind(&session.blob, session.model, at(m->blob), m->blob_bytes);

    config.backend = browser_backend();
    config.weights = at(m->weights);
    config.weights_bytes = m->weights_bytes;
    config.arena = at(m->arena);
    config.arena_bytes = m->arena_bytes;
    config.workers = session.workers;
    if (session.workers > 1) {
        config.parallel_for = browser_threads(session.workers - 1);
    }
    if (status == CEDM_OK) {
        status = cedm_prepare(&session.blob, &config, at(m->weights),
                              m->weights_bytes);
    }
    return status == CEDM_OK
               ? cedm_net_init(&session.net, &session.blob, &config)
               : status;
}

/* ---- words --------------------------------------------------------------- */

const char *browser_isa(void)
{
    return browser_backend()->name;
}

const char *browser_status_text(cedm_status status)
{
    return cedm_status_text(status);
}

const browser_choice *browser_solver(uint32_t i)
{
    const cedm_solver_facts *facts =
        cedm_solver_describe((enum cedm_solver)i);
    cedm_sampler_params best = cedm_sampler_params_nfe(1);

    if (facts == NULL) {
        return NULL;
    }
    session.choice =
        (browser_choice){facts->word, (uint32_t)best.solver == i};
    return &session.choice;
}

#define WORD(word) #word,
static const char *const discretizations[] = {CEDM_DISCRETIZATION_LIST(WORD)};
static const char *const schedules[] = {CEDM_SCHEDULE_LIST(WORD)};
static const char *const scalings[] = {CEDM_SCALING_LIST(WORD)};
#undef WORD

/* ---- images -------------------------------------------------------------- */

static cedm_sampler_params params_of(enum cedm_solver solver, uint32_t steps)
{
    cedm_sampler_params params = cedm_sampler_params_nfe(steps);

    if (cedm_solver_describe(solver)->general) {
        params = cedm_sampler_params_default();
    } else if (params.solver != solver) {
        params.order = 0;
    }
    params.solver = solver;
    params.steps = steps;
    return params;
}

static void tell(const cedm_sampler_params *p)
{
    const cedm_solver_facts *facts = cedm_solver_describe(p->solver);
    uint32_t evaluations = p->steps * facts->evaluations;

    if (facts->ends_at_0) {
        evaluations -= facts->evaluations - 1;
    }
    session.recipe = (browser_recipe){
        .sigma_min = p->sigma_min,
        .sigma_max = p->sigma_max,
        .rho = p->rho,
        .S_churn = p->S_churn,
        .S_min = p->S_min,
        .S_max = p->S_max,
        .S_noise = p->S_noise,
        .guidance = p->guidance,
        .solver = facts->word,
        .discretization = discretizations[p->discretization],
        .schedule = schedules[p->schedule],
        .scaling = scalings[p->scaling],
        .steps = p->steps,
        .order = facts->least < facts->most ? p->order : 0,
        .evaluations = evaluations,
    };
}

cedm_status browser_begin(uint32_t seed, int32_t cluster, uint32_t solver,
                          uint32_t steps)
{
    cedm_sampler_params params;

    if (cedm_solver_describe((enum cedm_solver)solver) == NULL) {
        return CEDM_E_SOLVER;
    }
    params = params_of((enum cedm_solver)solver, steps);
    tell(&params);
    session.seed = seed;
    return cedm_sample_begin(&session.sampler, &session.net, &params,
                             &session.seed, &cluster, 1);
}

cedm_status browser_mix(int32_t cluster, double share)
{
    return cedm_sample_mix(&session.sampler, &session.seed, &cluster, &share);
}

const browser_recipe *browser_told(void)
{
    return &session.recipe;
}

cedm_status browser_step(void)
{
    cedm_status status = cedm_sample_step(&session.sampler), seen = status;
    uint8_t *image = at(session.memory.image);

    if (status == CEDM_MORE) {
        seen = cedm_sample_preview(&session.sampler, image);
    } else if (status == CEDM_OK) {
        seen = cedm_sample_images(&session.sampler, image);
    }
    return seen < 0 ? seen : status;
}

/* ---- features ------------------------------------------------------------ */

cedm_status browser_encode(void)
{
    const browser_memory *m = &session.memory;

    return cedm_encode(&session.net, at(m->image), 1, at(m->features));
}
