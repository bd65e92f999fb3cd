/* SPDX-License-Identifier: MIT
 *
 * conv_matrix.cuh - convolution on tensor cores, compute capability 8.0.
 *
 * A block makes BM pixels, a rectangle of one image, by BN output channels.
 * It walks through K in steps of 32 channels at one tap.  The source
 * rectangle of 32 channels, with the rim that the kernel needs, is copied
 * to shared memory once for all taps; each thread activates what it copied
 * itself, in place, so that a (x) + b and silu cost one pass instead of nine
 * and zeros of the padding stay zeros.  Weights of a step come in a ring of
 * STAGES.  Both copies run ahead by STAGES - 1 steps, or as many slices.
 *
 * A row in shared memory, 32 channels of a pixel or of an output channel, is
 * 64 bytes: four chunks of 16.  Chunk q of row r lies at q ^ (r / 2 % 4), so
 * that the same chunk of any eight consecutive rows meets all 32 banks. */
#ifndef CEDM_CUDA_CONV_MATRIX_CUH
#define CEDM_CUDA_CONV_MATRIX_CUH

#include "runtime/cuda/conv_write.cuh"

#define MATRIX_STAGES 3
#define MATRIX_ROW 64u /* bytes */

/* Rows of shared memory for the source: tiles are chosen to fit. */
static constexpr uint32_t matrix_rows_max(uint32_t bm)
{
    return bm == 128 ? 264 : 200;
}

/* Byte of chunk q of a row. */
static __device__ __forceinline__ uint32_t matrix_chunk(uint32_t row,
                                                        uint32_t q)
{
    return row * MATRIX_ROW + ((q ^ (row >> 1 & 3u)) << 4);
}

template <typename T, int BM_, int BN_, int WARPS_M, int WARPS_N>
struct matrix_conv {
    static constexpr int BM = BM_, BN = BN_;
    static constexpr int THREADS = WARPS_M * WARPS_N * 32;
    static constexpr int WARP_M = BM / WARPS_M, WARP_N = BN / WARPS_N;
    static constexpr int MI = WARP_M / 16, NI = WARP_N / 8;
    static constexpr int PER_PASS = THREADS / 4; /* rows copied at a time */
    static constexpr int PIXELS =
        (matrix_rows_max(BM) + PER_PASS - 1) / PER_PASS;
    static constexpr int SKIPS = BM / PER_PASS;

    /* A slice of 32 channels of one source. */
    struct slice {
        const T *image;
        const float *a, *b;
        uint32_t channels, first; /* first: this thread's of eight */
        bool skip;
    };

    const cedm_conv_args &v;
    const cedm_conv_tile &tile;
    unsigned char *source, *weights;
    cedm_conv_place place;
    uint32_t slices[4];
    int pixel[PIXELS], skip_pixel[SKIPS]; /* that this thread copies */
    uint32_t row[MI], skip_row[MI];       /* that this lane multiplies */
    float sum[MI * NI * 4];

    __device__ __forceinline__ matrix_conv(const cedm_conv_args &args,
                                           const cedm_conv_tile &t)
        : v(args), tile(t)
    {
        uint32_t columns = (v.cout_padded + BN - 1) / BN;
        uint32_t tiles = tile.across * tile.down;
        uint32_t b = blockIdx.x / columns;

        source = cedm_shared();
        weights = source + MATRIX_STAGES * tile.rows * MATRIX_ROW;
        place.image = v.first + b / tiles;
        place.phase = blockIdx.y;
        place.y0 = b % tiles / tile.across * tile.height;
        place.x0 = b % tiles % tile.across * tile.width;
        place.n0 = blockIdx.x % columns * BN;
        for (int i = 0; i < 4; i++) {
            slices[i] = (v.channels[i] + CEDM_CUDA_K - 1) / CEDM_CUDA_K;
        }
        find_pixels();
        find_rows();
#pragma unroll
        for (int i = 0; i < MI * NI * 4; i++) {
            sum[i] = 0.0f;
        }
    }

    __device__ __forceinline__ uint32_t source_rows() const
    {
        return (tile.width + 2 * tile.rim[1]) *
               (tile.height + 2 * tile.rim[0]);
    }

    __device__ __forceinline__ void find_pixels()
    {
        uint32_t across = tile.width + 2 * tile.rim[1], y, x;

#pragma unroll
        for (int i = 0; i < PIXELS; i++) {
            uint32_t r = threadIdx.x / 4 + i * PER_PASS;

            pixel[i] = r < source_rows()
                ? cedm_src_pixel(v, (int)(place.y0 + r / across - v.pad[0]),
                                 (int)(place.x0 + r % across - v.pad[1]))
                : -1;
        }
#pragma unroll
        for (int i = 0; i < SKIPS; i++) {
            uint32_t m = threadIdx.x / 4 + i * PER_PASS;

            skip_pixel[i] = cedm_tile_pixel(v, tile, place, m, &y, &x)
                ? (int)cedm_skip_pixel(v, place.phase, y, x) : -1;
        }
    }

