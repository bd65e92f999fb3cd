/* SPDX-License-Identifier: MIT
 *
 * sampler.cu - the vector ops of a sampler, in double precision.
 *
 * Normal numbers are those of cuRAND's Philox on a device, by its formulas:
 * the float ones with the fast sine, as there.  (runtime/philox.c has the
 * same numbers to within their rounding.)  Images are blocks along x. */
#include "runtime/cuda/device.cuh"

#define THREADS 256
#define ROUNDS 10

struct image_shape {
    uint32_t channels, pixels, elements;
};

static image_shape shape_of(const cedm_cuda_exec *exec)
{
    const cedm_port *image = &exec->model->graph.inputs[CEDM_INPUT_IMAGE];
    image_shape shape = {image->channels, image->height * image->width, 0};

    shape.elements = shape.channels * shape.pixels;
    return shape;
}

static dim3 grid_of(const cedm_cuda_exec *exec, uint32_t elements)
{
    return dim3(exec->batch, cedm_blocks(elements, THREADS));
}

static __device__ __forceinline__ uint32_t element()
{
    return blockIdx.y * THREADS + threadIdx.x;
}

/* ---- noise ------------------------------------------------------------- */

/* Philox4x32-10 [PHILOX]; element i of a tensor is subsequence i. */
static __device__ void philox(uint64_t seed, uint32_t i, uint32_t draw,
                              uint32_t out[4])
{
    uint32_t a = draw, b = 0, c = i, d = 0;
    uint32_t k0 = (uint32_t)seed, k1 = 0;

    for (int round = 0; round < ROUNDS; round++) {
        uint32_t hi0 = __umulhi(0xd2511f53u, a), lo0 = 0xd2511f53u * a;
        uint32_t hi1 = __umulhi(0xcd9e8d57u, c), lo1 = 0xcd9e8d57u * c;

        a = hi1 ^ b ^ k0;
        b = lo1;
        c = hi0 ^ d ^ k1;
        d = lo0;
        k0 += 0x9e3779b9u;
        k1 += 0xbb67ae85u;
    }
    out[0] = a, out[1] = b, out[2] = c, out[3] = d;
}

static __device__ float normal_f32(uint64_t seed, uint32_t i, uint32_t draw)
{
    const float step = 0x1p-32f * 6.2831855f;
    uint32_t w[4];
    float sine, cosine, u;

    philox(seed, i, draw, w);
    u = fmaf((float)w[0], 0x1p-32f, 0x1p-33f);
    __sincosf(fmaf((float)w[1], step, step / 2), &sine, &cosine);
    return sine * sqrtf(-2.0f * logf(u));
}

static __device__ double normal_f64(uint64_t seed, uint32_t i, uint32_t draw)
{
    uint32_t w[4];
    double sine, cosine, u, half_turns;

    philox(seed, i, draw, w);
    u = fma((double)(w[0] ^ (uint64_t)w[1] << 21), 0x1p-53, 0x1p-54);
    half_turns = fma((double)(w[2] ^ (uint64_t)w[3] << 21), 0x1p-52,
                     0x1p-53);
    sincospi(half_turns, &sine, &cosine);
    return sine * sqrt(-2.0 * log(u));
}

static __device__ double normal(uint64_t seed, uint32_t i, uint32_t draw)
{
    return draw == 0 ? (double)normal_f32(seed, i, 0)
                     : normal_f64(seed, i, draw);
}

/* Where element i of CHW order lies. */
static __device__ __forceinline__ size_t noise_at(image_shape shape,
                                                  uint32_t i)
{
    return (size_t)blockIdx.x * shape.elements +
           i % shape.pixels * shape.channels + i / shape.pixels;
}

__global__ void __launch_bounds__(THREADS)
noise(cedm_cuda_noise op, image_shape shape)
{
    uint32_t i = element(), image = blockIdx.x;
    double scale = op.weight == NULL ? op.scale : op.scale * op.weight[image];
    double *x = op.x + noise_at(shape, i);

    if (i >= shape.elements || (scale == 0 && op.base == 1)) {
        return;
    }
    *x = (op.base == 0 ? 0 : op.base * *x) +
         scale * normal(op.seed[image], i, op.draw);
}

