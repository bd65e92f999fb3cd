/* SPDX-License-Identifier: MIT
 *
 * mask.c - a part of images is known: RePaint [REPAINT].
 *
 * Known pixels have fresh noise after every round, as there.  Multistep
 * solvers would not go by it: what they remember of one step would belong to
 * other noise than the next, and be extrapolated.  For them known pixels keep
 * the noise that they begin with, so that these move on straight lines to the
 * image.  Going back gives all pixels other noise, after which nothing that
 * was remembered is of use: that is for the solvers that remember nothing. */
#include "runtime/diffusion/mask.h"

/* ---- scalars ------------------------------------------------------------ */

cedm_status cedm_rounds_check(const cedm_sampler_params *params,
                              uint32_t rounds)
{
    if (rounds == 0 || rounds > CEDM_MAX_ROUNDS) {
        return CEDM_E_STEPS;
    }
    return rounds > 1 && !cedm_solver_describe(params->solver)->general
               ? CEDM_E_SOLVER
               : CEDM_OK;
}

uint32_t cedm_step_rounds(const cedm_step *step, uint32_t rounds)
{
    return step->next.sigma > 0 ? rounds : 1;
}

/* Draws of random numbers that other steps do not have, whose numbers begin
 * at 0: for each a range of CEDM_MAX_STEPS times CEDM_MAX_ROUNDS, 2^28. */
enum { DRAW_KNOWN = 1, DRAW_BACK = 2 };

static uint32_t draw_of(uint32_t kind, cedm_round at)
{
    return (kind << 28) + at.step * at.rounds + at.round;
}

/* In the end known pixels are the image's, at whatever level that is. */
cedm_noising cedm_known_noising(const cedm_sampler_params *params,
                                const cedm_step *step, cedm_round at)
{
    bool last = at.step + 1 == params->steps;
    bool general = cedm_solver_describe(params->solver)->general;

    return (cedm_noising){
        .base = step->next.s,
        .scale = last ? 0 : step->next.s * step->next.sigma,
        .draw = general ? draw_of(DRAW_KNOWN, at) : 0,
    };
}

cedm_noising cedm_back_noising(const cedm_step *step, cedm_round at)
{
    const cedm_point *from = &step->next, *to = &step->hat;
    /* sqrt(to^2 - from^2) without the squares */
    double deviation = __builtin_sqrt(to->sigma - from->sigma) *
                       __builtin_sqrt(to->sigma + from->sigma);

    return (cedm_noising){
        .base = to->s / from->s,
        .scale = to->s * deviation,
        .draw = draw_of(DRAW_BACK, at),
    };
}

/* ---- the host's state --------------------------------------------------- */

static cedm_round round_of(const cedm_sampler *sampler, uint32_t round)
{
    return (cedm_round){sampler->step, round, sampler->rounds};
}

void cedm_put_known(const cedm_sampler *sampler, const cedm_step *step,
                    uint32_t round)
{
    cedm_put_images(
        sampler, sampler->images, sampler->mask,
        cedm_known_noising(&sampler->params, step, round_of(sampler, round)));
}

void cedm_go_back(const cedm_sampler *sampler, const cedm_step *step,
                  uint32_t round)
{
    cedm_net *net = sampler->net;
    cedm_noising back = cedm_back_noising(step, round_of(sampler, round));

    net->sampler_ops->noise(&net->exec,
                            &(cedm_noise){
                                .n = sampler->n,
                                .draw = back.draw,
                                .base_scale = (cedm_real)back.base,
                                .scale = (cedm_real)back.scale,
                                .seed = net->seeds,
                                .base = net->state[0],
                                .dst = net->state[0],
                            });
}

cedm_status cedm_sample_mask(cedm_sampler *sampler, const uint8_t *images,
                             const uint8_t *mask, uint32_t rounds)
{
    cedm_status status = cedm_fresh_check(sampler);

    if (status == CEDM_OK && (images == NULL || mask == NULL)) {
        status = CEDM_E_NULL;
    }
    if (status == CEDM_OK) {
        status = cedm_rounds_check(&sampler->params, rounds);
    }
    if (status != CEDM_OK) {
        return status;
    }
    const cedm_net *net = sampler->net;
    cedm_put_images(sampler, images, mask,
                    cedm_first_noising(net->model->denoiser, net->exec.data,
                                       &sampler->params));
    sampler->images = images;
    sampler->mask = mask;
    sampler->rounds = rounds;
    return CEDM_OK;
}
