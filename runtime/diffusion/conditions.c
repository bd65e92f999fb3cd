/* SPDX-License-Identifier: MIT
 *
 * conditions.c - what a run is given beside seeds and clusters: a way to
 * others, images to begin at, a mask, a guide. */
#include "runtime/diffusion/conditions.h"

#include <string.h>

#include "runtime/diffusion/solver.h"
#include "runtime/fmath.h"
#include "runtime/model_check.h"

/* Whether a run has begun and no step was done. */
static cedm_status check_fresh(const cedm_sampler *sampler)
{
    if (sampler == NULL || sampler->net == NULL) {
        return CEDM_E_NULL;
    }
    return sampler->step == sampler->params.start ? CEDM_OK : CEDM_E_STATE;
}

/* ---- between two seeds and clusters ------------------------------------ */

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

/* Philox takes seeds modulo 2^32. */
static void approach(const cedm_sampler *sampler, uint32_t i, uint64_t seed,
                     int32_t cluster, double share, double sigma)
{
    cedm_net *net = sampler->net;
    double sine, cosine;

    net->others[i] = cluster;
    net->shares[i] = (float)share;
    if ((uint32_t)seed != (uint32_t)net->seeds[i]) {
        cedm_sincospi(share / 2, &sine, &cosine);
        put_latent(sampler, i, net->seeds[i], sigma * cosine, false);
        put_latent(sampler, i, seed, sigma * sine, true);
    }
}

static bool shares_usable(const double *shares, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        if (!(shares[i] >= 0 && shares[i] <= 1)) {
            return false;
        }
    }
    return true;
}

cedm_status cedm_sample_mix(cedm_sampler *sampler, const uint64_t *seeds,
                            const int32_t *clusters, const double *shares)
{
    cedm_status status = check_fresh(sampler);

    if (status != CEDM_OK) {
        return status;
    }
    if (seeds == NULL || clusters == NULL || shares == NULL) {
        return CEDM_E_NULL;
    }
    const cedm_net *net = sampler->net;
    status = cedm_clusters_check(net->model, clusters, sampler->n);
    if (status != CEDM_OK) {
        return status;
    }
    if (!shares_usable(shares, sampler->n)) {
        return CEDM_E_PARAM;
    }
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

/* Puts images, noisy as a level, into the state, where the mask has them. */
static void put_images(const cedm_sampler *sampler, const uint8_t *images,
                       const uint8_t *mask, const cedm_point *at,
                       uint32_t draw)
{
    cedm_net *net = sampler->net;

    net->sampler_ops->from_image(&net->exec,
                                 &(cedm_from_image){
                                     .n = sampler->n,
                                     .draw = draw,
                                     .scale = (cedm_real)at->s,
                                     .noise = (cedm_real)(at->s * at->sigma),
                                     .seed = net->seeds,
                                     .image = images,
                                     .mask = mask,
                                     .x = net->state[0],
                                 });
}

/* At the first level, with the noise that is there already: the latents. */
static void put_first(const cedm_sampler *sampler, const uint8_t *images,
                      const uint8_t *mask)
{
    const cedm_net *net = sampler->net;
    cedm_point at = cedm_first_point(net->model->denoiser, net->exec.data,
                                     &sampler->params);

    put_images(sampler, images, mask, &at, 0);
}

/* SDEdit [SDEDIT]. */
cedm_status cedm_sample_from(cedm_sampler *sampler, const uint8_t *images)
{
    cedm_status status = check_fresh(sampler);

    if (status != CEDM_OK) {
        return status;
    }
    if (images == NULL) {
        return CEDM_E_NULL;
    }
    put_first(sampler, images, NULL);
    return CEDM_OK;
}

/* ---- a mask ------------------------------------------------------------- */

/* Draws of random numbers that other steps do not have, whose numbers begin
 * at 0: for each a range of CEDM_MAX_STEPS times CEDM_MAX_ROUNDS, 2^28. */
enum { DRAW_KNOWN = 1, DRAW_BACK = 2 };

static uint32_t draw_of(const cedm_sampler *sampler, uint32_t kind,
                        uint32_t round)
{
    return (kind << 28) + sampler->step * sampler->rounds + round;
}

void cedm_put_known(const cedm_sampler *sampler, const cedm_step *step,
                    uint32_t round)
{
    put_images(sampler, sampler->images, sampler->mask, &step->next,
               draw_of(sampler, DRAW_KNOWN, round));
}

void cedm_go_back(const cedm_sampler *sampler, const cedm_step *step,
                  uint32_t round)
{
    cedm_net *net = sampler->net;
    const cedm_point *from = &step->next, *to = &step->hat;
    /* sqrt(to^2 - from^2) without the squares */
    double deviation = __builtin_sqrt(to->sigma - from->sigma) *
                       __builtin_sqrt(to->sigma + from->sigma);

    net->sampler_ops->noise(&net->exec,
                            &(cedm_noise){
                                .n = sampler->n,
                                .draw = draw_of(sampler, DRAW_BACK, round),
                                .base_scale = (cedm_real)(to->s / from->s),
                                .scale = (cedm_real)(to->s * deviation),
                                .seed = net->seeds,
                                .base = net->state[0],
                                .dst = net->state[0],
                            });
}

cedm_status cedm_sample_mask(cedm_sampler *sampler, const uint8_t *images,
                             const uint8_t *mask, uint32_t rounds)
{
    cedm_status status = check_fresh(sampler);

    if (status != CEDM_OK) {
        return status;
    }
    if (images == NULL || mask == NULL) {
        return CEDM_E_NULL;
    }
    if (!cedm_solver_describe(sampler->params.solver)->general) {
        return CEDM_E_SOLVER;
    }
    if (rounds == 0 || rounds > CEDM_MAX_ROUNDS) {
        return CEDM_E_STEPS;
    }
    put_first(sampler, images, mask);
    sampler->images = images;
    sampler->mask = mask;
    sampler->rounds = rounds;
    return CEDM_OK;
}

/* ---- guide ------------------------------------------------------------- */

/* Whether a guide denoises the images of a run, by the same clusters or by
 * none. */
static bool guide_fits(const cedm_sampler *sampler, const cedm_net *guide)
{
    const cedm_denoiser *own = sampler->net->model->denoiser;
    const cedm_denoiser *other = guide->model->denoiser;

    return other->resolution == own->resolution &&
           other->channels == own->channels &&
           (other->label_dim == 0 || other->label_dim == own->label_dim) &&
           guide->exec.batch >= sampler->n;
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
        if (!guide_fits(sampler, guide)) {
            return CEDM_E_GUIDE;
        }
    }
    sampler->guide = guide;
    return CEDM_OK;
}
