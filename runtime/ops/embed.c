/* SPDX-License-Identifier: MIT
 *
 * embed.c - the input of the embedding network: noise-level features plus
 * the row of the label's matrix that belongs to an image's cluster. */
#include "ops/ops.h"

void cedm_op_embed(void *ctx, const cedm_embed *op)
{
    const cedm_exec *exec = ctx;
    size_t channels = op->channels;

    for (uint32_t image = 0; image < exec->n; image++) {
        const float *features = cedm_at(exec, op->features, channels, image);
        float *dst = cedm_at(exec, op->dst, channels, image);
        int32_t cluster = op->label_dim != 0 ? exec->cluster[image] : -1;

        for (size_t c = 0; c < channels; c++) {
            float sum = features[c];

            if (cluster >= 0) {
                const float *row = exec->data + op->weight +
                                   (size_t)cluster * channels;

                sum += op->label_scale * row[c];
            }
            if (op->label_dim != 0) {
                sum += exec->data[op->bias + c];
            }
            dst[c] = sum;
        }
    }
}

void cedm_size_embed(void *ctx, const cedm_embed *op)
{
    (void)ctx;
    (void)op;
}
