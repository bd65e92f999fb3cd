/* SPDX-License-Identifier: MIT
 *
 * tile.c - the micro-kernel, written once for every height up to the full
 * one: the height is a constant in each instance, sums stay in registers. */
#include "cpu/tile.h"

/* X(i) for all rows of the full tile. */
#if CEDM_TILE_ROWS == 6
#define ROWS(X) X(0) X(1) X(2) X(3) X(4) X(5)
#elif CEDM_TILE_ROWS == 12
#define ROWS(X)                                                              \
    X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)
#else
#error "ROWS lists every row"
#endif

/* Rows first..first+rows-1.  Where out goes is fetched ahead: a phase of an
 * up-sampling writes every other pixel, which no hardware foresees. */
CEDM_INLINE void multiply(const cedm_tile *t, size_t first,
                          const uint32_t rows, const float *ahead,
                          size_t ahead_step)
{
    const uint32_t *a_at = t->a_at + first, *out_at = t->out_at + first;
    const float *init = t->init + first * t->init_step;
    const float *b = t->b;
    size_t length = t->length, step = t->step;

#define START(i)                                                             \
    const float *a##i = t->a;                                                \
    v16 s##i = v16_set(0.0f);                                                \
    if (rows > i) {                                                          \
        a##i += a_at[i];                                                     \
        __builtin_prefetch(t->out + out_at[i], 1);                           \
        s##i = v16_load(init + i * t->init_step);                            \
    }
#define MULTIPLY(i)                                                          \
    if (rows > i) {                                                          \
        s##i = v16_fma_lane(v16_broadcast(a##i + k), w, s##i);               \
    }
#define ADVANCE(i) a##i += step;
#define FINISH(i)                                                            \
    if (rows > i) {                                                          \
        if (t->add != NULL) {                                                \
            s##i = v16_add(s##i, v16_load(t->add + out_at[i]));              \
        }                                                                    \
        v16_store(t->out + out_at[i], v16_mul(s##i, v16_set(t->scale)));     \
    }
    ROWS(START)
    for (uint32_t run = 0; run < t->runs; run++) {
        for (size_t k = 0; k < length; k++, b += CEDM_PANEL) {
            const v16 w = v16_load(b);

            __builtin_prefetch(ahead);
            ahead += ahead_step;
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

/* The last rows, fewer than two tiles, go in two even ones: the sums of a
 * low tile are too few to hide each other's latency. */
void CEDM_ISA_NAME(tile)(const cedm_tile *tile, uint32_t rows)
{
    size_t first = 0;
    size_t step = CEDM_PANEL / cedm_ceil_div(rows, CEDM_TILE_ROWS);
    const float *ahead = tile->ahead;
    size_t jump;

    step += step == 0;
    if (ahead == NULL) {
        ahead = tile->b;
        step = 0;
    }
    jump = step * tile->runs * tile->length;

    for (; rows >= 2 * CEDM_TILE_ROWS; rows -= CEDM_TILE_ROWS) {
        multiply(tile, first, CEDM_TILE_ROWS, ahead, step);
        ahead += jump;
        first += CEDM_TILE_ROWS;
    }
    while (rows > 0) {
        uint32_t next = rows > CEDM_TILE_ROWS ? (rows + 1) / 2 : rows;

#define INSTANCE(i)                                                          \
    case i + 1:                                                              \
        multiply(tile, first, i + 1, ahead, step);                           \
        break;
        switch (next) {
            ROWS(INSTANCE)
        default:
            break;
        }
#undef INSTANCE
        ahead += jump;
        first += next;
        rows -= next;
    }
}
