/* SPDX-License-Identifier: MIT
 *
 * mixture.h - a denoiser known in closed form, of the size of CIFAR's images:
 * ten Gaussians in all pixels at once, around smooth patterns.
 *
 * D(x; sigma) is the posterior's mean, (s^2 x + sigma^2 m) / (s^2 + sigma^2),
 * m the patterns' mean by their likelihoods.  The net runs it in the op that
 * fetches a network's output; with VE's preconditioning c_out is sigma. */
#ifndef CEDM_BENCH_MIXTURE_H
#define CEDM_BENCH_MIXTURE_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cedm.h"

#define MIXTURE_SIDE 32u
#define MIXTURE_CHANNELS 3u
#define MIXTURE_MAP (MIXTURE_SIDE * MIXTURE_SIDE * MIXTURE_CHANNELS)
#define MIXTURE_COUNT 10u
#define MIXTURE_DEVIATION 0.15

/* Pattern k at element i, within -0.7 .. 0.7. */
static inline double mixture_pattern(uint32_t k, uint32_t i)
{
    double row = i / MIXTURE_CHANNELS / MIXTURE_SIDE / (double)MIXTURE_SIDE;
    double column =
        i / MIXTURE_CHANNELS % MIXTURE_SIDE / (double)MIXTURE_SIDE;
    double phase = 1.7 * k + 0.9 * (i % MIXTURE_CHANNELS);
    return 0.35 * sin((2 + k % 3) * 3.1 * row + phase) +
           0.35 * cos((1 + k % 4) * 2.9 * column - phase);
}

static inline void mixture_denoise(const double *x, double sigma, double *out)
{
    static double pattern[MIXTURE_COUNT][MIXTURE_MAP];
    double s2 = MIXTURE_DEVIATION * MIXTURE_DEVIATION;
    double v = s2 + sigma * sigma, away[MIXTURE_COUNT], least = HUGE_VAL;
    double total = 0;
    for (uint32_t k = 0; k < MIXTURE_COUNT; k++) {
        away[k] = 0;
        for (uint32_t i = 0; i < MIXTURE_MAP; i++) {
            if (pattern[k][i] == 0) {
                pattern[k][i] = mixture_pattern(k, i);
            }
            away[k] += (x[i] - pattern[k][i]) * (x[i] - pattern[k][i]);
        }
        least = fmin(least, away[k]);
    }
    for (uint32_t k = 0; k < MIXTURE_COUNT; k++) {
        away[k] = exp((least - away[k]) / (2 * v));
        total += away[k];
    }
    for (uint32_t i = 0; i < MIXTURE_MAP; i++) {
        double mean = 0;
        for (uint32_t k = 0; k < MIXTURE_COUNT; k++) {
            mean += away[k] / total * pattern[k][i];
        }
        out[i] = (s2 * x[i] + sigma * sigma * mean) / v;
    }
}

static inline void mixture_unload(cedm_exec *exec, const cedm_unload *op)
{
    (void)exec;
    for (uint32_t n = 0; n < op->n; n++) {
        mixture_denoise(op->x + n * (size_t)MIXTURE_MAP, op->c_out[n],
                        op->dst + n * (size_t)MIXTURE_MAP);
    }
}

static inline void mixture_eval(const cedm_ops *ops, void *ctx)
{
    (void)ops;
    (void)ctx;
}

static const cedm_port mixture_inputs[] = {
    {"image", CEDM_REF_F32 | 32, MIXTURE_SIDE, MIXTURE_SIDE,
     MIXTURE_CHANNELS},
    {"features", CEDM_REF_F32, 1, 1, 2},
};

static const cedm_denoiser mixture_denoiser = {
    .resolution = MIXTURE_SIDE,
    .channels = MIXTURE_CHANNELS,
    .precond = CEDM_PRECOND_VE,
    .sigma_max = 1e308,
    .features = {.channels = 2, .endpoint = 0, .freqs = CEDM_NONE},
};

static const cedm_model mixture_model = {
    .abi = CEDM_MODEL_ABI,
    .size = sizeof(cedm_model),
    .name = "mixture",
    .graph = {.input_count = 2,
              .output_count = 1,
              .inputs = mixture_inputs,
              .outputs = mixture_inputs,
              .f32_elements = 32 + MIXTURE_MAP,
              .eval = mixture_eval},
    .denoiser = &mixture_denoiser,
};

/* A net for `batch` images, to be closed; false if it cannot be had. */
typedef struct mixture {
    cedm_net net;
    cedm_sampler_ops ops;
    void *arena;
} mixture;

static inline bool mixture_open(mixture *m, uint32_t batch)
{
    cedm_net_config config = cedm_net_config_default();
    cedm_blob blob = {.model = &mixture_model};
    config.arena_bytes = (size_t)cedm_arena_bytes(&mixture_model, batch, 1);
    m->arena = aligned_alloc(CEDM_ALIGN, config.arena_bytes);
    config.arena = m->arena;
    config.batch = batch;
    if (m->arena == NULL || cedm_net_init(&m->net, &blob, &config) != 0) {
        free(m->arena);
        return false;
    }
    m->ops = *m->net.sampler_ops;
    m->ops.unload = mixture_unload;
    m->net.sampler_ops = &m->ops;
    return true;
}

static inline void mixture_close(mixture *m)
{
    free(m->arena);
}

#endif
