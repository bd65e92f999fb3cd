/* SPDX-License-Identifier: MIT
 *
 * conv.cu - which kernel makes a convolution, by which tiles.
 *
 * A destination may lie over a source of the skip.  Where a block makes all
 * channels of its pixels it has read the skip before it writes; where blocks
 * share pixels, that source is first copied to the workspace, for as many
 * images at a time as it holds. */
#include "cuda/conv_matrix.cuh"
#include "cuda/conv_plain.cuh"
#include "cuda/kernels.h"

/* What devices of compute capability 8.6 and 8.9 give a block at most. */
#define SHARED_MAX (99u << 10)

/* The source that dst lies over: which, and an image's bytes of it. */
typedef struct overlaid {
    int source; /* in cedm_conv_args; -1: none */
    size_t bytes;
} overlaid;

/* ---- the kernels' view ------------------------------------------------- */

static void fill_maps(cedm_conv_args *v, const cedm_cuda_exec *exec,
                      const cedm_conv *op)
{
    for (int s = 0; s < 2; s++) {
        v->src[s] = cedm_map_at(exec, op->cin[s] != 0 ? op->src[s]
                                                      : CEDM_NONE);
        v->src[s + 2] = cedm_map_at(
            exec, op->skip_cin[s] != 0 ? op->skip_src[s] : CEDM_NONE);
        v->channels[s] = op->cin[s];
        v->channels[s + 2] = op->skip_cin[s];
    }
    v->cin = op->cin[0] + op->cin[1];
    v->residual = cedm_map_at(exec, op->residual);
    v->dst = cedm_map_at(exec, op->dst);
    if (op->act != CEDM_ACT_NONE) {
        v->coeff = (const float *)cedm_cuda_at(exec, op->coeff);
    }
    if (op->emb_src != CEDM_NONE) {
        v->emb = (const float *)cedm_cuda_at(exec, op->emb_src) +
                 op->emb_index;
    }
    if (op->stats != CEDM_NONE) {
        v->stats = (float *)cedm_cuda_at(exec, op->stats);
    }
    v->overflow = exec->overflow;
}

static void fill_args(cedm_conv_args *v, const cedm_cuda_exec *exec,
                      const cedm_conv *op,
                      const cedm_cuda_conv_layout *layout)
{
    const unsigned char *part =
        (const unsigned char *)cedm_cuda_part(exec, op->id);

    *v = cedm_conv_args();
    fill_maps(v, exec, op);
    v->weight = part;
    v->bias = (const float *)(part + layout->bias);
    v->height = op->height;
    v->width = op->width;
    v->in_height = op->in_height;
    v->in_width = op->in_width;
    v->grid_height = op->up ? op->in_height : op->height;
    v->grid_width = op->up ? op->in_width : op->width;
    v->cout = op->cout;
    v->cout_padded = layout->cout_padded;
    v->k = layout->k;
    v->kernel = op->kernel;
    v->taps = layout->taps;
    v->stride = op->stride;
    v->pad = op->pad;
    v->up = op->up;
    v->skip_up = op->skip_up;
    v->act = op->act;
    v->emb_stride = op->emb_stride;
    v->stat_rows = op->stat_rows;
    v->scale = op->scale;
}

/* ---- statistics -------------------------------------------------------- */

template <typename T>
static int run_stats(const cedm_cuda_exec *exec, const cedm_conv *op,
                     const cedm_conv_args *v)
{
    uint32_t partials = cedm_blocks(op->height, op->stat_rows);
    dim3 grid(exec->batch * partials, cedm_blocks(op->cout, STATS_COLUMNS));
    const auto kernel = conv_stats<T>;

    return CEDM_LAUNCH(kernel, grid, 4 * STATS_COLUMNS,
                       4 * STATS_COLUMNS * sizeof(float), exec->stream, *v);
}

/* ---- tiles ------------------------------------------------------------- */

/* Whether the matrix kernel takes an op: chunks of eight numbers. */
static bool suits_matrix(const cedm_conv_args *v,
                         const cedm_cuda_conv_layout *layout)
{
    bool maps = !v->dst.f32 && !v->residual.f32, channels = v->cout % 8 == 0;

    for (int s = 0; s < 4; s++) {
        maps = maps && !v->src[s].f32;
        channels = channels && v->channels[s] % 8 == 0;
    }
    return !layout->f32 && maps && channels && v->stride == 1 &&
           v->pad == v->kernel / 2;
}

