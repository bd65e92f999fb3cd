/* SPDX-License-Identifier: MIT
 *
 * sampler.c - Algorithm 2 of [EDM], in the general form of its appendix C
 * (algorithm 1 with its churn): scalars here, arrays in the ops table.
 *
 * State maps of the net: [0] x (x hat after churn), [1] D then d, [2] the
 * Euler step then the Heun step, [3] D there.  A step ends by exchanging
 * [0] and [2]. */
#include <string.h>

#include "runtime/denoise.h"
#include "runtime/model_check.h"
#include "runtime/philox.h"
#include "runtime/steps.h"

/* ---- begin ------------------------------------------------------------- */

cedm_status cedm_sample_begin(cedm_sampler *sampler, cedm_net *net,
                              const cedm_sampler_params *params,
                              const uint64_t *seeds, const int32_t *clusters,
                              uint32_t n)
{
    cedm_sampler_params p;
    cedm_status status;

    if (sampler == NULL || net == NULL || params == NULL || seeds == NULL ||
        net->model == NULL) {
        return CEDM_E_NULL;
    }
    if (net->model->denoiser == NULL) {
        return CEDM_E_KIND;
    }
    if (n == 0 || n > net->exec.batch) {
        return CEDM_E_COUNT;
    }
    p = *params;
    status = cedm_steps_check(net->model->denoiser, net->exec.data, &p);
    if (status == CEDM_OK) {
        status = cedm_clusters_check(net->model, clusters, n);
    }
    if (status != CEDM_OK) {
        return status;
    }
    memcpy(net->seeds, seeds, n * sizeof *seeds);
    memcpy(net->clusters[0], clusters != NULL ? clusters : net->clusters[1],
           n * sizeof *clusters);
    sampler->net = net;
    sampler->params = p;
    sampler->n = n;
    sampler->step = 0;
    net->exec.n = n;
    net->sampler_ops->noise(&net->exec,
                            &(cedm_noise){
                                .n = n,
                                .draw = 0,
                                .scale = (cedm_real)cedm_steps_begin(
                                    net->model->denoiser, net->exec.data, &p),
                                .seed = net->seeds,
                                .base = NULL,
                                .dst = net->state[0],
                            });
    return CEDM_OK;
}

/* ---- step -------------------------------------------------------------- */

static cedm_status evaluate(const cedm_sampler *sampler, const cedm_real *x,
                            const cedm_point *at, cedm_real *out)
{
    cedm_net *net = sampler->net;
    cedm_real *column = cedm_column(net, CEDM_SIGMA);

    for (uint32_t i = 0; i < sampler->n; i++) {
        column[i] = (cedm_real)at->sigma;
    }
    return cedm_evaluate(net, x, at->s, net->clusters[0],
                         sampler->params.guidance, sampler->n, out);
}

/* Lines 4 to 6: adds fresh noise to the state. */
static void churn(const cedm_sampler *sampler, const cedm_step *step)
{
    cedm_net *net = sampler->net;

    net->sampler_ops->noise(
        &net->exec,
        &(cedm_noise){
            .n = sampler->n,
            .draw = cedm_noise_draw(net->model->denoiser, sampler->step),
            .base_scale = (cedm_real)step->base,
            .scale = (cedm_real)step->scale,
            .seed = net->seeds,
            .base = net->state[0],
            .dst = net->state[0],
        });
}

/* Lines 7 and 8, then 9 to 11 for Heun's method unless sigma falls to 0. */
static cedm_status advance(const cedm_sampler *sampler, const cedm_step *step)
{
    cedm_net *net = sampler->net;
    const cedm_point *hat = &step->hat, *next = &step->next;
    cedm_real *const *state = net->state;
    cedm_real h = (cedm_real)(next->t - hat->t);
    cedm_status status = evaluate(sampler, state[0], hat, state[1]);

    if (status != CEDM_OK) {
        return status;
    }
    net->sampler_ops->euler(&net->exec, &(cedm_euler){
                                            .n = sampler->n,
                                            .s = (cedm_real)hat->s,
                                            .t = (cedm_real)hat->divisor,
                                            .h = h,
                                            .x = state[0],
                                            .denoised = state[1],
                                            .d = state[1],
                                            .next = state[2],
                                        });
    if (!cedm_step_is_heun(&sampler->params, step)) {
        return CEDM_OK;
    }
    status = evaluate(sampler, state[2], next, state[3]);
    if (status != CEDM_OK) {
        return status;
    }
    net->sampler_ops->heun(&net->exec, &(cedm_heun){
                                           .n = sampler->n,
                                           .s = (cedm_real)next->s,
                                           .t = (cedm_real)next->divisor,
                                           .h = h,
                                           .x = state[0],
                                           .d = state[1],
                                           .denoised = state[3],
                                           .next = state[2],
                                       });
    return CEDM_OK;
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
    if (step.churns) {
        churn(sampler, &step);
    }
    cedm_status status = advance(sampler, &step);
    if (status != CEDM_OK) {
        sampler->step = p->steps;
        return status;
    }
    cedm_real *x = net->state[2];
    net->state[2] = net->state[0];
    net->state[0] = x;
    sampler->step++;
    return sampler->step < p->steps ? CEDM_MORE : CEDM_OK;
}

/* ---- results ----------------------------------------------------------- */

cedm_status cedm_sample_images(const cedm_sampler *sampler, uint8_t *out)
{
    if (sampler == NULL || sampler->net == NULL || out == NULL) {
        return CEDM_E_NULL;
    }
    cedm_net *net = sampler->net;
    net->sampler_ops->to_image(&net->exec, &(cedm_to_image){
                                               .n = sampler->n,
                                               .x = net->state[0],
                                               .dst = out,
                                           });
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
