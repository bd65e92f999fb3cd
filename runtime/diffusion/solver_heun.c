/* SPDX-License-Identifier: MIT
 *
 * solver_heun.c - Algorithm 2 of [EDM], and the same without its corrector,
 * Euler's method: the solvers that go with churn, schedules and scalings.
 *
 * State maps: [0] x hat, [1] d, [2] the Euler step then the Heun step, [3] D,
 * then D there. */
#include "runtime/diffusion/denoise.h"
#include "runtime/diffusion/solver.h"

cedm_status cedm_one_step(const cedm_sampler *sampler, const cedm_step *step,
                          uint32_t evaluations)
{
    cedm_net *net = sampler->net;
    const cedm_point *hat = &step->hat, *next = &step->next;
    cedm_real *const *state = net->state;
    cedm_real h = (cedm_real)(next->t - hat->t);
    cedm_status status =
        cedm_evaluate_run(sampler, state[0], hat->sigma, hat->s, state[3]);

    if (status != CEDM_OK) {
        return status;
    }
    net->sampler_ops->euler(&net->exec, &(cedm_euler){
                                            .n = sampler->n,
                                            .s = (cedm_real)hat->s,
                                            .t = (cedm_real)hat->divisor,
                                            .h = h,
                                            .x = state[0],
                                            .denoised = state[3],
                                            .d = state[1],
                                            .next = state[2],
                                        });
    if (evaluations == 1) {
        return CEDM_OK;
    }
    status =
        cedm_evaluate_run(sampler, state[2], next->sigma, next->s, state[3]);
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

const cedm_solver_kind cedm_solver_heun = {
    .facts =
        {
            .word = "heun",
            .order = 2,
            .least = 2,
            .most = 2,
            .evaluations = 2,
            .maps = 4,
            .ends_at_0 = 1,
            .general = 1,
        },
};

const cedm_solver_kind cedm_solver_euler = {
    .facts =
        {
            .word = "euler",
            .order = 1,
            .least = 1,
            .most = 1,
            .evaluations = 1,
            .maps = 4,
            .ends_at_0 = 1,
            .general = 1,
        },
};
