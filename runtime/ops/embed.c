/* SPDX-License-Identifier: MIT
 *
 * embed.c - the input of the embedding network: noise-level features plus
 * the row of the label's matrix that belongs to an image's cluster. */
#include "runtime/ops/act.h"
#include "runtime/ops/ops.h"

static void embed_image(const cedm_embed *op, const float *features,
                        const float *row, const float *bias, float *dst)
{
    for (size_t c = 0; c < op->channels; c++) {
        float sum = features[c];

        if (row != NULL) {
            sum += op->label_scale * row[c];
        }
        if (bias != NULL) {
            sum += bias[c];
        }
        dst[c] = cedm_act_plain(sum, op->act);
    }
}

void cedm_op_embed(void *ctx, const cedm_embed *op)
{
    const cedm_exec *exec = ctx;
    size_t channels = op->channels;
    const float *bias = NULL;

    if (op->label_dim != 0) {
        bias = cedm_weights(exec, op->bias);
    }
    for (uint32_t image = 0; image < exec->n; image++) {
        int32_t cluster = op->label_dim != 0 ? exec->cluster[image] : -1;
        const float *row = NULL;

        if (cluster >= 0) {
            row = exec->data + op->weight + (size_t)cluster * channels;
        }
        embed_image(op, cedm_at(exec, op->features, channels, image), row,
                    bias, cedm_at(exec, op->dst, channels, image));
    }
}

void cedm_size_embed(void *ctx, const cedm_embed *op)
{
    (void)ctx;
    (void)op;
}
