/* SPDX-License-Identifier: MIT
 *
 * ptx_warpgroup.cuh - the twin of runtime/cuda/ptx_warpgroup.cuh on the
 * emulator, see warpgroup.h. */
#ifndef CEDM_CUDA_PTX_WARPGROUP_CUH
#define CEDM_CUDA_PTX_WARPGROUP_CUH

#include "runtime/cuda/ptx.cuh"
#include "tests/emulate/warpgroup.h"

#define CEDM_WARPGROUPS 1

/* ---- tensor maps, on the host ------------------------------------------ */

typedef emulate_tensor cedm_tensor_map;

#define CEDM_TENSOR_RANK 4

typedef struct cedm_box_tensor {
    const void *data;
    uint64_t size[CEDM_TENSOR_RANK];
    uint32_t box[CEDM_TENSOR_RANK];
} cedm_box_tensor;

static inline void *cedm_find_encode()
{
    static char function;

    return &function;
}

/* 1, as CUDA_ERROR_INVALID_VALUE, for what the driver refuses. */
static inline int cedm_encode_tensor(cedm_tensor_map *map,
                                     const cedm_box_tensor *tensor, void *)
{
    uint64_t bytes = 2;

    map->data = static_cast<const unsigned char *>(tensor->data);
    if (map->data == nullptr ||
        reinterpret_cast<uintptr_t>(map->data) % 16 != 0 ||
        tensor->box[0] * 2 != 64) {
        return 1;
    }
    for (int i = 0; i < CEDM_TENSOR_RANK; i++) {
        map->size[i] = tensor->size[i];
        map->box[i] = tensor->box[i];
        if (map->size[i] == 0 || map->size[i] > 1ull << 32 ||
            map->box[i] == 0 || map->box[i] > 256) {
            return 1;
        }
        bytes *= map->size[i];
        if (i + 1 < CEDM_TENSOR_RANK &&
            (bytes % 16 != 0 || bytes >= 1ull << 40)) {
            return 1;
        }
    }
    return 0;
}

/* ---- barriers in shared memory ----------------------------------------- */

typedef emulate_barrier cedm_barrier;

static inline void cedm_barrier_init(cedm_barrier *b, uint32_t count)
{
    emulate_barrier_init(b, count);
}

static inline void cedm_barrier_init_done()
{
    emulate_barrier_init_done();
}

static inline void cedm_barrier_arrive(cedm_barrier *b)
{
    emulate_barrier_arrive(b);
}

static inline void cedm_barrier_expect(cedm_barrier *b, uint32_t bytes)
{
    emulate_barrier_expect(b, bytes);
}

static inline void cedm_barrier_wait(cedm_barrier *b, uint32_t parity)
{
    emulate_barrier_wait(b, parity);
}

template <int NUMBER, int THREADS> static inline void cedm_group_barrier()
{
    emulate_group_barrier(NUMBER, THREADS);
}

/* ---- numbers ----------------------------------------------------------- */

static inline float emulate_flush(float x)
{
    return fabsf(x) < 0x1p-126f ? copysignf(0.0f, x) : x;
}

static inline float cedm_fast_exp2(float x)
{
    return emulate_flush(exp2f(emulate_flush(x)));
}

static inline float cedm_fast_reciprocal(float x)
{
    return emulate_flush(1.0f / emulate_flush(x));
}

/* ---- registers --------------------------------------------------------- */

template <int REGISTERS> static inline void cedm_fewer_registers()
{
    emulate_registers(REGISTERS);
}

template <int REGISTERS> static inline void cedm_more_registers()
{
    emulate_registers(REGISTERS);
}

/* ---- copies ------------------------------------------------------------ */

static inline void cedm_copy_box(void *to, const cedm_tensor_map *map,
                                 cedm_barrier *b, int c, int x, int y, int z)
{
    const int at[4] = {c, x, y, z};

    emulate_copy_box(to, map, b, at);
}

static inline void cedm_fence_copies()
{
    emulate_fence_copies();
}

/* ---- products ---------------------------------------------------------- */

static inline void cedm_products_begin()
{
    emulate_products_begin();
}

static inline void cedm_products_commit()
{
    emulate_products_commit();
}

template <int PENDING> static inline void cedm_products_wait()
{
    emulate_products_wait(PENDING);
}

struct emulate_product_operands {
    float *c;
    const uint32_t *a;
    uint64_t b;
    uint32_t add;
};

/* C[16][N] = A[16][16] B[N][16]^T + (add ? C : 0), of one warp. */
template <typename T, int N>
static void emulate_make_product(const emulate_warp_product &p)
{
    float a[16][16], b[16][N], c[16][N];

    for (int l = 0; l < EMULATE_LANES; l++) {
        for (int i = 0; i < 8; i++) {
            int row = l / 4 + i / 2 % 2 * 8;
            int k = 2 * (l % 4) + i / 4 * 8 + i % 2;

            a[row][k] = emulate_widen(static_cast<uint16_t>(
                p.a[l][i / 2] >> 16 * (i % 2)), T());
        }
        for (int i = 0; i < N / 2; i++) {
            c[l / 4 + i / 2 % 2 * 8][i / 4 * 8 + 2 * (l % 4) + i % 2] =
                p.add ? p.c[l][i] : 0.0f;
        }
    }
    for (int n = 0; n < N; n++) {
        for (int k = 0; k < 16; k += 8) {
            const uint16_t *chunk = emulate_matrix_chunk(
                p.b, static_cast<unsigned>(n), static_cast<unsigned>(k / 8));

            for (int i = 0; i < 8; i++) {
                b[k + i][n] = emulate_widen(chunk[i], T());
            }
        }
    }
    for (int m = 0; m < 16; m++) {
        for (int k = 0; k < 16; k++) {
            for (int n = 0; n < N; n++) {
                c[m][n] += a[m][k] * b[k][n];
            }
        }
    }
    for (int l = 0; l < EMULATE_LANES; l++) {
        for (int i = 0; i < N / 2; i++) {
            p.c[l][i] = c[l / 4 + i / 2 % 2 * 8]
                         [i / 4 * 8 + 2 * (l % 4) + i % 2];
        }
    }
}

template <typename T, int N>
static void emulate_issue_product(void *lanes[EMULATE_LANES])
{
    emulate_warp_product p = {};

    p.make = emulate_make_product<T, N>;
    for (int l = 0; l < EMULATE_LANES; l++) {
        emulate_product_operands *mine =
            static_cast<emulate_product_operands *>(lanes[l]);

        if (l > 0 && (mine->b != p.b || (mine->add != 0) != p.add)) {
            emulate_stop("lanes name different matrices");
        }
        p.c[l] = mine->c;
        p.a[l] = mine->a;
        p.b = mine->b;
        p.add = mine->add != 0;
    }
    emulate_product_queue(p);
}

template <typename T, int N>
static inline void cedm_product(float (&c)[N / 2], const uint32_t (&a)[4],
                                uint64_t b, uint32_t add)
{
    emulate_product_operands mine = {c, a, b, add};

    emulate_warp(emulate_issue_product<T, N>, &mine);
}

#endif
