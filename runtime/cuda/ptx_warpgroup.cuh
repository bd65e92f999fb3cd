/* SPDX-License-Identifier: MIT
 *
 * ptx_warpgroup.cuh - instructions of compute capability 9.0 ("a": for that
 * one alone): barriers in shared memory that count bytes, copies of boxes of
 * a tensor, products by the four warps of a warpgroup.
 *
 * Written after the PTX ISA 8.0 and later, sections "mbarrier",
 * "cp.async.bulk.tensor" and "wgmma".  The twin for tests, by the same
 * names, is tests/emulate/include/runtime/cuda/ptx_warpgroup.cuh. */
#ifndef CEDM_CUDA_PTX_WARPGROUP_CUH
#define CEDM_CUDA_PTX_WARPGROUP_CUH

#include <cuda.h>

#include "runtime/cuda/ptx.cuh"

/* A kernel of these instructions has a body only where they exist, and where
 * no code for a device is made of it. */
#if defined __CUDA_ARCH_FEAT_SM90_ALL || !defined __CUDA_ARCH__
#define CEDM_WARPGROUPS 1
#endif

/* ---- tensor maps, on the host ------------------------------------------ */

typedef CUtensorMap cedm_tensor_map; /* 128 bytes */

#define CEDM_TENSOR_RANK 4

/* Elements of 16 bits, innermost dimension first, one after the other; a box
 * has 64 bytes in the first dimension and is swizzled as conv_matrix.cuh
 * describes: chunk q of 16 bytes of row r lies at q ^ (r / 2 % 4).  What a
 * box has outside of the tensor is zero. */
typedef struct cedm_box_tensor {
    const void *data;
    cuuint64_t size[CEDM_TENSOR_RANK];
    cuuint32_t box[CEDM_TENSOR_RANK];
} cedm_box_tensor;

/* cuTensorMapEncodeTiled. */
typedef CUresult cedm_encode_tiled(CUtensorMap *, CUtensorMapDataType,
                                   cuuint32_t, void *, const cuuint64_t *,
                                   const cuuint64_t *, const cuuint32_t *,
                                   const cuuint32_t *, CUtensorMapInterleave,
                                   CUtensorMapSwizzle, CUtensorMapL2promotion,
                                   CUtensorMapFloatOOBfill);

/* The driver's function, asked for so that no library of it is needed; NULL
 * if there is none. */
static inline void *cedm_find_encode()
{
    const char *name = "cuTensorMapEncodeTiled";
    cudaDriverEntryPointQueryResult found;
    void *function = NULL;
#if CUDART_VERSION >= 12050
    cudaError_t code = cudaGetDriverEntryPointByVersion(
        name, &function, 12000, cudaEnableDefault, &found);
#else
    cudaError_t code = cudaGetDriverEntryPoint(name, &function,
                                               cudaEnableDefault, &found);
#endif

    return code == cudaSuccess && found == cudaDriverEntryPointSuccess
        ? function : NULL;
}

/* 0 or a cudaError_t, whose numbers are those of the driver. */
static inline int cedm_encode_tensor(cedm_tensor_map *map,
                                     const cedm_box_tensor *tensor,
                                     void *encode_tensor)
{
    const cuuint32_t every[CEDM_TENSOR_RANK] = {1, 1, 1, 1};
    cuuint64_t stride[CEDM_TENSOR_RANK], bytes = 2;

    for (int i = 0; i < CEDM_TENSOR_RANK; i++) {
        bytes *= tensor->size[i];
        stride[i] = bytes;
    }
    return (int)reinterpret_cast<cedm_encode_tiled *>(encode_tensor)(
        map, CU_TENSOR_MAP_DATA_TYPE_UINT16, CEDM_TENSOR_RANK,
        const_cast<void *>(tensor->data), tensor->size, stride, tensor->box,
        every, CU_TENSOR_MAP_INTERLEAVE_NONE, CU_TENSOR_MAP_SWIZZLE_64B,
        CU_TENSOR_MAP_L2_PROMOTION_L2_128B,
        CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
}

#if defined CEDM_WARPGROUPS
/* ---- barriers in shared memory ----------------------------------------- */

typedef uint64_t cedm_barrier;

/* A phase ends when `count` have arrived and all bytes have. */
static __device__ __forceinline__ void cedm_barrier_init(cedm_barrier *b,
                                                         uint32_t count)
{
    asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;"
                 :: "r"(cedm_shared_at(b)), "r"(count) : "memory");
}

