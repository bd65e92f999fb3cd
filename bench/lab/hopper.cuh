/* SPDX-License-Identifier: MIT
 *
 * hopper.cuh - what the experiments of this folder have beside the
 * instructions of runtime/cuda/ptx_warpgroup.cuh: maps with rows of 128
 * bytes, products with both operands in shared memory.  Compiled, but never
 * run so far. */
#ifndef CEDM_LAB_HOPPER_CUH
#define CEDM_LAB_HOPPER_CUH

#include <stdio.h>
#include <stdlib.h>

#include "runtime/cuda/ptx_warpgroup.cuh"

#define CHECK(call)                                                          \
    do {                                                                     \
        int code_ = (int)(call);                                             \
        if (code_ != 0) {                                                    \
            fprintf(stderr, "%s:%d: %s: error %d\n", __FILE__, __LINE__,     \
                    #call, code_);                                           \
            exit(1);                                                         \
        }                                                                    \
    } while (0)

/* ---- maps of tensors ---------------------------------------------------- */

/* Elements of 16 bits, innermost dimension first, 128-byte swizzle. */
static inline CUtensorMap tensor_map(void *data,
                                     const uint64_t (&size)[CEDM_TENSOR_RANK],
                                     const uint32_t (&box)[CEDM_TENSOR_RANK])
{
    const cuuint32_t every[CEDM_TENSOR_RANK] = {1, 1, 1, 1};
    cuuint64_t sizes[CEDM_TENSOR_RANK], strides[CEDM_TENSOR_RANK];
    cuuint64_t stride = 2;
    void *function = cedm_find_encode();
    CUtensorMap map;

    CHECK(function == NULL);
    for (int i = 0; i < CEDM_TENSOR_RANK; i++) {
        sizes[i] = size[i];
        stride *= size[i];
        strides[i] = stride;
    }
    CHECK(((cedm_encode_tiled *)function)(
        &map, CU_TENSOR_MAP_DATA_TYPE_FLOAT16, CEDM_TENSOR_RANK, data, sizes,
        strides, box, every, CU_TENSOR_MAP_INTERLEAVE_NONE,
        CU_TENSOR_MAP_SWIZZLE_128B, CU_TENSOR_MAP_L2_PROMOTION_L2_256B,
        CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE));
    return map;
}

/* ---- products ---------------------------------------------------------- */

/* Rows of 128 bytes, swizzled, groups of eight rows `group` bytes apart.
 * base_offset: (address / 128) mod 8 where a pattern does not begin at a
 * multiple of 1024 bytes. */
static __device__ __forceinline__ uint64_t matrix_at(const void *p,
                                                     uint32_t group,
                                                     uint32_t base_offset)
{
    return (uint64_t)(cedm_shared_at(p) >> 4 & 0x3fffu) | (uint64_t)1 << 16 |
           (uint64_t)(group >> 4 & 0x3fffu) << 32 |
           (uint64_t)(base_offset & 7u) << 49 | (uint64_t)1 << 62;
}

/* C[64][256] (+)= A[64][16] B[256][16], both in shared memory. */
static __device__ __forceinline__ void
product_256(float (&c)[128], uint64_t a, uint64_t b, int add)
{
    asm volatile(
        "{\n.reg .pred p;\nsetp.ne.b32 p, %130, 0;\n"
        "wgmma.mma_async.sync.aligned.m64n256k16.f32.f16.f16 {"
        "%0,%1,%2,%3,%4,%5,%6,%7,"
        "%8,%9,%10,%11,%12,%13,%14,%15,"
        "%16,%17,%18,%19,%20,%21,%22,%23,"
        "%24,%25,%26,%27,%28,%29,%30,%31,"
        "%32,%33,%34,%35,%36,%37,%38,%39,"
        "%40,%41,%42,%43,%44,%45,%46,%47,"
        "%48,%49,%50,%51,%52,%53,%54,%55,"
        "%56,%57,%58,%59,%60,%61,%62,%63,"
        "%64,%65,%66,%67,%68,%69,%70,%71,"
        "%72,%73,%74,%75,%76,%77,%78,%79,"
        "%80,%81,%82,%83,%84,%85,%86,%87,"
        "%88,%89,%90,%91,%92,%93,%94,%95,"
        "%96,%97,%98,%99,%100,%101,%102,%103,"
        "%104,%105,%106,%107,%108,%109,%110,%111,"
        "%112,%113,%114,%115,%116,%117,%118,%119,"
        "%120,%121,%122,%123,%124,%125,%126,%127"
        "}, %128, %129, p, 1, 1, 0, 0;\n}"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3]),
          "+f"(c[4]), "+f"(c[5]), "+f"(c[6]), "+f"(c[7]),
          "+f"(c[8]), "+f"(c[9]), "+f"(c[10]), "+f"(c[11]),
          "+f"(c[12]), "+f"(c[13]), "+f"(c[14]), "+f"(c[15]),
          "+f"(c[16]), "+f"(c[17]), "+f"(c[18]), "+f"(c[19]),
          "+f"(c[20]), "+f"(c[21]), "+f"(c[22]), "+f"(c[23]),
          "+f"(c[24]), "+f"(c[25]), "+f"(c[26]), "+f"(c[27]),
          "+f"(c[28]), "+f"(c[29]), "+f"(c[30]), "+f"(c[31]),
          "+f"(c[32]), "+f"(c[33]), "+f"(c[34]), "+f"(c[35]),
          "+f"(c[36]), "+f"(c[37]), "+f"(c[38]), "+f"(c[39]),
          "+f"(c[40]), "+f"(c[41]), "+f"(c[42]), "+f"(c[43]),
          "+f"(c[44]), "+f"(c[45]), "+f"(c[46]), "+f"(c[47]),
          "+f"(c[48]), "+f"(c[49]), "+f"(c[50]), "+f"(c[51]),
          "+f"(c[52]), "+f"(c[53]), "+f"(c[54]), "+f"(c[55]),
          "+f"(c[56]), "+f"(c[57]), "+f"(c[58]), "+f"(c[59]),
          "+f"(c[60]), "+f"(c[61]), "+f"(c[62]), "+f"(c[63]),
          "+f"(c[64]), "+f"(c[65]), "+f"(c[66]), "+f"(c[67]),
          "+f"(c[68]), "+f"(c[69]), "+f"(c[70]), "+f"(c[71]),
          "+f"(c[72]), "+f"(c[73]), "+f"(c[74]), "+f"(c[75]),
          "+f"(c[76]), "+f"(c[77]), "+f"(c[78]), "+f"(c[79]),
          "+f"(c[80]), "+f"(c[81]), "+f"(c[82]), "+f"(c[83]),
          "+f"(c[84]), "+f"(c[85]), "+f"(c[86]), "+f"(c[87]),
          "+f"(c[88]), "+f"(c[89]), "+f"(c[90]), "+f"(c[91]),
          "+f"(c[92]), "+f"(c[93]), "+f"(c[94]), "+f"(c[95]),
          "+f"(c[96]), "+f"(c[97]), "+f"(c[98]), "+f"(c[99]),
          "+f"(c[100]), "+f"(c[101]), "+f"(c[102]), "+f"(c[103]),
          "+f"(c[104]), "+f"(c[105]), "+f"(c[106]), "+f"(c[107]),
          "+f"(c[108]), "+f"(c[109]), "+f"(c[110]), "+f"(c[111]),
          "+f"(c[112]), "+f"(c[113]), "+f"(c[114]), "+f"(c[115]),
          "+f"(c[116]), "+f"(c[117]), "+f"(c[118]), "+f"(c[119]),
          "+f"(c[120]), "+f"(c[121]), "+f"(c[122]), "+f"(c[123]),
          "+f"(c[124]), "+f"(c[125]), "+f"(c[126]), "+f"(c[127])
        : "l"(a), "l"(b), "r"(add));
}

