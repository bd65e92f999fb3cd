/* SPDX-License-Identifier: MIT
 *
 * embed.cu - noise-level features plus the row of an image's cluster, or a
 * sum of two. */
#include "runtime/cuda/device.cuh"

#define THREADS 256

/* Labels of the batch; share and other may be NULL. */
struct labels {
    const int32_t *cluster, *other;
    const float *share;
};

static __device__ __forceinline__ float row_at(const cedm_embed &op,
                                               const float *weight,
                                               int32_t cluster, uint32_t c)
{
    return cluster >= 0 ? weight[(size_t)cluster * op.channels + c] : 0;
}

/* What the label adds; nothing if it has no cluster. */
static __device__ float add_label(const cedm_embed &op, const float *weight,
                                  const labels &l, uint32_t c, float sum)
{
    uint32_t image = blockIdx.x;
    int32_t cluster = op.label_dim != 0 ? l.cluster[image] : -1;
    float share = l.share != NULL ? l.share[image] : 0;
    float row = row_at(op, weight, cluster, c);

    if (share > 0 && op.label_dim != 0) {
        row = (1 - share) * row +
              share * row_at(op, weight, l.other[image], c);
    } else if (cluster < 0) {
        return sum;
    }
    return sum + op.label_scale * row;
}

__global__ void __launch_bounds__(THREADS)
embed(cedm_embed op, const float *features, const float *weight,
      const float *bias, labels l, float *dst)
{
    size_t first = (size_t)blockIdx.x * op.channels;

    for (uint32_t c = threadIdx.x; c < op.channels; c += THREADS) {
        float sum = add_label(op, weight, l, c, features[first + c]);

        if (op.label_dim != 0) {
            sum += bias[c];
        }
        dst[first + c] = op.act == CEDM_ACT_SILU ? cedm_silu<float>(sum)
                                                 : sum;
    }
}

extern "C" int cedm_cuda_embed(const cedm_cuda_exec *exec,
                               const cedm_embed *op)
{
    const float *features =
        (const float *)cedm_cuda_at(exec, op->features);
    const float *weight = (const float *)cedm_cuda_part(exec, op->id);
    const float *bias = weight + (size_t)op->label_dim * op->channels;
    float *dst = (float *)cedm_cuda_at(exec, op->dst);
    labels l = {exec->cluster, exec->other, exec->share};

    return CEDM_LAUNCH(embed, exec->batch, THREADS, 0, exec->stream, *op,
                       features, weight, bias, l, dst);
}