/* After them, before the block's barrier: copies must know of them, too. */
static __device__ __forceinline__ void cedm_barrier_init_done()
{
    asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
}

static __device__ __forceinline__ void cedm_barrier_arrive(cedm_barrier *b)
{
    asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];"
                 :: "r"(cedm_shared_at(b)) : "memory");
}

/* Arrives, and has the phase wait for so many bytes of copies more. */
static __device__ __forceinline__ void
cedm_barrier_expect(cedm_barrier *b, uint32_t bytes)
{
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;"
                 :: "r"(cedm_shared_at(b)), "r"(bytes) : "memory");
}

/* Waits until a phase of that parity has ended; the first has parity 0, and
 * before it one of parity 1 counts as ended. */
static __device__ __forceinline__ void cedm_barrier_wait(cedm_barrier *b,
                                                         uint32_t parity)
{
    uint32_t ended;

    do {
        asm volatile("{\n"
                     ".reg .pred p;\n"
                     "mbarrier.try_wait.parity.shared::cta.b64 p, [%1], %2;"
                     "\n"
                     "selp.u32 %0, 1, 0, p;\n"
                     "}"
                     : "=r"(ended)
                     : "r"(cedm_shared_at(b)), "r"(parity)
                     : "memory");
    } while (ended == 0);
}

/* Between `threads` threads of the block, by the barrier of that number. */
template <int NUMBER, int THREADS>
static __device__ __forceinline__ void cedm_group_barrier()
{
    asm volatile("bar.sync %0, %1;" :: "n"(NUMBER), "n"(THREADS) : "memory");
}

/* ---- numbers ----------------------------------------------------------- */

