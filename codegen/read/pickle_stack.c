/* SPDX-License-Identifier: MIT
 *
 * pickle_stack.c - what the opcodes of a pickle work on: the bytes of the
 * stream, the stack with its marks, the memo. */
#include "codegen/read/pickle.h"

/* ---- bytes of the stream ----------------------------------------------- */

const unsigned char *cg_pickle_take(cg_pickle *p, uint64_t size)
{
    const unsigned char *bytes = p->at;
    uint64_t left = (uint64_t)(p->end - p->at);
    if (size > left) {
        (void)cg_pickle_fail(p, cg_pickle_offset(p),
                             "the pickle is cut short; wanted %ju bytes, got "
                             "%ju; " CG_GET_AGAIN,
                             (uintmax_t)size, (uintmax_t)left);
        return NULL;
    }
    p->at += size;
    return bytes;
}

bool cg_pickle_take_number(cg_pickle *p, unsigned width, uint64_t *value)
{
    const unsigned char *bytes = cg_pickle_take(p, width);
    if (bytes == NULL) {
        return false;
    }
    *value = 0;
    for (unsigned i = 0; i < width; i++) {
        *value |= (uint64_t)bytes[i] << (8u * i);
    }
    return true;
}

/* ---- the stack --------------------------------------------------------- */

bool cg_pickle_push(cg_pickle *p, cg_ref ref)
{
    void *stack = p->stack;
    bool ok = ref != CG_NO_REF &&
              cg_pickle_grow(p, &stack, p->stack_count, &p->stack_capacity,
                             sizeof *p->stack, "values on the stack");
    p->stack = stack;
    if (ok) {
        p->stack[p->stack_count++] = ref;
    }
    return ok;
}

/* The last mark, or the bottom. */
static uint32_t floor_now(const cg_pickle *p)
{
    return p->mark_count == 0 ? 0 : p->marks[p->mark_count - 1];
}

const cg_ref *cg_pickle_pop(cg_pickle *p, uint32_t count)
{
    uint32_t there = p->stack_count - floor_now(p);
    if (there < count) {
        (void)cg_pickle_fail(
            p, cg_pickle_offset(p),
            "values are missing on the stack; wanted %u, got "
            "%u; " CG_GET_AGAIN,
            count, there);
        return NULL;
    }
    p->stack_count -= count;
    return p->stack + p->stack_count;
}

bool cg_pickle_mark(cg_pickle *p)
{
    void *marks = p->marks;
    bool ok = cg_pickle_grow(p, &marks, p->mark_count, &p->mark_capacity,
                             sizeof *p->marks, "marks");
    p->marks = marks;
    if (ok) {
        p->marks[p->mark_count++] = p->stack_count;
    }
    return ok;
}

const cg_ref *cg_pickle_pop_mark(cg_pickle *p, uint32_t *count)
{
    if (p->mark_count == 0) {
        (void)cg_pickle_fail(p, cg_pickle_offset(p),
                             "no mark on the stack; wanted MARK before, got "
                             "none; " CG_GET_AGAIN);
        return NULL;
    }
    *count = p->stack_count - floor_now(p);
    const cg_ref *values = cg_pickle_pop(p, *count);
    p->mark_count--;
    return values;
}

cg_ref cg_pickle_top(cg_pickle *p)
{
    const cg_ref *value = cg_pickle_pop(p, 1);
    if (value == NULL) {
        return CG_NO_REF;
    }
    p->stack_count++;
    return *value;
}

bool cg_pickle_start(cg_pickle *p)
{
    void *stack = p->stack;
    bool ok = cg_pickle_grow(p, &stack, 0, &p->stack_capacity,
                             sizeof *p->stack, "values on the stack");
    p->stack = stack;
    return ok;
}

/* ---- memo -------------------------------------------------------------- */

bool cg_pickle_put(cg_pickle *p, uint64_t index)
{
    cg_ref ref = cg_pickle_top(p);
    if (ref == CG_NO_REF) {
        return false;
    }
    void *memo = p->memo;
    bool ok = cg_pickle_grow(
        p, &memo, index < p->limit ? (uint32_t)index : p->limit,
        &p->memo_capacity, sizeof *p->memo, "values in the memo");
    p->memo = memo;
    if (!ok) {
        return false;
    }
    for (; p->memo_size <= index; p->memo_size++) {
        p->memo[p->memo_size] = CG_NO_REF;
    }
    p->memo_count += p->memo[index] == CG_NO_REF;
    p->memo[index] = ref;
    return true;
}
