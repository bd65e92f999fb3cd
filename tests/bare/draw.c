/* SPDX-License-Identifier: MIT
 *
 * draw.c - one image with churn and guidance, so that noise after the latent
 * and the second evaluation are part of it, by the portable backend. */
#include "tests/bare/draw.h"

#define SEED 7
#define CLUSTER 3
#define STEPS 4

static _Alignas(CEDM_ALIGN) unsigned char arena[ARENA_BYTES];
static cedm_blob blob;
static cedm_net net;
static cedm_sampler sampler;
uint8_t image[IMAGE_BYTES];

cedm_status draw(void)
{
    const uint64_t seed = SEED;
    const int32_t cluster = CLUSTER;
    cedm_net_config config = cedm_net_config_default();
    cedm_sampler_params params = cedm_sampler_params_default();
    cedm_status status;

    config.arena = arena;
    config.arena_bytes = sizeof arena;
    params.steps = STEPS;
    params.S_churn = 2;
    params.guidance = 0.5;
    if ((status = cedm_bind(&blob, &cedm_tiny_model, cedm_tiny_blob,
                            sizeof cedm_tiny_blob)) != CEDM_OK ||
        (status = cedm_net_init(&net, &blob, &config)) != CEDM_OK ||
        (status = cedm_sample_begin(&sampler, &net, &params, &seed, &cluster,
                                    1)) != CEDM_OK) {
        return status;
    }
    while ((status = cedm_sample_step(&sampler)) == CEDM_MORE) {
    }
    return status == CEDM_OK ? cedm_sample_images(&sampler, image) : status;
}

const cedm_real *draw_state(void)
{
    return cedm_sample_state(&sampler);
}
