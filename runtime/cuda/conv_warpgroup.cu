/* SPDX-License-Identifier: MIT
 *
 * conv_warpgroup.cu - convolutions by products of warpgroups: which they
 * are, by which tiles, from which maps of tensors. */
#include "runtime/cuda/conv_host.h"
#include "runtime/cuda/conv_warpgroup.cuh"

/* What devices of compute capability 9.0 give a block at most. */
#define SHARED_MAX (227u << 10)

/* Rows that a slice of a tile may have. */
#define ROWS_MAX 264

/* A kernel that multiplies has 168 at entry. */
#define REGISTERS_WITHOUT_BODY 64

/* ---- choosing ---------------------------------------------------------- */

/* Tiles by pixels and columns, the best first. */
enum { SHAPES = 5 };
static const uint32_t shapes[SHAPES][2] = {
    {128, 256}, {128, 192}, {128, 128}, {64, 256}, {64, 128}};

static uint64_t count_of(const cedm_conv_args *v, const conv_tiles *tiles,
                         uint32_t images)
{
    return (uint64_t)images * tiles->at.across * tiles->at.down *
           cedm_blocks(v->cout_padded, tiles->columns) * (v->up ? 4 : 1);
}

/* Few channels are left to the other kernel, and so is a skip larger than the
 * grid. */
static bool suits(const cedm_cuda_exec *exec, const cedm_conv_args *v)
{
    return exec->encode_tensor != NULL && cedm_cuda_conv_suits(v) &&
           v->cout > 64 && (v->channels[2] == 0 || v->skip_up >= v->up);
}

/* Of a skip of half the grid's size, a tile takes half as many rows and
 * columns. */
static bool skip_suits(const cedm_conv_args *v, const conv_tiles *tiles)
{
    return warpgroup_halves(*v) == 0 ||
           (tiles->at.width % 2 == 0 && tiles->at.height % 2 == 0);
}

/* Columns that tiles of `columns` have in all. */
static uint32_t padded(const cedm_conv_args *v, uint32_t columns)
{
    return cedm_blocks(v->cout_padded, columns) * columns;
}

/* Neither pixels nor columns say no. */
static bool shape_suits(const uint32_t shape[2], const cedm_conv_args *v)
{
    uint32_t least = padded(v, 256);

    least = padded(v, 192) < least ? padded(v, 192) : least;
    least = padded(v, 128) < least ? padded(v, 128) : least;
    return shape[0] == 128
        ? v->grid_height * v->grid_width > 64 &&
              padded(v, shape[1]) == least
        : shape[1] == 128 || v->cout > 128;
}

/* Where blocks share pixels that must stay together a source is copied first,
 * which takes less than half a tile, but more than a wave gains: `count` wider
 * tiles left half of the multiprocessors idle, or none has all channels. */
static bool copy_pays(const cedm_cuda_exec *exec, const uint32_t shape[2],
                      uint64_t count)
{
    return shape[0] == 64 && 2 * count <= exec->multiprocessors;
}

/* The first tiles that give every multiprocessor one, else the last. */
extern "C" bool cedm_cuda_conv_choose_warpgroup(conv_tiles *tiles,
                                                const cedm_cuda_exec *exec,
                                                const cedm_conv_args *v,
                                                bool alone)
{
    uint64_t count = 0;

    if (!suits(exec, v)) {
        return false;
    }
    for (int i = 0; i < SHAPES && count < exec->multiprocessors; i++) {
        if (shape_suits(shapes[i], v) &&
            (!alone || v->cout <= shapes[i][1] ||
             copy_pays(exec, shapes[i], count))) {
            cedm_cuda_conv_cut(tiles, v, shapes[i][0], shapes[i][1],
                               ROWS_MAX);
            count = count_of(v, tiles, exec->batch);
        }
    }
    return count != 0 && skip_suits(v, tiles);
}

/* ---- maps of tensors --------------------------------------------------- */

static int encode_source(warpgroup_maps *maps, const cedm_cuda_exec *exec,
                         const cedm_conv_args *v, const conv_tiles *tiles,
                         uint32_t from)
{
    uint32_t tall = from < 2 ? 2 * tiles->at.rim[0] : 0;
    uint32_t wide = from < 2 ? 2 * tiles->at.rim[1] : 0;
    uint32_t halves = from < 2 ? 0 : warpgroup_halves(*v);
    cedm_box_tensor tensor = {
        v->src[from].data,
        {v->channels[from], from < 2 ? v->in_width : v->grid_width >> halves,
         from < 2 ? v->in_height : v->grid_height >> halves, exec->batch},
        {CEDM_CUDA_K, (tiles->at.width >> halves) + wide,
         (tiles->at.height >> halves) + tall, 1}};

    return v->channels[from] == 0
        ? 0 : cedm_encode_tensor(&maps->source[from], &tensor,
                                 exec->encode_tensor);
}

