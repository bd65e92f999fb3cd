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
 *
 * Two rings, each stage with barriers that pass it on: source stages go from
 * the engine (full) to the warps that activate (ready), to those that
 * multiply (empty), to the engine again; weights skip the middle.  Supply
 * runs ahead, also into the next tile while this one is written. */
#ifndef CEDM_CUDA_CONV_WARPGROUP_CUH
#define CEDM_CUDA_CONV_WARPGROUP_CUH

#include "cuda/conv_matrix.cuh"
#include "cuda/ptx_warpgroup.cuh"

#define WARPGROUP_THREADS 384
#define WARPGROUP_SOURCES 3 /* stages */
#define WARPGROUP_WEIGHTS 8
#define WARPGROUP_ALIGN 1024u
#define WARPGROUP_BARRIERS 256u /* bytes, for all of them */

/* Registers of a supplying and of a multiplying thread: 128 and 256 of them
 * share 65536. */
#define WARPGROUP_FEW 56
#define WARPGROUP_MANY 224

/* What the engine copies from; the sources as in cedm_conv_args. */
typedef struct warpgroup_maps {
    cedm_tensor_map source[4], weights;
} warpgroup_maps;

/* Bytes of a stage of the source. */
static __host__ __device__ __forceinline__ uint32_t
warpgroup_source(const cedm_conv_tile &tile)
{
    return (tile.rows * MATRIX_ROW + WARPGROUP_ALIGN - 1) / WARPGROUP_ALIGN *
           WARPGROUP_ALIGN;
}

/* Bytes of shared memory. */
static inline uint32_t warpgroup_shared(uint32_t bm, uint32_t bn,
                                        const cedm_conv_tile *tile)
{
    return WARPGROUP_ALIGN + WARPGROUP_BARRIERS +
           WARPGROUP_SOURCES * warpgroup_source(*tile) +
           WARPGROUP_WEIGHTS * bn * MATRIX_ROW +
           write_floats(bm) * (uint32_t)sizeof(float);
}

#if defined CEDM_WARPGROUPS

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

/* A place in a ring of STAGES, and the parity of its phases there. */
template <uint32_t STAGES> struct ring_place {
    uint32_t stage, parity;

    __device__ __forceinline__ void next()
    {
        stage++;
        if (stage == STAGES) {
            stage = 0;
            parity ^= 1;
        }
    }
};

/* The warpgroups that multiply, as they write. */
struct writing_group {
    static constexpr int PARTS = 4;

    static __device__ __forceinline__ uint32_t rank()
    {
        return threadIdx.x - 128;
    }

    static __device__ __forceinline__ void sync()
    {
        cedm_group_barrier<1, 256>();
    }
};

