/* SPDX-License-Identifier: MIT
 *
 * planned.h - what the fuzz targets of cg_build share: memory of exact sizes,
 * messages that say enough, plans without overlaps. */
#ifndef CEDM_FUZZ_PLANNED_H
#define CEDM_FUZZ_PLANNED_H

#include <stdlib.h>
#include <string.h>

#include "codegen/codegen.h"
#include "codegen/plan/plan.h"
#include "tests/fuzz/want.h"

static inline void *take(size_t bytes)
{
    void *memory = NULL;
    want(posix_memalign(&memory, CEDM_ALIGN, bytes) == 0);
    memset(memory, 0, bytes);
    return memory;
}

static inline void check_message(const cg_error *error)
{
    want(strstr(error->text, "; wanted ") != NULL);
    want(strstr(error->text, "got ") != NULL);
    want_line(error->text);
}

static inline int by_name(const void *a, const void *b)
{
    return strcmp(((const cg_array *)a)->name, ((const cg_array *)b)->name);
}

static inline void check_segment(const cg_program *p, bool f32,
                                 uint32_t elements)
{
    cg_buffer *buffers = take(p->buffer_count * sizeof *buffers);
    uint32_t count = 0, pair[2];
    for (uint32_t i = 0; i < p->buffer_count; i++) {
        if (p->buffers[i].f32 == f32) {
            buffers[count++] = p->buffers[i];
        }
    }
    want(cg_plan_check(buffers, count, elements, pair));
    free(buffers);
}

/* Pair by pair, in both segments. */
static inline void check_plan(const cg_program *p)
{
    check_segment(p, false, p->act.elements);
    check_segment(p, true, p->f32.elements);
}

#endif
