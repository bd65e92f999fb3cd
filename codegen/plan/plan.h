/* SPDX-License-Identifier: MIT
 *
 * plan.h - placing buffers with known lives in one arena.
 *
 * The problem (dynamic storage allocation) is NP-hard; the lower bound, the
 * largest sum of buffers alive at once, is easy.  A plan that meets it is
 * proven optimal. */
#ifndef CEDM_CODEGEN_PLAN_H
#define CEDM_CODEGEN_PLAN_H

#include "codegen/codegen.h"
#include "codegen/ir/memory.h"

/* Sets every buffer's offset.  Tries a portfolio of greedy orders, then a
 * bounded exact search, and stops at the lower bound.  Deterministic.  False
 * when out of memory. */
bool cg_plan(cg_buffer *buffers, uint32_t count, cg_plan_report *report,
             cg_memory *memory);

/* Looks for a plan of at most `limit` elements, at most `budget` tries;
 * offsets are changed only on success. */
bool cg_plan_search(cg_buffer *buffers, uint32_t count, uint32_t limit,
                    uint32_t budget, cg_memory *memory);

/* Independent check: no two buffers alive at once overlap, and all lie below
 * `elements`.  Returns false and the offending pair. */
bool cg_plan_check(const cg_buffer *buffers, uint32_t count,
                   uint32_t elements, uint32_t pair[2]);

static inline bool cg_alive_together(const cg_buffer *a, const cg_buffer *b)
{
    return a->first <= b->last && b->first <= a->last;
}

#endif
