/* SPDX-License-Identifier: MIT
 *
 * conv_weight_plain.cuh - the gradient of a weight by multiply-adds in float,
 * for every option, number of channels and type.
 *
 * Columns are taps and source channels together.  A block stages a step of
 * pixels; each thread adds up 4 x 4 outputs in the order of pixels. */
#ifndef CEDM_TRAINER_CUDA_CONV_WEIGHT_PLAIN_CUH
#define CEDM_TRAINER_CUDA_CONV_WEIGHT_PLAIN_CUH

#include "trainer/cuda/conv_weight.cuh"

#define PLAIN_THREADS 256
#define PLAIN_TILE 64
#define PLAIN_STEP 16 /* pixels */
#define PLAIN_ROW (PLAIN_TILE + 1)

/* What thread t stages: column t % PLAIN_TILE of some pixels. */
struct plain_column {
    uint32_t output, channel; /* of the gradient, of the source */
    int dy, dx;               /* of the tap */
    bool has_output, has_channel;
};

static __device__ __forceinline__ plain_column
plain_column_of(const weight_args &v)
{
    uint32_t n = blockIdx.y * PLAIN_TILE + threadIdx.x % PLAIN_TILE;
    uint32_t tap = n / v.cin;
    plain_column c;

    c.output = blockIdx.x * PLAIN_TILE + threadIdx.x % PLAIN_TILE;
    c.channel = n % v.cin;
    c.dy = (int)(tap / v.kernel) - (int)v.pad;
    c.dx = (int)(tap % v.kernel) - (int)v.pad;
    c.has_output = c.output < v.cout;
    c.has_channel = tap < v.kernel * v.kernel;
    return c;
}

/* grads[k][o] and sources[k][n] of a step; zeros outside. */
template <typename T>
static __device__ void plain_stage(const weight_args &v,
                                   const plain_column &c, uint32_t first,
                                   uint32_t end, float *grads,
                                   float *sources)
{
    uint32_t pixels = v.height * v.width;

    for (uint32_t k = threadIdx.x / PLAIN_TILE; k < PLAIN_STEP;
         k += PLAIN_THREADS / PLAIN_TILE) {
        uint32_t p = first + k, image = p / pixels;
        int y = (int)(p % pixels / v.width * v.stride) + c.dy;
        int x = (int)(p % v.width * v.stride) + c.dx;
        uint32_t at = k * PLAIN_ROW + threadIdx.x % PLAIN_TILE;
        bool inside = p < end && y >= 0 && x >= 0 &&
                      y < (int)v.in_height && x < (int)v.in_width;
        size_t from = ((size_t)image * v.in_height + (uint32_t)y) *
                          v.in_width + (uint32_t)x;

        grads[at] = p < end && c.has_output
            ? cedm_get<T>(v.grad, (size_t)p * v.cout + c.output) : 0.0f;
        sources[at] = inside && c.has_channel
            ? cedm_get<T>(v.src, from * v.cin + c.channel) : 0.0f;
    }
}

static __device__ __forceinline__ void plain_multiply(float (&sum)[4][4],
                                                      const float *grads,
                                                      const float *sources)
{
    grads += threadIdx.x / 16;
    sources += threadIdx.x % 16;
#pragma unroll 4
    for (int k = 0; k < PLAIN_STEP; k++) {
#pragma unroll
        for (int i = 0; i < 4; i++) {
#pragma unroll
            for (int j = 0; j < 4; j++) {
                sum[i][j] = fmaf(grads[k * PLAIN_ROW + 16 * i],
                                 sources[k * PLAIN_ROW + 16 * j], sum[i][j]);
            }
        }
    }
}

/* Blocks: x outputs, y columns, z parts. */
template <typename T>
__global__ void __launch_bounds__(PLAIN_THREADS) weight_plain(weight_args v)
{
    float *grads = reinterpret_cast<float *>(cedm_shared());
    float *sources = grads + PLAIN_STEP * PLAIN_ROW;
    uint32_t all = v.images * v.height * v.width;
    uint32_t steps = (all + PLAIN_STEP - 1) / PLAIN_STEP;
    uint32_t first = weight_first(blockIdx.z, v.parts, steps);
    uint32_t last = weight_first(blockIdx.z + 1, v.parts, steps);
    uint32_t columns = v.kernel * v.kernel * v.cin;
    plain_column c = plain_column_of(v);
    float *to = weight_part(v, blockIdx.z), sum[4][4] = {};

    for (uint32_t step = first; step < last; step++) {
        __syncthreads();
        plain_stage<T>(v, c, step * PLAIN_STEP, all, grads, sources);
        __syncthreads();
        plain_multiply(sum, grads, sources);
    }
    for (int i = 0; i < 4; i++) {
        uint32_t o = blockIdx.x * PLAIN_TILE + threadIdx.x / 16 + 16 * i;

        for (int j = 0; j < 4; j++) {
            uint32_t n = blockIdx.y * PLAIN_TILE + threadIdx.x % 16 + 16 * j;

            if (o < v.cout && n < columns) {
                to[(size_t)o * columns + n] = sum[i][j];
            }
        }
    }
}

static constexpr size_t plain_shared()
{
    return sizeof(float) * 2 * PLAIN_STEP * PLAIN_ROW;
}

#endif