/* C[64][64] (+)= A[64][16] B[64][16], both in shared memory. */
static __device__ __forceinline__ void
product_64(float (&c)[32], uint64_t a, uint64_t b, int add)
{
    asm volatile(
        "{\n.reg .pred p;\nsetp.ne.b32 p, %34, 0;\n"
        "wgmma.mma_async.sync.aligned.m64n64k16.f32.f16.f16 {"
        "%0,%1,%2,%3,%4,%5,%6,%7,"
        "%8,%9,%10,%11,%12,%13,%14,%15,"
        "%16,%17,%18,%19,%20,%21,%22,%23,"
        "%24,%25,%26,%27,%28,%29,%30,%31"
        "}, %32, %33, p, 1, 1, 0, 0;\n}"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3]),
          "+f"(c[4]), "+f"(c[5]), "+f"(c[6]), "+f"(c[7]),
          "+f"(c[8]), "+f"(c[9]), "+f"(c[10]), "+f"(c[11]),
          "+f"(c[12]), "+f"(c[13]), "+f"(c[14]), "+f"(c[15]),
          "+f"(c[16]), "+f"(c[17]), "+f"(c[18]), "+f"(c[19]),
          "+f"(c[20]), "+f"(c[21]), "+f"(c[22]), "+f"(c[23]),
          "+f"(c[24]), "+f"(c[25]), "+f"(c[26]), "+f"(c[27]),
          "+f"(c[28]), "+f"(c[29]), "+f"(c[30]), "+f"(c[31])
        : "l"(a), "l"(b), "r"(add));
}

#endif