static void plan_tile(cedm_conv_tile *t, const cedm_conv_args *v, uint32_t bm)
{
    uint32_t most = bm / 2, rim = v->kernel / 2;

    *t = cedm_conv_tile();
    t->rim = rim;
    t->width = v->grid_width < most ? v->grid_width : most;
    t->height = bm / t->width;
    if (t->height > v->grid_height) {
        t->height = v->grid_height;
    }
    while ((t->width + 2 * rim) * (t->height + 2 * rim) >
           matrix_rows_max(bm)) {
        t->height--;
    }
    t->across = cedm_blocks(v->grid_width, t->width);
    t->down = cedm_blocks(v->grid_height, t->height);
    t->rows = (t->width + 2 * rim) * (t->height + 2 * rim);
    if (t->rows < bm) {
        t->rows = bm; /* a slice of the skip has no rim */
    }
    t->with_stats = v->stats != NULL && !v->up && t->across == 1 &&
                    t->height == v->stat_rows;
}

/* Images of `v` that are left out are those before v->first. */
template <typename T, int BM, int BN, int WARPS_M, int WARPS_N>
static int launch_matrix(const cedm_cuda_exec *exec, const cedm_conv_args *v,
                         uint32_t images, const cedm_conv_tile *tile)
{
    const auto kernel = conv_matrix<T, BM, BN, WARPS_M, WARPS_N>;
    dim3 grid(cedm_blocks(v->cout_padded, BN) * tile->across * tile->down *
                  images,
              v->up ? 4 : 1);

    return CEDM_LAUNCH(kernel, grid, WARPS_M * WARPS_N * 32,
                       matrix_shared(BM, BN, tile->rows), exec->stream, *v,
                       *tile);
}

/* BN of a matrix kernel, given BM and whether one block must make all
 * channels; 0: no kernel does. */
static uint32_t matrix_columns(const cedm_conv_args *v, uint32_t bm,
                               bool alone)
{
    if (alone) {
        return v->cout <= 64 && bm == 64 ? 64 : v->cout <= 128 && bm == 128
            ? 128 : v->cout <= 256 ? 256 : 0;
    }
    return bm;
}

/* Small tiles where large ones would leave multiprocessors idle. */
static uint32_t matrix_rows(const cedm_cuda_exec *exec,
                            const cedm_conv_args *v)
{
    uint32_t pixels = v->grid_height * v->grid_width;
    uint64_t blocks = (uint64_t)exec->batch * cedm_blocks(pixels, 128) *
                      cedm_blocks(v->cout, 128) * (v->up ? 4 : 1);

    return pixels > 64 && v->cout > 64 && blocks >= exec->multiprocessors
        ? 128 : 64;
}

template <typename T>
static int run_matrix(const cedm_cuda_exec *exec, const cedm_conv_args *v,
                      uint32_t images, uint32_t bm, uint32_t bn,
                      const cedm_conv_tile *tile)
{
    if (bm == 128 && bn == 256) {
        return launch_matrix<T, 128, 256, 2, 4>(exec, v, images, tile);
    }
    if (bm == 128) {
        return launch_matrix<T, 128, 128, 2, 4>(exec, v, images, tile);
    }
    if (bn == 256) {
        return launch_matrix<T, 64, 256, 2, 4>(exec, v, images, tile);
    }
    return launch_matrix<T, 64, 64, 2, 2>(exec, v, images, tile);
}

template <typename T, typename W, int BM, int BN, int TM, int TN>
static int launch_plain(const cedm_cuda_exec *exec, const cedm_conv_args *v,
                        uint32_t images)
{
    const auto kernel = conv_plain<T, W, BM, BN, TM, TN>;
    uint32_t pixels = v->grid_height * v->grid_width;
    dim3 grid(cedm_blocks(pixels, BM) * images, cedm_blocks(v->cout, BN),
              v->up ? 4 : 1);

    return CEDM_LAUNCH(kernel, grid, PLAIN_THREADS, plain_shared(BM, BN),
                       exec->stream, *v);
}

/* Few channels, as those of an image, leave no work for wide tiles. */
template <typename T, typename W>
static int run_plain(const cedm_cuda_exec *exec, const cedm_conv_args *v,
                     uint32_t images)
{
    return v->cout <= 4
        ? launch_plain<T, W, 256, 4, 1, 4>(exec, v, images)
        : launch_plain<T, W, 64, 64, 4, 4>(exec, v, images);
}

/* ---- an op ------------------------------------------------------------- */

