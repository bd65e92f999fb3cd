/* SPDX-License-Identifier: MIT
 *
 * conv_weight.cu - which kernel makes a weight's gradient, by how many parts,
 * and their sum. */
#include "trainer/cuda/conv_weight_matrix.cuh"
#include "trainer/cuda/conv_weight_plain.cuh"
#include "trainer/cuda/workspace.h"

#define SUM_THREADS 256

static uint64_t elements_of(const cg_conv_weight *op)
{
    return (uint64_t)op->cout * op->kernel * op->kernel * op->cin;
}

/* One part always fits, more of them up to what there is anyway. */
uint64_t train_cuda_workspace_conv_weight(const cg_conv_weight *op)
{
    return elements_of(op) * sizeof(float);
}

/* Parts that keep all multiprocessors busy with two blocks each. */
static uint32_t parts_of(const train_cuda_exec *exec,
                         const cg_conv_weight *op, uint32_t tiles,
                         uint32_t steps)
{
    uint64_t most =
        CEDM_CUDA_WORKSPACE_BYTES / train_cuda_workspace_conv_weight(op);
    uint64_t parts = 2 * (uint64_t)exec->base.multiprocessors / tiles;

    parts = parts < most ? parts : most;
    parts = parts < steps ? parts : steps;
    parts = parts < 65535 ? parts : 65535;
    return parts == 0 ? 1 : (uint32_t)parts;
}

/* ---- the sum of the parts ---------------------------------------------- */

/* A thread an element, parts in their order. */
__global__ void __launch_bounds__(SUM_THREADS)
weight_sum(weight_args v, uint64_t elements)
{
    uint64_t e = (uint64_t)blockIdx.x * SUM_THREADS + threadIdx.x;
    double sum = 0.0;

    if (e >= elements) {
        return;
    }
    for (uint32_t part = 0; part < v.parts; part++) {
        sum += (double)v.partial[part * elements + e];
    }
    v.weight[e / v.cin * v.row + e % v.cin] +=
        (float)(sum * (double)v.scale);
}

/* ---- matrices ---------------------------------------------------------- */

/* Chunks of eight numbers of 16 bits, and taps that shift by one. */
static bool suits_matrix(const weight_args *v)
{
    return !v->src.f32 && !v->grad.f32 && v->cin % 8 == 0 &&
           v->cout % 8 == 0 && v->stride == 1 &&
           (v->kernel == 1 || v->kernel == 3);
}

/* Maps of a 1x1 kernel follow one another: one row of pixels. */
static void join_images(weight_args *v)
{
    uint32_t pixels = v->images * v->height * v->width;

    if (v->kernel == 1 && v->pad == 0 && v->height == v->in_height &&
        v->width == v->in_width) {
        v->images = v->height = v->in_height = 1;
        v->width = v->in_width = pixels;
    }
}

template <typename T, int KERNEL>
static int run_kernel(const train_cuda_exec *exec, const cg_conv_weight *op,
                      weight_args *v)
{
    typedef weight_matrix<T, KERNEL> shape;
    const auto kernel = weight_tensor<T, KERNEL>;
    uint32_t most = shape::PIXELS < 32 || KERNEL == 1 ? shape::PIXELS : 32;
    weight_tile tile = {};
    dim3 grid(cedm_blocks(v->cout, shape::BM),
              cedm_blocks(v->cin, shape::BN));

    tile.width = v->width < most ? v->width : most;
    tile.height = shape::PIXELS / tile.width;
    tile.height = tile.height < v->height ? tile.height : v->height;
    while ((tile.width + KERNEL - 1) * (tile.height + KERNEL - 1) >
           shape::ROWS) {
        tile.height--;
    }
    tile.across = cedm_blocks(v->width, tile.width);
    tile.down = cedm_blocks(v->height, tile.height);
    v->parts = parts_of(exec, op, grid.x * grid.y,
                        v->images * tile.across * tile.down);
    grid.z = v->parts;
    return CEDM_LAUNCH(kernel, grid, WEIGHT_THREADS,
                       WEIGHT_STAGES * shape::STAGE_BYTES, exec->base.stream,
                       *v, tile);
}

template <typename T>
static int run(const train_cuda_exec *exec, const cg_conv_weight *op,
               weight_args *v)
{
    const auto kernel = weight_plain<T>;
    dim3 grid(cedm_blocks(v->cout, PLAIN_TILE),
              cedm_blocks((uint64_t)v->kernel * v->kernel * v->cin,
                          PLAIN_TILE));

    if constexpr (sizeof(T) == 2) {
        if (suits_matrix(v)) {
            join_images(v);
            return v->kernel == 1 ? run_kernel<T, 1>(exec, op, v)
                                  : run_kernel<T, 3>(exec, op, v);
        }
    }
    v->parts = parts_of(exec, op, grid.x * grid.y,
                        cedm_blocks((uint64_t)v->images * v->height *
                                        v->width, PLAIN_STEP));
    grid.z = v->parts;
    return CEDM_LAUNCH(kernel, grid, PLAIN_THREADS, plain_shared(),
                       exec->base.stream, *v);
}

extern "C" int train_cuda_conv_weight(const train_cuda_exec *exec,
                                      const cg_conv_weight *op)
{
    uint64_t elements = elements_of(op);
    weight_args v = {};
    int error;

    v.src = cedm_map_at(&exec->base, op->src);
    v.grad = cedm_map_at(&exec->base, op->grad);
    v.partial = (float *)exec->base.workspace;
    v.weight = exec->grads + op->weight + op->first;
    v.images = exec->base.batch;
    v.height = op->height;
    v.width = op->width;
    v.in_height = op->in_height;
    v.in_width = op->in_width;
    v.cin = op->cin;
    v.cout = op->cout;
    v.kernel = op->kernel;
    v.stride = op->stride;
    v.pad = op->pad;
    v.row = op->row;
    v.scale = op->scale;
    error = CEDM_BY_PRECISION(&exec->base, run, exec, op, &v);
    return error != 0 ? error
        : CEDM_LAUNCH(weight_sum, cedm_blocks(elements, SUM_THREADS),
                      SUM_THREADS, 0, exec->base.stream, v, elements);
}

template <typename T, int KERNEL> static int allow_shared()
{
    typedef weight_matrix<T, KERNEL> shape;
    const auto kernel = weight_tensor<T, KERNEL>;

    return CEDM_ALLOW_SHARED(kernel, WEIGHT_STAGES * shape::STAGE_BYTES);
}

int conv_weight_init()
{
    int errors[4] = {allow_shared<__half, 1>(), allow_shared<__half, 3>(),
                     allow_shared<__nv_bfloat16, 1>(),
                     allow_shared<__nv_bfloat16, 3>()};

    for (int error : errors) {
        if (error != 0) {
            return error;
        }
    }
    return 0;
}
