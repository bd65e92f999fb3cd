/* SPDX-License-Identifier: MIT
 *
 * conditions.c - what a run is given beside seeds and clusters: a way to
 * others, images to begin at, a guide.  A mask is in mask.c. */
#include "runtime/diffusion/conditions.h"

#include <string.h>

#include "runtime/fmath.h"
#include "runtime/model_check.h"

cedm_status cedm_fresh_check(const cedm_sampler *sampler)
{
    if (sampler == NULL || sampler->net == NULL) {
        return CEDM_E_NULL;
    }
    return sampler->step == sampler->params.start ? CEDM_OK : CEDM_E_STATE;
}

/* ---- between two seeds and clusters ------------------------------------ */

static bool shares_usable(const double *shares, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        if (!(shares[i] >= 0 && shares[i] <= 1)) {
            return false;
        }
    }
    return true;
}

cedm_status cedm_mix_check(const cedm_model *model, const uint64_t *seeds,
                           const int32_t *clusters, const double *shares,
                           uint32_t n)
{
    cedm_status status;

    if (seeds == NULL || clusters == NULL || shares == NULL) {
        return CEDM_E_NULL;
    }
    status = cedm_clusters_check(model, clusters, n);
    if (status != CEDM_OK) {
        return status;
    }
    return shares_usable(shares, n) ? CEDM_OK : CEDM_E_PARAM;
}

/* Philox takes seeds modulo 2^32. */
void cedm_mix_weights(uint64_t seed, uint64_t other, double share,
                      double weight[2])
{
    weight[0] = 1;
    weight[1] = 0;
    if (share > 0 && (uint32_t)seed != (uint32_t)other) {
        cedm_sincospi(share / 2, &weight[1], &weight[0]);
    }
}

/* Makes the state of image i, or adds to it, a multiple of a latent. */
static void put_latent(const cedm_sampler *sampler, uint32_t i, uint64_t seed,
                       double scale, bool adds)
{
    cedm_net *net = sampler->net;
    cedm_real *x = net->state[0] + (size_t)i * cedm_pixels(net->model);

    net->sampler_ops->noise(&net->exec, &(cedm_noise){
                                            .n = 1,
                                            .draw = 0,
                                            .base_scale = 1,
                                            .scale = (cedm_real)scale,
                                            .seed = &seed,
                                            .base = adds ? x : NULL,
                                            .dst = x,
                                        });
}

/* The whole way: the image is the other. */
static void become(const cedm_sampler *sampler, uint32_t i, uint64_t seed,
                   int32_t cluster, double sigma)
{
    cedm_net *net = sampler->net;

    net->seeds[i] = seed;
    net->clusters[0][i] = cluster;
    net->shares[i] = 0;
    put_latent(sampler, i, seed, sigma, false);
}

static void approach(const cedm_sampler *sampler, uint32_t i, uint64_t seed,
                     int32_t cluster, double share, double sigma)
{
    cedm_net *net = sampler->net;
    double weight[2];

    net->others[i] = cluster;
    net->shares[i] = (float)share;
    cedm_mix_weights(net->seeds[i], seed, share, weight);
    if (weight[1] > 0) {
        put_latent(sampler, i, net->seeds[i], sigma * weight[0], false);
        put_latent(sampler, i, seed, sigma * weight[1], true);
    }
}

cedm_status cedm_sample_mix(cedm_sampler *sampler, const uint64_t *seeds,
                            const int32_t *clusters, const double *shares)
{
    cedm_status status = cedm_fresh_check(sampler);

    if (status == CEDM_OK) {
        status = cedm_mix_check(sampler->net->model, seeds, clusters, shares,
                                sampler->n);
    }
    if (status != CEDM_OK) {
        return status;
    }
    const cedm_net *net = sampler->net;
    cedm_point first = cedm_first_point(net->model->denoiser, net->exec.data,
                                        &sampler->params);
    double sigma = first.sigma * first.s;
    for (uint32_t i = 0; i < sampler->n; i++) {
        if (shares[i] >= 1) {
            become(sampler, i, seeds[i], clusters[i], sigma);
        } else if (shares[i] > 0) {
            approach(sampler, i, seeds[i], clusters[i], shares[i], sigma);
        }
    }
    return CEDM_OK;
}

/* ---- images ------------------------------------------------------------- */

void cedm_put_images(const cedm_sampler *sampler, const uint8_t *images,
                     const uint8_t *mask, cedm_noising noising)
{
    cedm_net *net = sampler->net;

    net->sampler_ops->from_image(&net->exec,
                                 &(cedm_from_image){
                                     .n = sampler->n,
                                     .draw = noising.draw,
                                     .scale = (cedm_real)noising.base,
                                     .noise = (cedm_real)noising.scale,
                                     .seed = net->seeds,
                                     .image = images,
                                     .mask = mask,
                                     .x = net->state[0],
                                 });
}

cedm_noising cedm_first_noising(const cedm_denoiser *denoiser,
                                const float *data,
                                const cedm_sampler_params *params)
{
    cedm_point at = cedm_first_point(denoiser, data, params);

    return (cedm_noising){.base = at.s, .scale = at.s * at.sigma, .draw = 0};
}

/* SDEdit [SDEDIT]. */
cedm_status cedm_sample_from(cedm_sampler *sampler, const uint8_t *images)
{
    cedm_status status = cedm_fresh_check(sampler);

    if (status != CEDM_OK) {
        return status;
    }
    if (images == NULL) {
        return CEDM_E_NULL;
    }
    const cedm_net *net = sampler->net;
    cedm_put_images(sampler, images, NULL,
                    cedm_first_noising(net->model->denoiser, net->exec.data,
                                       &sampler->params));
    return CEDM_OK;
}

/* ---- guide ------------------------------------------------------------- */

bool cedm_guide_suits(const cedm_denoiser *own, const cedm_denoiser *guide)
{
    return guide->resolution == own->resolution &&
           guide->channels == own->channels &&
           (guide->label_dim == 0 || guide->label_dim == own->label_dim);
}

cedm_status cedm_sample_guide(cedm_sampler *sampler, cedm_net *guide)
{
    if (sampler == NULL || sampler->net == NULL) {
        return CEDM_E_NULL;
    }
    if (guide != NULL) {
        if (guide->model == NULL) {
            return CEDM_E_NULL;
        }
        if (guide->model->denoiser == NULL) {
            return CEDM_E_KIND;
        }
        if (!cedm_guide_suits(sampler->net->model->denoiser,
                              guide->model->denoiser) ||
            guide->exec.batch < sampler->n) {
            return CEDM_E_GUIDE;
        }
    }
    sampler->guide = guide;
    return CEDM_OK;
}
