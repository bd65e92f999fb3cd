/* SPDX-License-Identifier: MIT
 *
 * graph.c - a step of the sampler, or an evaluation of an encoder, queued op
 * by op or captured as a graph.
 *
 * State maps are those of runtime/diffusion: solver_heun.c, solver.h.  Every
 * step reads its scalars from the tables at the number that the device
 * counts, so one graph serves all steps of a kind: the last has no evaluation
 * at noise level 0, and guidance counts at some levels alone.  Noise and known
 * pixels come between graphs, see sample.c. */
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

/* Runs a sampler's op on an exec unless an earlier one failed. */
#define QUEUE(on, name, ...)                                                 \
    do {                                                                     \
        if ((on)->error == 0) {                                              \
            (on)->error =                                                    \
                cedm_cuda_run_##name(on, &(cedm_cuda_##name){__VA_ARGS__});  \
            (on)->failed = #name;                                            \
        }                                                                    \
    } while (0)

/* ---- evaluations ------------------------------------------------------- */

/* What an evaluation asks of a network: its rows of the tables, and labels. */
typedef struct pass {
    cedm_cuda_exec *exec; /* the net's, or a copy of its guide's */
    uint64_t scalars, features, clusters;
    bool mixed; /* labels may be between two clusters */
} pass;

static void run_network(cedm_cuda_net *net, const pass *of, const double *x,
                        cedm_cuda_row row, double weight, bool first,
                        double *dst)
{
    const cedm_cuda_starts *s = &net->places.starts;
    const cedm_cuda_scalars *scalars =
        (const void *)cedm_cuda_arena(net, of->scalars);
    cedm_cuda_exec *exec = of->exec;

    exec->cluster = (const void *)cedm_cuda_arena(net, of->clusters);
    exec->other =
        of->mixed ? (const void *)cedm_cuda_arena(net, s->others) : NULL;
    exec->share =
        of->mixed ? (const void *)cedm_cuda_arena(net, s->shares) : NULL;
    QUEUE(exec, load, .x = x, .scalars = scalars,
          .features = (const void *)cedm_cuda_arena(net, of->features),
          .row = row);
    exec->model->graph.eval(&cedm_cuda_run, exec);
    QUEUE(exec, unload, .x = x, .scalars = scalars, .row = row,
          .first = first, .weight = weight, .dst = dst);
}

/* By the net's own network. */
static pass pass_of(cedm_cuda_net *net, bool labelled)
{
    const cedm_cuda_places *p = &net->places;

    return (pass){
        .exec = &net->exec,
        .scalars = p->scalars,
        .features = p->features,
        .clusters = labelled ? p->starts.clusters : p->no_clusters,
        .mixed = labelled,
    };
}

/* By the guide, in its regions but for what numbers are not finite. */
static void run_guide(cedm_cuda_net *net, const double *x, cedm_cuda_row row,
                      double weight, double *dst)
{
    const cedm_cuda_places *p = &net->places;
    cedm_cuda_exec exec = net->config.guide->exec;
    bool labelled = exec.model->denoiser->label_dim > 0;
    pass of = {
        .exec = &exec,
        .scalars = p->guide_scalars,
        .features = p->guide_features,
        .clusters = labelled ? p->starts.clusters : p->no_clusters,
        .mixed = labelled,
    };

    exec.stream = net->exec.stream;
    exec.overflow = net->exec.overflow;
    exec.error = net->exec.error;
    run_network(net, &of, x, row, weight, false, dst);
    if (net->exec.error == 0) {
        net->exec.error = exec.error;
        net->exec.failed = exec.failed;
    }
}

/* (1 + W) D - W D', D' by the guide or without a label. */
static void evaluate(cedm_cuda_net *net, const double *x, cedm_cuda_row row,
                     double guidance, double *dst)
{
    bool guide = net->config.guide != NULL;
    bool guided =
        guidance != 0 && (guide || net->exec.model->denoiser->label_dim > 0);
    pass own = pass_of(net, true), other = pass_of(net, false);

    run_network(net, &own, x, row, guided ? 1 + guidance : 1, true, dst);
    if (guided && guide) {
        run_guide(net, x, row, -guidance, dst);
    } else if (guided) {
        run_network(net, &other, x, row, -guidance, false, dst);
    }
}

static cedm_status outcome(cedm_cuda_net *net)
{
    int code = net->exec.error;

    net->exec.error = 0;
    return cedm_cuda_check(net->config.fault, net->exec.failed, code);
}

/* A stranger's noise levels: none of a run's labels is between two. */
cedm_status cedm_cuda_evaluate(cedm_cuda_net *net, const double *x,
                               cedm_cuda_row row, double *dst)
{
    pass own = pass_of(net, true);

    own.mixed = false;
    run_network(net, &own, x, row, 1, true, dst);
    return outcome(net);
}

