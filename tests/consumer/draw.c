/* SPDX-License-Identifier: MIT
 *
 * draw.c - an application, in what C and C++ have in common: reads the blob
 * given as its argument and writes one image of cluster 3 as raw bytes. */
#include <stdalign.h>
#include <stdio.h>

#include <cedm.h>

#include "mine.h"

alignas(CEDM_ALIGN) static unsigned char bytes[MINE_BLOB_BYTES];
alignas(CEDM_ALIGN) static unsigned char weights[MINE_WEIGHTS_BYTES];
alignas(CEDM_ALIGN) static unsigned char arena[MINE_ARENA_BYTES(1, 1)];
static uint8_t image[MINE_IMAGE_BYTES(1)];
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
    params.steps = 3;
    if ((status = cedm_bind(&blob, &cedm_mine_model, bytes, sizeof bytes)) !=
            CEDM_OK ||
        (status = cedm_prepare(&blob, &config, weights, sizeof weights)) !=
            CEDM_OK ||
        (status = cedm_net_init(&net, &blob, &config)) != CEDM_OK ||
        (status = cedm_sample_begin(&sampler, &net, &params, &seed, &cluster,
                                    1)) != CEDM_OK) {
        return status;
    }
    while ((status = cedm_sample_step(&sampler)) == CEDM_MORE) {
    }
    return status == CEDM_OK ? cedm_sample_images(&sampler, image) : status;
}

static int read_blob(const char *path)
{
    FILE *file = fopen(path, "rb");
    size_t read = 0;

    if (file != NULL) {
        read = fread(bytes, 1, sizeof bytes, file);
        fclose(file);
    }
    return read == sizeof bytes;
}

int main(int argc, char **argv)
{
    cedm_status status;

    if (argc != 2 || !read_blob(argv[1])) {
        fprintf(stderr, "draw: wanted the path of mine.cedm\n");
        return 2;
    }
    status = draw(11, 3);
    if (status != CEDM_OK) {
        fprintf(stderr, "draw: %s\n", cedm_status_text(status));
        return 1;
    }
    return fwrite(image, sizeof image, 1, stdout) == 1 ? 0 : 1;
}
