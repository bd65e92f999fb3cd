/* SPDX-License-Identifier: MIT
 *
 * vec.h - sixteen floats side by side, the only view of an instruction set
 * that the algorithms have: one row of a panel, sixteen channels of a pixel.
 *
 * A new set adds one block of the primitives below; what follows them is
 * written in terms of these.  Sums and maxima of all lanes are by halves,
 * lane i with i + 8, then 4, 2, 1, so that every set has the same bits. */
#ifndef CEDM_VEC_H
#define CEDM_VEC_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "runtime/ieee.h"

#define CEDM_INLINE static inline __attribute__((always_inline))

#if defined __AVX512F__

#include <immintrin.h>

/* Pixels and panels of a micro-kernel tile: 24 sums, 2 weights and a
 * broadcast are 27 of 32 registers.  Two panels halve the broadcasts, of
 * which some processors load but one a cycle. */
#define CEDM_TILE_ROWS 12u
#define CEDM_TILE_PANELS 2u

typedef struct v16 {
    __m512 v;
} v16;

/* One float in every lane. */
typedef __m512 v16_lane;

CEDM_INLINE v16 v16_load(const float *p)
{
    return (v16){_mm512_loadu_ps(p)};
}

CEDM_INLINE void v16_store(float *p, v16 x)
{
    _mm512_storeu_ps(p, x.v);
}

CEDM_INLINE v16_lane v16_broadcast(const float *p)
{
    return _mm512_set1_ps(*p);
}

CEDM_INLINE v16 v16_set(float x)
{
    return (v16){_mm512_set1_ps(x)};
}

/* a b + c, rounded once */
CEDM_INLINE v16 v16_fma(v16 a, v16 b, v16 c)
{
    return (v16){_mm512_fmadd_ps(a.v, b.v, c.v)};
}

CEDM_INLINE v16 v16_fma_lane(v16_lane a, v16 b, v16 c)
{
    return (v16){_mm512_fmadd_ps(a, b.v, c.v)};
}

CEDM_INLINE v16 v16_add(v16 a, v16 b)
{
    return (v16){_mm512_add_ps(a.v, b.v)};
}

CEDM_INLINE v16 v16_sub(v16 a, v16 b)
{
    return (v16){_mm512_sub_ps(a.v, b.v)};
}

CEDM_INLINE v16 v16_mul(v16 a, v16 b)
{
    return (v16){_mm512_mul_ps(a.v, b.v)};
}

CEDM_INLINE v16 v16_div(v16 a, v16 b)
{
    return (v16){_mm512_div_ps(a.v, b.v)};
}

/* A NaN in b stays. */
CEDM_INLINE v16 v16_max(v16 a, v16 b)
{
    return (v16){_mm512_max_ps(a.v, b.v)};
}

CEDM_INLINE v16 v16_min(v16 a, v16 b)
{
    return (v16){_mm512_min_ps(a.v, b.v)};
}

/* A NaN in either stays. */
CEDM_INLINE v16 v16_larger(v16 a, v16 b)
{
    __mmask16 lost = _mm512_cmp_ps_mask(a.v, a.v, _CMP_UNORD_Q);

    return (v16){_mm512_mask_mov_ps(_mm512_max_ps(a.v, b.v), lost, a.v)};
}

/* The lowest bits of x moved to where a float has its exponent. */
CEDM_INLINE v16 v16_to_exponent(v16 x)
{
    __m512i bits = _mm512_slli_epi32(_mm512_castps_si512(x.v), 23);

    return (v16){_mm512_castsi512_ps(bits)};
}

#ifdef __AVX512BF16__

#define CEDM_PAIRS 1

/* c + a0 b0 + a1 b1 for the pairs of a and b: sixteen words of two bfloat16
 * each, in the registers of floats */
CEDM_INLINE v16 v16_fma_pairs(v16_lane a, v16 b, v16 c)
{
    return (v16){_mm512_dpbf16_ps(c.v, (__m512bh)a, (__m512bh)b.v)};
}

