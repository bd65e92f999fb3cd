/* SPDX-License-Identifier: MIT
 *
 * check.c - every pair, by the definition; shares nothing with the planner. */
#include "codegen/plan/plan.h"

bool cg_plan_check(const cg_buffer *buffers, uint32_t count,
                   uint32_t elements, uint32_t pair[2])
{
    for (uint32_t i = 0; i < count; i++) {
        const cg_buffer *a = &buffers[i];
        pair[0] = pair[1] = i;
        if ((uint64_t)a->offset + a->elements > elements ||
            a->first > a->last) {
            return false;
        }
        for (uint32_t j = 0; j < i; j++) {
            const cg_buffer *b = &buffers[j];
            bool apart_in_time = a->last < b->first || b->last < a->first;
            bool apart_in_space = a->offset + a->elements <= b->offset ||
                                  b->offset + b->elements <= a->offset;
            pair[1] = j;
            if (!apart_in_time && !apart_in_space) {
                return false;
            }
        }
    }
    return true;
}
