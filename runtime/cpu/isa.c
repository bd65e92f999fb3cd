/* SPDX-License-Identifier: MIT
 *
 * isa.c - which instruction sets this processor and operating system offer,
 * and the fastest backend for them.  Plain C for the build's baseline: it
 * runs before anything is known. */
#include "runtime/cpu/cpu.h"

#if defined __x86_64__

#include <cpuid.h>

/* XCR0: the system saves SSE and AVX registers; also mask registers and all
 * of ZMM's (Intel SDM vol. 1, 13.3). */
#define XCR0_AVX 0x6u
#define XCR0_AVX512 0xe6u

/* Leaf 7, subleaf 1, EAX. */
#define HAS_AVX512_BF16 (1u << 5)

static uint32_t enabled_state(void)
{
    uint32_t low, high;

    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

uint32_t cedm_isa_available(void)
{
    const uint32_t wanted = bit_FMA | bit_OSXSAVE | bit_AVX;
    const uint32_t wanted512 =
        bit_AVX512F | bit_AVX512VL | bit_AVX512BW | bit_AVX512DQ;
    uint32_t a, b, c, d, state;

    if (!__get_cpuid(1, &a, &b, &c, &d) || (c & wanted) != wanted) {
        return 0;
    }
    state = enabled_state();
    if ((state & XCR0_AVX) != XCR0_AVX ||
        !__get_cpuid_count(7, 0, &a, &b, &c, &d) || (b & bit_AVX2) == 0) {
        return 0;
    }
    if ((b & wanted512) != wanted512 ||
        (state & XCR0_AVX512) != XCR0_AVX512) {
        return CEDM_ISA_avx2;
    }
    if (!__get_cpuid_count(7, 1, &a, &b, &c, &d) ||
        (a & HAS_AVX512_BF16) == 0) {
        return CEDM_ISA_avx2 | CEDM_ISA_avx512;
    }
    return CEDM_ISA_avx2 | CEDM_ISA_avx512 | CEDM_ISA_avx512bf16;
}

#elif defined __aarch64__

/* Every 64-bit Arm has it: part of the base of ARMv8-A. */
uint32_t cedm_isa_available(void)
{
    return CEDM_ISA_neon;
}

#elif defined __wasm__

/* An engine without vectors refuses a module that holds any, as a whole. */
uint32_t cedm_isa_available(void)
{
    return CEDM_ISA_simd128;
}

#else

uint32_t cedm_isa_available(void)
{
    return 0;
}

#endif

const cedm_backend *cedm_backend_cpu(uint32_t mask)
{
    const cedm_backend *best = cedm_backend_portable();

    mask &= cedm_isa_available();
#define BETTER(name)                                                         \
    if ((mask & CEDM_ISA_##name) != 0) {                                     \
        best = &cedm_cpu_backend_##name;                                     \
    }
    CEDM_ISA_HERE(BETTER)
#undef BETTER
    return best;
}
