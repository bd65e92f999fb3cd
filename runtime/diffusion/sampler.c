/* SPDX-License-Identifier: MIT
 *
 * sampler.c - a run: scalars here and in steps.c, arrays in the ops table.
 * State map 0 is the state between steps. */
#include <string.h>

#include "runtime/diffusion/denoise.h"
#include "runtime/diffusion/mask.h"
#include "runtime/model_check.h"
#include "runtime/philox.h"
#include "runtime/diffusion/solver.h"

/* ---- begin ------------------------------------------------------------- */

/* Whether a run can begin; clips the range of `p` to the model's. */
static cedm_status check_begin(const cedm_net *net, cedm_sampler_params *p,
                               const int32_t *clusters, uint32_t n)
{
    cedm_status status;

    if (net->model->denoiser == NULL) {
        return CEDM_E_KIND;
    }
    if (n == 0 || n > net->exec.batch) {
        return CEDM_E_COUNT;
    }
    status = cedm_steps_check(net->model->denoiser, net->exec.data, p);
    return status != CEDM_OK ? status
                             : cedm_clusters_check(net->model, clusters, n);
}

cedm_status cedm_sample_begin(cedm_sampler *sampler, cedm_net *net,
                              const cedm_sampler_params *params,
                              const uint64_t *seeds, const int32_t *clusters,
                              uint32_t n)
{
    cedm_sampler_params p = {.steps = 0};
    cedm_status status;

    if (sampler == NULL) {
        return CEDM_E_NULL;
    }
    if (params != NULL) {
        p = *params; /* which may be the sampler's own */
    }
    memset(sampler, 0, sizeof *sampler);
    if (net == NULL || params == NULL || seeds == NULL ||
        net->model == NULL) {
        return CEDM_E_NULL;
    }
    status = check_begin(net, &p, clusters, n);
    if (status != CEDM_OK) {
        return status;
    }
    memcpy(net->seeds, seeds, n * sizeof *seeds);
    memcpy(net->clusters[0], clusters != NULL ? clusters : net->clusters[1],
           n * sizeof *clusters);
    memset(net->shares, 0, n * sizeof *net->shares);
    cedm_point first =
        cedm_first_point(net->model->denoiser, net->exec.data, &p);
    sampler->net = net;
    sampler->params = p;
    sampler->n = n;
    sampler->step = p.start;
    sampler->rounds = 1;
    net->exec.n = n;
    net->sampler_ops->noise(&net->exec,
                            &(cedm_noise){
                                .n = n,
                                .draw = 0,
                                .scale = (cedm_real)(first.sigma * first.s),
                                .seed = net->seeds,
                                .base = NULL,
                                .dst = net->state[0],
                            });
    return CEDM_OK;
}

/* ---- step -------------------------------------------------------------- */

/* Lines 4 to 6 of Algorithm 2: adds fresh noise to the state. */
static void churn(const cedm_sampler *sampler, const cedm_step *step)
{
    cedm_net *net = sampler->net;
    uint32_t first = cedm_first_draw(net->model->denoiser, net->exec.data,
                                     &sampler->params);

    net->sampler_ops->noise(&net->exec,
                            &(cedm_noise){
                                .n = sampler->n,
                                .draw = first + sampler->step,
                                .base_scale = (cedm_real)step->base,
                                .scale = (cedm_real)step->scale,
                                .seed = net->seeds,
                                .base = net->state[0],
                                .dst = net->state[0],
                            });
}

/* A step of Algorithm 2, whose result changes places with the state. */
static cedm_status step_by_algorithm_2(const cedm_sampler *sampler,
                                       const cedm_step *step)
{
    cedm_net *net = sampler->net;
    cedm_status status = cedm_one_step(
        sampler, step, cedm_step_evaluations(&sampler->params, step));

    if (status == CEDM_OK) {
        cedm_real *x = net->state[2];
        net->state[2] = net->state[0];
        net->state[0] = x;
    }
    return status;
}

static cedm_status step_by_matrix(const cedm_sampler *sampler,
                                  const cedm_step *step)
{
    cedm_net *net = sampler->net;
    cedm_combine combine = {.n = sampler->n};
    cedm_status status =
        cedm_evaluate_run(sampler, net->state[CEDM_MAP_X], step->hat.sigma, 1,
                          net->state[CEDM_MAP_D]);

    if (status != CEDM_OK) {
        return status;
    }
    for (uint32_t j = 0; j < CEDM_STATE_MAPS; j++) {
        combine.map[j] = net->state[j];
        for (uint32_t k = 0; k < CEDM_STATE_MAPS; k++) {
            combine.weight[j][k] = (cedm_real)step->matrix[j][k];
        }
    }
    net->sampler_ops->combine(&net->exec, &combine);
    return CEDM_OK;
}

