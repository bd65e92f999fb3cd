/* SPDX-License-Identifier: MIT
 *
 * linear.cu - matrix times vector, a warp for each output of some images.
 *
 * Lanes take every 32nd product and are added up in a tree, so the order of
 * additions depends on the number of inputs alone. */
#include "runtime/cuda/device.cuh"

#define WARPS 8
#define IMAGES 8 /* whose products one read of a row of weights serves */

struct linear_args {
    const float *src, *weight, *bias;
    float *dst;
    uint32_t in, out, act, batch;
};

__global__ void __launch_bounds__(WARPS * 32) linear(linear_args v)
{
    uint32_t lane = threadIdx.x % 32;
    uint32_t o = blockIdx.x * WARPS + threadIdx.x / 32;
    uint32_t image = blockIdx.y * IMAGES;
    float sum[IMAGES] = {};

    if (o >= v.out) {
        return;
    }
    for (uint32_t i = lane; i < v.in; i += 32) {
        float w = v.weight[(size_t)o * v.in + i];

#pragma unroll
        for (uint32_t j = 0; j < IMAGES; j++) {
            if (image + j < v.batch) {
                sum[j] = fmaf(w, v.src[(size_t)(image + j) * v.in + i],
                              sum[j]);
            }
        }
    }
#pragma unroll
    for (uint32_t j = 0; j < IMAGES; j++) {
        for (int mask = 16; mask > 0; mask /= 2) {
            sum[j] += __shfl_xor_sync(0xffffffffu, sum[j], mask);
        }
        if (lane == 0 && image + j < v.batch) {
            float x = sum[j] + v.bias[o];

            v.dst[(size_t)(image + j) * v.out + o] =
                v.act == CEDM_ACT_SILU ? cedm_silu<float>(x) : x;
        }
    }
}

extern "C" int cedm_cuda_linear(const cedm_cuda_exec *exec,
                                const cedm_linear *op)
{
    linear_args v = {};
    dim3 grid(cedm_blocks(op->out, WARPS), cedm_blocks(exec->batch, IMAGES));

    v.src = (const float *)cedm_cuda_at(exec, op->src);
    v.weight = (const float *)cedm_cuda_part(exec, op->id);
    v.bias = v.weight + (size_t)op->in * op->out;
    v.dst = (float *)cedm_cuda_at(exec, op->dst);
    v.in = op->in;
    v.out = op->out;
    v.act = op->act;
    v.batch = exec->batch;
    return CEDM_LAUNCH(linear, grid, WARPS * 32, 0, exec->stream, v);
}
