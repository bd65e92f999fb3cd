/* SPDX-License-Identifier: MIT
 *
 * conv_rings.cuh - what the warpgroups of a block share in conv_warpgroup.cuh:
 * the rings in shared memory, their barriers, the walk over tiles.
 *
 * Two rings, each stage with barriers that pass it on: source stages go from
 * the copy engine (full) to the warps that activate (ready), to those that
 * multiply (empty), to the engine again; weights skip the middle. */
#ifndef CEDM_CUDA_CONV_RINGS_CUH
#define CEDM_CUDA_CONV_RINGS_CUH

#include "runtime/cuda/conv_matrix.cuh"
#include "runtime/cuda/ptx_warpgroup.cuh"

#define WARPGROUP_THREADS 384
#define WARPGROUP_SOURCES 3 /* stages */
#define WARPGROUP_WEIGHTS 8
#define WARPGROUP_ALIGN 1024u
#define WARPGROUP_BARRIERS 256u /* bytes, for all of them */

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
           write_floats(bm / 16, bn) * (uint32_t)sizeof(float);
}

/* How often the sides of a skip's source go into those of the grid, as a
 * power of two. */
static __host__ __device__ __forceinline__ uint32_t
warpgroup_halves(const cedm_conv_args &v)
{
    return v.skip_up - v.up;
}

#if defined CEDM_WARPGROUPS

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

struct warpgroup_rings {
    static constexpr uint32_t ACTIVATING = 96; /* threads */

    const cedm_conv_args &v;
    const cedm_conv_tile &tile;
    const warpgroup_maps &maps;
    const uint32_t columns; /* of a tile */
    cedm_barrier *source_full, *source_ready, *source_empty;
    cedm_barrier *weights_full, *weights_empty;
    unsigned char *source, *weights;
    float *sums;
    ring_place<WARPGROUP_SOURCES> slice;
    ring_place<WARPGROUP_WEIGHTS> step;
    cedm_conv_place place;

    __device__ __forceinline__ warpgroup_rings(const cedm_conv_args &args,
                                               const cedm_conv_tile &t,
                                               const warpgroup_maps &m,
                                               uint32_t n)
        : v(args), tile(t), maps(m), columns(n), slice(), step(), place()
    {
        unsigned char *shared = cedm_shared();

        shared += (WARPGROUP_ALIGN - cedm_shared_at(shared) %
                                         WARPGROUP_ALIGN) % WARPGROUP_ALIGN;
        weights = shared;
        source = weights + WARPGROUP_WEIGHTS * columns * MATRIX_ROW;
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

    /* The stages where this thread is. */
    __device__ __forceinline__ unsigned char *source_stage() const
    {
        return source + slice.stage * warpgroup_source(tile);
    }

    __device__ __forceinline__ unsigned char *weights_stage() const
    {
        return weights + step.stage * columns * MATRIX_ROW;
    }

    /* A warp is done with a stage. */
    static __device__ __forceinline__ void leave(cedm_barrier *barrier)
    {
        __syncwarp();
        if (threadIdx.x % 32 == 0) {
            cedm_barrier_arrive(barrier);
        }
    }

    /* ---- the walk ------------------------------------------------------ */

    __device__ __forceinline__ uint32_t column_tiles() const
    {
        return (v.cout_padded + columns - 1) / columns;
    }

    __device__ __forceinline__ uint32_t phases() const
    {
        return v.up ? 4 : 1;
    }

    __device__ __forceinline__ uint32_t tiles() const
    {
        return column_tiles() * phases() * tile.across * tile.down *
               v.images;
    }

    /* Channels go fastest, then phases, which share a source. */
    __device__ __forceinline__ void go_to(uint32_t t)
    {
        place.n0 = t % column_tiles() * columns;
        t /= column_tiles();
        place.phase = t % phases();
        t /= phases();
        place.x0 = t % tile.across * tile.width;
        t /= tile.across;
        place.y0 = t % tile.down * tile.height;
        place.image = v.first + t / tile.down;
    }

    __device__ __forceinline__ uint32_t rim(uint32_t from, int axis) const
    {
        return from < 2 ? tile.rim[axis] : 0;
    }

    __device__ __forceinline__ uint32_t halves(uint32_t from) const
    {
        return from < 2 ? 0 : warpgroup_halves(v);
    }

    /* What lies before a tile's first pixel in a slice. */
    __device__ __forceinline__ uint32_t pad(uint32_t from, int axis) const
    {
        return from < 2 ? v.pad[axis] : 0;
    }

    __device__ __forceinline__ uint32_t slice_rows(uint32_t from) const
    {
        return ((tile.width >> halves(from)) + 2 * rim(from, 1)) *
               ((tile.height >> halves(from)) + 2 * rim(from, 0));
    }

    /* Steps of a slice, at one tap each. */
    __device__ __forceinline__ uint32_t taps(uint32_t from) const
    {
        return from < 2 ? v.taps : 1;
    }
};

#endif

#endif
