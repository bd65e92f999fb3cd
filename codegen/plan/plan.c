/* SPDX-License-Identifier: MIT
 *
 * plan.c - the portfolio: greedy first fit in several orders.
 *
 * No single order is best on all U-Nets; largest size x life first meets the
 * bound most often, so it comes first. */
#include "codegen/plan/plan.h"

#include <stdlib.h>

/* A try costs about count^2 steps: a second in all for 200 buffers. */
#define SEARCH_BUDGET 20000u

typedef int order(const cg_buffer *a, const cg_buffer *b);

static int compare(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static uint64_t life(const cg_buffer *b)
{
    return (uint64_t)(b->last - b->first + 1);
}

static int by_area(const cg_buffer *a, const cg_buffer *b)
{
    return compare(b->elements * life(b), a->elements * life(a));
}

static int by_size(const cg_buffer *a, const cg_buffer *b)
{
    return compare(b->elements, a->elements);
}

static int by_life(const cg_buffer *a, const cg_buffer *b)
{
    return compare(life(b), life(a));
}

static int by_start(const cg_buffer *a, const cg_buffer *b)
{
    return compare((uint64_t)a->first, (uint64_t)b->first);
}

static const struct {
    const char *name;
    order *by;
} portfolio[] = {{"largest size x life first", by_area},
                 {"largest first", by_size},
                 {"longest life first", by_life},
                 {"in order of use", by_start}};

/* The largest sum of sizes alive at one op. */
static uint32_t lower_bound(const cg_buffer *buffers, uint32_t count)
{
    /* The maximum is reached where some buffer begins. */
    uint64_t bound = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t alive = 0;
        for (uint32_t j = 0; j < count; j++) {
            if (buffers[j].first <= buffers[i].first &&
                buffers[i].first <= buffers[j].last) {
                alive += buffers[j].elements;
            }
        }
        bound = alive > bound ? alive : bound;
    }
    return (uint32_t)bound;
}

/* Stable insertion sort of indices: a few hundred buffers, any order. */
static void sort(uint32_t *index, const cg_buffer *buffers, uint32_t count,
                 order *by)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t j = i;
        while (j > 0 && by(&buffers[index[j - 1]], &buffers[i]) > 0) {
            index[j] = index[j - 1];
            j--;
        }
        index[j] = i;
    }
}

/* The lowest offset at which b collides with none of the placed ones. */
static uint32_t lowest(const cg_buffer *buffers, const uint32_t *placed,
                       uint32_t count, const cg_buffer *b)
{
    uint32_t offset = 0;
    bool moved = true;
    while (moved) {
        moved = false;
        for (uint32_t i = 0; i < count; i++) {
            const cg_buffer *p = &buffers[placed[i]];
            if (cg_alive_together(p, b) && offset < p->offset + p->elements &&
                p->offset < offset + b->elements) {
                offset = p->offset + p->elements;
                moved = true;
            }
        }
    }
    return offset;
}

static uint32_t greedy(cg_buffer *buffers, uint32_t *index, uint32_t count,
                       order *by)
{
    uint32_t top = 0;
    sort(index, buffers, count, by);
    for (uint32_t i = 0; i < count; i++) {
        cg_buffer *b = &buffers[index[i]];
        b->offset = lowest(buffers, index, i, b);
        uint32_t end = b->offset + b->elements;
        top = end > top ? end : top;
    }
    return top;
}

static uint32_t top_of(const cg_buffer *buffers, uint32_t count)
{
    uint32_t top = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t end = buffers[i].offset + buffers[i].elements;
        top = end > top ? end : top;
    }
    return top;
}

bool cg_plan(cg_buffer *buffers, uint32_t count, cg_plan_report *report,
             cg_memory *memory)
{
    uint32_t *index = cg_take(memory, count + 1, sizeof(uint32_t));
    if (index == NULL) {
        return false;
    }
    report->lower_bound = lower_bound(buffers, count);
    report->elements = UINT32_MAX;
    report->no_reuse = 0;
    for (uint32_t i = 0; i < count; i++) {
        report->no_reuse += buffers[i].elements;
    }
    size_t best = 0;
    size_t orders = sizeof portfolio / sizeof portfolio[0];
    for (size_t o = 0; o < orders; o++) {
        uint32_t top = greedy(buffers, index, count, portfolio[o].by);
        if (top < report->elements) {
            report->elements = top;
            best = o;
        }
        if (top == report->lower_bound) {
            break;
        }
    }
    report->elements = greedy(buffers, index, count, portfolio[best].by);
    report->method = portfolio[best].name;
    if (report->elements > report->lower_bound &&
        cg_plan_search(buffers, count, report->lower_bound, SEARCH_BUDGET,
                       memory)) {
        report->elements = top_of(buffers, count);
        report->method = "exact search";
    }
    return true;
}
