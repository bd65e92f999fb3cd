/* SPDX-License-Identifier: MIT
 *
 * graph.c - a step of the sampler, queued op by op or captured as a graph.
 *
 * State maps: [0] x (x hat after churn), [1] D then d, [2] the Euler step,
 * [3] D there.  Every step reads its scalars from the tables at the number
 * that the device counts, so one graph serves all steps but the last, whose
 * evaluation at noise level 0 is left out. */
#include <cuda_runtime_api.h>

#include "runtime/cuda/cuda_net.h"

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

cedm_status cedm_cuda_queue_step(cedm_cuda_net *net, bool last)
{
    const cedm_sampler_params *params = &net->config.params;
    const cedm_cuda_step_row *rows = step_rows(net);
    uint32_t *step = step_counter(net);
    const uint64_t *seeds =
        (const void *)cedm_cuda_arena(net, net->places.seeds);
    cedm_cuda_row row = {.step = step, .per_step = 2};
    bool heun = !last && params->solver != CEDM_SOLVER_euler;

    if (params->S_churn > 0) {
        QUEUE(net, churn, .seed = seeds, .steps = rows, .step = step,
              .first_draw = cedm_noise_draw(net->exec.model->denoiser, 0),
              .x = map(net, 0));
    }
    evaluate(net, map(net, 0), row, params->guidance, map(net, 1));
    QUEUE(net, euler, .steps = rows, .step = step, .x = map(net, 0),
          .denoised = map(net, 1), .d = map(net, 1),
          .next = map(net, heun ? 2 : 0));
    if (heun) {
        row.first = 1;
        evaluate(net, map(net, 2), row, params->guidance, map(net, 3));
        QUEUE(net, heun, .steps = rows, .step = step, .x = map(net, 0),
              .d = map(net, 1), .next = map(net, 2), .denoised = map(net, 3),
              .dst = map(net, 0));
    }
    QUEUE(net, advance, .step = step);
    return outcome(net);
}

/* ---- graphs ------------------------------------------------------------ */

static cedm_status queue_step(void *net)
{
    return cedm_cuda_queue_step(net, false);
}

static cedm_status queue_last(void *net)
{
    return cedm_cuda_queue_step(net, true);
}

/* The step outside of a graph loads every kernel; what it computes of zeros
 * is thrown away. */
cedm_status cedm_cuda_capture(cedm_cuda_net *net)
{
    cedm_status status = cedm_cuda_queue_step(net, false);

    QUEUE(net, latent,
          .seed = (const void *)cedm_cuda_arena(net, net->places.seeds),
          .scale = 1, .x = map(net, 0));
    QUEUE(net, to_image, .x = map(net, 0),
          .dst = cedm_cuda_arena(net, net->places.images));
    if (status == CEDM_OK) {
        status = outcome(net);
    }
    if (status == CEDM_OK) {
        status =
            cedm_cuda_check(net->config.fault, "cudaStreamSynchronize",
                            (int)cudaStreamSynchronize(net->exec.stream));
    }
    if (status == CEDM_OK) {
        status = cedm_cuda_record(net->config.fault, net->exec.stream,
                                  queue_step, net, &net->step_graph);
    }
    if (status == CEDM_OK) {
        status = cedm_cuda_record(net->config.fault, net->exec.stream,
                                  queue_last, net, &net->last_graph);
    }
    return status == CEDM_OK
               ? cedm_cuda_check(net->config.fault, "cudaStreamSynchronize",
                                 (int)cudaStreamSynchronize(net->exec.stream))
               : status;
}
