/* SPDX-License-Identifier: MIT
 *
 * embed_source.h - where features come from: a model that denoises, or one that
 * encodes. */
#ifndef CEDM_TOOLS_EMBED_EMBED_SOURCE_H
#define CEDM_TOOLS_EMBED_EMBED_SOURCE_H

#include <cjson/cJSON.h>

#include "host/execution/denoiser_features.h"
#include "tools/embed/embed_options.h"

typedef struct embed_source {
    host_model model;
    host_engine engine;
    uint32_t size, channels; /* of the images that it takes */
    uint32_t width;          /* features of an image */
    uint64_t *seeds;         /* [batch]; of a model that denoises, as is */
    host_denoiser_features denoiser;
} embed_source;

/* Must not be moved.  Close it on error, too; harmless on a zeroed one. */
bool embed_source_open(embed_source *s, const embed_options *o,
                       host_failure *f);
void embed_source_close(embed_source *s);

/* Features of images first .. first + n - 1 of the data set, n at most the
 * engine's batch: images [n][size][size][channels] to out [n][width]. */
bool embed_source_run(embed_source *s, const embed_options *o,
                      const uint8_t *images, uint64_t first, uint32_t n,
                      float *out, host_failure *f);

/* All that a row depends on besides its image; NULL without memory. */
cJSON *embed_source_describe(const embed_source *s, const embed_options *o);

#endif