/* What is added up is as in runtime/ops/sampler.c. */
__global__ void __launch_bounds__(THREADS)
from_image(cedm_cuda_from_image op, image_shape shape)
{
    uint32_t i = element(), image = blockIdx.x;
    size_t at = noise_at(shape, i);
    double a, v;

    if (i >= shape.elements) {
        return;
    }
    a = op.mask == NULL
        ? 0
        : op.mask[(size_t)image * shape.pixels + i % shape.pixels] / 255.0;
    if (a < 1) {
        v = op.base * (op.image[at] / 127.5 - 1) +
            op.scale * normal(op.seed[image], i, op.draw);
        op.x[at] = a > 0 ? a * op.x[at] + (1 - a) * v : v;
    }
}

extern "C" int cedm_cuda_run_noise(const cedm_cuda_exec *exec,
                                   const cedm_cuda_noise *op)
{
    image_shape shape = shape_of(exec);

    return CEDM_LAUNCH(noise, grid_of(exec, shape.elements), THREADS, 0,
                       exec->stream, *op, shape);
}

extern "C" int cedm_cuda_run_from_image(const cedm_cuda_exec *exec,
                                        const cedm_cuda_from_image *op)
{
    image_shape shape = shape_of(exec);

    return CEDM_LAUNCH(from_image, grid_of(exec, shape.elements), THREADS, 0,
                       exec->stream, *op, shape);
}

/* ---- around the network ------------------------------------------------ */

static __device__ __forceinline__ size_t table_row(const cedm_cuda_row &row)
{
    size_t step = row.step == NULL ? 0 : *row.step;

    return step * row.per_step + row.first + blockIdx.x * row.per_image;
}

__global__ void __launch_bounds__(THREADS)
load(cedm_cuda_load op, image_shape shape, float *input, float *features,
     uint32_t width)
{
    size_t from = table_row(op.row), first = blockIdx.x;
    uint32_t i = element();

    if (i < shape.elements) {
        size_t at = first * shape.elements + i;

        input[at] = (float)(op.scalars[from].c_in * op.x[at]);
    }
    if (i < width) {
        features[first * width + i] = op.features[from * width + i];
    }
}

__global__ void __launch_bounds__(THREADS)
unload(cedm_cuda_unload op, image_shape shape, const float *output,
       uint32_t *overflow)
{
    const cedm_cuda_scalars &s = op.scalars[table_row(op.row)];
    size_t at = (size_t)blockIdx.x * shape.elements + element();
    double d;

    if (element() >= shape.elements) {
        return;
    }
    d = op.weight * (s.c_skip * op.x[at] + s.c_out * (double)output[at]);
    d = op.first ? d : op.dst[at] + d;
    op.dst[at] = d;
    if (!(d - d == 0)) {
        atomicOr(&overflow[blockIdx.x], CEDM_CUDA_NONFINITE);
    }
}

extern "C" int cedm_cuda_run_load(const cedm_cuda_exec *exec,
                                  const cedm_cuda_load *op)
{
    image_shape shape = shape_of(exec);
    const cedm_port *inputs = exec->model->graph.inputs;
    uint32_t width = inputs[CEDM_INPUT_FEATURES].channels;
    float *input =
        (float *)cedm_cuda_at(exec, inputs[CEDM_INPUT_IMAGE].ref);
    float *features =
        (float *)cedm_cuda_at(exec, inputs[CEDM_INPUT_FEATURES].ref);
    uint32_t most = width > shape.elements ? width : shape.elements;

    return CEDM_LAUNCH(load, grid_of(exec, most), THREADS, 0, exec->stream,
                       *op, shape, input, features, width);
}

extern "C" int cedm_cuda_run_unload(const cedm_cuda_exec *exec,
                                    const cedm_cuda_unload *op)
{
    image_shape shape = shape_of(exec);
    const float *output =
        (const float *)cedm_cuda_at(exec, exec->model->graph.outputs[0].ref);

    return CEDM_LAUNCH(unload, grid_of(exec, shape.elements), THREADS, 0,
                       exec->stream, *op, shape, output, exec->overflow);
}

