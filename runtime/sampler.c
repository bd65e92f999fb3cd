/* SPDX-License-Identifier: MIT
 *
 * sampler.c - Algorithm 2 of [EDM]: scalars here, arrays in the ops table.
 *
 * State maps of the net: [0] x (x hat after churn), [1] D then d, [2] the
 * Euler step then the Heun step, [3] D there.  A step ends by exchanging
 * [0] and [2]. */
#include <stdbool.h>
#include <string.h>

#include "denoise.h"
#include "model.h"
#include "philox.h"

#define MAX_GAMMA 0x1.a827999fcef32p-2 /* sqrt(2) - 1 */

cedm_sampler_params cedm_sampler_params_default(void)
{
    cedm_sampler_params params = {
        .steps = 18,
        .sigma_min = 0.002,
        .sigma_max = 80,
        .rho = 7,
        .S_max = (double)__builtin_inff(),
        .S_noise = 1,
    };

    return params;
}

/* ---- begin ------------------------------------------------------------- */

static bool finite(double x)
{
    return x - x == 0;
}

/* The schedule must be numbers above 0 that never rise: an extreme rho over-
 * or underflows on the way. */
static bool schedule_usable(const cedm_sampler_params *p)
{
    double last = p->sigma_max;

    for (uint32_t i = 0; i < p->steps; i++) {
        double sigma = cedm_sigma(p, i);

        if (!(finite((double)(cedm_real)sigma) && (cedm_real)sigma > 0 &&
              sigma <= last)) {
            return false;
        }
        last = sigma;
    }
    return true;
}

static cedm_status check_params(const cedm_sampler_params *p)
{
    if (p->steps == 0 || p->steps > CEDM_MAX_STEPS) {
        return CEDM_E_STEPS;
    }
    if (!(p->sigma_min > 0 && p->sigma_min <= p->sigma_max) ||
        !finite(p->sigma_max) || !finite(p->rho) || p->rho == 0) {
        return CEDM_E_PARAM;
    }
    /* written so that a NaN fails; S_churn and S_max may be infinite */
    if (!(p->S_churn >= 0 && p->S_min >= 0 && p->S_max >= 0 &&
          p->S_noise >= 0) || !finite(p->S_noise) || !finite(p->guidance)) {
        return CEDM_E_PARAM;
    }
    return schedule_usable(p) ? CEDM_OK : CEDM_E_PARAM;
}

/* The draws of a seed: the latent, the label if there are any, the noises. */
static uint32_t noise_draw(const cedm_model *model, uint32_t step)
{
    return (model->label_dim > 0 ? 2 : 1) + step;
}

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
    if (n == 0 || n > net->exec.batch) {
        return CEDM_E_COUNT;
    }
    p = *params;
    if (p.sigma_min < net->model->sigma_min) {
        p.sigma_min = net->model->sigma_min;
    }
    if (p.sigma_max > net->model->sigma_max) {
        p.sigma_max = net->model->sigma_max;
    }
    status = check_params(&p);
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
    net->ops->noise(net->ctx, &(cedm_noise){
        .n = n,
        .draw = 0,
        .scale = (cedm_real)p.sigma_max,
        .seed = net->seeds,
        .base = NULL,
        .dst = net->state[0],
    });
    return CEDM_OK;
}

/* ---- step -------------------------------------------------------------- */

static cedm_status evaluate(const cedm_sampler *sampler, cedm_real *x,
                            double sigma, cedm_real *out)
{
    cedm_net *net = sampler->net;
    cedm_real *column = cedm_column(net, CEDM_SIGMA);

    for (uint32_t i = 0; i < sampler->n; i++) {
        column[i] = (cedm_real)sigma;
    }
    return cedm_evaluate(net, x, net->clusters[0], sampler->params.guidance,
                         sampler->n, out);
}

/* Lines 4 to 6: adds fresh noise to the state; returns t hat. */
static double churn(const cedm_sampler *sampler, double t)
{
    const cedm_sampler_params *p = &sampler->params;
    cedm_net *net = sampler->net;
    double gamma = p->S_churn / p->steps;

    if (!(t >= p->S_min && t <= p->S_max) || gamma == 0) {
        return t;
    }
    gamma = gamma < MAX_GAMMA ? gamma : MAX_GAMMA;
    /* sqrt(t_hat^2 - t^2), t_hat = t (1 + gamma), without the squares */
    double deviation = t * __builtin_sqrt(gamma * (2 + gamma));
    net->ops->noise(net->ctx, &(cedm_noise){
        .n = sampler->n,
        .draw = noise_draw(net->model, sampler->step),
        .scale = (cedm_real)(deviation * p->S_noise),
        .seed = net->seeds,
        .base = net->state[0],
        .dst = net->state[0],
    });
    return t + gamma * t;
}

/* Lines 7 and 8, then 9 to 11 unless t_next is 0. */
static cedm_status advance(const cedm_sampler *sampler, double t_hat,
                           double t_next)
{
    cedm_net *net = sampler->net;
    cedm_real *const *state = net->state;
    cedm_real h = (cedm_real)(t_next - t_hat);
    cedm_status status = evaluate(sampler, state[0], t_hat, state[1]);

    if (status != CEDM_OK) {
        return status;
    }
    net->ops->euler(net->ctx, &(cedm_euler){
        .n = sampler->n,
        .t = (cedm_real)t_hat,
        .h = h,
        .x = state[0],
        .denoised = state[1],
        .d = state[1],
        .next = state[2],
    });
    if (t_next == 0) {
        return CEDM_OK;
    }
    status = evaluate(sampler, state[2], t_next, state[3]);
    if (status != CEDM_OK) {
        return status;
    }
    net->ops->heun(net->ctx, &(cedm_heun){
        .n = sampler->n,
        .t = (cedm_real)t_next,
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
    double t_hat = churn(sampler, cedm_sigma(p, sampler->step));
    double t_next = cedm_sigma(p, sampler->step + 1);
    cedm_status status = advance(sampler, t_hat, t_next);
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
    net->ops->to_image(net->ctx, &(cedm_to_image){
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

    if (model == NULL || model->label_dim == 0) {
        return -1;
    }
    if (freq != NULL) {
        return inverse_cdf(freq, model->label_dim,
                           (double)cedm_uniform_f32(seed, 0, 1));
    }
    cedm_philox_words(seed, 0, 1, words);
    return (int32_t)(words[0] % model->label_dim);
}
