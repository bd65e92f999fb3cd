/* SPDX-License-Identifier: MIT
 *
 * selection.h - rows of a feature matrix: all of them, or a subset.
 *
 * Features are an array [rows][width] of floats or doubles, one row per
 * image, in memory or in a mapped file: cg_array of codegen.h. */
#ifndef CEDM_EVALUATE_SELECTION_H
#define CEDM_EVALUATE_SELECTION_H

#include "codegen/codegen.h"
#include "host/cli/failure.h"

typedef struct evaluate_selection {
    const cg_array *features;
    const uint64_t *index; /* [count] row numbers; NULL: 0 .. count - 1 */
    uint64_t count;
} evaluate_selection;

/* Whether an array can be features: two axes, at least `least` rows of 1 to
 * 2^24 floats, doubles or halves, all finite.  The other functions rely on
 * that.  `name` stands in messages.  Cost: one pass. */
bool evaluate_check_features(const cg_array *array, uint64_t least,
                             const char *name, host_failure *f);

/* All rows. */
evaluate_selection evaluate_select_all(const cg_array *features);

/* Numbers in a row. */
uint64_t evaluate_width(const evaluate_selection *rows);

/* Writes selected rows first .. first + count - 1 to out[count][width]. */
void evaluate_read(const evaluate_selection *rows, uint64_t first,
                   uint64_t count, double *out);

/* The sum of the squares of row[width]. */
double evaluate_square(const double *row, uint64_t width);

/* Draws `count` different numbers of 0 .. total - 1, every choice equally
 * likely: index[0 .. count - 1], in the order drawn.  index[total] is
 * scratch; count <= total < 2^53.
 *
 * Begin with 0, 1, ..., total - 1.  For i = 0 .. count - 1 exchange number i
 * with number i + floor(u (total - i)), where u = x / 2^53 and x are the
 * upper 53 bits of the 64-bit number whose lower half is word 0 and whose
 * upper half is word 1 of Philox4x32-10 [PHILOX] for key (seed, 0) and
 * counter (draw, 0, low and high half of i).  So a choice is a function of
 * (seed, draw, total, count), and a shorter one begins a longer one. */
void evaluate_choose(uint32_t seed, uint32_t draw, uint64_t total,
                     uint64_t count, uint64_t *index);

#endif
