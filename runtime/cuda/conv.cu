/* SPDX-License-Identifier: MIT
 *
 * conv.cu - which kernel makes a convolution, by which tiles.
 *
 * A destination may lie over a source of the skip.  Where a block makes all
 * channels of its pixels it has read the skip before it writes; where blocks
 * share pixels, that source is first copied to the workspace, for as many
 * images at a time as it holds. */
#include "runtime/cuda/conv_host.h"
#include "runtime/cuda/conv_plain.cuh"
#include "runtime/cuda/kernels.h"

/* The source that dst lies over: which, and an image's bytes of it. */
typedef struct overlaid {
    int source; /* in cedm_conv_args; -1: none */
    size_t bytes;
} overlaid;

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
    v->dst = cedm_slice_at(exec, op->dst, op->dst_index);
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
                      const cedm_conv *op)
{
    const unsigned char *part =
        (const unsigned char *)cedm_cuda_part(exec, op->id);
    const cedm_conv view = cedm_cuda_conv_view(op);
    cedm_cuda_conv_layout layout;

    cedm_cuda_plan_conv(&layout, exec->precision, op);
    *v = cedm_conv_args();
    fill_maps(v, exec, &view);
    v->weight = part;
    v->weight_f32 = layout.f32;
    v->bias = (const float *)(part + layout.bias);
    v->height = op->height;
    v->width = op->width;
    v->in_height = view.in_height;
    v->in_width = view.in_width;
    v->grid_height = op->up ? op->in_height : op->height;
    v->grid_width = op->up ? op->in_width : op->width;
    v->cout = op->cout;
    v->cout_padded = layout.cout_padded;
    v->k = layout.k;
    v->dst_stride = cedm_cuda_dst_stride(op->dst_stride, op->cout);
    v->taps = layout.taps;
    for (int axis = 0; axis < 2; axis++) {
        v->kernel[axis] = view.kernel[axis];
        v->stride[axis] =
            view.kernel[axis] == op->kernel[axis] ? op->stride : 1;
        v->pad[axis] = op->pad[axis];
    }
    v->up = op->up;
    v->skip_up = op->skip_up;
    v->act = op->act;
    v->post = op->post;
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

/* ---- float ------------------------------------------------------------- */

template <typename T, typename W, int BM, int BN, int TM, int PARTS>
static int launch_plain(const cedm_cuda_exec *exec, const cedm_conv_args *v)
{
    const plain_tile tile = plain_cut(v, BM, BN);
    dim3 grid(tile.across * tile.down * v->images, cedm_blocks(v->cout, BN),
              v->up ? 4 : 1);
    const auto kernel = conv_plain<T, W, BM, BN, TM, PARTS>;

    return CEDM_LAUNCH(kernel, grid, PLAIN_THREADS,
                       plain_shared(&tile, BM, BN, PARTS), exec->stream, *v,
                       tile);
}

template <typename T, typename W>
static int run_plain_of(const cedm_cuda_exec *exec, const cedm_conv_args *v,
                        const conv_tiles *tiles)
{
    return tiles->columns == 4 ? launch_plain<T, W, 64, 4, 2, 8>(exec, v)
                               : launch_plain<T, W, 64, 64, 4, 1>(exec, v);
}

template <typename T>
static int run_plain(const cedm_cuda_exec *exec, const cedm_conv_args *v,
                     const conv_tiles *tiles)
{
    return v->weight_f32 ? run_plain_of<T, float>(exec, v, tiles)
                         : run_plain_of<T, T>(exec, v, tiles);
}

/* Few channels, as those of an image, leave no work for wide tiles. */
static void choose_plain(conv_tiles *tiles, const cedm_conv_args *v)
{
    *tiles = conv_tiles();
    tiles->columns = v->cout <= 4 ? 4 : 64;
}

/* ---- choosing ---------------------------------------------------------- */

template <typename T> static conv_run *plain()
{
    return run_plain<T>;
}

extern "C" conv_run *cedm_cuda_conv_choose(conv_tiles *tiles,
                                           cedm_conv_args *args,
                                           const cedm_cuda_exec *exec,
                                           const cedm_conv *op)
{
    bool alone = find_overlaid(exec, op).source >= 0;

    fill_args(args, exec, op);
    if (cedm_cuda_conv_choose_warpgroup(tiles, exec, args, alone)) {
        return cedm_cuda_conv_run_warpgroup;
    }
    if (cedm_cuda_conv_choose_matrix(tiles, exec, args, alone)) {
        return cedm_cuda_conv_run_matrix;
    }
    choose_plain(tiles, args);
    return CEDM_BY_PRECISION(exec, plain);
}

/* ---- an op ------------------------------------------------------------- */

/* All images, or group after group with the overlaid source copied. */
static int run_groups(const cedm_cuda_exec *exec, cedm_conv_args v,
                      conv_run *by, const conv_tiles *tiles, overlaid over)
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
        size_t skipped = v.first * over.bytes;

        v.images = left < group ? left : group;
        if (over.source >= 0) {
            error = (int)cudaMemcpyAsync(
                exec->workspace, from + skipped, v.images * over.bytes,
                cudaMemcpyDeviceToDevice, (cudaStream_t)exec->stream);
            v.src[over.source].data =
                (unsigned char *)exec->workspace - skipped;
        }
        error = error != 0 ? error : by(exec, &v, tiles);
    }
    return error;
}

template <typename T>
static int run(const cedm_cuda_exec *exec, const cedm_conv *op)
{
    overlaid over = find_overlaid(exec, op);
    conv_tiles tiles;
    cedm_conv_args v;
    conv_run *by = cedm_cuda_conv_choose(&tiles, &v, exec, op);
    int error;

    if (v.cout <= tiles.columns) {
        over.source = -1;
    }
    error = run_groups(exec, v, by, &tiles, over);
    if (error == 0 && op->stats != CEDM_NONE && !tiles.at.with_stats) {
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
    cedm_conv_args v;

    if (op->stats == CEDM_NONE && exec->precision == CEDM_CUDA_FP32) {
        return 0;
    }
    fill_args(&v, exec, op);
    return CEDM_BY_PRECISION(exec, run_stats, exec, op, &v);
}

int cedm_cuda_conv_init(cedm_cuda_exec *exec)
{
    int error = cedm_cuda_conv_init_matrix();

    return error != 0 ? error : cedm_cuda_conv_init_warpgroup(exec);
}
