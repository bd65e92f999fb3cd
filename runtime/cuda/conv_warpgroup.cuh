/* SPDX-License-Identifier: MIT
 *
 * conv_warpgroup.cuh - convolution on tensor cores, compute capability 9.0.
 *
 * Tiles, slices of K and rows in shared memory are those of conv_matrix.cuh;
 * what differs is who does what.  Blocks stay, one to a multiprocessor, and
 * walk over the tiles.  Of a block's three warpgroups the first supplies: a
 * thread has the copy engine bring a slice of the source with its rim, whose
 * outside the engine fills with zeros, and the weights of each step; three
 * warps activate the slice in place, but for what lies outside.  The other
 * two multiply: the source through registers, since rows for `ldmatrix` may
 * begin anywhere, as taps ask, and the weights straight from shared memory.
 * Supply runs ahead, also into the next tile while this one is written; of
 * slices, which are activated before use, two ahead of their weights. */
#ifndef CEDM_CUDA_CONV_WARPGROUP_CUH
#define CEDM_CUDA_CONV_WARPGROUP_CUH

#include "runtime/cuda/conv_rings.cuh"

/* Registers of a supplying and of a multiplying thread: 128 and 256 of them
 * share what 384 have at entry, 168 each. */
#define WARPGROUP_FEW 72
#define WARPGROUP_MANY 216

#if defined CEDM_WARPGROUPS

/* ---- supply ------------------------------------------------------------ */

template <typename T> struct warpgroup_supply : warpgroup_rings {
    /* Of whom copies: which slice comes next, of the tile at `place`. */
    uint32_t next_tile, next_from, next_c;

    __device__ __forceinline__ explicit warpgroup_supply(
        const warpgroup_rings &rings)
        : warpgroup_rings(rings), next_tile(blockIdx.x), next_from(),
          next_c()
    {
    }

    __device__ __forceinline__ void copy_slice(uint32_t from, uint32_t c)
    {
        cedm_barrier *full = &source_full[slice.stage];

        cedm_barrier_wait(&source_empty[slice.stage], slice.parity ^ 1);
        cedm_barrier_expect(full, slice_rows(from) * MATRIX_ROW);
        cedm_copy_box(source_stage(), &maps.source[from], full, (int)c,
                      (int)((place.x0 >> halves(from)) - pad(from, 1)),
                      (int)((place.y0 >> halves(from)) - pad(from, 0)),
                      (int)place.image);
        slice.next();
    }

    /* Past sources without channels, and to the next tile. */
    __device__ __forceinline__ void find_slice()
    {
        while (next_tile < tiles() && next_c >= v.channels[next_from]) {
            next_c = 0;
            next_from++;
            if (next_from == 4) {
                next_from = 0;
                next_tile += gridDim.x;
                go_to(next_tile);
            }
        }
    }

    __device__ __forceinline__ void copy_next()
    {
        if (next_tile < tiles()) {
            copy_slice(next_from, next_c);
            next_c += CEDM_CUDA_K;
            find_slice();
        }
    }

    __device__ __forceinline__ void copy_weights(uint32_t k, uint32_t n0,
                                                 uint32_t phase)
    {
        cedm_barrier *full = &weights_full[step.stage];

        cedm_barrier_wait(&weights_empty[step.stage], step.parity ^ 1);
        cedm_barrier_expect(full, columns * MATRIX_ROW);
        cedm_copy_box(weights_stage(), &maps.weights, full, (int)k,
                      (int)n0, (int)phase, 0);
        step.next();
    }

    /* The weights of a tile, and slices two ahead of them. */
    __device__ __forceinline__ void copy_tile(uint32_t t)
    {
        uint32_t across = column_tiles(), k = 0;
        uint32_t n0 = t % across * columns, phase = t / across % phases();

        for (uint32_t from = 0; from < 4; from++) {
            for (uint32_t c = 0; c < v.channels[from]; c += CEDM_CUDA_K) {
                for (uint32_t tap = 0; tap < taps(from); tap++) {
                    copy_weights(k, n0, phase);
                    k += CEDM_CUDA_K;
                }
                copy_next();
            }
        }
    }

    __device__ __forceinline__ void copy_all()
    {
        go_to(next_tile);
        copy_next();
        copy_next();
        for (uint32_t t = blockIdx.x; t < tiles(); t += gridDim.x) {
            copy_tile(t);
        }
    }

    /* Coefficients are on their way before the slice is there. */
    __device__ __forceinline__ void activate_slice(uint32_t from, uint32_t c)
    {
        uint32_t q = threadIdx.x % 4;
        bool mine = from < 2 && v.act != CEDM_ACT_NONE &&
                    c + q * 8 < v.channels[from];
        float a[8], b[8];

        if (mine) {
            const float *coeff = v.coeff + (size_t)place.image * 2 * v.cin +
                                 (from == 0 ? 0 : v.channels[0]) + c + q * 8;

            cedm_load8(a, coeff);
            cedm_load8(b, coeff + v.cin);
        }
        cedm_barrier_wait(&source_full[slice.stage], slice.parity);
        if (mine) {
            activate_rows(a, b, q);
            cedm_fence_copies();
        }
        leave(&source_ready[slice.stage]);
        slice.next();
    }

    /* Chunk q of every 24th row from this thread's on, but of those that lie
     * outside of the source. */
    __device__ __forceinline__ void activate_rows(const float (&a)[8],
                                                  const float (&b)[8],
                                                  uint32_t q)
    {
        uint32_t across = tile.width + 2 * tile.rim[1], rows = slice_rows(0);
        uint32_t r = (threadIdx.x - 32) / 4, y = r / across, x = r % across;

        while (r < rows) {
            if (cedm_src_pixel(v, (int)(place.y0 + y - v.pad[0]),
                               (int)(place.x0 + x - v.pad[1])) >= 0) {
                activate_chunk(source_stage() + matrix_chunk(r, q), a, b);
            }
            r += ACTIVATING / 4;
            for (x += ACTIVATING / 4; x >= across; x -= across) {
                y++;
            }
        }
    }

    __device__ __forceinline__ void activate_chunk(unsigned char *at,
                                                   const float (&a)[8],
                                                   const float (&b)[8]) const
    {
        T *chunk = reinterpret_cast<T *>(at);
        float x[8];

        cedm_load8(x, chunk);
#pragma unroll
        for (int i = 0; i < 8; i++) {
            x[i] = fmaf(a[i], x[i], b[i]);
        }
        if (v.act == CEDM_ACT_SILU) {
#pragma unroll
            for (int i = 0; i < 8; i++) {
                x[i] = silu(x[i]);
            }
        }
        cedm_store8(chunk, x);
    }

    /* As cedm_silu, in a third of the instructions: what is flushed to zero is
     * below the rounding of 1 + e^-x, or less than 1e-36. */
    static __device__ __forceinline__ float silu(float x)
    {
        const float minus_log2_e = -1.44269504f;

        return x * cedm_fast_reciprocal(1.0f +
                                        cedm_fast_exp2(minus_log2_e * x));
    }

    __device__ __forceinline__ void activate_tile()
    {
        for (uint32_t from = 0; from < 4; from++) {
            for (uint32_t c = 0; c < v.channels[from]; c += CEDM_CUDA_K) {
                activate_slice(from, c);
            }
        }
    }

    __device__ __forceinline__ void run()
    {
        if (threadIdx.x == 0) {
            copy_all();
        } else if (threadIdx.x >= 32) {
            for (uint32_t t = blockIdx.x; t < tiles(); t += gridDim.x) {
                go_to(t);
                activate_tile();
            }
        }
    }
};

