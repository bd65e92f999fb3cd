/* SPDX-License-Identifier: MIT
 *
 * embed.c - the input of the embedding network: noise-level features plus
 * the row of the label's matrix that belongs to an image's cluster, or a
 * sum of two. */
#include "runtime/ops/act.h"
#include "runtime/ops/ops.h"

/* Rows of the label's matrix; NULL for no cluster. */
typedef struct label {
    const float *row, *other;
    float share; /* of other, below 1 */
} label;

static const float *row_of(const cedm_exec *exec, const cedm_embed *op,
                           int32_t cluster)
{
    return cluster >= 0
               ? exec->data + op->weight + (size_t)cluster * op->channels
               : NULL;
}

static label label_of(const cedm_exec *exec, const cedm_embed *op,
                      uint32_t image)
{
    label l = {NULL, NULL, 0};

    if (op->label_dim == 0) {
        return l;
    }
    l.row = row_of(exec, op, exec->cluster[image]);
    if (exec->share != NULL && exec->share[image] > 0) {
        l.other = row_of(exec, op, exec->other[image]);
        l.share = exec->share[image];
    }
    return l.share < 1 ? l : (label){l.other, NULL, 0};
}

static float between(const label *l, size_t c)
{
    float a = l->row != NULL ? l->row[c] : 0;
    float b = l->other != NULL ? l->other[c] : 0;

    return (1 - l->share) * a + l->share * b;
}

static void embed_image(const cedm_embed *op, const float *features,
                        const label *l, const float *bias, float *dst)
{
    for (size_t c = 0; c < op->channels; c++) {
        float sum = features[c];

        if (l->share > 0) {
            sum += op->label_scale * between(l, c);
        } else if (l->row != NULL) {
            sum += op->label_scale * l->row[c];
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
        label l = label_of(exec, op, image);

        embed_image(op, cedm_at(exec, op->features, channels, image), &l,
                    bias, cedm_at(exec, op->dst, channels, image));
    }
}

void cedm_size_embed(void *ctx, const cedm_embed *op)
{
    (void)ctx;
    (void)op;
}
