/* SPDX-License-Identifier: MIT
 *
 * ptx.cuh - the twin of runtime/cuda/ptx.cuh on the emulator, from the
 * fragment layouts of the PTX ISA (matrix fragments of mma.m16n8k16). */
#ifndef CEDM_CUDA_PTX_CUH
#define CEDM_CUDA_PTX_CUH

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>

#define CEDM_LAUNCH(kernel, grid, block, shared, stream, ...)                \
    ((void)(stream),                                                         \
     emulate_launch(__FILE__ ": " #kernel, kernel, grid, block, shared,      \
                    __VA_ARGS__))

/* A kernel's limit of dynamic shared memory; 0 or a cudaError_t. */
#define CEDM_ALLOW_SHARED(kernel, bytes)                                     \
    emulate_allow_shared(emulate_function(kernel), bytes)

template <typename F> static inline const void *emulate_function(F *kernel)
{
    return reinterpret_cast<const void *>(kernel);
}

template <typename F> static inline int cedm_registers(F *, int *count)
{
    *count = 168;
    return 0;
}

static inline unsigned char *cedm_shared()
{
    return emulate_shared();
}

/* An address as instructions take it: the window begins where it may begin
 * on a device, at a multiple of 128. */
static inline uint32_t cedm_shared_at(const void *p)
{
    return 128 + static_cast<uint32_t>(
        static_cast<const unsigned char *>(p) - emulate_shared());
}

static inline void cedm_copy16(void *shared, const void *global, bool valid)
{
    emulate_copy(shared, global, valid);
}

static inline void cedm_copy_commit()
{
    emulate_copy_commit();
}

template <unsigned PENDING> static inline void cedm_copy_wait()
{
    emulate_copy_wait(PENDING);
}

struct emulate_matrix_part {
    const void *row;
    uint32_t *out;
};

/* Of the eight rows of a matrix, how many share a group of four banks. */
static inline void emulate_count_ways(void *const lanes[])
{
    unsigned hits[8] = {0};

    for (int i = 0; i < 8; i++) {
        const void *row = static_cast<emulate_matrix_part *>(lanes[i])->row;
        unsigned *ways = &emulate_counted.ways;
        unsigned n = ++hits[reinterpret_cast<uintptr_t>(row) / 16 % 8];

        *ways = n > *ways ? n : *ways;
    }
}

/* Lane 8 i + r names row r of matrix i; register i of lane l gets elements
 * 2 (l mod 4) and the next of row l / 4 (transposed: of that column). */
template <bool TRANSPOSED>
static void emulate_load_matrices(void *lanes[EMULATE_LANES])
{
    for (int i = 0; i < 4; i++) {
        emulate_count_ways(lanes + 8 * i);
        for (int l = 0; l < EMULATE_LANES; l++) {
            uint16_t pair[2];

            for (int e = 0; e < 2; e++) {
                int row = TRANSPOSED ? 2 * (l % 4) + e : l / 4;
                int column = TRANSPOSED ? l / 4 : 2 * (l % 4) + e;
                const emulate_matrix_part *from =
                    static_cast<emulate_matrix_part *>(lanes[8 * i + row]);

                memcpy(&pair[e], static_cast<const uint16_t *>(from->row) +
                                     column, 2);
            }
            memcpy(&static_cast<emulate_matrix_part *>(lanes[l])->out[i],
                   pair, 4);
        }
    }
}

static inline void cedm_load_matrices(uint32_t out[4], const void *row)
{
    emulate_matrix_part mine = {row, out};

    emulate_check_shared(row);
    emulate_warp(emulate_load_matrices<false>, &mine);
    emulate_registers_written();
}

static inline void cedm_load_matrices_transposed(uint32_t out[4],
                                                 const void *row)
{
    emulate_matrix_part mine = {row, out};

    emulate_check_shared(row);
    emulate_warp(emulate_load_matrices<true>, &mine);
}

struct emulate_product_part {
    float *c;
    const uint32_t *a, *b;
};

static inline float emulate_widen(uint16_t bits, __half)
{
    return emulate_half_to_float(bits);
}

static inline float emulate_widen(uint16_t bits, __nv_bfloat16)
{
    return __bfloat162float({bits});
}

/* C[16][8] += A[16][16] B[16][8]. */
template <typename T>
static void emulate_product(void *lanes[EMULATE_LANES])
{
    float a[16][16], b[16][8], c[16][8];
    emulate_product_part *part[EMULATE_LANES];

    for (int l = 0; l < EMULATE_LANES; l++) {
        int g = l / 4, t = 2 * (l % 4);

        part[l] = static_cast<emulate_product_part *>(lanes[l]);
        for (int i = 0; i < 8; i++) {
            int row = g + (i / 2 % 2) * 8, k = t + i / 4 * 8 + i % 2;

            a[row][k] = emulate_widen(static_cast<uint16_t>(
                part[l]->a[i / 2] >> 16 * (i % 2)), T());
        }
        for (int i = 0; i < 4; i++) {
            b[t + i / 2 * 8 + i % 2][g] = emulate_widen(
                static_cast<uint16_t>(part[l]->b[i / 2] >> 16 * (i % 2)),
                T());
        }
        for (int i = 0; i < 4; i++) {
            c[g + i / 2 * 8][t + i % 2] = part[l]->c[i];
        }
    }
    for (int m = 0; m < 16; m++) {
        for (int k = 0; k < 16; k++) {
            for (int n = 0; n < 8; n++) {
                c[m][n] += a[m][k] * b[k][n];
            }
        }
    }
    for (int l = 0; l < EMULATE_LANES; l++) {
        for (int i = 0; i < 4; i++) {
            part[l]->c[i] = c[l / 4 + i / 2 * 8][2 * (l % 4) + i % 2];
        }
    }
    emulate_counted.products++;
}

template <typename T>
static inline void cedm_multiply(float c[4], const uint32_t a[4],
                                 const uint32_t b[2])
{
    emulate_product_part mine = {c, a, b};

    emulate_warp(emulate_product<T>, &mine);
}

#endif
