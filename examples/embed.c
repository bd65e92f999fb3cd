/* SPDX-License-Identifier: MIT
 *
 * embed.c - draws one image with static memory only, as a PGM on stdout. */
#include <stdio.h>

#include "cedm.h"
#include "fashion.h"

extern const unsigned char cedm_fashion_blob[FASHION_BLOB_BYTES];
static _Alignas(CEDM_ALIGN) unsigned char weights[FASHION_WEIGHTS_BYTES];
static _Alignas(CEDM_ALIGN) unsigned char arena[FASHION_ARENA_BYTES(1, 1)];
static uint8_t image[FASHION_IMAGE_BYTES(1)];
static cedm_blob blob;
static cedm_net net;
static cedm_sampler sampler;

static cedm_status draw(uint64_t seed, int32_t cluster)
{
    cedm_net_config config = cedm_net_config_default();
    cedm_sampler_params params = cedm_sampler_params_default();
    cedm_status status;

    config.backend = cedm_backend_cpu(CEDM_ISA_ALL);
    config.weights = weights;
    config.weights_bytes = sizeof weights;
    config.arena = arena;
    config.arena_bytes = sizeof arena;
    if ((status = cedm_bind(&blob, &cedm_fashion_model, cedm_fashion_blob,
                            sizeof cedm_fashion_blob)) != CEDM_OK ||
        (status = cedm_prepare(&blob, &config, weights, sizeof weights)) !=
            CEDM_OK ||
        (status = cedm_net_init(&net, &blob, &config)) != CEDM_OK ||
        (status = cedm_sample_begin(&sampler, &net, &params, &seed, &cluster,
                                    1)) != CEDM_OK) {
        return status;
    }
    while ((status = cedm_sample_step(&sampler)) == CEDM_MORE) {
        /* 18 steps; a place for progress or cancel */
    }
    return status == CEDM_OK ? cedm_sample_images(&sampler, image) : status;
}

int main(void)
{
    cedm_status status = draw(1, 5);
    if (status != CEDM_OK) {
        fprintf(stderr, "embed: %s\n", cedm_status_text(status));
        return 1;
    }
    printf("P5\n%u %u\n255\n", FASHION_RESOLUTION, FASHION_RESOLUTION);
    return fwrite(image, sizeof image, 1, stdout) == 1 ? 0 : 1;
}
