/* SPDX-License-Identifier: MIT
 *
 * graph.c - a step of the sampler, or an evaluation of an encoder, queued op
 * by op or captured as a graph.
 *
 * State maps are those of runtime/diffusion: solver_heun.c, solver.h.  Every
 * step reads its scalars from the tables at the number that the device
 * counts, so one graph serves all steps of a kind: the last has no evaluation
 * at noise level 0, and guidance counts at some levels alone. */
#include <cuda_runtime_api.h>

#include "runtime/cuda/cuda_net.h"
#include "runtime/diffusion/solver.h"

static double *map(const cedm_cuda_net *net, int i)
{
    return (void *)cedm_cuda_arena(net, net->places.state[i]);
}

static const cedm_cuda_step_row *step_rows(const cedm_cuda_net *net)
{
    return (const void *)cedm_cuda_arena(net, net->places.steps);
}

static uint32_t *step_counter(const cedm_cuda_net *net)
{
    return (void *)cedm_cuda_arena(net, net->places.step);
}

/* Runs a sampler's op unless an earlier one failed. */
#define QUEUE(net, name, ...)                                                \
    do {                                                                     \
        if ((net)->exec.error == 0) {                                        \
            (net)->exec.error = cedm_cuda_run_##name(                        \
                &(net)->exec, &(cedm_cuda_##name){__VA_ARGS__});             \
            (net)->exec.failed = #name;                                      \
        }                                                                    \
    } while (0)

/* ---- evaluations ------------------------------------------------------- */

static void run_network(cedm_cuda_net *net, const double *x,
                        cedm_cuda_row row, uint64_t clusters, double weight,
                        bool first, double *dst)
{
    cedm_cuda_exec *exec = &net->exec;
    const cedm_cuda_scalars *scalars =
        (const void *)cedm_cuda_arena(net, net->places.scalars);
    const float *features =
        (const void *)cedm_cuda_arena(net, net->places.features);

    exec->cluster = (const void *)cedm_cuda_arena(net, clusters);
    QUEUE(net, load, .x = x, .scalars = scalars, .features = features,
          .row = row);
    exec->model->graph.eval(&cedm_cuda_run, exec);
    QUEUE(net, unload, .x = x, .scalars = scalars, .row = row, .first = first,
          .weight = weight, .dst = dst);
}

static void evaluate(cedm_cuda_net *net, const double *x, cedm_cuda_row row,
                     double guidance, double *dst)
{
    const cedm_cuda_places *p = &net->places;

    if (guidance == 0 || net->exec.model->denoiser->label_dim == 0) {
        run_network(net, x, row, p->clusters, 1, true, dst);
        return;
    }
    run_network(net, x, row, p->clusters, 1 + guidance, true, dst);
    run_network(net, x, row, p->no_clusters, -guidance, false, dst);
}

static cedm_status outcome(cedm_cuda_net *net)
{
    int code = net->exec.error;

    net->exec.error = 0;
    return cedm_cuda_check(net->config.fault, net->exec.failed, code);
}

cedm_status cedm_cuda_evaluate(cedm_cuda_net *net, const double *x,
                               cedm_cuda_row row, double guidance,
                               double *dst)
{
    evaluate(net, x, row, guidance, dst);
    return outcome(net);
}

/* ---- steps ------------------------------------------------------------- */

uint32_t cedm_cuda_kind_of(const cedm_cuda_net *net, uint32_t i)
{
    const cedm_sampler_params *p = &net->config.params;
    cedm_step step =
        cedm_step_at(&net->constants.denoiser, net->constants.data, p, i);
    bool corrects = cedm_step_evaluations(p, &step) > 1;

    return (corrects ? CEDM_CUDA_CORRECTS : 0) |
           (cedm_guided_at(p, step.hat.sigma) ? CEDM_CUDA_GUIDES : 0) |
           (corrects && cedm_guided_at(p, step.next.sigma)
                ? CEDM_CUDA_GUIDES_AGAIN
                : 0);
}

static double guidance(const cedm_cuda_net *net, bool counts)
{
    return counts ? net->config.params.guidance : 0;
}

/* Algorithm 2: churn, then Euler's step, then Heun's but at the end. */
static void queue_algorithm_2(cedm_cuda_net *net, cedm_cuda_row row,
                              uint32_t kind)
{
    const cedm_sampler_params *params = &net->config.params;
    bool heun = kind & CEDM_CUDA_CORRECTS;
    const cedm_cuda_step_row *rows = step_rows(net);
    const uint64_t *seeds =
        (const void *)cedm_cuda_arena(net, net->places.seeds);

    if (params->S_churn > 0) {
        QUEUE(net, churn, .seed = seeds, .steps = rows, .step = row.step,
              .first_draw = params->start +
                            cedm_first_draw(&net->constants.denoiser,
                                            net->constants.data, params),
              .x = map(net, 0));
    }
    evaluate(net, map(net, 0), row, guidance(net, kind & CEDM_CUDA_GUIDES),
             map(net, 3));
    QUEUE(net, euler, .steps = rows, .step = row.step, .x = map(net, 0),
          .denoised = map(net, 3), .d = map(net, 1),
          .next = map(net, heun ? 2 : 0));
    if (heun) {
        row.first = 1;
        evaluate(net, map(net, 2), row,
                 guidance(net, kind & CEDM_CUDA_GUIDES_AGAIN), map(net, 3));
        QUEUE(net, heun, .steps = rows, .step = row.step, .x = map(net, 0),
              .d = map(net, 1), .next = map(net, 2), .denoised = map(net, 3),
              .dst = map(net, 0));
    }
}

cedm_status cedm_cuda_queue_step(cedm_cuda_net *net, uint32_t kind)
{
    const cedm_solver_kind *solver =
        cedm_solver_of(net->config.params.solver);
    uint32_t *step = step_counter(net);
    cedm_cuda_row row = {.step = step, .per_step = 2};

    if (solver->matrix == NULL) {
        queue_algorithm_2(net, row, kind);
    } else {
        evaluate(net, map(net, CEDM_MAP_X), row,
                 guidance(net, kind & CEDM_CUDA_GUIDES),
                 map(net, CEDM_MAP_D));
        QUEUE(net, combine, .steps = step_rows(net), .step = step,
              .map = {map(net, 0), map(net, 1), map(net, 2), map(net, 3)});
    }
    QUEUE(net, advance, .step = step);
    return outcome(net);
}

/* ---- encoders ---------------------------------------------------------- */

static cedm_status queue_encode(void *memory)
{
    cedm_cuda_net *net = memory;

    QUEUE(net, pixels, .images = cedm_cuda_arena(net, net->places.images));
    net->exec.model->graph.eval(&cedm_cuda_run, &net->exec);
    QUEUE(net, features,
          .dst = (void *)cedm_cuda_arena(net, net->places.encoded));
    return outcome(net);
}

/* ---- graphs ------------------------------------------------------------ */

/* What is captured. */
typedef struct capture {
    cedm_cuda_net *net;
    uint32_t kind;
} capture;

static cedm_status queue_captured(void *arg)
{
    const capture *c = arg;

    return cedm_cuda_queue_step(c->net, c->kind);
}

static cedm_status capture_kinds(cedm_cuda_net *net)
{
    const cedm_sampler_params *p = &net->config.params;
    cedm_status status = CEDM_OK;

    for (uint32_t i = p->start; i < p->steps && status == CEDM_OK; i++) {
        capture c = {net, cedm_cuda_kind_of(net, i)};

        if (net->graphs[c.kind] == NULL) {
            status =
                cedm_cuda_record(net->config.fault, net->exec.stream,
                                 queue_captured, &c, &net->graphs[c.kind]);
        }
    }
    return status;
}

static cedm_status wait(const cedm_cuda_net *net)
{
    return cedm_cuda_check(net->config.fault, "cudaStreamSynchronize",
                           (int)cudaStreamSynchronize(net->exec.stream));
}

static cedm_status capture_steps(cedm_cuda_net *net)
{
    const uint32_t all = CEDM_CUDA_STEP_KINDS - 1;
    cedm_status status = cedm_cuda_queue_step(net, all);

    QUEUE(net, latent,
          .seed = (const void *)cedm_cuda_arena(net, net->places.seeds),
          .scale = 1, .x = map(net, 0));
    QUEUE(net, to_image, .x = map(net, 0),
          .dst = cedm_cuda_arena(net, net->places.images));
    if (status == CEDM_OK) {
        status = outcome(net);
    }
    if (status == CEDM_OK) {
        status = wait(net);
    }
    if (status == CEDM_OK) {
        status = capture_kinds(net);
    }
    return status;
}

static cedm_status capture_encode(cedm_cuda_net *net)
{
    cedm_status status = queue_encode(net);

    if (status == CEDM_OK) {
        status = wait(net);
    }
    return status == CEDM_OK
               ? cedm_cuda_record(net->config.fault, net->exec.stream,
                                  queue_encode, net, &net->encode_graph)
               : status;
}

/* What is run outside of a graph loads every kernel; what it computes of
 * zeros is thrown away. */
cedm_status cedm_cuda_capture(cedm_cuda_net *net)
{
    cedm_status status = net->exec.model->denoiser != NULL
                             ? capture_steps(net)
                             : capture_encode(net);

    return status == CEDM_OK ? wait(net) : status;
}