    /* Rows of matrices that this lane names; the last stands in for pixels
     * that the tile lacks, whose sums nobody reads. */
    __device__ __forceinline__ void find_rows()
    {
        uint32_t warp = threadIdx.x / 32, lane = threadIdx.x % 32;
        uint32_t last = tile.width * tile.height - 1;

#pragma unroll
        for (int mi = 0; mi < MI; mi++) {
            uint32_t m = warp / WARPS_N * WARP_M + mi * 16 + lane % 16;

            m = m < last ? m : last;
            skip_row[mi] = m;
            row[mi] = m / tile.width * (tile.width + 2 * tile.rim[1]) +
                      m % tile.width;
        }
    }

    /* ---- copying ------------------------------------------------------- */

    __device__ __forceinline__ slice slice_at(uint32_t index) const
    {
        slice s = {};

#pragma unroll
        for (uint32_t i = 0; i < 4; i++) {
            if (index < slices[i]) {
                size_t map = i < 2
                    ? (size_t)v.in_height * v.in_width
                    : (size_t)(v.height >> v.skip_up) *
                          (v.width >> v.skip_up);

                s.skip = i >= 2;
                s.channels = v.channels[i];
                s.image = static_cast<const T *>(v.src[i].data) +
                          place.image * map * s.channels;
                s.first = index * CEDM_CUDA_K + threadIdx.x % 4 * 8;
                s.a = v.coeff + (size_t)place.image * 2 * v.cin +
                      (i == 0 ? 0 : v.channels[0]) + s.first;
                s.b = s.a + v.cin;
                return s;
            }
            index -= slices[i];
        }
        return s;
    }

    __device__ __forceinline__ uint32_t slice_count() const
    {
        return slices[0] + slices[1] + slices[2] + slices[3];
    }

    __device__ __forceinline__ void copy_chunk(const slice &s,
                                               unsigned char *to, uint32_t r,
                                               int from) const
    {
        bool valid = from >= 0 && s.first < s.channels;
        const T *at = s.image + (valid ? (size_t)from * s.channels + s.first
                                       : 0);

        cedm_copy16(to + matrix_chunk(r, threadIdx.x % 4), at, valid);
    }

    __device__ __forceinline__ void copy_source(uint32_t index) const
    {
        unsigned char *to = source + index % MATRIX_STAGES * tile.rows *
                                         MATRIX_ROW;
        slice s;

        if (index >= slice_count()) {
            return;
        }
        s = slice_at(index);
        if (s.skip) {
#pragma unroll
            for (int i = 0; i < SKIPS; i++) {
                copy_chunk(s, to, threadIdx.x / 4 + i * PER_PASS,
                           skip_pixel[i]);
            }
            return;
        }
#pragma unroll
        for (int i = 0; i < PIXELS; i++) {
            uint32_t r = threadIdx.x / 4 + i * PER_PASS;

            if (r < source_rows()) {
                copy_chunk(s, to, r, pixel[i]);
            }
        }
    }

    __device__ __forceinline__ void copy_weights(uint32_t step) const
    {
        unsigned char *to = weights + step % MATRIX_STAGES * BN * MATRIX_ROW;
        uint32_t q = threadIdx.x % 4;
        const T *from = static_cast<const T *>(v.weight) +
                        ((size_t)place.phase * v.cout_padded + place.n0) * v.k +
                        step * CEDM_CUDA_K + q * 8;

        if (step * CEDM_CUDA_K >= v.k) {
            return;
        }
#pragma unroll
        for (uint32_t n = threadIdx.x / 4; n < BN; n += PER_PASS) {
            bool valid = place.n0 + n < v.cout_padded;

            cedm_copy16(to + matrix_chunk(n, q),
                        from + (valid ? (size_t)n * v.k : 0), valid);
        }
    }

    /* act, on the chunks of a slice that this thread copied. */
    __device__ __forceinline__ void activate(uint32_t index) const
    {
        unsigned char *at = source + index % MATRIX_STAGES * tile.rows *
                                         MATRIX_ROW;
        slice s = slice_at(index);
        float a[8], b[8];

        if (s.skip || v.act == CEDM_ACT_NONE || s.first >= s.channels) {
            return;
        }
        cedm_load8(a, s.a);
        cedm_load8(b, s.b);
#pragma unroll
        for (int i = 0; i < PIXELS; i++) {
            uint32_t r = threadIdx.x / 4 + i * PER_PASS;
            T *chunk = reinterpret_cast<T *>(
                at + matrix_chunk(r, threadIdx.x % 4));
            float x[8];

            if (pixel[i] < 0) {
                continue;
            }
            cedm_load8(x, chunk);
#pragma unroll
            for (int j = 0; j < 8; j++) {
                x[j] = cedm_activate<T>(x[j], a[j], b[j], v.act);
            }
            cedm_store8(chunk, x);
        }
    }

