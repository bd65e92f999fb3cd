/* SPDX-License-Identifier: MIT
 *
 * probe_kernels.cu - barriers in shared memory, copies of boxes, products of
 * warpgroups: each alone, in the least code that shows it.
 *
 * Written after the PTX ISA's sections "mbarrier", "cp.async.bulk.tensor",
 * "wgmma" and its tables of fragments, not after the kernels that are
 * built of them. */
#include "tests/gpu/probe.h"

#include "runtime/cuda/ptx_warpgroup.cuh"

#define GROUP 128 /* threads of a warpgroup */
#define ROW 64    /* bytes of a row in shared memory: 32 elements */
#define PATTERN 512 /* where a swizzled pattern of eight rows may begin */

#if defined CEDM_WARPGROUPS
/* Dynamic shared memory begins anywhere. */
static __device__ unsigned char *aligned_shared()
{
    unsigned char *shared = cedm_shared();

    return shared + (PATTERN - cedm_shared_at(shared) % PATTERN) % PATTERN;
}

/* Chunk q of 16 bytes of row r: Swizzle<2, 4, 3> of 64-byte rows. */
static __device__ uint32_t chunk_at(uint32_t r, uint32_t q)
{
    return r * ROW + (q ^ (r / 2 % 4)) * 16;
}
#endif

/* ---- barriers ---------------------------------------------------------- */

__global__ void barriers(uint64_t *sum)
{
#if defined CEDM_WARPGROUPS
    cedm_barrier *full = reinterpret_cast<cedm_barrier *>(aligned_shared());
    cedm_barrier *empty = full + 1;
    uint32_t *value = reinterpret_cast<uint32_t *>(full + 2);
    uint64_t got = 0;

    if (threadIdx.x == 0) {
        cedm_barrier_init(full, GROUP);
        cedm_barrier_init(empty, GROUP);
        cedm_barrier_init_done();
    }
    __syncthreads();
    for (uint32_t i = 0; i < PROBE_TURNS; i++) {
        if (threadIdx.x < GROUP) {
            cedm_barrier_wait(empty, (i & 1u) ^ 1u);
            if (threadIdx.x == 0) {
                *value = i + 1;
            }
            cedm_barrier_arrive(full);
        } else {
            cedm_barrier_wait(full, i & 1u);
            got += *value;
            cedm_barrier_arrive(empty);
        }
    }
    if (threadIdx.x == 2 * GROUP - 1) {
        *sum = got;
    }
#else
    asm volatile("trap;"); /* code that was not made for this device */
#endif
}

extern "C" int probe_barriers(uint64_t *sum)
{
    return CEDM_LAUNCH(barriers, 1, 2 * GROUP, 4096, NULL, sum);
}

/* ---- boxes ------------------------------------------------------------- */

#define BOX_BYTES (PROBE_TALL * PROBE_WIDE * ROW)

__global__ void boxes(const __grid_constant__ cedm_tensor_map map, int x,
                      int y, uint16_t *out)
{
#if defined CEDM_WARPGROUPS
    unsigned char *box = aligned_shared();
    cedm_barrier *full = reinterpret_cast<cedm_barrier *>(box + 2048);

    if (threadIdx.x == 0) {
        cedm_barrier_init(full, 1);
        cedm_barrier_init_done();
    }
    __syncthreads();
    if (threadIdx.x == 0) {
        cedm_barrier_expect(full, BOX_BYTES);
        cedm_copy_box(box, &map, full, 0, x, y, 0);
    }
    cedm_barrier_wait(full, 0);
    for (uint32_t i = threadIdx.x; i < BOX_BYTES / 2; i += GROUP) {
        out[i] = reinterpret_cast<const uint16_t *>(box)[i];
    }
#else
    asm volatile("trap;"); /* code that was not made for this device */
#endif
}

extern "C" int probe_boxes(const probe_box *b)
{
    cedm_box_tensor tensor = {b->tensor,
                              {PROBE_CHANNELS, b->width, b->height, 1},
                              {PROBE_CHANNELS, PROBE_WIDE, PROBE_TALL, 1}};
    cedm_tensor_map map = {};
    int error = cedm_encode_tensor(&map, &tensor, b->encode);

    return error != 0 ? error
                      : CEDM_LAUNCH(boxes, 1, GROUP, 4096, NULL, map, b->x,
                                    b->y, b->out);
}

/* ---- products ---------------------------------------------------------- */

#define K 32

#if defined CEDM_WARPGROUPS
/* Rows of 64 bytes along K, swizzled, eight of them 512 bytes from the next
 * eight; from element k on. */
static __device__ uint64_t descriptor(const unsigned char *rows, uint32_t k)
{
    return (uint64_t)((cedm_shared_at(rows) + 2 * k) >> 4 & 0x3fffu) |
           (uint64_t)1 << 16 | (uint64_t)(PATTERN >> 4) << 32 |
           (uint64_t)2 << 62;
}

/* Elements (row, k) and (row, k + 1) of A, k even. */
static __device__ uint32_t pair_at(const uint16_t *a, uint32_t row,
                                   uint32_t k)
{
    return a[row * K + k] | (uint32_t)a[row * K + k + 1] << 16;
}
#endif

template <typename T, int N>
__global__ void __launch_bounds__(GROUP) products(probe_product p)
{
#if defined CEDM_WARPGROUPS
    unsigned char *b = aligned_shared();
    uint32_t lane = threadIdx.x % 32, row = threadIdx.x / 32 * 16 + lane / 4;
    uint32_t a[K / 16][4];
    float c[N / 2];

    for (uint32_t i = threadIdx.x; i < N * K; i += GROUP) {
        uint32_t n = i / K, k = i % K;

        reinterpret_cast<uint16_t *>(b + chunk_at(n, k / 8))[k % 8] = p.b[i];
    }
#pragma unroll
    for (uint32_t step = 0; step < K / 16; step++) {
        uint32_t k = step * 16 + lane % 4 * 2;

        a[step][0] = pair_at(p.a, row, k);
        a[step][1] = pair_at(p.a, row + 8, k);
        a[step][2] = pair_at(p.a, row, k + 8);
        a[step][3] = pair_at(p.a, row + 8, k + 8);
    }
    cedm_fence_copies();
    __syncthreads();
    cedm_products_begin();
    cedm_product<T, N>(c, a[0], descriptor(b, 0), 0);
    cedm_product<T, N>(c, a[1], descriptor(b, 16), 1);
    cedm_products_commit();
    cedm_products_wait<0>();
#pragma unroll
    for (uint32_t i = 0; i < N / 2; i++) {
        uint32_t m = row + i / 2 % 2 * 8;

        p.c[m * N + i / 4 * 8 + lane % 4 * 2 + i % 2] = c[i];
    }
#else
    asm volatile("trap;"); /* code that was not made for this device */
#endif
}

template <typename T, int N> static int launch(const probe_product *p)
{
    const auto kernel = products<T, N>;

    return CEDM_LAUNCH(kernel, 1, GROUP, N * ROW + PATTERN, NULL, *p);
}

template <typename T> static int launch_of(const probe_product *p)
{
    return p->n == 64    ? launch<T, 64>(p)
           : p->n == 128 ? launch<T, 128>(p)
           : p->n == 192 ? launch<T, 192>(p)
                         : launch<T, 256>(p);
}

extern "C" int probe_products(const probe_product *p)
{
    return p->bf16 ? launch_of<__nv_bfloat16>(p) : launch_of<__half>(p);
}