/* ---- work -------------------------------------------------------------- */

/* A matrix in shared memory for products: rows of 64 bytes along K, swizzled
 * as above, which begin at a multiple of 512; from byte `first` of them on. */
static __device__ __forceinline__ uint64_t warpgroup_matrix(const void *rows,
                                                            uint32_t first)
{
    const uint64_t group = 8 * MATRIX_ROW; /* from eight rows to the next */
    const uint64_t swizzle_64 = 2;

    return (uint64_t)((cedm_shared_at(rows) + first) >> 4 & 0x3fffu) |
           (uint64_t)1 << 16 | group >> 4 << 32 | swizzle_64 << 62;
}

/* The warpgroups that multiply, as they write. */
struct writing_group {
    static constexpr int THREADS = 256;

    static __device__ __forceinline__ uint32_t rank()
    {
        return threadIdx.x - 128;
    }

    static __device__ __forceinline__ void sync()
    {
        cedm_group_barrier<1, 256>();
    }
};

template <typename T, int BM, int BN>
struct warpgroup_work : warpgroup_rings {
    static constexpr int GROUPS_M = BM / 64, GROUPS_N = 2 / GROUPS_M;
    static constexpr int N = BN / GROUPS_N; /* columns of a warpgroup */

    __device__ __forceinline__ explicit warpgroup_work(
        const warpgroup_rings &rings)
        : warpgroup_rings(rings)
    {
    }

    /* ---- who makes what ------------------------------------------------ */

    __device__ __forceinline__ uint32_t group() const
    {
        return threadIdx.x / 128 - 1;
    }

    /* The first pixel of this warp, and the first column of its group. */
    __device__ __forceinline__ uint32_t first_pixel() const
    {
        return group() / GROUPS_N * 64 + threadIdx.x / 32 % 4 * 16;
    }

    __device__ __forceinline__ uint32_t first_column() const
    {
        return group() % GROUPS_N * N;
    }

    /* The row that this lane names, at the first tap; the last pixel stands
     * in for those that the tile lacks, whose sums nobody reads. */
    __device__ __forceinline__ uint32_t row_of(uint32_t from) const
    {
        uint32_t last = tile.width * tile.height - 1;
        uint32_t m = first_pixel() + threadIdx.x % 16;

        m = m < last ? m : last;
        return (m / tile.width >> halves(from)) *
                   ((tile.width >> halves(from)) + 2 * rim(from, 1)) +
               (m % tile.width >> halves(from));
    }

