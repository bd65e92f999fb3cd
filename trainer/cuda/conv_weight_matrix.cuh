/* SPDX-License-Identifier: MIT
 *
 * conv_weight_matrix.cuh - the gradient of a weight on tensor cores, compute
 * capability 8.0.
 *
 * A block makes BM output by BN input channels at all taps.  It walks over
 * tiles of pixels, rectangles of one image: their gradients, and the source
 * with the rim that the kernel needs, are copied to shared memory once for
 * all taps.  There a row is a pixel, which is an element of K, so both
 * operands are loaded transposed, and a tap is a shift of rows.  Tiles come
 * in a ring of two: the next one arrives while one is multiplied. */
#ifndef CEDM_TRAINER_CUDA_CONV_WEIGHT_MATRIX_CUH
#define CEDM_TRAINER_CUDA_CONV_WEIGHT_MATRIX_CUH

#include "trainer/cuda/conv_weight.cuh"

#define WEIGHT_THREADS 256
#define WEIGHT_ACROSS 4 /* warps along input channels; 2 along outputs */
#define WEIGHT_STAGES 2

/* How maps are cut into tiles. */
typedef struct weight_tile {
    uint32_t width, height;
    uint32_t across, down; /* tiles of an image */
} weight_tile;

template <typename T, int KERNEL_> struct weight_matrix {
    static constexpr int KERNEL = KERNEL_, TAPS = KERNEL * KERNEL;
    static constexpr int MI = KERNEL == 1 ? 4 : 2, NI = KERNEL == 1 ? 4 : 1;
    static constexpr int BM = 2 * 16 * MI, BN = WEIGHT_ACROSS * 8 * NI;
    static constexpr uint32_t PIXELS = KERNEL == 1 ? 64 : 128;
    static constexpr uint32_t ROWS = KERNEL == 1 ? 64 : 208; /* of source */
    static constexpr uint32_t GRAD_CHUNKS = BM / 8, CHUNKS = BN / 8;
    static constexpr int GRADS = PIXELS * GRAD_CHUNKS / WEIGHT_THREADS;
    static constexpr int SOURCES =
        (ROWS * CHUNKS + WEIGHT_THREADS - 1) / WEIGHT_THREADS;
    static constexpr int ITEMS = TAPS * NI; /* right operands of a step */

    /* Bytes of shared memory. */
    static constexpr uint32_t GRAD_BYTES = PIXELS * BM * 2;
    static constexpr uint32_t STAGE_BYTES = GRAD_BYTES + ROWS * BN * 2;

    const weight_args &v;
    const weight_tile &tile;
    uint32_t m0, n0, pitch, source_rows;
    uint32_t pixel[GRADS], source[SOURCES]; /* that this thread copies */
    uint32_t row[PIXELS / 16]; /* of the source that this lane loads */
    float sum[TAPS][MI][NI][4];

    __device__ __forceinline__ weight_matrix(const weight_args &args,
                                             const weight_tile &t)
        : v(args), tile(t)
    {
        m0 = blockIdx.x * BM;
        n0 = blockIdx.y * BN;
        pitch = tile.width + KERNEL - 1;
        source_rows = pitch * (tile.height + KERNEL - 1);
        find_pixels();
        find_rows();
#pragma unroll
        for (int i = 0; i < TAPS * MI * NI * 4; i++) {
            (&sum[0][0][0][0])[i] = 0.0f;
        }
    }

    /* Pixels as y << 16 | x within a tile, or outside of it. */
    static constexpr uint32_t OUTSIDE = 0xffffffffu;

    __device__ __forceinline__ void find_pixels()
    {
#pragma unroll
        for (int i = 0; i < GRADS; i++) {
            uint32_t p = (threadIdx.x + i * WEIGHT_THREADS) / GRAD_CHUNKS;

            pixel[i] = p < tile.width * tile.height
                ? p / tile.width << 16 | p % tile.width : OUTSIDE;
        }
#pragma unroll
        for (int i = 0; i < SOURCES; i++) {
            uint32_t r = (threadIdx.x + i * WEIGHT_THREADS) / CHUNKS;

            source[i] = r < source_rows ? r / pitch << 16 | r % pitch
                                        : OUTSIDE;
        }
    }

    /* The last pixel stands in for those that the tile lacks, whose gradients
     * are zero. */
    __device__ __forceinline__ void find_rows()
    {
        uint32_t last = tile.width * tile.height - 1;

#pragma unroll
        for (uint32_t i = 0; i < PIXELS / 16; i++) {
            uint32_t p = i * 16 + threadIdx.x % 16;

            p = p < last ? p : last;
            row[i] = p / tile.width * pitch + p % tile.width;
        }
    }

    /* Byte of chunk q of a row of COUNT chunks: the same chunk of eight rows
     * in a row meets all banks. */
    template <uint32_t COUNT>
    static __device__ __forceinline__ uint32_t chunk(uint32_t r, uint32_t q)
    {
        return COUNT == 4 ? r * 64 + ((q ^ (r >> 1 & 3u)) << 4)
                          : r * COUNT * 16 + ((q ^ (r & 7u)) << 4);
    }

    /* ---- copying ------------------------------------------------------- */

    __device__ __forceinline__ void copy(unsigned char *stage,
                                         uint32_t index) const
    {
        uint32_t tiles = tile.across * tile.down, image = index / tiles;
        uint32_t y0 = index % tiles / tile.across * tile.height;
        uint32_t x0 = index % tiles % tile.across * tile.width;
        const T *grad = static_cast<const T *>(v.grad.data) +
                        (size_t)image * v.height * v.width * v.cout;
        const T *src = static_cast<const T *>(v.src.data) +
                       (size_t)image * v.in_height * v.in_width * v.cin;

#pragma unroll
        for (int i = 0; i < GRADS; i++) {
            uint32_t at = threadIdx.x + i * WEIGHT_THREADS;
            uint32_t y = y0 + (pixel[i] >> 16), x = x0 + (pixel[i] & 0xffffu);
            uint32_t o = m0 + at % GRAD_CHUNKS * 8;
            bool inside = pixel[i] != OUTSIDE && y < v.height &&
                          x < v.width && o < v.cout;

            cedm_copy16(stage + chunk<GRAD_CHUNKS>(at / GRAD_CHUNKS,
                                                   at % GRAD_CHUNKS),
                        grad + (inside ? ((size_t)y * v.width + x) * v.cout +
                                             o : 0),
                        inside);
        }
#pragma unroll
        for (int i = 0; i < SOURCES; i++) {
            uint32_t at = threadIdx.x + i * WEIGHT_THREADS;
            uint32_t y = y0 + (source[i] >> 16) - v.pad; /* wraps below 0 */
            uint32_t x = x0 + (source[i] & 0xffffu) - v.pad;
            uint32_t c = n0 + at % CHUNKS * 8;
            bool inside = y < v.in_height && x < v.in_width && c < v.cin;

            if (source[i] != OUTSIDE) {
                cedm_copy16(stage + GRAD_BYTES +
                                chunk<CHUNKS>(at / CHUNKS, at % CHUNKS),
                            src + (inside ? ((size_t)y * v.in_width + x) *
                                                v.cin + c : 0),
                            inside);
            }
        }
    }

    /* ---- multiplying --------------------------------------------------- */

    /* Two right operands, i and i + 1, of step k: at other taps for a 3x3
     * kernel, of other channels for a 1x1. */
    __device__ __forceinline__ void load_right(uint32_t out[4],
                                               const unsigned char *stage,
                                               uint32_t k, int i) const
    {
        uint32_t lane = threadIdx.x % 32, warp = threadIdx.x / 32;
        int next = i + 1 < ITEMS ? i + 1 : i;
        int tap = i / NI, tap_next = next / NI;
        uint32_t r = row[k] + (lane < 16
            ? tap / KERNEL * pitch + tap % KERNEL
            : tap_next / KERNEL * pitch + tap_next % KERNEL);
        uint32_t q = warp % WEIGHT_ACROSS * NI +
                     (lane < 16 ? i % NI : next % NI);

        cedm_load_matrices_transposed(out, stage + GRAD_BYTES +
                                               chunk<CHUNKS>(r, q));
    }

    __device__ __forceinline__ void multiply(const unsigned char *stage)
    {
        uint32_t lane = threadIdx.x % 32, warp = threadIdx.x / 32;
        uint32_t steps = (tile.width * tile.height + 15) / 16;

#pragma unroll
        for (uint32_t k = 0; k < PIXELS / 16; k++) {
            uint32_t left[MI][4];

            if (k >= steps) {
                break;
            }
#pragma unroll
            for (int mi = 0; mi < MI; mi++) {
                uint32_t r = k * 16 + lane % 8 + lane / 16 * 8;
                uint32_t q = warp / WEIGHT_ACROSS * 2 * MI + mi * 2 +
                             lane / 8 % 2;

                cedm_load_matrices_transposed(left[mi],
                                              stage +
                                                  chunk<GRAD_CHUNKS>(r, q));
            }
#pragma unroll
            for (int i = 0; i < ITEMS; i += 2) {
                uint32_t right[4];

                load_right(right, stage, k, i);
#pragma unroll
                for (int j = i; j < i + 2 && j < ITEMS; j++) {
#pragma unroll
                    for (int mi = 0; mi < MI; mi++) {
                        cedm_multiply<T>(sum[j / NI][mi][j % NI], left[mi],
                                         right + (j - i) * 2);
                    }
                }
            }
        }
    }

    /* All tiles of this block's part.  One barrier publishes a tile, one
     * frees it. */
    __device__ __forceinline__ void multiply_all()
    {
        unsigned char *stages = cedm_shared();
        uint32_t count = v.images * tile.across * tile.down;
        uint32_t index = weight_first(blockIdx.z, v.parts, count);
        uint32_t last = weight_first(blockIdx.z + 1, v.parts, count);

        if (index < last) {
            copy(stages, index);
        }
        cedm_copy_commit();
        for (uint32_t i = 0; index < last; index++, i++) {
            if (index + 1 < last) {
                copy(stages + (i + 1) % WEIGHT_STAGES * STAGE_BYTES,
                     index + 1);
            }
            cedm_copy_commit();
            cedm_copy_wait<1>();
            __syncthreads();
            multiply(stages + i % WEIGHT_STAGES * STAGE_BYTES);
            __syncthreads();
        }
        cedm_copy_wait<0>();
    }

    /* ---- writing ------------------------------------------------------- */

    __device__ __forceinline__ void write() const
    {
        uint32_t lane = threadIdx.x % 32, warp = threadIdx.x / 32;
        uint32_t o0 = m0 + warp / WEIGHT_ACROSS * 16 * MI + lane / 4;
        uint32_t c0 = n0 + warp % WEIGHT_ACROSS * 8 * NI + lane % 4 * 2;
        float *to = weight_part(v, blockIdx.z);

#pragma unroll
        for (int tap = 0; tap < TAPS; tap++) {
#pragma unroll
            for (int i = 0; i < MI * NI * 2; i++) {
                int half = i % 2, mi = i / 2 / NI, ni = i / 2 % NI;
                uint32_t o = o0 + mi * 16 + half * 8, c = c0 + ni * 8;

                if (o < v.cout && c < v.cin) {
                    *reinterpret_cast<float2 *>(
                        to + ((size_t)o * TAPS + tap) * v.cin + c) =
                        make_float2(sum[tap][mi][ni][2 * half],
                                    sum[tap][mi][ni][2 * half + 1]);
                }
            }
        }
    }
};

/* Blocks: x output channels, y input channels, z parts. */
template <typename T, int KERNEL>
__global__ void __launch_bounds__(WEIGHT_THREADS, 2)
weight_tensor(weight_args v, weight_tile tile)
{
    weight_matrix<T, KERNEL> product(v, tile);

    product.multiply_all();
    product.write();
}

#endif