/* ---- steps ------------------------------------------------------------- */

uint32_t cedm_cuda_kind_of(const cedm_cuda_net *net, const cedm_step *step)
{
    const cedm_sampler_params *p = &net->config.params;
    bool corrects = cedm_step_evaluations(p, step) > 1;

    return (corrects ? CEDM_CUDA_CORRECTS : 0) |
           (cedm_guided_at(p, step->hat.sigma) ? CEDM_CUDA_GUIDES : 0) |
           (corrects && cedm_guided_at(p, step->next.sigma)
                ? CEDM_CUDA_GUIDES_AGAIN
                : 0);
}

static double guidance(const cedm_cuda_net *net, bool counts)
{
    return counts ? net->config.params.guidance : 0;
}

/* Lines 7 to 11 of Algorithm 2: Euler's step, then Heun's but at the end. */
static void queue_algorithm_2(cedm_cuda_net *net, cedm_cuda_row row,
                              uint32_t kind)
{
    bool heun = kind & CEDM_CUDA_CORRECTS;
    const cedm_cuda_step_row *rows = step_rows(net);
    cedm_cuda_exec *exec = &net->exec;

    evaluate(net, map(net, 0), row, guidance(net, kind & CEDM_CUDA_GUIDES),
             map(net, 3));
    QUEUE(exec, euler, .steps = rows, .step = row.step, .x = map(net, 0),
          .denoised = map(net, 3), .d = map(net, 1),
          .next = map(net, heun ? 2 : 0));
    if (heun) {
        row.first = 1;
        evaluate(net, map(net, 2), row,
                 guidance(net, kind & CEDM_CUDA_GUIDES_AGAIN), map(net, 3));
        QUEUE(exec, heun, .steps = rows, .step = row.step, .x = map(net, 0),
              .d = map(net, 1), .next = map(net, 2), .denoised = map(net, 3),
              .dst = map(net, 0));
    }
}

/* A step of a kind. */
static cedm_status queue_step(cedm_cuda_net *net, uint32_t kind)
{
    const cedm_solver_kind *solver =
        cedm_solver_of(net->config.params.solver);
    cedm_cuda_exec *exec = &net->exec;
    uint32_t *step = step_counter(net);
    cedm_cuda_row row = {.step = step, .per_step = 2};

    if (solver->matrix == NULL) {
        queue_algorithm_2(net, row, kind);
    } else {
        evaluate(net, map(net, CEDM_MAP_X), row,
                 guidance(net, kind & CEDM_CUDA_GUIDES),
                 map(net, CEDM_MAP_D));
        QUEUE(exec, combine, .steps = step_rows(net), .step = step,
              .map = {map(net, 0), map(net, 1), map(net, 2), map(net, 3)});
    }
    QUEUE(exec, advance, .step = step, .by = 1);
    return outcome(net);
}

/* ---- encoders ---------------------------------------------------------- */

static cedm_status queue_encode(void *memory)
{
    cedm_cuda_net *net = memory;
    cedm_cuda_exec *exec = &net->exec;

    QUEUE(exec, pixels, .images = cedm_cuda_arena(net, net->places.images));
    exec->model->graph.eval(&cedm_cuda_run, exec);
    QUEUE(exec, features,
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

    return queue_step(c->net, c->kind);
}

static cedm_status capture_kinds(cedm_cuda_net *net)
{
    const cedm_sampler_params *p = &net->config.params;
    cedm_status status = CEDM_OK;

    for (uint32_t i = p->start; i < p->steps && status == CEDM_OK; i++) {
        cedm_step step =
            cedm_step_at(&net->constants.denoiser, net->constants.data, p, i);
        capture c = {net, cedm_cuda_kind_of(net, &step)};

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

/* What is queued beside graphs. */
static cedm_status queue_others(cedm_cuda_net *net)
{
    const cedm_cuda_places *p = &net->places;
    const uint64_t *seeds =
        (const void *)cedm_cuda_arena(net, p->starts.seeds);
    cedm_cuda_exec *exec = &net->exec;

    QUEUE(exec, noise, .seed = seeds, .scale = 1, .x = map(net, 0));
    QUEUE(exec, from_image, .seed = seeds,
          .image = cedm_cuda_arena(net, p->known),
          .mask = cedm_cuda_arena(net, p->mask), .x = map(net, 0));
    QUEUE(exec, to_image, .x = map(net, 0),
          .dst = cedm_cuda_arena(net, p->images));
    return outcome(net);
}

static cedm_status capture_steps(cedm_cuda_net *net)
{
    cedm_status status = queue_step(net, CEDM_CUDA_STEP_KINDS - 1);

    if (status == CEDM_OK) {
        status = queue_others(net);
    }
    if (status == CEDM_OK) {
        status = wait(net);
    }
    return status == CEDM_OK ? capture_kinds(net) : status;
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