static overlaid find_overlaid(const cedm_cuda_exec *exec, const cedm_conv *op)
{
    overlaid found = {-1, 0};

    for (int s = 0; s < 2; s++) {
        if (op->skip_cin[s] != 0 && op->skip_src[s] == op->dst) {
            found.source = s + 2;
            found.bytes = (size_t)op->height * op->width * op->skip_cin[s] *
                          (CEDM_REF_IS_F32(op->dst)
                               ? 4 : cedm_cuda_act_bytes(exec->precision));
        }
    }
    return found;
}

typedef struct conv_choice {
    bool matrix, weights_f32;
    uint32_t bm, bn;
    cedm_conv_tile tile;
} conv_choice;

template <typename T>
static int run_images(const cedm_cuda_exec *exec, const cedm_conv_args *v,
                      uint32_t images, const conv_choice *c)
{
    if constexpr (sizeof(T) == 2) {
        if (c->matrix) {
            return run_matrix<T>(exec, v, images, c->bm, c->bn, &c->tile);
        }
    }
    return c->weights_f32 ? run_plain<T, float>(exec, v, images)
                          : run_plain<T, T>(exec, v, images);
}

/* All images, or group after group with the overlaid source copied. */
template <typename T>
static int run_groups(const cedm_cuda_exec *exec, cedm_conv_args v,
                      const conv_choice *c, overlaid over)
{
    uint32_t group = exec->batch;
    const unsigned char *from = NULL;
    int error = 0;

    if (over.source >= 0) {
        size_t fit = exec->workspace_bytes / over.bytes;

        if (fit == 0) {
            return (int)cudaErrorMemoryAllocation;
        }
        group = fit < group ? (uint32_t)fit : group;
        from = (const unsigned char *)v.src[over.source].data;
    }
    for (v.first = 0; v.first < exec->batch && error == 0;
         v.first += group) {
        uint32_t left = exec->batch - v.first;
        uint32_t images = left < group ? left : group;
        size_t skipped = v.first * over.bytes;

        if (over.source >= 0) {
            error = (int)cudaMemcpyAsync(
                exec->workspace, from + skipped, images * over.bytes,
                cudaMemcpyDeviceToDevice, (cudaStream_t)exec->stream);
            v.src[over.source].data =
                (unsigned char *)exec->workspace - skipped;
        }
        if (error == 0) {
            error = run_images<T>(exec, &v, images, c);
        }
    }
    v.first = 0;
    return error;
}

template <typename T>
static int run(const cedm_cuda_exec *exec, const cedm_conv *op)
{
    cedm_cuda_conv_layout layout;
    cedm_conv_args v;
    conv_choice c = {};
    overlaid over = find_overlaid(exec, op);
    int error;

    cedm_cuda_plan_conv(&layout, exec->precision, op);
    fill_args(&v, exec, op, &layout);
    c.matrix = suits_matrix(&v, &layout);
    c.weights_f32 = layout.f32;
    if (c.matrix) {
        c.bm = matrix_rows(exec, &v);
        c.bn = matrix_columns(&v, c.bm, over.source >= 0);
        if (c.bn == 0) {
            c.bn = c.bm;
        }
        plan_tile(&c.tile, &v, c.bm);
    } else {
        c.bn = op->cout <= 4 ? 4 : 64;
    }
    if (op->cout <= c.bn) {
        over.source = -1;
    }
    error = run_groups<T>(exec, v, &c, over);
    if (error == 0 && op->stats != CEDM_NONE && !c.tile.with_stats) {
        error = run_stats<T>(exec, op, &v);
    }
    return error;
}

extern "C" int cedm_cuda_conv(const cedm_cuda_exec *exec, const cedm_conv *op)
{
    return CEDM_BY_PRECISION(exec, run, exec, op);
}

extern "C" int cedm_cuda_conv_finish(const cedm_cuda_exec *exec,
                                     const cedm_conv *op)
{
    cedm_cuda_conv_layout layout;
    cedm_conv_args v;

    if (op->stats == CEDM_NONE && exec->precision == CEDM_CUDA_FP32) {
        return 0;
    }
    cedm_cuda_plan_conv(&layout, exec->precision, op);
    fill_args(&v, exec, op, &layout);
    return CEDM_BY_PRECISION(exec, run_stats, exec, op, &v);
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

int cedm_cuda_conv_init()
{
    int error = allow_shared<__half>();

    return error != 0 ? error : allow_shared<__nv_bfloat16>();
}