static int encode(warpgroup_maps *maps, const cedm_cuda_exec *exec,
                  const cedm_conv_args *v, const conv_tiles *tiles)
{
    cedm_box_tensor weights = {v->weight,
                               {v->k, v->cout_padded, v->up ? 4u : 1u, 1},
                               {CEDM_CUDA_K, tiles->columns, 1, 1}};
    int error = cedm_encode_tensor(&maps->weights, &weights,
                                   exec->encode_tensor);

    for (uint32_t from = 0; from < 4 && error == 0; from++) {
        error = encode_source(maps, exec, v, tiles, from);
    }
    return error;
}

/* ---- running ----------------------------------------------------------- */

template <typename T, int BM, int BN>
static int launch(const cedm_cuda_exec *exec, const cedm_conv_args *v,
                  const conv_tiles *tiles)
{
    const auto kernel = conv_warpgroup<T, BM, BN>;
    uint64_t count = count_of(v, tiles, v->images);
    uint32_t blocks = count < exec->multiprocessors ? (uint32_t)count
                                                    : exec->multiprocessors;
    warpgroup_maps maps = {};
    int error = encode(&maps, exec, v, tiles);

    return error != 0 ? error
        : CEDM_LAUNCH(kernel, blocks, WARPGROUP_THREADS,
                      warpgroup_shared(BM, BN, &tiles->at), exec->stream, *v,
                      tiles->at, maps);
}

template <typename T>
static int run(const cedm_cuda_exec *exec, const cedm_conv_args *v,
               const conv_tiles *tiles)
{
    if (tiles->pixels == 128) {
        return tiles->columns == 256   ? launch<T, 128, 256>(exec, v, tiles)
               : tiles->columns == 192 ? launch<T, 128, 192>(exec, v, tiles)
                                       : launch<T, 128, 128>(exec, v, tiles);
    }
    return tiles->columns == 256 ? launch<T, 64, 256>(exec, v, tiles)
                                 : launch<T, 64, 128>(exec, v, tiles);
}

extern "C" int cedm_cuda_conv_run_warpgroup(const cedm_cuda_exec *exec,
                                            const cedm_conv_args *v,
                                            const conv_tiles *tiles)
{
    return exec->precision == CEDM_CUDA_FP16
        ? run<__half>(exec, v, tiles) : run<__nv_bfloat16>(exec, v, tiles);
}

template <typename T> static int allow_shared()
{
    const auto large = conv_warpgroup<T, 128, 256>;
    const auto middle = conv_warpgroup<T, 128, 192>;
    const auto narrow = conv_warpgroup<T, 128, 128>;
    const auto low = conv_warpgroup<T, 64, 256>;
    const auto small = conv_warpgroup<T, 64, 128>;
    int error = CEDM_ALLOW_SHARED(large, SHARED_MAX);

    error = error != 0 ? error : CEDM_ALLOW_SHARED(middle, SHARED_MAX);
    error = error != 0 ? error : CEDM_ALLOW_SHARED(narrow, SHARED_MAX);
    error = error != 0 ? error : CEDM_ALLOW_SHARED(low, SHARED_MAX);
    return error != 0 ? error : CEDM_ALLOW_SHARED(small, SHARED_MAX);
}

/* Whether the device runs code that was made for it: any other, as that of
 * an older architecture compiled while it is loaded, has a kernel without a
 * body, which hardly needs a register. */
static int find_body(bool *found)
{
    const auto kernel = conv_warpgroup<__half, 128, 256>;
    int count, error = cedm_registers(kernel, &count);

    *found = count > REGISTERS_WITHOUT_BODY;
    return error;
}

/* Without a body, or the driver's function, the other kernels serve. */
extern "C" int cedm_cuda_conv_init_warpgroup(cedm_cuda_exec *exec)
{
    bool found = false;
    int error = exec->arch == 90 ? find_body(&found) : 0;

    exec->encode_tensor = found ? cedm_find_encode() : NULL;
    if (error != 0 || exec->encode_tensor == NULL) {
        return error;
    }
    error = allow_shared<__half>();
    return error != 0 ? error : allow_shared<__nv_bfloat16>();
}