    /* Rows from the slice's first to the phase's first tap. */
    __device__ __forceinline__ uint32_t phase_row(uint32_t from) const
    {
        uint32_t y = place.phase / 2, x = place.phase % 2;

        return from < 2 ? y * (tile.width + 2 * tile.rim[1]) + x : 0;
    }

    /* ---- multiplying --------------------------------------------------- */

    /* The stage of the step before. */
    __device__ __forceinline__ uint32_t before() const
    {
        return (step.stage + WARPGROUP_WEIGHTS - 1) % WARPGROUP_WEIGHTS;
    }

    /* A step: two products, which read `part` from registers; then waits until
     * those of the step before are done, so that its part may be loaded anew
     * and its weights be overwritten. */
    __device__ __forceinline__ void multiply_step(float (&sum)[N / 2],
                                                  uint32_t (&part)[2][4],
                                                  uint32_t row, bool first)
    {
        const unsigned char *a = source_stage();
        const unsigned char *b = weights_stage() + first_column() * MATRIX_ROW;
        uint32_t q = threadIdx.x % 32 / 16;

        cedm_load_matrices(part[0], a + matrix_chunk(row, q));
        cedm_load_matrices(part[1], a + matrix_chunk(row, q + 2));
        cedm_barrier_wait(&weights_full[step.stage], step.parity);
        cedm_products_begin();
        cedm_product<T, N>(sum, part[0], warpgroup_matrix(b, 0),
                           first ? 0 : 1);
        cedm_product<T, N>(sum, part[1], warpgroup_matrix(b, 32), 1);
        cedm_products_commit();
        cedm_products_wait<1>();
        if (!first) {
            leave(&weights_empty[before()]);
        }
        step.next();
    }

    /* All taps of a slice; `row` is that of the first. */
    __device__ __forceinline__ void multiply_slice(float (&sum)[N / 2],
                                                   uint32_t (&part)[2][2][4],
                                                   uint32_t from,
                                                   uint32_t row, bool first)
    {
        uint32_t tall = from >= 2 ? 1 : v.up ? 2 : v.kernel[0];
        uint32_t wide = from >= 2 ? 1 : v.up ? 2 : v.kernel[1];

        for (uint32_t y = 0; y < tall; y++) {
            for (uint32_t x = 0; x < wide; x++) {
                bool begins = first && y + x == 0;

                if (step.stage % 2 == 0) { /* registers have no index */
                    multiply_step(sum, part[0], row + x, begins);
                } else {
                    multiply_step(sum, part[1], row + x, begins);
                }
            }
            row += tile.width + 2 * tile.rim[1];
        }
    }

    __device__ __forceinline__ void multiply_tile(float (&sum)[N / 2])
    {
        uint32_t part[2][2][4];
        bool first = true;

        for (uint32_t from = 0; from < 4; from++) {
            uint32_t row = row_of(from) + phase_row(from);

            for (uint32_t c = 0; c < v.channels[from]; c += CEDM_CUDA_K) {
                cedm_barrier_wait(&source_ready[slice.stage], slice.parity);
                multiply_slice(sum, part, from, row, first);
                leave(&source_empty[slice.stage]);
                slice.next();
                first = false;
            }
        }
        cedm_products_wait<0>();
        leave(&weights_empty[before()]);
    }

    /* ---- writing ------------------------------------------------------- */

    typedef tile_writer<T, write_shape<4 * GROUPS_M, 1, N / 8, BN>,
                        writing_group> writer;

    __device__ __forceinline__ void run()
    {
        uint32_t turn = 0;

        for (uint32_t t = blockIdx.x; t < tiles(); t += gridDim.x, turn++) {
            writer write(v, tile, place, sums, first_pixel() / 16,
                         first_column());
            float sum[N / 2];

            go_to(t);
            write.begin(turn);
            multiply_tile(sum);
            write.write_all(sum, turn);
        }
    }
};

#endif

template <typename T, int BM, int BN>
__global__ void __launch_bounds__(WARPGROUP_THREADS, 1)
conv_warpgroup(const __grid_constant__ cedm_conv_args v,
               const __grid_constant__ cedm_conv_tile tile,
               const __grid_constant__ warpgroup_maps maps)
{
#if defined CEDM_WARPGROUPS
    warpgroup_rings rings(v, tile, maps, BN);

    rings.init_barriers();
    if (threadIdx.x < 128) {
        cedm_fewer_registers<WARPGROUP_FEW>();
        warpgroup_supply<T>(rings).run();
    } else {
        cedm_more_registers<WARPGROUP_MANY>();
        warpgroup_work<T, BM, BN>(rings).run();
    }
#else
    cedm_trap(); /* rather than leave dst as it was */
#endif
}

#endif
