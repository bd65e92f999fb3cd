/* SPDX-License-Identifier: MIT
 *
 * search.c - bounded exact search over canonical plans [MINIMALLOC].
 *
 * Take any plan, sort its buffers by offset and let each fall until it rests
 * on one that is alive with it: nothing grows.  So it is enough to place
 * buffers in order of offset, each at its floor, the highest top among the
 * placed ones that are alive with it.  Three rules cut the tree:
 *   - a buffer whose floor + size exceeds the limit ends the branch;
 *   - so does a moment at which the lowest floor plus all that is still to
 *     be placed there exceeds the limit;
 *   - a buffer is not placed while another one, alive with it, fits wholly
 *     below its floor: the plan with that one first is no worse. */
#include "codegen/plan/plan.h"

typedef struct search {
    const cg_buffer *buffers;
    uint32_t count;
    uint32_t limit;
    uint32_t budget;
    uint32_t *floor; /* [depth][count] */
    uint32_t *offset;
    bool *placed;
} search;

/* Can everything unplaced that is alive at buffer i's first op still fit? */
static bool fits_at(const search *s, const uint32_t *floor, uint32_t i)
{
    int moment = s->buffers[i].first;
    uint64_t sum = 0;
    uint32_t base = UINT32_MAX;
    for (uint32_t j = 0; j < s->count; j++) {
        const cg_buffer *b = &s->buffers[j];
        if (!s->placed[j] && b->first <= moment && moment <= b->last) {
            sum += b->elements;
            base = floor[j] < base ? floor[j] : base;
        }
    }
    return base + sum <= s->limit;
}

static bool hopeless(const search *s, const uint32_t *floor)
{
    for (uint32_t i = 0; i < s->count; i++) {
        if (!s->placed[i] &&
            ((uint64_t)floor[i] + s->buffers[i].elements > s->limit ||
             !fits_at(s, floor, i))) {
            return true;
        }
    }
    return false;
}

static bool dominated(const search *s, const uint32_t *floor, uint32_t i)
{
    for (uint32_t j = 0; j < s->count; j++) {
        if (j != i && !s->placed[j] &&
            cg_alive_together(&s->buffers[i], &s->buffers[j]) &&
            floor[j] + s->buffers[j].elements <= floor[i]) {
            return true;
        }
    }
    return false;
}

/* The unplaced buffer to try after (floor, index) `last`, in order of floor,
 * then of index; count if there is none. */
static uint32_t next_choice(const search *s, const uint32_t *floor,
                            uint32_t last)
{
    uint32_t best = s->count;
    for (uint32_t i = 0; i < s->count; i++) {
        bool after = last == s->count || floor[i] > floor[last] ||
                     (floor[i] == floor[last] && i > last);
        if (!s->placed[i] && after &&
            (best == s->count || floor[i] < floor[best]) &&
            !dominated(s, floor, i)) {
            best = i;
        }
    }
    return best;
}

static bool descend(search *s, uint32_t depth)
{
    const uint32_t *floor = s->floor + (size_t)depth * s->count;
    if (depth == s->count) {
        return true;
    }
    if (hopeless(s, floor)) {
        return false;
    }
    uint32_t choice = next_choice(s, floor, s->count);
    while (choice < s->count && s->budget > 0) {
        s->budget--;
        uint32_t *below = s->floor + (size_t)(depth + 1) * s->count;
        uint32_t top = floor[choice] + s->buffers[choice].elements;
        for (uint32_t j = 0; j < s->count; j++) {
            bool lifted =
                cg_alive_together(&s->buffers[choice], &s->buffers[j]) &&
                floor[j] < top;
            below[j] = lifted ? top : floor[j];
        }
        s->placed[choice] = true;
        s->offset[choice] = floor[choice];
        if (descend(s, depth + 1)) {
            return true;
        }
        s->placed[choice] = false;
        choice = next_choice(s, floor, choice);
    }
    return false;
}

bool cg_plan_search(cg_buffer *buffers, uint32_t count, uint32_t limit,
                    uint32_t budget, cg_memory *memory)
{
    search s = {
        .buffers = buffers, .count = count, .limit = limit, .budget = budget};
    s.floor =
        cg_take(memory, (size_t)(count + 1) * count + 1, sizeof(uint32_t));
    s.offset = cg_take(memory, count + 1, sizeof(uint32_t));
    s.placed = cg_take(memory, count + 1, sizeof(bool));
    if (s.floor == NULL || s.offset == NULL || s.placed == NULL ||
        !descend(&s, 0)) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        buffers[i].offset = s.offset[i];
    }
    return true;
}