/* 2^x and 1 / x, a relative 2^-22 off at most; denormals are zeros. */
static __device__ __forceinline__ float cedm_fast_exp2(float x)
{
    float y;

    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

static __device__ __forceinline__ float cedm_fast_reciprocal(float x)
{
    float y;

    asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

/* ---- registers --------------------------------------------------------- */

/* All threads of a warpgroup give registers back, or wait for more. */
template <int REGISTERS>
static __device__ __forceinline__ void cedm_fewer_registers()
{
    asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" :: "n"(REGISTERS));
}

template <int REGISTERS>
static __device__ __forceinline__ void cedm_more_registers()
{
    asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" :: "n"(REGISTERS));
}

/* ---- copies ------------------------------------------------------------ */

/* A box of a tensor to shared memory, from those coordinates on; its bytes,
 * with those outside, count at the barrier. */
static __device__ __forceinline__ void
cedm_copy_box(void *to, const cedm_tensor_map *map, cedm_barrier *b, int c,
              int x, int y, int z)
{
    asm volatile("cp.async.bulk.tensor.4d.shared::cluster.global.tile"
                 ".mbarrier::complete_tx::bytes [%0], [%1, {%3,%4,%5,%6}], "
                 "[%2];"
                 :: "r"(cedm_shared_at(to)), "l"(map),
                    "r"(cedm_shared_at(b)), "r"(c), "r"(x), "r"(y), "r"(z)
                 : "memory");
}

/* What this thread wrote to shared memory comes before later copies to the
 * same place. */
static __device__ __forceinline__ void cedm_fence_copies()
{
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
}

/* ---- products ---------------------------------------------------------- */

/* Before products, where this thread wrote A or sums since the last ones. */
static __device__ __forceinline__ void cedm_products_begin()
{
    asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
}

static __device__ __forceinline__ void cedm_products_commit()
{
    asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
}

/* Waits for all but the last PENDING commits of products.  Until then, sums
 * must not be looked at, nor A be written. */
template <int PENDING>
static __device__ __forceinline__ void cedm_products_wait()
{
    asm volatile("wgmma.wait_group.sync.aligned %0;" :: "n"(PENDING)
                 : "memory");
}

/* Names of operands; what follows the sums is A, B and `add`. */
#define CEDM_SUMS_32                                                         \
    "%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15,%16,"             \
    "%17,%18,%19,%20,%21,%22,%23,%24,%25,%26,%27,%28,%29,%30,"               \
    "%31"
#define CEDM_SUMS_64                                                         \
    CEDM_SUMS_32 ","                                                         \
    "%32,%33,%34,%35,%36,%37,%38,%39,%40,%41,%42,%43,%44,%45,"               \
    "%46,%47,%48,%49,%50,%51,%52,%53,%54,%55,%56,%57,%58,%59,"               \
    "%60,%61,%62,%63"
#define CEDM_SUMS_96                                                         \
    CEDM_SUMS_64 ","                                                         \
    "%64,%65,%66,%67,%68,%69,%70,%71,%72,%73,%74,%75,%76,%77,"               \
    "%78,%79,%80,%81,%82,%83,%84,%85,%86,%87,%88,%89,%90,%91,"               \
    "%92,%93,%94,%95"
#define CEDM_SUMS_128                                                        \
    CEDM_SUMS_96 ","                                                         \
    "%96,%97,%98,%99,%100,%101,%102,%103,%104,%105,%106,%107,"               \
    "%108,%109,%110,%111,%112,%113,%114,%115,%116,%117,%118,"                \
    "%119,%120,%121,%122,%123,%124,%125,%126,%127"
#define CEDM_OUT_8(c, i)                                                     \
    "+f"(c[i]), "+f"(c[i + 1]), "+f"(c[i + 2]), "+f"(c[i + 3]),              \
    "+f"(c[i + 4]), "+f"(c[i + 5]), "+f"(c[i + 6]), "+f"(c[i + 7])
#define CEDM_OUT_32(c, i)                                                    \
    CEDM_OUT_8(c, i), CEDM_OUT_8(c, i + 8), CEDM_OUT_8(c, i + 16),           \
    CEDM_OUT_8(c, i + 24)
#define CEDM_OUT_64(c, i) CEDM_OUT_32(c, i), CEDM_OUT_32(c, i + 32)
#define CEDM_OUT_96(c, i) CEDM_OUT_64(c, i), CEDM_OUT_32(c, i + 64)
#define CEDM_OUT_128(c, i) CEDM_OUT_64(c, i), CEDM_OUT_64(c, i + 64)

/* C[64][N] = A[64][16] B[N][16]^T + (add ? C : 0), sums in float.  A and C
 * are spread over the warpgroup as in products of warps: its warp w has rows
 * 16 w to 16 w + 15. */
template <typename T, int N>
__device__ __forceinline__ void cedm_product(float (&c)[N / 2],
                                             const uint32_t (&a)[4],
                                             uint64_t b, uint32_t add);

#define CEDM_PRODUCT(type, name, n, sums, a0, a1, a2, a3, b_at, add_at)      \
    template <>                                                              \
    __device__ __forceinline__ void cedm_product<type, n>(                   \
        float (&c)[n / 2], const uint32_t (&a)[4], uint64_t b,               \
        uint32_t add)                                                        \
    {                                                                        \
        asm volatile(                                                        \
            "{\n.reg .pred p;\nsetp.ne.b32 p, %" #add_at ", 0;\n"            \
            "wgmma.mma_async.sync.aligned.m64n" #n "k16.f32." name "." name  \
            " {" CEDM_SUMS_##sums "}, {%" #a0 ",%" #a1 ",%" #a2 ",%" #a3     \
            "}, %" #b_at ", p, 1, 1, 0;\n}"                                  \
            : CEDM_OUT_##sums(c, 0)                                          \
            : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b),            \
              "r"(add));                                                     \
    }
#define CEDM_PRODUCTS(type, name)                                            \
    CEDM_PRODUCT(type, name, 64, 32, 32, 33, 34, 35, 36, 37)                 \
    CEDM_PRODUCT(type, name, 128, 64, 64, 65, 66, 67, 68, 69)                \
    CEDM_PRODUCT(type, name, 192, 96, 96, 97, 98, 99, 100, 101)              \
    CEDM_PRODUCT(type, name, 256, 128, 128, 129, 130, 131, 132, 133)
CEDM_PRODUCTS(__half, "f16")
CEDM_PRODUCTS(__nv_bfloat16, "bf16")
#undef CEDM_PRODUCTS
#undef CEDM_PRODUCT
#undef CEDM_OUT_8
#undef CEDM_OUT_32
#undef CEDM_OUT_64
#undef CEDM_OUT_96
#undef CEDM_OUT_128
#undef CEDM_SUMS_32
#undef CEDM_SUMS_64
#undef CEDM_SUMS_96
#undef CEDM_SUMS_128
#endif

#endif
