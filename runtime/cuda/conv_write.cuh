/* SPDX-License-Identifier: MIT
 *
 * conv_write.cuh - from the sums of a tile to what is written of it: bias,
 * embedding, residual, scale, what is done last, statistics, overflow.
 *
 * Sums pass through shared memory, 64 columns at a time, since those who
 * multiplied hold other elements than those that are written together. */
#ifndef CEDM_CUDA_CONV_WRITE_CUH
#define CEDM_CUDA_CONV_WRITE_CUH

#include "runtime/cuda/conv_stats.cuh"
#include "runtime/cuda/post.cuh"

/* Padding of a row of sums that waits to be written: keeps banks apart. */
#define WRITE_SUMS (STATS_COLUMNS + 4)

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

/* Floats of shared memory for `pixels` rows of sums and GROUP's totals. */
static constexpr uint32_t write_floats(uint32_t pixels)
{
    return pixels * WRITE_SUMS + 4 * STATS_COLUMNS;
}

/* PIXELS: of a tile, COLUMNS: its channels, GROUP: who writes, see
 * conv_stats.cuh.
 *
 * A thread finishes chunks of eight channels, of 64 columns always the same
 * eight.  Their residual is loaded when those of the columns before are done,
 * since no compiler moves loads up over stores to dst. */
template <typename T, int PIXELS, int COLUMNS, typename GROUP>
struct tile_writer {
    static constexpr int CHUNKS =
        PIXELS * 8 / (GROUP::PARTS * STATS_COLUMNS);

    const cedm_conv_args &v;
    const cedm_conv_tile &tile;
    const cedm_conv_place &at;
    float *sums;

    __device__ __forceinline__ tile_writer(const cedm_conv_args &args,
                                           const cedm_conv_tile &t,
                                           const cedm_conv_place &place,
                                           float *shared)
        : v(args), tile(t), at(place), sums(shared)
    {
    }

    static __device__ __forceinline__ uint32_t chunk_pixel(int i)
    {
        return GROUP::rank() / 8 + i * GROUP::PARTS * 8;
    }

    __device__ __forceinline__ uint32_t chunk_channel(int first) const
    {
        return at.n0 + first + GROUP::rank() % 8 * 8;
    }

    /* Elements of dst's images before the tile's; a residual has as many, or
     * there is none. */
    __device__ __forceinline__ size_t image() const
    {
        return (size_t)at.image * v.height * v.width * v.dst_stride;
    }

    /* The image's element where chunk i begins, and whether there is one. */
    __device__ __forceinline__ bool find(uint32_t *to, int i,
                                         uint32_t co) const
    {
        uint32_t y, x;
        bool exists = cedm_tile_pixel(v, tile, at, chunk_pixel(i), &y, &x);

        *to = (uint32_t)cedm_dst_pixel(v, at.phase, y, x) * v.dst_stride + co;
        return exists && co < v.cout;
    }

    /* Of a thread's chunks, from channel co on. */
    __device__ __forceinline__ void load_residual(uint4 (&bits)[CHUNKS],
                                                  uint32_t co) const
    {
        const T *residual = static_cast<const T *>(v.residual.data) + image();
        uint32_t from;

#pragma unroll
        for (int i = 0; i < CHUNKS; i++) {
            if (v.residual.data != NULL && find(&from, i, co)) {
                bits[i] = *reinterpret_cast<const uint4 *>(residual + from);
            }
        }
    }

    /* Finishes chunk i, and leaves what was written in the place of sums;
     * whether 16 bits could not hold it. */
    __device__ __forceinline__ bool write(const uint4 &bits, int i,
                                          uint32_t co) const
    {
        float *row = sums + chunk_pixel(i) * WRITE_SUMS +
                     GROUP::rank() % 8 * 8;
        float x[8], residual[8];
        bool overflow = false;
        uint32_t to;

        if (!find(&to, i, co)) {
            return false;
        }
        cedm_load8(x, row);
#pragma unroll
        for (int j = 0; j < 8; j++) {
            float shift = v.bias[co + j];

            if (v.emb != NULL) {
                shift += v.emb[(size_t)at.image * v.emb_stride + co + j];
            }
            x[j] += shift;
        }
        if (v.residual.data != NULL) {
            cedm_load8(residual, reinterpret_cast<const T *>(&bits));
#pragma unroll
            for (int j = 0; j < 8; j++) {
                x[j] += residual[j];
            }
        }
#pragma unroll
        for (int j = 0; j < 8; j++) {
            x[j] *= v.scale;
        }
        cedm_post<T>(x, v.post);
        cedm_store8(static_cast<T *>(v.dst.data) + image() + to, x);
#pragma unroll
        for (int j = 0; j < 8; j++) {
            row[j] = x[j];
            overflow |= !cedm_finite(x[j]);
        }
        return overflow;
    }

    __device__ __forceinline__ void write_stats(uint32_t first) const
    {
        uint32_t left = v.grid_height - at.y0;
        uint32_t rows = left < tile.height ? left : tile.height;
        uint32_t column = GROUP::rank() % STATS_COLUMNS;
        uint32_t co = at.n0 + first + column;
        uint32_t partial = at.y0 / tile.height;
        float *stats = v.stats + ((size_t)at.image * tile.down + partial) *
                                     2 * v.cout + co;

        stats_of<GROUP>(
            [&](uint32_t p) {
                return co < v.cout ? sums[p * WRITE_SUMS + column] : 0.0f;
            },
            rows * tile.width, sums + PIXELS * WRITE_SUMS, stats,
            stats + v.cout, co < v.cout);
    }

    /* put(first) writes this thread's sums of the 64 columns from `first` on
     * to `sums`.  (stats_of has a barrier after its last look at them.) */
    template <typename F> __device__ __forceinline__ void write_all(F put) const
    {
        bool overflow = false;
        uint4 bits[CHUNKS] = {};

        load_residual(bits, chunk_channel(0));
#pragma unroll
        for (int first = 0; first < COLUMNS; first += STATS_COLUMNS) {
            uint32_t co = chunk_channel(first);

            put(first);
            GROUP::sync();
#pragma unroll
            for (int i = 0; i < CHUNKS; i++) {
                overflow |= write(bits[i], i, co);
            }
            if (first + STATS_COLUMNS < COLUMNS) {
                load_residual(bits, co + STATS_COLUMNS);
            }
            GROUP::sync();
            if (tile.with_stats) {
                write_stats(first);
            }
        }
        if (overflow) {
            atomicOr(&v.overflow[at.image], CEDM_CUDA_OVERFLOW);
        }
    }
};

#endif
