/* SPDX-License-Identifier: MIT
 *
 * conv_write.cuh - from the sums of a tile to what is written of it: bias,
 * embedding, residual, scale, what is done last, statistics, overflow.
 *
 * Sums stay in the registers where products left them: a lane has columns
 * 2 q and 2 q + 1 of every eight of two rows, q = lane % 4.  The four lanes of
 * a row exchange pairs, so that each has eight columns of 32 in a row, which
 * memory takes at once.  Statistics are added up across the lanes of a warp,
 * then by way of shared memory across the warps of a column: means first, then
 * squares around them, each in an order that is always the same. */
#ifndef CEDM_CUDA_CONV_WRITE_CUH
#define CEDM_CUDA_CONV_WRITE_CUH

#include "runtime/cuda/conv_stats.cuh"
#include "runtime/cuda/post.cuh"

/* How a grid is cut into tiles. */
typedef struct cedm_conv_tile {
    uint32_t width, height;
    uint32_t rim[2]; /* half of the rows and columns that a tap may shift */
    uint32_t across, down; /* tiles of an image */
    uint32_t rows;         /* of shared memory for a slice */
    uint32_t with_stats;   /* a tile is a partial map of the statistics */
} cedm_conv_tile;

/* One of them: its first pixel and output channel. */
typedef struct cedm_conv_place {
    uint32_t image, phase, y0, x0, n0;
} cedm_conv_place;

/* Pixel m of a tile, and whether there is one. */
static __device__ __forceinline__ bool
cedm_tile_pixel(const cedm_conv_args &v, const cedm_conv_tile &tile,
                const cedm_conv_place &place, uint32_t m, uint32_t *y,
                uint32_t *x)
{
    *y = place.y0 + m / tile.width;
    *x = place.x0 + m % tile.width;
    return m < tile.width * tile.height && *y < v.grid_height &&
           *x < v.grid_width;
}

/* Columns that are finished together: four lanes, eight columns each. */
#define WRITE_COLUMNS 32

/* Floats of shared memory: two vectors of what is added to columns, so that
 * those of a tile may come while some still write the one before; sums of
 * `warps` warps, and means. */
static constexpr uint32_t write_floats(uint32_t warps, uint32_t columns)
{
    return (3 + warps) * columns;
}

/* Pair j of lane q becomes pair q of lane j, among four lanes. */
static __device__ __forceinline__ void write_exchange(uint32_t (&pair)[4])
{
    const uint32_t all = 0xffffffffu;
    bool odd = (threadIdx.x & 1) != 0, high = (threadIdx.x & 2) != 0;
    uint32_t a = __shfl_xor_sync(all, odd ? pair[0] : pair[1], 1);
    uint32_t b = __shfl_xor_sync(all, odd ? pair[2] : pair[3], 1);
    uint32_t p0 = odd ? a : pair[0], p1 = odd ? pair[1] : a;
    uint32_t p2 = odd ? b : pair[2], p3 = odd ? pair[3] : b;

    a = __shfl_xor_sync(all, high ? p0 : p2, 2);
    b = __shfl_xor_sync(all, high ? p1 : p3, 2);
    pair[0] = high ? a : p0;
    pair[1] = high ? b : p1;
    pair[2] = high ? p2 : a;
    pair[3] = high ? p3 : b;
}

/* Adds up eight numbers each across the eight lanes of a column; this lane
 * gets the total of number write_number(). */
static __device__ __forceinline__ float write_total(float (&x)[8])
{
#pragma unroll
    for (int half = 4; half >= 1; half /= 2) {
        bool upper = (threadIdx.x & (uint32_t)(4 * half)) != 0;

#pragma unroll
        for (int i = 0; i < half; i++) {
            float other = upper ? x[i] : x[i + half];

            x[i] = (upper ? x[i + half] : x[i]) +
                   __shfl_xor_sync(0xffffffffu, other, 4 * half);
        }
    }
    return x[0];
}

