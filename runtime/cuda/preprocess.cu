/* SPDX-License-Identifier: MIT
 *
 * preprocess.cu - an 8-bit image as a network wants it; a thread an output.
 *
 * Both axes at once, so that no map lies between them: a sum over columns is
 * made again for every row that needs it, which a network of any size does
 * not notice.  Additions are in the order of runtime/ops/preprocess.c. */
#include "runtime/cuda/device.cuh"

#define THREADS 256
#define FIXED_BITS 22

struct preprocess_args {
    cedm_map src, dst;
    const float *down, *across, *normal;
    uint32_t *overflow;
    uint32_t width, in_height, in_width, channels, taps[2], fixed;
    uint32_t outputs; /* of an image */
};

/* Where the taps of an output begin in a source of `size`; bounded, so that
 * no blob makes it read outside the image. */
static __device__ __forceinline__ uint32_t first_of(const float *row,
                                                    uint32_t taps,
                                                    uint32_t size)
{
    float last = (float)(size - taps);

    return row[0] > 0.0f ? (uint32_t)(row[0] < last ? row[0] : last) : 0;
}

/* A whole number, as weights and pixels are; 0 for what is none. */
static __device__ __forceinline__ int64_t whole(float x)
{
    return x > -16777216.0f && x < 16777216.0f ? (int64_t)x : 0;
}

/* To 0..255; a NaN stays. */
static __device__ __forceinline__ float clipped(float x)
{
    return x < 0.0f ? 0.0f : x > 255.0f ? 255.0f : x;
}

/* The sum over an axis of load(tap), rounded to 8 bits. */
template <typename F>
static __device__ __forceinline__ float filter_fixed(const float *weight,
                                                     uint32_t taps, F load)
{
    int64_t sum = (int64_t)1 << (FIXED_BITS - 1);

    for (uint32_t i = 0; i < taps; i++) {
        float pixel = load(i);

        if (pixel != pixel) {
            return pixel;
        }
        sum += whole(weight[i]) * whole(pixel);
    }
    return sum < 0 ? 0.0f : clipped((float)(sum >> FIXED_BITS));
}

template <typename F>
static __device__ __forceinline__ float filter(const preprocess_args &v,
                                               const float *weight,
                                               uint32_t taps, F load)
{
    float sum = 0.0f;

    if (v.fixed) {
        return filter_fixed(weight, taps, load);
    }
    for (uint32_t i = 0; i < taps; i++) {
        sum += weight[i] * load(i);
    }
    return sum;
}

template <typename T>
__global__ void __launch_bounds__(THREADS) preprocess(preprocess_args v)
{
    uint32_t e = blockIdx.y * THREADS + threadIdx.x, image = blockIdx.x;
    uint32_t c = e % v.channels, x = e / v.channels % v.width;
    uint32_t y = e / v.channels / v.width;
    const float *down = v.down + (size_t)y * (1 + v.taps[0]);
    const float *across = v.across + (size_t)x * (1 + v.taps[1]);
    size_t row = (size_t)v.in_width * v.channels, first;
    float value;

    if (e >= v.outputs) {
        return;
    }
    first = ((size_t)image * v.in_height +
             first_of(down, v.taps[0], v.in_height)) * row +
            (size_t)first_of(across, v.taps[1], v.in_width) * v.channels + c;
    value = filter(v, down + 1, v.taps[0], [&](uint32_t i) {
        return filter(v, across + 1, v.taps[1], [&](uint32_t j) {
            return cedm_get<T>(v.src, first + i * row +
                                          (size_t)j * v.channels);
        });
    });
    value = clipped(value) * v.normal[c] + v.normal[v.channels + c];
    if (cedm_put<T>(v.dst, (size_t)image * v.outputs + e, value)) {
        atomicOr(&v.overflow[image], CEDM_CUDA_OVERFLOW);
    }
}

template <typename T>
static int run(const cedm_cuda_exec *exec, const preprocess_args *v)
{
    const auto kernel = preprocess<T>;
    dim3 grid(exec->batch, cedm_blocks(v->outputs, THREADS));

    return CEDM_LAUNCH(kernel, grid, THREADS, 0, exec->stream, *v);
}

extern "C" int cedm_cuda_preprocess(const cedm_cuda_exec *exec,
                                    const cedm_preprocess *op)
{
    preprocess_args v = {};

    v.src = cedm_map_at(exec, op->src);
    v.dst = cedm_map_at(exec, op->dst);
    v.down = (const float *)cedm_cuda_part(exec, op->id);
    v.across = v.down + (size_t)op->height * (1 + op->taps[0]);
    v.normal = v.across + (size_t)op->width * (1 + op->taps[1]);
    v.overflow = exec->overflow;
    v.width = op->width;
    v.in_height = op->in_height;
    v.in_width = op->in_width;
    v.channels = op->channels;
    v.taps[0] = op->taps[0];
    v.taps[1] = op->taps[1];
    v.fixed = op->fixed;
    v.outputs = op->height * op->width * op->channels;
    return CEDM_BY_PRECISION(exec, run, exec, &v);
}