/* Eight pairs of neighbours, rounded to nearest even. */
CEDM_INLINE void v16_store_pairs(float *p, v16 x)
{
    __m256i pairs = (__m256i)_mm512_cvtneps_pbh(x.v);

    memcpy(p, &pairs, sizeof pairs);
}

#endif

CEDM_INLINE __m256 v16_lower(v16 x)
{
    return _mm512_castps512_ps256(x.v);
}

CEDM_INLINE __m256 v16_upper(v16 x)
{
    return _mm512_extractf32x8_ps(x.v, 1);
}

#elif defined __AVX2__ && defined __FMA__

#include <immintrin.h>

/* Pixels of a micro-kernel tile: 12 sums, 2 weights and a broadcast are 15
 * of 16 registers. */
#define CEDM_TILE_ROWS 6u

typedef struct v16 {
    __m256 l, h;
} v16;

/* One float in every lane, as half a row: both halves multiply by it. */
typedef __m256 v16_lane;

CEDM_INLINE v16 v16_load(const float *p)
{
    return (v16){_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)};
}

CEDM_INLINE void v16_store(float *p, v16 x)
{
    _mm256_storeu_ps(p, x.l);
    _mm256_storeu_ps(p + 8, x.h);
}

CEDM_INLINE v16_lane v16_broadcast(const float *p)
{
    return _mm256_broadcast_ss(p);
}

CEDM_INLINE v16 v16_set(float x)
{
    return (v16){_mm256_set1_ps(x), _mm256_set1_ps(x)};
}

/* a b + c, rounded once */
CEDM_INLINE v16 v16_fma(v16 a, v16 b, v16 c)
{
    return (v16){_mm256_fmadd_ps(a.l, b.l, c.l),
                 _mm256_fmadd_ps(a.h, b.h, c.h)};
}

CEDM_INLINE v16 v16_fma_lane(v16_lane a, v16 b, v16 c)
{
    return (v16){_mm256_fmadd_ps(a, b.l, c.l), _mm256_fmadd_ps(a, b.h, c.h)};
}

CEDM_INLINE v16 v16_add(v16 a, v16 b)
{
    return (v16){_mm256_add_ps(a.l, b.l), _mm256_add_ps(a.h, b.h)};
}

CEDM_INLINE v16 v16_sub(v16 a, v16 b)
{
    return (v16){_mm256_sub_ps(a.l, b.l), _mm256_sub_ps(a.h, b.h)};
}

CEDM_INLINE v16 v16_mul(v16 a, v16 b)
{
    return (v16){_mm256_mul_ps(a.l, b.l), _mm256_mul_ps(a.h, b.h)};
}

CEDM_INLINE v16 v16_div(v16 a, v16 b)
{
    return (v16){_mm256_div_ps(a.l, b.l), _mm256_div_ps(a.h, b.h)};
}

/* A NaN in b stays. */
CEDM_INLINE v16 v16_max(v16 a, v16 b)
{
    return (v16){_mm256_max_ps(a.l, b.l), _mm256_max_ps(a.h, b.h)};
}

CEDM_INLINE v16 v16_min(v16 a, v16 b)
{
    return (v16){_mm256_min_ps(a.l, b.l), _mm256_min_ps(a.h, b.h)};
}

CEDM_INLINE __m256 v16_larger_half(__m256 a, __m256 b)
{
    __m256 lost = _mm256_cmp_ps(a, a, _CMP_UNORD_Q);

    return _mm256_blendv_ps(_mm256_max_ps(a, b), a, lost);
}

/* A NaN in either stays. */
CEDM_INLINE v16 v16_larger(v16 a, v16 b)
{
    return (v16){v16_larger_half(a.l, b.l), v16_larger_half(a.h, b.h)};
}

/* The lowest bits of x moved to where a float has its exponent. */
CEDM_INLINE v16 v16_to_exponent(v16 x)
{
    __m256i l = _mm256_slli_epi32(_mm256_castps_si256(x.l), 23);
    __m256i h = _mm256_slli_epi32(_mm256_castps_si256(x.h), 23);

    return (v16){_mm256_castsi256_ps(l), _mm256_castsi256_ps(h)};
}

