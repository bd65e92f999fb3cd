/* SPDX-License-Identifier: MIT
 *
 * tables.c - every scalar of a run, made before it in double precision; the
 * device looks them up by the number of the step. */
#include <string.h>

#include "runtime/cuda/cuda_net.h"
#include "runtime/diffusion/noise_level.h"

/* In data of 16 bits these tensors are floats that take two elements, and
 * every offset is even. */
void cedm_cuda_constants_of(cedm_cuda_constants *constants,
                            const cedm_blob *blob)
{
    uint32_t width = blob->model->graph.dtype == CEDM_DTYPE_F16 ? 2 : 1;
    cedm_denoiser *d = &constants->denoiser;

    *d = *blob->model->denoiser;
    constants->data = blob->data;
    d->noise_levels /= width;
    if (d->features.freqs != CEDM_NONE) {
        d->features.freqs /= width;
    }
}

void cedm_cuda_fill_row(const cedm_cuda_constants *constants, double sigma,
                        double s, cedm_cuda_scalars *scalars, float *features)
{
    const cedm_denoiser *denoiser = &constants->denoiser;
    cedm_scalings c = cedm_precondition(denoiser, constants->data, sigma);

    scalars->c_in = c.c_in / s;
    scalars->c_skip = c.c_skip / s;
    scalars->c_out = c.c_out;
    cedm_noise_features(&denoiser->features, constants->data, c.c_noise,
                        features);
}

void cedm_cuda_fill_steps(const cedm_cuda_constants *levels,
                          const cedm_sampler_params *params,
                          cedm_cuda_step_row *steps)
{
    for (uint32_t i = params->start; i < params->steps; i++) {
        cedm_step step =
            cedm_step_at(&levels->denoiser, levels->data, params, i);
        cedm_cuda_step_row *row = &steps[i - params->start];

        *row = (cedm_cuda_step_row){
            .s = step.hat.s,
            .divisor = step.hat.divisor,
            .next_s = step.next.s,
            .next_divisor = step.next.divisor,
            .h = step.next.t - step.hat.t,
        };
        memcpy(row->matrix, step.matrix, sizeof step.matrix);
    }
}

void cedm_cuda_fill_rows(const cedm_cuda_constants *levels,
                         const cedm_cuda_constants *own,
                         const cedm_sampler_params *params,
                         cedm_cuda_scalars *scalars, float *features)
{
    size_t channels = own->denoiser.features.channels;

    memset(scalars, 0, 2 * (size_t)params->steps * sizeof *scalars);
    memset(features, 0, 2 * params->steps * channels * sizeof *features);
    for (uint32_t i = params->start; i < params->steps; i++) {
        cedm_step step =
            cedm_step_at(&levels->denoiser, levels->data, params, i);
        size_t row = 2 * (size_t)(i - params->start);

        cedm_cuda_fill_row(own, step.hat.sigma, step.hat.s, &scalars[row],
                           features + row * channels);
        if (cedm_step_evaluations(params, &step) > 1) {
            cedm_cuda_fill_row(own, step.next.sigma, step.next.s,
                               &scalars[row + 1],
                               features + (row + 1) * channels);
        }
    }
}