/* A round of a step; known pixels of a mask are put back. */
static cedm_status one_round(const cedm_sampler *sampler,
                             const cedm_step *step, uint32_t round)
{
    const cedm_solver_kind *solver = cedm_solver_of(sampler->params.solver);
    cedm_status status = solver->matrix != NULL
                             ? step_by_matrix(sampler, step)
                             : step_by_algorithm_2(sampler, step);

    if (status == CEDM_OK && sampler->mask != NULL) {
        cedm_put_known(sampler, step, round);
    }
    return status;
}

/* As often as a mask asks for, with noise in between: RePaint's algorithm 1
 * [REPAINT]. */
static cedm_status all_rounds(const cedm_sampler *sampler,
                              const cedm_step *step)
{
    uint32_t rounds = cedm_step_rounds(step, sampler->rounds);
    cedm_status status = CEDM_OK;

    if (step->churns) {
        churn(sampler, step);
    }
    for (uint32_t round = 0; status == CEDM_OK && round < rounds; round++) {
        if (round > 0) {
            cedm_go_back(sampler, step, round);
        }
        status = one_round(sampler, step, round);
    }
    return status;
}

cedm_status cedm_sample_step(cedm_sampler *sampler)
{
    if (sampler == NULL || sampler->net == NULL) {
        return CEDM_E_NULL;
    }
    const cedm_sampler_params *p = &sampler->params;
    cedm_net *net = sampler->net;
    if (sampler->step >= p->steps) {
        return CEDM_E_STATE;
    }
    cedm_step step =
        cedm_step_at(net->model->denoiser, net->exec.data, p, sampler->step);
    cedm_status status = all_rounds(sampler, &step);
    if (status != CEDM_OK) {
        sampler->step = p->steps;
        return status;
    }
    sampler->step++;
    return sampler->step < p->steps ? CEDM_MORE : CEDM_OK;
}

/* ---- results ----------------------------------------------------------- */

static void to_image(const cedm_sampler *sampler, const cedm_real *x,
                     uint8_t *out)
{
    cedm_net *net = sampler->net;

    net->sampler_ops->to_image(&net->exec, &(cedm_to_image){
                                               .n = sampler->n,
                                               .x = x,
                                               .dst = out,
                                           });
}

cedm_status cedm_sample_images(const cedm_sampler *sampler, uint8_t *out)
{
    if (sampler == NULL || sampler->net == NULL || out == NULL) {
        return CEDM_E_NULL;
    }
    to_image(sampler, sampler->net->state[0], out);
    return CEDM_OK;
}

cedm_status cedm_sample_preview(const cedm_sampler *sampler, uint8_t *out)
{
    if (sampler == NULL || sampler->net == NULL || out == NULL) {
        return CEDM_E_NULL;
    }
    if (sampler->step == sampler->params.start) {
        return CEDM_E_STATE;
    }
    to_image(
        sampler,
        sampler->net->state[cedm_map_of_denoised(sampler->params.solver)],
        out);
    return CEDM_OK;
}

const cedm_real *cedm_sample_state(const cedm_sampler *sampler)
{
    if (sampler == NULL || sampler->net == NULL) {
        return NULL;
    }
    return sampler->net->state[0];
}

/* ---- clusters ---------------------------------------------------------- */

static double weight(double freq)
{
    return freq > 0 ? freq : 0; /* NaN is none */
}

/* The first cluster whose cumulative share exceeds u; rounding may leave u
 * at the end, where the last cluster with a share is meant. */
static int32_t inverse_cdf(const double *freq, uint32_t count, double u)
{
    double total = 0, sum = 0;
    int32_t last = -1;

    for (uint32_t i = 0; i < count; i++) {
        total += weight(freq[i]);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (weight(freq[i]) > 0) {
            sum += freq[i];
            last = (int32_t)i;
            if (u * total < sum) {
                return last;
            }
        }
    }
    return last;
}

int32_t cedm_draw_cluster(const cedm_model *model, uint64_t seed,
                          const double *freq)
{
    uint32_t words[4];

    if (model == NULL || model->denoiser == NULL ||
        model->denoiser->label_dim == 0) {
        return -1;
    }
    if (freq != NULL) {
        return inverse_cdf(freq, model->denoiser->label_dim,
                           (double)cedm_uniform_f32(seed, 0, 1));
    }
    cedm_philox_words(seed, 0, 1, words);
    return (int32_t)(words[0] % model->denoiser->label_dim);
}
