/* SPDX-License-Identifier: MIT
 *
 * tile.c - the micro-kernel, written once for every height up to the full
 * one: height and panels are constants of an instance, sums stay in
 * registers. */
#include "runtime/cpu/tile.h"

/* X(i) for all rows of the full tile. */
#if CEDM_TILE_ROWS == 6
#define ROWS(X) X(0) X(1) X(2) X(3) X(4) X(5)
#elif CEDM_TILE_ROWS == 12
#define ROWS(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)
#else
#error "ROWS lists every row"
#endif

CEDM_INLINE void finish(float *out, const float *add, size_t at, v16 sum,
                        v16 scale)
{
    if (add != NULL) {
        sum = v16_add(sum, v16_load(add + at));
    }
    v16_store(out + at, v16_mul(sum, scale));
}

CEDM_INLINE v16 multiply_add(v16_lane x, v16 w, v16 sum, const int paired)
{
    return CEDM_PAIRS && paired ? v16_fma_pairs(x, w, sum)
                                : v16_fma_lane(x, w, sum);
}

/* Where a tile lies in its call. */
typedef struct position {
    size_t row, panel;  /* its first ones */
    const float *ahead; /* weights to fetch while it is multiplied */
    size_t ahead_step;  /* from one fetch to the next */
    size_t half;        /* between the two places that are fetched */
    size_t dense;       /* 1 if rows of a follow each other, else 0 */
} position;

/* Multiplies `rows` rows by one or two panels; the second panel uses the
 * broadcasts of the first.
 *
 * Three things are fetched before they are needed:
 * - where `out` goes.  A phase of an up-sampling writes every other pixel,
 *   which hardware does not foresee;
 * - the rows of the next tile.  All rows reach a new line in the same step,
 *   and hardware does not follow that many streams;
 * - weights, every other step, because fetching a line twice costs time, and
 *   from both halves of a panel, because memory answers to four streams
 *   faster than to two. */
CEDM_INLINE void multiply(const cedm_tile *t, const position *at,
                          const uint32_t rows, const uint32_t panels,
                          const int paired)
{
    const uint32_t *a_at = t->a_at + at->row, *out_at = t->out_at + at->row;
    const float *init =
        t->init + at->row * t->init_step + at->panel * t->init_panel;
    const float *b = t->b + at->panel * t->b_panel;
    const float *ahead = at->ahead + at->panel * t->b_panel;
    const float *next;
    size_t ahead_step = at->ahead_step, second = t->b_panel;
    size_t next_step = at->dense * rows;
    size_t length = t->length, step = t->step;
    size_t half = at->half;
    size_t out_panel = t->out_panel, shift = at->panel * out_panel;
    float *out = t->out + shift;

#define START(i)                                                             \
    const float *a##i = t->a;                                                \
    v16 s##i = v16_set(0.0f), t##i = s##i;                                   \
    if (rows > i) {                                                          \
        a##i += a_at[i];                                                     \
        __builtin_prefetch(out + out_at[i], 1);                              \
        s##i = v16_load(init + i * t->init_step);                            \
        if (panels > 1) {                                                    \
            t##i = v16_load(init + i * t->init_step + t->init_panel);        \
        }                                                                    \
    }
#define MULTIPLY(i)                                                          \
    if (rows > i) {                                                          \
        const v16_lane x = v16_broadcast(a##i + k);                          \
        s##i = multiply_add(x, w, s##i, paired);                             \
        if (panels > 1) {                                                    \
            t##i = multiply_add(x, v, t##i, paired);                         \
        }                                                                    \
    }
#define STEP                                                                 \
    {                                                                        \
        const v16 w = v16_load(b);                                           \
        const v16 v = panels > 1 ? v16_load(b + second) : w;                 \
                                                                             \
        __builtin_prefetch(next);                                            \
        next += next_step;                                                   \
        ROWS(MULTIPLY)                                                       \
        b += CEDM_PANEL;                                                     \
        k++;                                                                 \
    }
#define ADVANCE(i) a##i += step;
#define FINISH(i)                                                            \
    if (rows > i) {                                                          \
        finish(out, add, out_at[i], s##i, scale);                            \
        if (panels > 1) {                                                    \
            finish(out, add, out_at[i] + out_panel, t##i, scale);            \
        }                                                                    \
    }
    ROWS(START)
    next = a0 + next_step * length;
    for (uint32_t run = 0; run < t->runs; run++) {
        size_t k = 0;

        while (k + 4 <= length) {
            __builtin_prefetch(ahead, 0, 2);
            __builtin_prefetch(ahead + half, 0, 2);
            STEP
            STEP
            if (panels > 1) {
                __builtin_prefetch(ahead + second, 0, 2);
                __builtin_prefetch(ahead + second + half, 0, 2);
            }
            ahead += ahead_step;
            STEP
            STEP
        }
        while (k < length) {
            STEP
        }
        ROWS(ADVANCE)
    }
    {
        const v16 scale = v16_set(t->scale);
        const float *add = t->add;

        if (add == NULL) {
            ROWS(FINISH)
        } else {
            add += shift;
            ROWS(FINISH)
        }
    }
#undef START
#undef MULTIPLY
#undef STEP
#undef ADVANCE
#undef FINISH
}

/* All rows.  The last, fewer than two tiles, go in two even ones: the sums
 * of a low tile are too few to hide each other's latency. */
CEDM_INLINE void multiply_rows(const cedm_tile *tile, position at,
                               uint32_t rows, const uint32_t panels,
                               const int paired)
{
    size_t jump = at.ahead_step * tile->runs * (tile->length / 4);

    while (rows > 0) {
        uint32_t next = rows >= 2 * CEDM_TILE_ROWS ? CEDM_TILE_ROWS
                        : rows > CEDM_TILE_ROWS    ? (rows + 1) / 2
                                                   : rows;

#define INSTANCE(i)                                                          \
    case i + 1: multiply(tile, &at, i + 1, panels, paired); break;
        switch (next) {
            ROWS(INSTANCE)
        default: break;
        }
#undef INSTANCE
        at.ahead += jump;
        at.row += next;
        rows -= next;
    }
}

CEDM_INLINE void multiply_panels(const cedm_tile *tile, uint32_t rows,
                                 const int paired)
{
    position at = {.ahead = tile->b};

    at.dense = rows > 1 && tile->a_at[1] - tile->a_at[0] == tile->length;
    if (tile->ahead != NULL) {
        uint32_t tiles = cedm_ceil_div(rows, CEDM_TILE_ROWS);

        at.ahead = tile->ahead;
        at.ahead_step = cedm_ceil_div(2 * CEDM_PANEL, tiles); /* 2 of k */
        at.half = (size_t)tile->runs * tile->length / 2 * CEDM_PANEL;
    }
    for (; at.panel + CEDM_TILE_PANELS <= tile->panels;
         at.panel += CEDM_TILE_PANELS) {
        multiply_rows(tile, at, rows, CEDM_TILE_PANELS, paired);
    }
    if (CEDM_TILE_PANELS > 1 && at.panel < tile->panels) {
        multiply_rows(tile, at, rows, 1, paired);
    }
}

void CEDM_ISA_NAME(tile)(const cedm_tile *tile, uint32_t rows)
{
    if (CEDM_PAIRS && tile->paired) {
        multiply_panels(tile, rows, 1);
    } else {
        multiply_panels(tile, rows, 0);
    }
}
