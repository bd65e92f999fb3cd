/* SPDX-License-Identifier: MIT
 *
 * embed.cu - noise-level features plus the row of an image's cluster. */
#include "runtime/cuda/device.cuh"

#define THREADS 256

__global__ void __launch_bounds__(THREADS)
embed(cedm_embed op, const float *features, const float *weight,
      const float *bias, const int32_t *clusters, float *dst)
{
    int32_t cluster = op.label_dim != 0 ? clusters[blockIdx.x] : -1;
    size_t first = (size_t)blockIdx.x * op.channels;

    for (uint32_t c = threadIdx.x; c < op.channels; c += THREADS) {
        float sum = features[first + c];

        if (cluster >= 0) {
            sum += op.label_scale *
                   weight[(size_t)cluster * op.channels + c];
        }
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

    return CEDM_LAUNCH(embed, exec->batch, THREADS, 0, exec->stream, *op,
                       features, weight, bias, exec->cluster, dst);
}
