/* SPDX-License-Identifier: MIT
 *
 * image_features.h - features of a data set's images by a frozen model: one
 * that encodes gives its own, one that denoises those of
 * denoiser_features.h.
 *
 *     host_image_features x;
 *     if (host_image_features_open(&x, &config, &f)) {
 *         ... host_image_features_of(&x, images, first, n, out, &f) ...
 *     }
 *     host_image_features_close(&x);
 */
#ifndef CEDM_HOST_EXECUTION_IMAGE_FEATURES_H
#define CEDM_HOST_EXECUTION_IMAGE_FEATURES_H

#include "host/execution/denoiser_features.h"

typedef struct host_image_features_config {
    const char *model; /* M.so */
    host_engine_config engine;
    host_denoiser_features_config denoiser; /* of models that denoise: */
    uint64_t seed;                          /* image i has noise seed + i */
    bool probabilities; /* of models with logits: their softmax instead */
} host_image_features_config;

#define HOST_IMAGE_FEATURES_BATCH 16u

/* As cedm-embed has them by default. */
#define HOST_IMAGE_FEATURES_DEFAULT                                          \
    {                                                                        \
        .engine = {NULL, HOST_IMAGE_FEATURES_BATCH, 0},                      \
        .denoiser = {NULL, HOST_DENOISER_FEATURES_SIGMA,                     \
                     HOST_DENOISER_FEATURES_POOL},                           \
    }

typedef struct host_image_features {
    host_model model;
    host_engine engine;
    uint32_t size, channels; /* of the images that it takes */
    uint32_t width;          /* features of an image */

    host_image_features_config config; /* private */
    host_denoiser_features denoiser;
    uint64_t *seeds;         /* [batch]; of a model that denoises */
    const cedm_port *logits; /* or NULL */
    float *unread;           /* [batch][features], with logits */
} host_image_features;

/* Loads the model and takes all memory.  Fails if it takes no square images,
 * and if it has no output "logits" where probabilities are wanted.  Must not
 * be moved.  Close it on error, too. */
bool host_image_features_open(host_image_features *x,
                              const host_image_features_config *config,
                              host_failure *f);
void host_image_features_close(
    host_image_features *x); /* also a zeroed one */

/* Features of images first .. first + n - 1 of the data set, n at most the
 * batch: images [n][size][size][channels] of 8 bits to out [n][width].  A row
 * depends on its image and, by the noise's seed, on its number.
 * Fails if a feature is not finite. */
bool host_image_features_of(host_image_features *x, const uint8_t *images,
                            uint64_t first, uint32_t n, float *out,
                            host_failure *f);

/* All that a row depends on besides its image; NULL without memory. */
cJSON *host_image_features_describe(const host_image_features *x);

#endif
