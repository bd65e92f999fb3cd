/* SPDX-License-Identifier: MIT
 *
 * denoiser_features.h - features of images from a network that denoises.
 *
 * An image y gets the noise of a seed, sigma n; on the way to D(y + sigma n;
 * sigma), without a cluster, the output of one module is averaged over the
 * cells of a grid.  Diffusion networks learn such features on their own
 * [DDAE], so that a data set needs no other network than its own.
 *
 *     host_denoiser_features x;
 *     if (host_denoiser_features_open(&x, &engine, &config, &f)) {
 *         ... host_denoiser_features_of(&x, images, seeds, n, out, &f) ...
 *     }
 *     host_denoiser_features_close(&x);
 *
 * Ops after the module are not computed. */
#ifndef CEDM_HOST_EXECUTION_DENOISER_FEATURES_H
#define CEDM_HOST_EXECUTION_DENOISER_FEATURES_H

#include <stdbool.h>
#include <stdint.h>

#include "host/execution/engine.h"
#include "host/execution/modules.h"

typedef struct host_denoiser_features_config {
    const char *module; /* NULL: the block after the bottleneck, modules.h */
    double sigma;       /* noise level, in the model's range; images are
                         * -1..1 */
    uint32_t pool;      /* cells along each side, 1..the map's side */
} host_denoiser_features_config;

/* docs/FEATURES.md has the measurements. */
#define HOST_DENOISER_FEATURES_SIGMA 0.2
#define HOST_DENOISER_FEATURES_POOL 2u

typedef struct host_denoiser_features {
    uint32_t width; /* features of an image, pool * pool * channels */
    char module[HOST_MODULE_BYTES];

    host_engine *engine; /* private */
    const cedm_ops *ops; /* the backend's, with its context */
    void *ctx;
    const cedm_conv *last; /* whose result is the module's output */
    double sigma;
    uint32_t pool;
    cedm_real *maps; /* [batch] noisy images, as many of what D would be, and
                      * [batch] noise levels */
    float *out;      /* of the call, [n][width]; NULL once it is filled */
} host_denoiser_features;

/* Until it is closed the engine's net computes nothing else: its table of ops
 * is replaced.  Must not be moved.  Memory: two images of the sampler's
 * precision for each of the batch.  Fails if the model does not denoise, has
 * no such module, or the module's output is no map of at least pool x pool. */
bool host_denoiser_features_open(host_denoiser_features *x, host_engine *e,
                                 const host_denoiser_features_config *config,
                                 host_failure *f);
void host_denoiser_features_close(host_denoiser_features *x);

/* Features of n images, 1 <= n <= the engine's batch.
 *   images  [n][H][W][channels] of the model, 8 bits
 *   seeds   [n], of the noise, as cedm_sample_begin takes them
 *   out     [n][pool][pool][channels of the module]
 * A row depends on its image and its seed, not on the others or on n.
 * Cell (i, j) is the mean over rows floor(i H / pool) up to, without,
 * ceil((i + 1) H / pool) of the module's map, columns likewise.
 * Fails if a feature is not finite. */
bool host_denoiser_features_of(host_denoiser_features *x,
                               const uint8_t *images, const uint64_t *seeds,
                               uint32_t n, float *out, host_failure *f);

#endif
