/* SPDX-License-Identifier: MIT
 *
 * conv_matrix.cu - convolutions by products of warps: which they are, by
 * which tiles. */
#include "runtime/cuda/conv_host.h"
#include "runtime/cuda/conv_matrix.cuh"

/* What devices of compute capability 8.6 and 8.9 give a block at most. */
#define SHARED_MAX (99u << 10)

/* Larger ones would leave no tile for their rim. */
#define KERNEL_MAX 7

extern "C" bool cedm_cuda_conv_suits(const cedm_conv_args *v)
{
    bool maps = !v->dst.f32 && !v->residual.f32, channels = v->cout % 8 == 0;

    for (int s = 0; s < 4; s++) {
        maps = maps && !v->src[s].f32;
        channels = channels && v->channels[s] % 8 == 0;
    }
    for (int axis = 0; axis < 2; axis++) {
        maps = maps && v->stride[axis] == 1 && v->kernel[axis] % 2 == 1 &&
               v->kernel[axis] <= KERNEL_MAX &&
               v->pad[axis] <= v->kernel[axis] / 2;
    }
    return !v->weight_f32 && maps && channels && v->dst_stride % 8 == 0 &&
           (uintptr_t)v->dst.data % 16 == 0;
}

extern "C" void cedm_cuda_conv_cut(conv_tiles *tiles, const cedm_conv_args *v,
                                   uint32_t pixels, uint32_t columns,
                                   uint32_t rows)
{
    uint32_t tall = v->kernel[0] - 1, wide = v->kernel[1] - 1;
    uint32_t most = rows / (1 + tall) - wide; /* in a single row */
    cedm_conv_tile t = {};

    most = most < pixels / 2 ? most : pixels / 2;
    t.rim[0] = tall / 2;
    t.rim[1] = wide / 2;
    t.width = v->grid_width < most ? v->grid_width : most;
    t.height = pixels / t.width;
    if (t.height > v->grid_height) {
        t.height = v->grid_height;
    }
    while ((t.width + wide) * (t.height + tall) > rows) {
        t.height--;
    }
    t.across = cedm_blocks(v->grid_width, t.width);
    t.down = cedm_blocks(v->grid_height, t.height);
    t.rows = (t.width + wide) * (t.height + tall);
    if (t.rows < pixels) {
        t.rows = pixels; /* a slice of the skip has no rim */
    }
    t.with_stats = v->stats != NULL && !v->up && t.across == 1 &&
                   t.height == v->stat_rows;
    *tiles = {pixels, columns, t};
}

/* ---- choosing ---------------------------------------------------------- */

/* Small tiles where large ones would leave multiprocessors idle. */
static uint32_t pixels_of(const cedm_cuda_exec *exec, const cedm_conv_args *v)
{
    uint32_t pixels = v->grid_height * v->grid_width;
    uint64_t blocks = (uint64_t)exec->batch * cedm_blocks(pixels, 128) *
                      cedm_blocks(v->cout, 128) * (v->up ? 4 : 1);

    return pixels > 64 && v->cout > 64 && blocks >= exec->multiprocessors
        ? 128 : 64;
}

/* One block makes up to 256 channels. */
static uint32_t columns_of(const cedm_conv_args *v, uint32_t pixels,
                           bool alone)
{
    return alone && v->cout > pixels && v->cout <= 256 ? 256 : pixels;
}

extern "C" bool cedm_cuda_conv_choose_matrix(conv_tiles *tiles,
                                             const cedm_cuda_exec *exec,
                                             const cedm_conv_args *v,
                                             bool alone)
{
    uint32_t pixels = pixels_of(exec, v);

    if (!cedm_cuda_conv_suits(v)) {
        return false;
    }
    cedm_cuda_conv_cut(tiles, v, pixels, columns_of(v, pixels, alone),
                       matrix_rows_max(pixels));
    return true;
}

/* ---- running ----------------------------------------------------------- */

/* Images of `v` that are left out are those before v->first. */
template <typename T, int BM, int BN, int WARPS_M, int WARPS_N>
static int launch(const cedm_cuda_exec *exec, const cedm_conv_args *v,
                  const cedm_conv_tile *tile)
{
    const auto kernel = conv_matrix<T, BM, BN, WARPS_M, WARPS_N>;
    dim3 grid(cedm_blocks(v->cout_padded, BN) * tile->across * tile->down *
                  v->images,
              v->up ? 4 : 1);

    return CEDM_LAUNCH(kernel, grid, WARPS_M * WARPS_N * 32,
                       matrix_shared(BN, tile->rows), exec->stream, *v,
                       *tile);
}

template <typename T>
static int run(const cedm_cuda_exec *exec, const cedm_conv_args *v,
               const conv_tiles *tiles)
{
    const cedm_conv_tile *at = &tiles->at;

    if (tiles->pixels == 128) {
        return tiles->columns == 256
            ? launch<T, 128, 256, 2, 4>(exec, v, at)
            : launch<T, 128, 128, 2, 4>(exec, v, at);
    }
    return tiles->columns == 256 ? launch<T, 64, 256, 2, 4>(exec, v, at)
                                 : launch<T, 64, 64, 2, 2>(exec, v, at);
}

extern "C" int cedm_cuda_conv_run_matrix(const cedm_cuda_exec *exec,
                                         const cedm_conv_args *v,
                                         const conv_tiles *tiles)
{
    return exec->precision == CEDM_CUDA_FP16
        ? run<__half>(exec, v, tiles) : run<__nv_bfloat16>(exec, v, tiles);
}

template <typename T> static int allow_shared()
{
    const auto large = conv_matrix<T, 128, 128, 2, 4>;
    const auto small = conv_matrix<T, 64, 64, 2, 2>;
    const auto wide = conv_matrix<T, 128, 256, 2, 4>;
    const auto low = conv_matrix<T, 64, 256, 2, 4>;
    int error = CEDM_ALLOW_SHARED(large, SHARED_MAX);

    error = error != 0 ? error : CEDM_ALLOW_SHARED(small, SHARED_MAX);
    error = error != 0 ? error : CEDM_ALLOW_SHARED(wide, SHARED_MAX);
    return error != 0 ? error : CEDM_ALLOW_SHARED(low, SHARED_MAX);
}

extern "C" int cedm_cuda_conv_init_matrix()
{
    int error = allow_shared<__half>();

    return error != 0 ? error : allow_shared<__nv_bfloat16>();
}