/* ---- steps ------------------------------------------------------------- */

__global__ void __launch_bounds__(THREADS)
euler(cedm_cuda_euler op, uint32_t elements)
{
    const cedm_cuda_step_row &row = op.steps[*op.step];
    size_t at = (size_t)blockIdx.x * elements + element();
    double x, d;

    if (element() < elements) {
        x = op.x[at];
        d = (row.s * x - op.denoised[at]) / row.divisor;
        op.next[at] = x + row.h * d;
        op.d[at] = d;
    }
}

__global__ void __launch_bounds__(THREADS)
heun(cedm_cuda_heun op, uint32_t elements)
{
    const cedm_cuda_step_row &row = op.steps[*op.step];
    size_t at = (size_t)blockIdx.x * elements + element();

    if (element() < elements) {
        double late = (row.next_s * op.next[at] - op.denoised[at]) /
                      row.next_divisor;

        op.dst[at] = op.x[at] + row.h * (op.d[at] + late) / 2;
    }
}

__global__ void __launch_bounds__(THREADS)
combine(cedm_cuda_combine op, uint32_t elements)
{
    const cedm_cuda_step_row &row = op.steps[*op.step];
    size_t at = (size_t)blockIdx.x * elements + element();
    double v[CEDM_STATE_MAPS];

    if (element() >= elements) {
        return;
    }
    for (uint32_t k = 0; k < CEDM_STATE_MAPS; k++) {
        v[k] = op.map[k][at];
    }
    for (uint32_t j = 0; j < CEDM_STATE_MAPS; j++) {
        double sum = 0;

        for (uint32_t k = 0; k < CEDM_STATE_MAPS; k++) {
            sum += row.matrix[j][k] != 0 ? row.matrix[j][k] * v[k] : 0;
        }
        op.map[j][at] = sum;
    }
}

/* The comparisons are written so that a NaN becomes 0. */
__global__ void __launch_bounds__(THREADS)
to_image(cedm_cuda_to_image op, uint32_t elements)
{
    size_t at = (size_t)blockIdx.x * elements + element();

    if (element() < elements) {
        double v = 127.5 * op.x[at] + 128;

        op.dst[at] = !(v > 0) ? 0 : v > 255 ? 255 : (uint8_t)v;
    }
}

__global__ void advance(cedm_cuda_advance op)
{
    *op.step += op.by;
}

extern "C" int cedm_cuda_run_euler(const cedm_cuda_exec *exec,
                                   const cedm_cuda_euler *op)
{
    uint32_t elements = shape_of(exec).elements;

    return CEDM_LAUNCH(euler, grid_of(exec, elements), THREADS, 0,
                       exec->stream, *op, elements);
}

extern "C" int cedm_cuda_run_heun(const cedm_cuda_exec *exec,
                                  const cedm_cuda_heun *op)
{
    uint32_t elements = shape_of(exec).elements;

    return CEDM_LAUNCH(heun, grid_of(exec, elements), THREADS, 0,
                       exec->stream, *op, elements);
}

extern "C" int cedm_cuda_run_combine(const cedm_cuda_exec *exec,
                                     const cedm_cuda_combine *op)
{
    uint32_t elements = shape_of(exec).elements;

    return CEDM_LAUNCH(combine, grid_of(exec, elements), THREADS, 0,
                       exec->stream, *op, elements);
}

extern "C" int cedm_cuda_run_to_image(const cedm_cuda_exec *exec,
                                      const cedm_cuda_to_image *op)
{
    uint32_t elements = shape_of(exec).elements;

    return CEDM_LAUNCH(to_image, grid_of(exec, elements), THREADS, 0,
                       exec->stream, *op, elements);
}

extern "C" int cedm_cuda_run_advance(const cedm_cuda_exec *exec,
                                     const cedm_cuda_advance *op)
{
    return CEDM_LAUNCH(advance, 1, 1, 0, exec->stream, *op);
}
