/* SPDX-License-Identifier: MIT
 *
 * ptx.cuh - all that only a CUDA compiler understands: launches, dynamic
 * shared memory, asynchronous copies and matrix instructions of compute
 * capability 8.0.  tests/emulate/include has another for the emulator. */
#ifndef CEDM_CUDA_PTX_CUH
#define CEDM_CUDA_PTX_CUH

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>
#include <stdint.h>

/* Queues a kernel; 0 or a cudaError_t. */
#define CEDM_LAUNCH(kernel, grid, block, shared, stream, ...)                \
    (kernel<<<(grid), (block), (shared), (cudaStream_t)(stream)>>>(          \
         __VA_ARGS__),                                                       \
     (int)cudaGetLastError())

/* A kernel's limit of dynamic shared memory; 0 or a cudaError_t. */
#define CEDM_ALLOW_SHARED(kernel, bytes)                                     \
    ((int)cudaFuncSetAttribute(                                              \
        kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, (int)(bytes)))

/* Registers of a thread of a kernel, as code for this device has them; 0 or a
 * cudaError_t. */
template <typename F> static inline int cedm_registers(F *kernel, int *count)
{
    cudaFuncAttributes attributes = {};
    int error = (int)cudaFuncGetAttributes(&attributes, kernel);

    *count = attributes.numRegs;
    return error;
}

/* Ends the kernel, and all calls after it, with an error. */
static __device__ __forceinline__ void cedm_trap()
{
    __trap();
}

static __device__ __forceinline__ unsigned char *cedm_shared()
{
    extern __shared__ __align__(128) unsigned char cedm_shared_bytes[];

    return cedm_shared_bytes;
}

static __device__ __forceinline__ uint32_t cedm_shared_at(const void *p)
{
    return (uint32_t)__cvta_generic_to_shared(p);
}

/* 16 bytes from global to shared memory, or 16 zeros, past the L1 cache;
 * there after the commit and wait that follow. */
static __device__ __forceinline__ void
cedm_copy16(void *shared, const void *global, bool valid)
{
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;"
                 :: "r"(cedm_shared_at(shared)), "l"(global),
                    "r"(valid ? 16 : 0)
                 : "memory");
}

static __device__ __forceinline__ void cedm_copy_commit()
{
    asm volatile("cp.async.commit_group;" ::: "memory");
}

/* Waits for this thread's copies, all but the last PENDING commits. */
template <unsigned PENDING>
static __device__ __forceinline__ void cedm_copy_wait()
{
    asm volatile("cp.async.wait_group %0;" :: "n"(PENDING) : "memory");
}

/* Four 8 x 8 matrices of 16-bit elements; lane 8 i + r names row r of
 * matrix i. */
static __device__ __forceinline__ void cedm_load_matrices(uint32_t out[4],
                                                          const void *row)
{
    asm volatile(
        "ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
        : "=r"(out[0]), "=r"(out[1]), "=r"(out[2]), "=r"(out[3])
        : "r"(cedm_shared_at(row)));
}

static __device__ __forceinline__ void
cedm_load_matrices_transposed(uint32_t out[4], const void *row)
{
    asm volatile(
        "ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
        : "=r"(out[0]), "=r"(out[1]), "=r"(out[2]), "=r"(out[3])
        : "r"(cedm_shared_at(row)));
}

/* C[16][8] += A[16][16] B[16][8], sums in float. */
#define CEDM_MULTIPLY(type, name)                                            \
    template <>                                                              \
    __device__ __forceinline__ void cedm_multiply<type>(                     \
        float c[4], const uint32_t a[4], const uint32_t b[2])                \
    {                                                                        \
        asm volatile(                                                        \
            "mma.sync.aligned.m16n8k16.row.col.f32." name "." name ".f32 "   \
            "{%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"          \
            : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])                 \
            : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]),         \
              "r"(b[1]));                                                    \
    }

template <typename T>
__device__ __forceinline__ void cedm_multiply(float c[4], const uint32_t a[4],
                                              const uint32_t b[2]);
CEDM_MULTIPLY(__half, "f16")
CEDM_MULTIPLY(__nv_bfloat16, "bf16")
#undef CEDM_MULTIPLY

#endif