    /* ---- multiplying --------------------------------------------------- */

    __device__ __forceinline__ void multiply(uint32_t index, uint32_t step,
                                             bool skip, uint32_t tap)
    {
        const unsigned char *a = source + index % MATRIX_STAGES * tile.rows *
                                              MATRIX_ROW;
        const unsigned char *b = weights + step % MATRIX_STAGES * BN *
                                               MATRIX_ROW;
        uint32_t warp = threadIdx.x / 32, lane = threadIdx.x % 32;
        uint32_t n = warp % WARPS_N * WARP_N + lane % 8 + lane / 16 * 8;
        uint32_t side = v.up ? 2 : v.kernel[1];
        uint32_t y = tap / side + (v.up ? place.phase / 2 : 0);
        uint32_t x = tap % side + (v.up ? place.phase % 2 : 0);
        uint32_t shift = y * (tile.width + 2 * tile.rim[1]) + x;

#pragma unroll
        for (uint32_t k = 0; k < 2; k++) {
            uint32_t part[MI][4], weight[NI / 2][4];

#pragma unroll
            for (int mi = 0; mi < MI; mi++) {
                uint32_t r = skip ? skip_row[mi] : row[mi] + shift;

                cedm_load_matrices(part[mi],
                                   a + matrix_chunk(r, 2 * k + lane / 16));
            }
#pragma unroll
            for (int ni = 0; ni < NI / 2; ni++) {
                cedm_load_matrices(
                    weight[ni],
                    b + matrix_chunk(n + ni * 16, 2 * k + lane / 8 % 2));
            }
#pragma unroll
            for (int mi = 0; mi < MI; mi++) {
#pragma unroll
                for (int ni = 0; ni < NI; ni++) {
                    cedm_multiply<T>(&sum[(mi * NI + ni) * 4], part[mi],
                                     &weight[ni / 2][ni % 2 * 2]);
                }
            }
        }
    }

    /* One barrier a step: it publishes what has arrived and been activated,
     * and frees what the step before has read. */
    __device__ __forceinline__ void multiply_all()
    {
        uint32_t index = 0, tap = 0, steps = v.k / CEDM_CUDA_K;

#pragma unroll
        for (uint32_t i = 0; i < MATRIX_STAGES - 1; i++) {
            copy_source(i);
            copy_weights(i);
            cedm_copy_commit();
        }
        for (uint32_t step = 0; step < steps; step++) {
            bool skip = index >= slices[0] + slices[1];

            cedm_copy_wait<MATRIX_STAGES - 2>();
            if (tap == 0) {
                activate(index);
            }
            __syncthreads();
            if (tap == 0) {
                copy_source(index + MATRIX_STAGES - 1);
            }
            copy_weights(step + MATRIX_STAGES - 1);
            cedm_copy_commit();
            multiply(index, step, skip, tap);
            if (++tap == (skip ? 1 : v.taps)) {
                tap = 0;
                index++;
            }
        }
        cedm_copy_wait<0>();
        __syncthreads();
    }

    /* ---- writing ------------------------------------------------------- */

    /* What the group shares lies where the source was. */
    __device__ __forceinline__ void write_all()
    {
        typedef block_group<THREADS / STATS_COLUMNS> group;
        uint32_t warp = threadIdx.x / 32;
        tile_writer<T, write_shape<WARPS_M, MI, NI, BN>, group> writer(
            v, tile, place, reinterpret_cast<float *>(source),
            warp / WARPS_N, warp % WARPS_N * WARP_N);

        writer.begin(0);
        writer.write_all(sum, 0);
    }
};

/* Blocks: x tiles of channels, then of pixels, then images; y phases. */
template <typename T, int BM, int BN, int WARPS_M, int WARPS_N>
__global__ void
__launch_bounds__(WARPS_M * WARPS_N * 32, BM * BN <= 128 * 128 ? 2 : 1)
conv_matrix(cedm_conv_args v, cedm_conv_tile tile)
{
    matrix_conv<T, BM, BN, WARPS_M, WARPS_N> conv(v, tile);

    conv.multiply_all();
    conv.write_all();
}

/* Bytes of shared memory: the rings, or what writing needs after them: every
 * kernel has two warps one below the other. */
static inline size_t matrix_shared(uint32_t bn, uint32_t rows)
{
    size_t rings = (size_t)MATRIX_STAGES * (rows + bn) * MATRIX_ROW;
    size_t sums = write_floats(2, bn) * sizeof(float);

    return rings > sums ? rings : sums;
}

#endif
