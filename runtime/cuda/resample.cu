/* SPDX-License-Identifier: MIT
 *
 * resample.cu - resampling with any separable filter; a thread an output.
 *
 * Taps of a column are added first, then those along the row, in ascending
 * order; a pool of 2 x 2 reads each source once. */
#include "runtime/cuda/device.cuh"

#define THREADS 256

struct resample_args {
    cedm_map src, dst;
    const float *coeff, *filter;
    uint32_t *overflow;
    uint32_t mode, height, width, in_height, in_width, channels, taps, pad;
    uint32_t act;
    size_t outputs; /* of an image */
};

/* Whether tap i of output o meets the source of `size`, and where. */
static __device__ __forceinline__ bool resample_source(
    const resample_args &v, uint32_t o, uint32_t i, uint32_t size,
    uint32_t *at)
{
    int position = v.mode == CEDM_RESAMPLE_UP
        ? (int)(o + v.pad - i)
        : (int)((v.mode == CEDM_RESAMPLE_DOWN ? 2 : 1) * o - v.pad + i);

    if (v.mode == CEDM_RESAMPLE_UP) {
        if (position % 2 != 0) {
            return false;
        }
        position /= 2;
    }
    *at = (uint32_t)position;
    return position >= 0 && position < (int)size;
}

template <typename T>
__global__ void __launch_bounds__(THREADS) resample(resample_args v)
{
    size_t e = (size_t)blockIdx.y * THREADS + threadIdx.x;
    uint32_t image = blockIdx.x, c = (uint32_t)(e % v.channels);
    uint32_t x = (uint32_t)(e / v.channels % v.width);
    uint32_t y = (uint32_t)(e / v.channels / v.width);
    size_t first = (size_t)image * v.in_height * v.in_width;
    float gain = v.mode == CEDM_RESAMPLE_UP ? 2.0f : 1.0f;
    float a = 1.0f, b = 0.0f, sum = 0.0f;

    if (e >= v.outputs) {
        return;
    }
    if (v.act != CEDM_ACT_NONE) {
        a = v.coeff[(size_t)image * 2 * v.channels + c];
        b = v.coeff[((size_t)image * 2 + 1) * v.channels + c];
    }
    for (uint32_t j = 0; j < v.taps; j++) {
        uint32_t from_y, from_x;
        float column = 0.0f;

        if (!resample_source(v, x, j, v.in_width, &from_x)) {
            continue;
        }
        for (uint32_t i = 0; i < v.taps; i++) {
            size_t pixel;
            float value;

            if (!resample_source(v, y, i, v.in_height, &from_y)) {
                continue;
            }
            pixel = first + (size_t)from_y * v.in_width + from_x;
            value = cedm_get<T>(v.src, pixel * v.channels + c);
            column = fmaf(gain * v.filter[i],
                          cedm_activate<T>(value, a, b, v.act), column);
        }
        sum = fmaf(gain * v.filter[j], column, sum);
    }
    if (cedm_put<T>(v.dst, image * v.outputs + e, sum)) {
        atomicOr(&v.overflow[image], CEDM_CUDA_OVERFLOW);
    }
}

template <typename T>
static int run(const cedm_cuda_exec *exec, const resample_args *v)
{
    const auto kernel = resample<T>;
    dim3 grid(exec->batch, cedm_blocks(v->outputs, THREADS));

    return CEDM_LAUNCH(kernel, grid, THREADS, 0, exec->stream, *v);
}

extern "C" int cedm_cuda_resample(const cedm_cuda_exec *exec,
                                  const cedm_resample *op)
{
    resample_args v = {};

    v.src = cedm_map_at(exec, op->src);
    v.dst = cedm_map_at(exec, op->dst);
    if (op->act != CEDM_ACT_NONE) {
        v.coeff = (const float *)cedm_cuda_at(exec, op->coeff);
    }
    v.filter = (const float *)cedm_cuda_part(exec, op->id);
    v.overflow = exec->overflow;
    v.mode = op->mode;
    v.height = op->height;
    v.width = op->width;
    v.in_height = op->in_height;
    v.in_width = op->in_width;
    v.channels = op->channels;
    v.taps = op->taps;
    v.pad = op->pad;
    v.act = op->act;
    v.outputs = (size_t)op->height * op->width * op->channels;
    return CEDM_BY_PRECISION(exec, run, exec, &v);
}