CEDM_INLINE __m256 v16_lower(v16 x)
{
    return x.l;
}

CEDM_INLINE __m256 v16_upper(v16 x)
{
    return x.h;
}

#elif defined __ARM_NEON && defined __aarch64__

#include <arm_neon.h>

/* Pixels of a micro-kernel tile: 24 sums, 4 weights and a pixel's value are
 * 29 of 32 registers. */
#define CEDM_TILE_ROWS 6u

typedef struct v16 {
    float32x4_t a, b, c, d;
} v16;

/* One float: multiplications take it from lane 0. */
typedef float v16_lane;

CEDM_INLINE v16 v16_load(const float *p)
{
    return (v16){vld1q_f32(p), vld1q_f32(p + 4), vld1q_f32(p + 8),
                 vld1q_f32(p + 12)};
}

CEDM_INLINE void v16_store(float *p, v16 x)
{
    vst1q_f32(p, x.a);
    vst1q_f32(p + 4, x.b);
    vst1q_f32(p + 8, x.c);
    vst1q_f32(p + 12, x.d);
}

CEDM_INLINE v16_lane v16_broadcast(const float *p)
{
    return *p;
}

CEDM_INLINE v16 v16_set(float x)
{
    const float32x4_t v = vdupq_n_f32(x);

    return (v16){v, v, v, v};
}

/* a b + c, rounded once */
CEDM_INLINE v16 v16_fma(v16 a, v16 b, v16 c)
{
    return (v16){vfmaq_f32(c.a, a.a, b.a), vfmaq_f32(c.b, a.b, b.b),
                 vfmaq_f32(c.c, a.c, b.c), vfmaq_f32(c.d, a.d, b.d)};
}

CEDM_INLINE v16 v16_fma_lane(v16_lane a, v16 b, v16 c)
{
    return (v16){vfmaq_n_f32(c.a, b.a, a), vfmaq_n_f32(c.b, b.b, a),
                 vfmaq_n_f32(c.c, b.c, a), vfmaq_n_f32(c.d, b.d, a)};
}