static __device__ __forceinline__ uint32_t write_number()
{
    return threadIdx.x / 4 % 8;
}

/* How the warps of a group share a tile: WARPS of them one below the other,
 * each with MI times 16 pixels and NI times 8 channels of COLUMNS. */
template <int WARPS_, int MI_, int NI_, int COLUMNS_> struct write_shape {
    static constexpr int WARPS = WARPS_, MI = MI_, NI = NI_;
    static constexpr int COLUMNS = COLUMNS_, PIXELS = WARPS * MI * 16;
};

/* GROUP: who writes, see conv_stats.cuh.  A thread's sums are those of
 * products, [MI][NI][4].
 *
 * Residuals are loaded one part ahead, since no compiler moves loads up over
 * stores to dst. */
template <typename T, typename SHAPE, typename GROUP> struct tile_writer {
    static constexpr int MI = SHAPE::MI, NI = SHAPE::NI;
    static constexpr int PARTS = MI * NI / 4; /* of 16 by 32 */
    static constexpr uint32_t NOWHERE = 0xffffffffu;

    const cedm_conv_args &v;
    const cedm_conv_tile &tile;
    const cedm_conv_place &at;
    float *shift, *sums, *means;
    uint32_t warp, first; /* of WARPS; this warp's first column */
    const T *from;        /* this lane's first eight channels, of pixel 0 */
    T *to;
    uint32_t row[MI][2]; /* elements from there to a pixel's */
    uint4 next[2];       /* residuals of the part that comes next */

    __device__ __forceinline__
    tile_writer(const cedm_conv_args &args, const cedm_conv_tile &t,
                const cedm_conv_place &place, float *shared, uint32_t w,
                uint32_t column)
        : v(args), tile(t), at(place), shift(shared),
          sums(shared + 2 * SHAPE::COLUMNS),
          means(sums + SHAPE::WARPS * SHAPE::COLUMNS), warp(w),
          first(column), from(NULL), to(NULL), row(), next()
    {
    }

    /* Finds the tile at `at` while its products are made, and what is added to
     * its columns; tiles take turns. */
    __device__ __forceinline__ void begin(uint32_t turn)
    {
        find_rows();
        load_residual(next, 0);
        load_shift(turn);
    }

    __device__ __forceinline__ void load_shift(uint32_t turn) const
    {
        float *keep = shift + turn % 2 * SHAPE::COLUMNS;

        for (uint32_t c = GROUP::rank(); c < SHAPE::COLUMNS;
             c += GROUP::THREADS) {
            uint32_t co = at.n0 + c;
            float x = co < v.cout ? v.bias[co] : 0.0f;

            if (co < v.cout && v.emb != NULL) {
                x += v.emb[(size_t)at.image * v.emb_stride + co];
            }
            keep[c] = x;
        }
    }

    /* ---- where --------------------------------------------------------- */

    /* (A residual lies as dst does, or there is none.) */
    __device__ __forceinline__ void find_rows()
    {
        size_t before =
            (size_t)at.image * v.height * v.width * v.dst_stride + channel(0);

        from = static_cast<const T *>(v.residual.data) + before;
        to = static_cast<T *>(v.dst.data) + before;
#pragma unroll
        for (int i = 0; i < 2 * MI; i++) {
            uint32_t m = (warp * MI + i / 2) * 16 + i % 2 * 8 +
                         threadIdx.x % 32 / 4;
            uint32_t y, x;
            bool exists = cedm_tile_pixel(v, tile, at, m, &y, &x);

            row[i / 2][i % 2] = exists
                ? (uint32_t)cedm_dst_pixel(v, at.phase, y, x) * v.dst_stride
                : NOWHERE;
        }
    }

    /* Part i's first column in the tile; the eight that this lane loads and
     * stores begin at its `channel`. */
    __device__ __forceinline__ uint32_t column(int i) const
    {
        return first + (uint32_t)(i / MI) * WRITE_COLUMNS;
    }

    __device__ __forceinline__ uint32_t channel(int i) const
    {
        return at.n0 + column(i) + threadIdx.x % 4 * 8;
    }

    /* ---- values -------------------------------------------------------- */

    __device__ __forceinline__ bool exists(int i, int h) const
    {
        return row[i % MI][h] != NOWHERE && channel(i) < v.cout;
    }

    __device__ __forceinline__ void load_residual(uint4 (&bits)[2],
                                                  int i) const
    {
#pragma unroll
        for (int h = 0; h < 2; h++) {
            bits[h] = make_uint4(0, 0, 0, 0);
            if (v.residual.data != NULL && exists(i, h)) {
                bits[h] = *reinterpret_cast<const uint4 *>(
                    from + row[i % MI][h] + i / MI * WRITE_COLUMNS);
            }
        }
    }

    /* Rounds eight numbers to pairs, and to what the pairs hold. */
    static __device__ __forceinline__ void narrow(uint32_t (&pair)[4],
                                                  float *x)
    {
        T rounded[8];

#pragma unroll
        for (int e = 0; e < 8; e++) {
            cedm_narrow(&rounded[e], x[e]);
            x[e] = cedm_widen(rounded[e]);
        }
        memcpy(pair, rounded, sizeof pair);
    }

    static __device__ __forceinline__ void widen(float (&x)[8],
                                                 const uint32_t (&pair)[4])
    {
        T rounded[8];

        memcpy(rounded, pair, sizeof pair);
#pragma unroll
        for (int e = 0; e < 8; e++) {
            x[e] = cedm_widen(rounded[e]);
        }
    }

    /* What residuals add to the two rows of a part, by pairs as loaded. */
    __device__ __forceinline__ void add_residual(float (&x)[16],
                                                 const uint4 (&bits)[2]) const
    {
        uint32_t pair[2][4];

        memcpy(pair, bits, sizeof pair);
#pragma unroll
        for (int h = 0; h < 2; h++) {
            float residual[8];

            write_exchange(pair[h]);
            widen(residual, pair[h]);
#pragma unroll
            for (int e = 0; e < 8; e++) {
                x[h * 8 + e] += residual[e];
            }
        }
    }

    /* Finishes and stores the rows of part i, and leaves in the place of sums
     * what was stored, zeros for a pixel that there is not (whose sums are
     * finite where all others are).  Adds zero to *finite, or what is none. */
    __device__ __forceinline__ void write_part(float *sum,
                                               const uint4 (&bits)[2], int i,
                                               const float (&add)[8],
                                               float *finite) const
    {
        float x[16];

#pragma unroll
        for (int e = 0; e < 16; e++) {
            x[e] = sum[place(e)] + add[e % 8];
        }
        if (v.residual.data != NULL) {
            add_residual(x, bits);
        }
#pragma unroll
        for (int e = 0; e < 16; e++) {
            x[e] *= row[i % MI][e / 8] != NOWHERE ? v.scale : 0.0f;
        }
        cedm_post<T>(x, v.post);
#pragma unroll
        for (int h = 0; h < 2; h++) {
            uint32_t pair[4];

            narrow(pair, x + h * 8);
            write_exchange(pair);
            if (exists(i, h)) {
                *reinterpret_cast<uint4 *>(to + row[i % MI][h] +
                                           i / MI * WRITE_COLUMNS) =
                    make_uint4(pair[0], pair[1], pair[2], pair[3]);
            }
        }
#pragma unroll
        for (int e = 0; e < 16; e++) {
            sum[place(e)] = x[e];
            *finite = fmaf(x[e], 0.0f, *finite);
        }
    }

    /* Among a part's sums the eight of a row, row after row. */
    static __device__ __forceinline__ constexpr int place(int e)
    {
        return e % 8 / 2 * 4 + e / 8 * 2 + e % 2;
    }

    /* This lane's eight of 32 numbers of columns, in the order of sums. */
    static __device__ __forceinline__ void load_columns(float (&to)[8],
                                                        const float *from)
    {
#pragma unroll
        for (int j = 0; j < 4; j++) {
            float2 two = *reinterpret_cast<const float2 *>(
                from + j * 8 + threadIdx.x % 4 * 2);

            to[2 * j] = two.x;
            to[2 * j + 1] = two.y;
        }
    }

    /* sum[part i], of [MI][NI][4]. */
    template <typename F>
    static __device__ __forceinline__ F *part(F *sum, int i)
    {
        return sum + (i % MI * NI + i / MI * 4) * 4;
    }

    __device__ __forceinline__ void write_parts(float *sum, uint32_t turn)
    {
        const float *added = shift + turn % 2 * SHAPE::COLUMNS;
        float finite = 0.0f;

#pragma unroll
        for (int i = 0; i < PARTS; i++) {
            uint4 now[2] = {next[0], next[1]};
            float add[8];

            if (i + 1 < PARTS) {
                load_residual(next, i + 1);
            }
            load_columns(add, added + column(i));
            write_part(part(sum, i), now, i, add, &finite);
        }
        if (!cedm_finite(finite)) {
            atomicOr(&v.overflow[at.image], CEDM_CUDA_OVERFLOW);
        }
    }

    /* ---- statistics ---------------------------------------------------- */

    /* A warp's totals of add(total, x, column's mean) over the pixels that
     * there are, of its columns, to `sums`. */
    template <typename F>
    __device__ __forceinline__ void add_up(const float *sum, F add) const
    {
        uint32_t n = write_number();
        float *keep = sums + warp * SHAPE::COLUMNS + n / 2 * 8 +
                      threadIdx.x % 4 * 2 + n % 2;

#pragma unroll
        for (int g = 0; g < NI / 4; g++) {
            float total[8] = {}, mean[8];

            load_columns(mean, means + column(g * MI));
#pragma unroll
            for (int i = 0; i < 2 * MI; i++) {
                const float *x = part(sum, g * MI + i / 2) + i % 2 * 2;
                bool there = row[i / 2][i % 2] != NOWHERE;

#pragma unroll
                for (int e = 0; e < 8; e++) {
                    total[e] = add(total[e], x[e / 2 * 4 + e % 2], mean[e],
                                   there);
                }
            }
            keep[column(g * MI)] = write_total(total);
        }
        GROUP::sync();
    }

    __device__ __forceinline__ float column_total(uint32_t c) const
    {
        float total = 0.0f;

#pragma unroll
        for (int w = 0; w < SHAPE::WARPS; w++) {
            total += sums[w * SHAPE::COLUMNS + c];
        }
        return total;
    }

    __device__ __forceinline__ void write_stats(const float *sum) const
    {
        uint32_t left = v.grid_height - at.y0;
        uint32_t pixels = (left < tile.height ? left : tile.height) *
                          tile.width;
        uint32_t partial = at.y0 / tile.height;
        float *stats = v.stats + ((size_t)at.image * tile.down + partial) *
                                     2 * v.cout + at.n0;

        add_up(sum,
               [](float total, float x, float, bool) { return total + x; });
        for (uint32_t c = GROUP::rank(); c < SHAPE::COLUMNS;
             c += GROUP::THREADS) {
            means[c] = column_total(c) / (float)pixels;
        }
        GROUP::sync();
        add_up(sum, [](float total, float x, float mean, bool there) {
            float d = there ? x - mean : 0.0f;

            return fmaf(d, d, total);
        });
        for (uint32_t c = GROUP::rank();
             c < SHAPE::COLUMNS && at.n0 + c < v.cout; c += GROUP::THREADS) {
            stats[c] = means[c];
            stats[v.cout + c] = column_total(c);
        }
    }

    /* After begin(turn); the group has one barrier before the first look at
     * what that left, which is also one between tiles. */
    __device__ __forceinline__ void write_all(float *sum, uint32_t turn)
    {
        GROUP::sync();
        write_parts(sum, turn);
        if (tile.with_stats) {
            write_stats(sum);
        }
    }
};

#endif
