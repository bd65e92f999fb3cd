/* SPDX-License-Identifier: MIT
 *
 * columns.cuh - sums down the channels of a run of pixels.
 *
 * A block has COLUMNS channels; threads side by side take V of them each and
 * rows of threads take every ROWS-th pixel.  Rows are added up one after the
 * other, in double precision. */
#ifndef CEDM_TRAINER_CUDA_COLUMNS_CUH
#define CEDM_TRAINER_CUDA_COLUMNS_CUH

#include "trainer/cuda/map.cuh"

#define COLUMNS 64
#define COLUMN_THREADS 256

template <int V> struct column_shape {
    static constexpr int ACROSS = COLUMNS / V;
    static constexpr int ROWS = COLUMN_THREADS / ACROSS;

    static __device__ __forceinline__ uint32_t column()
    {
        return threadIdx.x % ACROSS * V;
    }

    static __device__ __forceinline__ uint32_t row()
    {
        return threadIdx.x / ACROSS;
    }
};

/* The sum of what the rows of a column have; all threads call this, threads
 * 0 .. COLUMNS - 1 have the columns' sums.  parts is ROWS x COLUMNS. */
template <int V>
static __device__ __forceinline__ double column_total(float *parts,
                                                      const float (&mine)[V])
{
    typedef column_shape<V> shape;
    double sum = 0.0;

    __syncthreads();
#pragma unroll
    for (int i = 0; i < V; i++) {
        parts[shape::row() * COLUMNS + shape::column() + i] = mine[i];
    }
    __syncthreads();
    for (int r = 0; threadIdx.x < COLUMNS && r < shape::ROWS; r++) {
        sum += (double)parts[r * COLUMNS + threadIdx.x];
    }
    return sum;
}

template <int V> static constexpr size_t column_shared()
{
    return sizeof(float) * column_shape<V>::ROWS * COLUMNS;
}

#endif