/* A NaN in either operand of max and min stays. */
#define EACH(name)                                                           \
    CEDM_INLINE v16 v16_##name(v16 a, v16 b)                                 \
    {                                                                        \
        return (v16){v##name##q_f32(a.a, b.a), v##name##q_f32(a.b, b.b),     \
                     v##name##q_f32(a.c, b.c), v##name##q_f32(a.d, b.d)};    \
    }
EACH(add)
EACH(sub)
EACH(mul)
EACH(div)
EACH(max)
EACH(min)
#undef EACH

/* A NaN in either stays. */
CEDM_INLINE v16 v16_larger(v16 a, v16 b)
{
    return v16_max(a, b);
}

/* The lowest bits of x moved to where a float has its exponent. */
CEDM_INLINE v16 v16_to_exponent(v16 x)
{
#define MOVED(q)                                                             \
    vreinterpretq_f32_u32(vshlq_n_u32(vreinterpretq_u32_f32(q), 23))
    return (v16){MOVED(x.a), MOVED(x.b), MOVED(x.c), MOVED(x.d)};
#undef MOVED
}

CEDM_INLINE float v16_sum(v16 x)
{
    float32x4_t q = vaddq_f32(vaddq_f32(x.a, x.c), vaddq_f32(x.b, x.d));
    float32x2_t h = vadd_f32(vget_low_f32(q), vget_high_f32(q));

    return vget_lane_f32(h, 0) + vget_lane_f32(h, 1);
}

CEDM_INLINE float v16_largest(v16 x)
{
    return vmaxvq_f32(vmaxq_f32(vmaxq_f32(x.a, x.c), vmaxq_f32(x.b, x.d)));
}

#elif defined __wasm_simd128__

#include <wasm_simd128.h>

/* Pixels of a micro-kernel tile: 24 sums, 4 weights, a pixel's value and a
 * product are 30 of Arm's 32 registers.  x86-64's 16 are too few, and what an
 * engine spills there costs no more than tiles of 2 to 4 rows. */
#define CEDM_TILE_ROWS 6u

typedef struct v16 {
    v128_t a, b, c, d;
} v16;

/* One float in every lane of a quarter. */
typedef v128_t v16_lane;

CEDM_INLINE v16 v16_load(const float *p)
{
    return (v16){wasm_v128_load(p), wasm_v128_load(p + 4),
                 wasm_v128_load(p + 8), wasm_v128_load(p + 12)};
}

CEDM_INLINE void v16_store(float *p, v16 x)
{
    wasm_v128_store(p, x.a);
    wasm_v128_store(p + 4, x.b);
    wasm_v128_store(p + 8, x.c);
    wasm_v128_store(p + 12, x.d);
}

CEDM_INLINE v16_lane v16_broadcast(const float *p)
{
    return wasm_v128_load32_splat(p);
}

CEDM_INLINE v16 v16_set(float x)
{
    v128_t q = wasm_f32x4_splat(x);

    return (v16){q, q, q, q};
}

/* EACH(add, f32x4_add): v16_add by quarters */
#define EACH(name, quarter)                                                  \
    CEDM_INLINE v16 v16_##name(v16 x, v16 y)                                 \
    {                                                                        \
        return (v16){wasm_##quarter(x.a, y.a), wasm_##quarter(x.b, y.b),     \
                     wasm_##quarter(x.c, y.c), wasm_##quarter(x.d, y.d)};    \
    }
EACH(add, f32x4_add)
EACH(sub, f32x4_sub)
EACH(mul, f32x4_mul)
EACH(div, f32x4_div)
#undef EACH

/* a b + c, rounded twice: no fused operation has the same bits everywhere
 * ("relaxed" ones have either). */
CEDM_INLINE v16 v16_fma(v16 a, v16 b, v16 c)
{
    return v16_add(v16_mul(a, b), c);
}

CEDM_INLINE v16 v16_fma_lane(v16_lane a, v16 b, v16 c)
{
    return v16_fma((v16){a, a, a, a}, b, c);
}

/* A NaN in b stays: y < x ? x : y, one instruction where max's own rules for
 * NaN and zeros take several. */
CEDM_INLINE v16 v16_max(v16 x, v16 y)
{
    return (v16){wasm_f32x4_pmax(y.a, x.a), wasm_f32x4_pmax(y.b, x.b),
                 wasm_f32x4_pmax(y.c, x.c), wasm_f32x4_pmax(y.d, x.d)};
}

CEDM_INLINE v16 v16_min(v16 x, v16 y)
{
    return (v16){wasm_f32x4_pmin(y.a, x.a), wasm_f32x4_pmin(y.b, x.b),
                 wasm_f32x4_pmin(y.c, x.c), wasm_f32x4_pmin(y.d, x.d)};
}

/* A NaN in either stays. */
CEDM_INLINE v16 v16_larger(v16 x, v16 y)
{
    return (v16){wasm_f32x4_max(x.a, y.a), wasm_f32x4_max(x.b, y.b),
                 wasm_f32x4_max(x.c, y.c), wasm_f32x4_max(x.d, y.d)};
}

/* The lowest bits of x moved to where a float has its exponent. */
CEDM_INLINE v16 v16_to_exponent(v16 x)
{
    return (v16){wasm_i32x4_shl(x.a, 23), wasm_i32x4_shl(x.b, 23),
                 wasm_i32x4_shl(x.c, 23), wasm_i32x4_shl(x.d, 23)};
}

CEDM_INLINE float v16_sum(v16 x)
{
    v128_t q =
        wasm_f32x4_add(wasm_f32x4_add(x.a, x.c), wasm_f32x4_add(x.b, x.d));

    q = wasm_f32x4_add(q, wasm_i32x4_shuffle(q, q, 2, 3, 0, 1));
    return wasm_f32x4_extract_lane(q, 0) + wasm_f32x4_extract_lane(q, 1);
}

CEDM_INLINE float v16_largest(v16 x)
{
    v128_t q =
        wasm_f32x4_pmax(wasm_f32x4_pmax(x.a, x.c), wasm_f32x4_pmax(x.b, x.d));
    float l, h;

    q = wasm_f32x4_pmax(q, wasm_i32x4_shuffle(q, q, 2, 3, 0, 1));
    l = wasm_f32x4_extract_lane(q, 0);
    h = wasm_f32x4_extract_lane(q, 1);
    return l > h ? l : h;
}

#else
#error "no vectors for this instruction set"
#endif

#ifndef CEDM_TILE_PANELS
#define CEDM_TILE_PANELS 1u
#endif

/* Whether the set multiplies pairs of bfloat16.  Where it does not, no plan
 * is paired, and the two functions are never called. */
#ifndef CEDM_PAIRS
#define CEDM_PAIRS 0

CEDM_INLINE v16 v16_fma_pairs(v16_lane a, v16 b, v16 c)
{
    (void)a;
    (void)b;
    return c;
}

CEDM_INLINE void v16_store_pairs(float *p, v16 x)
{
    (void)p;
    (void)x;
}
#endif

#ifdef __AVX2__

CEDM_INLINE float v16_sum(v16 x)
{
    __m256 s = _mm256_add_ps(v16_lower(x), v16_upper(x));
    __m128 q =
        _mm_add_ps(_mm256_castps256_ps128(s), _mm256_extractf128_ps(s, 1));

    q = _mm_add_ps(q, _mm_movehl_ps(q, q));
    return _mm_cvtss_f32(_mm_add_ss(q, _mm_movehdup_ps(q)));
}

CEDM_INLINE float v16_largest(v16 x)
{
    __m256 s = _mm256_max_ps(v16_lower(x), v16_upper(x));
    __m128 q =
        _mm_max_ps(_mm256_castps256_ps128(s), _mm256_extractf128_ps(s, 1));

    q = _mm_max_ps(q, _mm_movehl_ps(q, q));
    return _mm_cvtss_f32(_mm_max_ss(q, _mm_movehdup_ps(q)));
}

#endif

/* The first n of sixteen floats, 0 < n < 16, zero after them. */
CEDM_INLINE v16 v16_load_part(const float *p, size_t n)
{
    float part[16] = {0};

    memcpy(part, p, n * sizeof *p);
    return v16_load(part);
}

CEDM_INLINE void v16_store_part(float *p, v16 x, size_t n)
{
    float part[16];

    v16_store(part, x);
    memcpy(p, part, n * sizeof *p);
}

/* e^x within 2 ulp for -87 <= x <= 88; beyond, the value at that end; a NaN
 * stays.  x = n ln 2 + r, |r| <= ln 2 / 2, with ln 2 in two parts (Cody and
 * Waite 1980); e^r by a polynomial of degree 6 with relative error 7e-9.
 * Adding 1.5 2^23 rounds to an integer; 127 more make it 2^n's exponent. */
CEDM_INLINE v16 v16_exp(v16 x)
{
    const v16 shift = v16_set(0x1.8p23f + 127.0f);
    v16 t, n, r, p;

    x = v16_min(v16_set(88.0f), v16_max(v16_set(-87.0f), x));
    t = v16_fma(x, v16_set(0x1.715476p0f), shift);
    n = v16_sub(t, shift);
    r = v16_fma(n, v16_set(-0x1.62e4p-1f), x);
    r = v16_fma(n, v16_set(-0x1.7f7d1cp-20f), r);
    p = v16_fma(r, v16_set(1.39050098341e-3f), v16_set(8.36625872264e-3f));
    p = v16_fma(r, p, v16_set(4.16668630125e-2f));
    p = v16_fma(r, p, v16_set(1.6666545364e-1f));
    p = v16_fma(r, p, v16_set(4.99999990615e-1f));
    p = v16_fma(v16_mul(r, r), p, r);
    t = v16_to_exponent(t);
    return v16_fma(p, t, t);
}

/* t / (1 + e^-t) */
CEDM_INLINE v16 v16_silu(v16 t)
{
    v16 e = v16_exp(v16_sub(v16_set(0.0f), t));

    return v16_div(t, v16_add(v16_set(1.0f), e));
}

#endif
