/* SPDX-License-Identifier: MIT
 *
 * tile.c - the micro-kernel, written once for every height up to the full
 * one: the height is a constant in each instance, sums stay in registers. */
#include "cpu/tile.h"

/* X(i) for all rows of the full tile. */
#define ROWS(X) X(0) X(1) X(2) X(3) X(4) X(5)

_Static_assert(CEDM_TILE_ROWS == 6, "ROWS lists every row");

CEDM_INLINE void multiply(const cedm_tile *t, const uint32_t rows)
{
    const float *b = t->b;
    size_t length = t->length, step = t->step;

#define START(i)                                                             \
    const float *a##i = t->a;                                                \
    v16 s##i = v16_set(0.0f);                                                \
    if (rows > i) {                                                          \
        a##i += t->a_at[i];                                                  \
        s##i = v16_load(t->init + i * t->init_step);                         \
    }
#define MULTIPLY(i)                                                          \
    if (rows > i) {                                                          \
        s##i = v16_fma_lane(v16_broadcast(a##i + k), w, s##i);               \
    }
#define ADVANCE(i) a##i += step;
#define FINISH(i)                                                            \
    if (rows > i) {                                                          \
        if (t->add != NULL) {                                                \
            s##i = v16_add(s##i, v16_load(t->add + t->out_at[i]));           \
        }                                                                    \
        v16_store(t->out + t->out_at[i],                                     \
                  v16_mul(s##i, v16_set(t->scale)));                         \
    }
    ROWS(START)
    for (uint32_t run = 0; run < t->runs; run++) {
        for (size_t k = 0; k < length; k++, b += CEDM_PANEL) {
            const v16 w = v16_load(b);

            ROWS(MULTIPLY)
        }
        ROWS(ADVANCE)
    }
    ROWS(FINISH)
#undef START
#undef MULTIPLY
#undef ADVANCE
#undef FINISH
}

void CEDM_ISA_NAME(tile)(const cedm_tile *tile, uint32_t rows)
{
#define INSTANCE(i)                                                          \
    case i + 1:                                                              \
        multiply(tile, i + 1);                                               \
        break;
    switch (rows) {
        ROWS(INSTANCE)
    default:
        break;
    }
#undef INSTANCE
}

void CEDM_ISA_NAME(tile_part)(const cedm_tile *tile, uint32_t rows,
                              uint32_t columns)
{
    static const uint32_t at[CEDM_TILE_ROWS] = {0, 16, 32, 48, 64, 80};
    float sums[CEDM_TILE_ROWS * CEDM_PANEL];
    cedm_tile whole = *tile;

    whole.out = sums;
    whole.out_at = at;
    whole.add = NULL;
    whole.scale = 1.0f;
    CEDM_ISA_NAME(tile)(&whole, rows);
    for (uint32_t i = 0; i < rows; i++) {
        for (uint32_t c = 0; c < columns; c++) {
            size_t o = tile->out_at[i] + (size_t)c;
            float sum = sums[i * CEDM_PANEL + c];

            if (tile->add != NULL) {
                sum += tile->add[o];
            }
            tile->out[o] = sum * tile->scale;
        }
    }
}