template <typename T, int BM, int BN> struct warpgroup_conv {
    static constexpr int GROUPS_M = BM / 64, GROUPS_N = 2 / GROUPS_M;
    static constexpr int N = BN / GROUPS_N; /* columns of a warpgroup */
    static constexpr uint32_t ACTIVATING = 96;

    const cedm_conv_args &v;
    const cedm_conv_tile &tile;
    const warpgroup_maps &maps;
    cedm_barrier *source_full, *source_ready, *source_empty;
    cedm_barrier *weights_full, *weights_empty;
    unsigned char *source, *weights;
    float *sums;
    ring_place<WARPGROUP_SOURCES> slice;
    ring_place<WARPGROUP_WEIGHTS> step;
    cedm_conv_place place;

    __device__ __forceinline__ warpgroup_conv(const cedm_conv_args &args,
                                              const cedm_conv_tile &t,
                                              const warpgroup_maps &m)
        : v(args), tile(t), maps(m), slice(), step(), place()
    {
        unsigned char *shared = cedm_shared();

        shared += (WARPGROUP_ALIGN - cedm_shared_at(shared) %
                                         WARPGROUP_ALIGN) % WARPGROUP_ALIGN;
        weights = shared;
        source = weights + WARPGROUP_WEIGHTS * BN * MATRIX_ROW;
        shared = source + WARPGROUP_SOURCES * warpgroup_source(tile);
        source_full = reinterpret_cast<cedm_barrier *>(shared);
        source_ready = source_full + WARPGROUP_SOURCES;
        source_empty = source_ready + WARPGROUP_SOURCES;
        weights_full = source_empty + WARPGROUP_SOURCES;
        weights_empty = weights_full + WARPGROUP_WEIGHTS;
        sums = reinterpret_cast<float *>(shared + WARPGROUP_BARRIERS);
    }

    /* One arrives for copies, else one for each warp. */
    __device__ __forceinline__ void init_barriers() const
    {
        if (threadIdx.x == 0) {
            for (int i = 0; i < WARPGROUP_SOURCES; i++) {
                cedm_barrier_init(&source_full[i], 1);
                cedm_barrier_init(&source_ready[i], ACTIVATING / 32);
                cedm_barrier_init(&source_empty[i], 8);
            }
            for (int i = 0; i < WARPGROUP_WEIGHTS; i++) {
                cedm_barrier_init(&weights_full[i], 1);
                cedm_barrier_init(&weights_empty[i], 8);
            }
            cedm_barrier_init_done();
        }
        __syncthreads();
    }

    /* ---- the walk that all roles make ---------------------------------- */

    __device__ __forceinline__ uint32_t tiles() const
    {
        return (v.cout_padded + BN - 1) / BN * (v.up ? 4 : 1) *
               tile.across * tile.down * v.images;
    }

    /* Channels go fastest, then phases, which share a source. */
    __device__ __forceinline__ void go_to(uint32_t t)
    {
        uint32_t columns = (v.cout_padded + BN - 1) / BN;
        uint32_t phases = v.up ? 4 : 1;

        place.n0 = t % columns * BN;
        t /= columns;
        place.phase = t % phases;
        t /= phases;
        place.x0 = t % tile.across * tile.width;
        t /= tile.across;
        place.y0 = t % tile.down * tile.height;
        place.image = t / tile.down;
    }

    __device__ __forceinline__ uint32_t rim(uint32_t from) const
    {
        return from < 2 ? tile.rim : 0;
    }

    __device__ __forceinline__ uint32_t slice_rows(uint32_t from) const
    {
        return (tile.width + 2 * rim(from)) * (tile.height + 2 * rim(from));
    }

    /* A warp is done with a stage. */
    __device__ __forceinline__ void leave(cedm_barrier *barrier) const
    {
        __syncwarp();
        if (threadIdx.x % 32 == 0) {
            cedm_barrier_arrive(barrier);
        }
    }

    /* ---- copying ------------------------------------------------------- */

    __device__ __forceinline__ void copy_slice(uint32_t from, uint32_t c)
    {
        cedm_barrier *full = &source_full[slice.stage];

        cedm_barrier_wait(&source_empty[slice.stage], slice.parity ^ 1);
        cedm_barrier_expect(full, slice_rows(from) * MATRIX_ROW);
        cedm_copy_box(source + slice.stage * warpgroup_source(tile),
                      &maps.source[from], full, (int)c,
                      (int)(place.x0 - rim(from)),
                      (int)(place.y0 - rim(from)), (int)place.image);
        slice.next();
    }

    __device__ __forceinline__ void copy_weights(uint32_t k)
    {
        cedm_barrier *full = &weights_full[step.stage];

        cedm_barrier_wait(&weights_empty[step.stage], step.parity ^ 1);
        cedm_barrier_expect(full, BN * MATRIX_ROW);
        cedm_copy_box(weights + step.stage * BN * MATRIX_ROW, &maps.weights,
                      full, (int)k, (int)place.n0, (int)place.phase, 0);
        step.next();
    }

    __device__ __forceinline__ void copy_tile()
    {
        uint32_t k = 0;

        for (uint32_t from = 0; from < 4; from++) {
            for (uint32_t c = 0; c < v.channels[from]; c += CEDM_CUDA_K) {
                copy_slice(from, c);
                for (uint32_t tap = 0; tap < (from < 2 ? v.taps : 1); tap++) {
                    copy_weights(k);
                    k += CEDM_CUDA_K;
                }
            }
        }
    }

    /* ---- activating ---------------------------------------------------- */

    __device__ __forceinline__ void activate_slice(uint32_t from, uint32_t c)
    {
        unsigned char *at = source + slice.stage * warpgroup_source(tile);
        uint32_t across = tile.width + 2 * rim(from), q = threadIdx.x % 4;
        uint32_t channel = (from == 0 ? 0 : v.channels[0]) + c + q * 8;
        const float *coeff = v.coeff + (size_t)place.image * 2 * v.cin +
                             channel;
        float a[8], b[8];

        if (c + q * 8 >= v.channels[from]) {
            return;
        }
        cedm_load8(a, coeff);
        cedm_load8(b, coeff + v.cin);
        for (uint32_t r = (threadIdx.x - 32) / 4; r < slice_rows(from);
             r += ACTIVATING / 4) {
            T *chunk = reinterpret_cast<T *>(at + matrix_chunk(r, q));
            float x[8];

            if (cedm_src_pixel(v, (int)(place.y0 + r / across - tile.rim),
                               (int)(place.x0 + r % across - tile.rim)) < 0) {
                continue;
            }
            cedm_load8(x, chunk);
#pragma unroll
            for (int i = 0; i < 8; i++) {
                x[i] = cedm_activate<T>(x[i], a[i], b[i], v.act);
            }
            cedm_store8(chunk, x);
        }
        cedm_fence_copies();
    }

    __device__ __forceinline__ void activate_tile()
    {
        for (uint32_t from = 0; from < 4; from++) {
            for (uint32_t c = 0; c < v.channels[from]; c += CEDM_CUDA_K) {
                cedm_barrier_wait(&source_full[slice.stage], slice.parity);
                if (from < 2 && v.act != CEDM_ACT_NONE) {
                    activate_slice(from, c);
                }
                leave(&source_ready[slice.stage]);
                slice.next();
            }
        }
    }

    /* ---- multiplying --------------------------------------------------- */

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
        return m / tile.width * (tile.width + 2 * rim(from)) + m % tile.width;
    }

    __device__ __forceinline__ uint32_t shift_of(uint32_t from,
                                                 uint32_t tap) const
    {
        uint32_t side = v.up ? 2 : v.kernel;
        uint32_t y = tap / side + (v.up ? place.phase / 2 : 0);
        uint32_t x = tap % side + (v.up ? place.phase % 2 : 0);

        return from < 2 ? y * (tile.width + 2 * tile.rim) + x : 0;
    }

    /* One product more, which reads `part` from registers; then waits until
     * the one before it is done, so that its part may be loaded anew. */
    __device__ __forceinline__ void multiply(float (&sum)[N / 2],
                                             uint32_t (&part)[4],
                                             uint32_t row, uint32_t half,
                                             bool first)
    {
        uint32_t q = 2 * half + threadIdx.x % 32 / 16;

        cedm_load_matrices(part, source +
                                     slice.stage * warpgroup_source(tile) +
                                     matrix_chunk(row, q));
        cedm_products_begin();
        cedm_product<T, N>(
            sum, part,
            warpgroup_matrix(
                weights + (step.stage * BN + first_column()) *
                                      MATRIX_ROW, half * 32),
            first ? 0 : 1);
        cedm_products_commit();
        cedm_products_wait<1>();
    }

    /* A step: two products.  During the first, the last of the step before
     * may still read that one's weights. */
    __device__ __forceinline__ void multiply_step(float (&sum)[N / 2],
                                                  uint32_t (&part)[2][4],
                                                  uint32_t row, bool first)
    {
        uint32_t before = (step.stage + WARPGROUP_WEIGHTS - 1) %
                          WARPGROUP_WEIGHTS;

        cedm_barrier_wait(&weights_full[step.stage], step.parity);
        multiply(sum, part[0], row, 0, first);
        if (!first) {
            leave(&weights_empty[before]);
        }
        multiply(sum, part[1], row, 1, false);
        step.next();
    }

    __device__ __forceinline__ void multiply_tile(float (&sum)[N / 2])
    {
        uint32_t part[2][4], last;
        bool first = true;

        for (uint32_t from = 0; from < 4; from++) {
            uint32_t row = row_of(from);

            for (uint32_t c = 0; c < v.channels[from]; c += CEDM_CUDA_K) {
                cedm_barrier_wait(&source_ready[slice.stage], slice.parity);
                for (uint32_t tap = 0; tap < (from < 2 ? v.taps : 1); tap++) {
                    multiply_step(sum, part, row + shift_of(from, tap),
                                  first);
                    first = false;
                }
                leave(&source_empty[slice.stage]);
                slice.next();
            }
        }
        cedm_products_wait<0>();
        last = (step.stage + WARPGROUP_WEIGHTS - 1) % WARPGROUP_WEIGHTS;
        leave(&weights_empty[last]);
    }

    /* ---- writing ------------------------------------------------------- */

    /* Puts 64 columns of sums into shared memory. */
    __device__ __forceinline__ void put_sums(const float (&sum)[N / 2],
                                             int first) const
    {
        uint32_t lane = threadIdx.x % 32, m = first_pixel() + lane / 4;

#pragma unroll
        for (int i = 0; i < N / 8; i++) {
            int n = (int)first_column() + i * 8 - first;
            float *at = sums + m * WRITE_SUMS + n + lane % 4 * 2;

            if (n >= 0 && n < STATS_COLUMNS) {
                at[0] = sum[4 * i];
                at[1] = sum[4 * i + 1];
                at[8 * WRITE_SUMS] = sum[4 * i + 2];
                at[8 * WRITE_SUMS + 1] = sum[4 * i + 3];
            }
        }
    }

    /* ---- roles --------------------------------------------------------- */

    __device__ __forceinline__ void supply()
    {
        if (threadIdx.x >= 32) {
            for (uint32_t t = blockIdx.x; t < tiles(); t += gridDim.x) {
                go_to(t);
                activate_tile();
            }
        } else if (threadIdx.x == 0) {
            for (uint32_t t = blockIdx.x; t < tiles(); t += gridDim.x) {
                go_to(t);
                copy_tile();
            }
        }
    }

    __device__ __forceinline__ void work()
    {
        for (uint32_t t = blockIdx.x; t < tiles(); t += gridDim.x) {
            tile_writer<T, BM, BN, writing_group> writer(v, tile, place,
                                                         sums);
            float sum[N / 2];

            go_to(t);
            multiply_tile(sum);
            writer.write_all([&](int first) { put_sums(sum, first); });
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
    warpgroup_conv<T, BM, BN> conv(v, tile, maps);

    conv.init_barriers();
    if (threadIdx.x < 128) {
        cedm_fewer_registers<WARPGROUP_FEW>();
        conv.supply();
    } else {
        cedm_more_registers<WARPGROUP_MANY>();
        conv.work();
    }
#endif
}

#endif
