/* SPDX-License-Identifier: MIT
 *
 * crc32c.c - CRC-32C (Castagnoli, reflected), eight bytes at a time.
 *
 * Entry n of table k is the register after byte n and k zero bytes.  A CRC
 * is linear over GF(2), so an entry is the exclusive or of the entries of
 * n's bits, and those are successive states of the bare shift register:
 * bit b of table k is state 8 k + 7 - b.  The compiler builds the tables
 * from those 64 states [SLICING].
 */
#include "cedm.h"

/* States 8k .. 8k + 7 of the register, from 1: shift right, and subtract the
 * polynomial 0x82f63b78 if a 1 falls out. */
#define STATES_0(X, n)                                                       \
    X(n, 0x82f63b78u, 0x417b1dbcu, 0x20bd8edeu, 0x105ec76fu, 0x8ad958cfu,    \
      0xc79a971fu, 0xe13b70f7u, 0xf26b8303u)
#define STATES_1(X, n)                                                       \
    X(n, 0xfbc3faf9u, 0xff17c604u, 0x7f8be302u, 0x3fc5f181u, 0x9d14c3b8u,    \
      0x4e8a61dcu, 0x274530eeu, 0x13a29877u)
#define STATES_2(X, n)                                                       \
    X(n, 0x8b277743u, 0xc76580d9u, 0xe144fb14u, 0x70a27d8au, 0x38513ec5u,    \
      0x9edea41au, 0x4f6f520du, 0xa541927eu)
#define STATES_3(X, n)                                                       \
    X(n, 0x52a0c93fu, 0xaba65fe7u, 0xd725148bu, 0xe964b13du, 0xf64463e6u,    \
      0x7b2231f3u, 0xbf672381u, 0xdd45aab8u)
#define STATES_4(X, n)                                                       \
    X(n, 0x6ea2d55cu, 0x37516aaeu, 0x1ba8b557u, 0x8f2261d3u, 0xc5670b91u,    \
      0xe045beb0u, 0x7022df58u, 0x38116facu)
#define STATES_5(X, n)                                                       \
    X(n, 0x1c08b7d6u, 0x0e045bebu, 0x85f4168du, 0xc00c303eu, 0x6006181fu,    \
      0xb2f53777u, 0xdb8ca0c3u, 0xef306b19u)
#define STATES_6(X, n)                                                       \
    X(n, 0xf56e0ef4u, 0x7ab7077au, 0x3d5b83bdu, 0x9c5bfaa6u, 0x4e2dfd53u,    \
      0xa5e0c5d1u, 0xd0065990u, 0x68032cc8u)
#define STATES_7(X, n)                                                       \
    X(n, 0x34019664u, 0x1a00cb32u, 0x0d006599u, 0x847609b4u, 0x423b04dau,    \
      0x211d826du, 0x9278fa4eu, 0x493c7d27u)

#define BIT(n, b, state) ((uint32_t)((n) >> (b)&1u) * (state))
#define ENTRY(n, s7, s6, s5, s4, s3, s2, s1, s0)                             \
    (BIT(n, 7, s7) ^ BIT(n, 6, s6) ^ BIT(n, 5, s5) ^ BIT(n, 4, s4) ^         \
     BIT(n, 3, s3) ^ BIT(n, 2, s2) ^ BIT(n, 1, s1) ^ BIT(n, 0, s0))
#define ROW4(S, n)                                                           \
    S(ENTRY, (n)), S(ENTRY, (n) + 1u), S(ENTRY, (n) + 2u), S(ENTRY, (n) + 3u)
#define ROW16(S, n)                                                          \
    ROW4(S, n), ROW4(S, (n) + 4u), ROW4(S, (n) + 8u), ROW4(S, (n) + 12u)
#define ROW64(S, n)                                                          \
    ROW16(S, n), ROW16(S, (n) + 16u), ROW16(S, (n) + 32u), ROW16(S, (n) + 48u)
#define TABLE(S)                                                             \
    {                                                                        \
        ROW64(S, 0u), ROW64(S, 64u), ROW64(S, 128u), ROW64(S, 192u)          \
    }

static const uint32_t table[8][256] = {
    TABLE(STATES_0), TABLE(STATES_1), TABLE(STATES_2), TABLE(STATES_3),
    TABLE(STATES_4), TABLE(STATES_5), TABLE(STATES_6), TABLE(STATES_7),
};

static uint32_t load32(const unsigned char *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
           (uint32_t)p[3] << 24;
}

uint32_t cedm_crc32c(uint32_t crc, const void *bytes, size_t size)
{
    const unsigned char *p = bytes;
    crc = ~crc;
    for (; size >= 8; size -= 8, p += 8) {
        uint32_t a = crc ^ load32(p), b = load32(p + 4);
        crc = table[7][a & 255u] ^ table[6][a >> 8 & 255u] ^
              table[5][a >> 16 & 255u] ^ table[4][a >> 24] ^
              table[3][b & 255u] ^ table[2][b >> 8 & 255u] ^
              table[1][b >> 16 & 255u] ^ table[0][b >> 24];
    }
    for (; size > 0; size--, p++) {
        crc = table[0][(crc ^ *p) & 255u] ^ crc >> 8;
    }
    return ~crc;
}
