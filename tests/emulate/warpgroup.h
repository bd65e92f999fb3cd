/* SPDX-License-Identifier: MIT
 *
 * warpgroup.h - compute capability 9.0 on the emulator: barriers in shared
 * memory that count bytes, copies of boxes, products of warpgroups.
 *
 * As late as may be: a copy's target is NaNs until nothing else can go on,
 * then one copy lands; a product is made, and reads its operands in registers
 * and in shared memory, when it is waited for.  So a stage that is freed or a
 * register that is loaded too early shows.  What must not happen ends the
 * program: one arrival too many, more bytes than a barrier counts, a product
 * without the fence that registers need, a copy over what threads wrote
 * without a fence, copies or products that nobody waited for, more registers
 * than the block was given. */
#ifndef CEDM_TESTS_EMULATE_WARPGROUP_H
#define CEDM_TESTS_EMULATE_WARPGROUP_H

#include "tests/emulate/emulate.h"

#define EMULATE_POISON 0xff /* NaN as float, half and bfloat16 */

/* ---- for emulate.cpp --------------------------------------------------- */

/* Around a block; and lands a copy, if there is one. */
void warpgroup_start();
void warpgroup_end(unsigned threads);
bool warpgroup_land();

/* ---- barriers ---------------------------------------------------------- */

typedef uint64_t emulate_barrier;

void emulate_barrier_init(emulate_barrier *b, uint32_t count);
void emulate_barrier_init_done();
void emulate_barrier_arrive(emulate_barrier *b);
void emulate_barrier_expect(emulate_barrier *b, uint32_t bytes);
void emulate_barrier_wait(emulate_barrier *b, uint32_t parity);

/* A numbered barrier of some threads of a block. */
void emulate_group_barrier(unsigned number, unsigned threads);

/* ---- registers --------------------------------------------------------- */

void emulate_registers(unsigned registers); /* that this thread asks for */

/* ---- copies ------------------------------------------------------------ */

/* Elements of 16 bits; boxes have rows of 64 bytes. */
struct emulate_tensor {
    const unsigned char *data;
    uint64_t size[4];
    uint32_t box[4];
};

void emulate_copy_box(void *to, const emulate_tensor *tensor,
                      emulate_barrier *b, const int at[4]);
void emulate_fence_copies();

/* Where a byte lies in rows of `row` bytes, 32, 64 or 128: bits 7 to 9 of an
 * address change bits 4 to 6, as many as a row has chunks for. */
inline size_t emulate_swizzle(size_t address, size_t row)
{
    return address ^ ((address >> 7 & (row / 16 - 1)) << 4);
}

/* ---- products ---------------------------------------------------------- */

/* A warp's part of one. */
struct emulate_warp_product {
    void (*make)(const emulate_warp_product &p);
    float *c[EMULATE_LANES];
    const uint32_t *a[EMULATE_LANES];
    uint64_t b; /* descriptor */
    bool add;
    unsigned group; /* the commit that it belongs to */
};

/* All lanes call these. */
void emulate_products_begin();
void emulate_products_commit();
void emulate_products_wait(unsigned pending);

/* Called once for a warp, within its operation. */
void emulate_product_queue(const emulate_warp_product &p);

/* Of the matrix that a descriptor names: eight elements of row n along K, the
 * first or the second; no swizzle parts them. */
const uint16_t *emulate_matrix_chunk(uint64_t descriptor, unsigned n,
                                     unsigned chunk);

#endif
