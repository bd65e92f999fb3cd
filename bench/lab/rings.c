/* SPDX-License-Identifier: MIT
 *
 * rings.c - a simulation by events.
 *
 * Every role goes through its list in order and waits for what it needs; a
 * time is known once all that it depends on is, so roles are asked in turn
 * until the last tile is done. */
#include "bench/lab/rings.h"

#include <stdbool.h>
#include <string.h>

#define TILES 4
#define AHEAD 2 /* slices before their weights */
#define SLICES_MAX 256
#define STEPS_MAX 2048

typedef struct rings {
    const rings_tile *tile;
    uint32_t slices, steps; /* of all tiles */
    /* Events that have a time so far, and their times. */
    uint32_t copied, copied_weights, activated, multiplied, left;
    double full[SLICES_MAX], ready[SLICES_MAX], free_slice[SLICES_MAX];
    double weights[STEPS_MAX], free_weights[STEPS_MAX];
    double copier, activator, issued, products;
    double end[TILES];
} rings;

static double later(double a, double b)
{
    return a > b ? a : b;
}

static bool copy_slice(rings *r)
{
    uint32_t i = r->copied, stages = r->tile->sources;

    if (i >= stages && i - stages >= r->left) {
        return false;
    }
    r->copier = later(r->copier, i < stages ? 0 : r->free_slice[i - stages]) +
                r->tile->copy;
    r->full[i] = r->copier + r->tile->source_wait;
    r->copied++;
    return true;
}

/* (Those of step i are free when the step after it has been issued.) */
static bool copy_weights(rings *r)
{
    uint32_t i = r->copied_weights, stages = r->tile->weights;

    if (i == r->steps || (i >= stages && i - stages + 1 >= r->multiplied)) {
        return false;
    }
    r->copier =
        later(r->copier, i < stages ? 0 : r->free_weights[i - stages]) +
        r->tile->copy;
    r->weights[i] = r->copier + r->tile->weight_wait;
    r->copied_weights++;
    return true;
}

/* In the order of warpgroup_supply. */
static bool copy(rings *r)
{
    uint32_t due = r->copied_weights / r->tile->taps + AHEAD;

    due = due < r->slices ? due : r->slices;
    return r->copied < due ? copy_slice(r) : copy_weights(r);
}

static bool activate(rings *r)
{
    if (r->activated == r->copied) {
        return false;
    }
    r->activator =
        later(r->activator, r->full[r->activated]) + r->tile->activate;
    r->ready[r->activated++] = r->activator;
    return true;
}

static void write_tile(rings *r, uint32_t tile)
{
    r->free_weights[r->multiplied - 1] = r->products;
    r->products += r->tile->write;
    r->issued = r->products;
    r->end[tile] = r->products;
}

static bool multiply(rings *r)
{
    const double load = 60; /* A from shared memory, and the issue */
    uint32_t i = r->multiplied, slice = i / r->tile->taps;
    double start, before = r->products;

    if (i == r->steps || slice >= r->activated || i >= r->copied_weights) {
        return false;
    }
    start = later(later(r->issued, r->ready[slice]), r->weights[i]) + load;
    r->products = later(start, before) + r->tile->step;
    r->issued = later(start, before);
    if (i > 0) {
        r->free_weights[i - 1] = r->issued;
    }
    r->multiplied++;
    if (r->multiplied % r->tile->taps == 0) {
        r->free_slice[r->left++] = r->issued;
    }
    if (r->multiplied % (r->slices / TILES * r->tile->taps) == 0) {
        write_tile(r, r->multiplied * TILES / r->steps - 1);
    }
    return true;
}

static void simulate(rings *r, const rings_tile *tile)
{
    memset(r, 0, sizeof *r);
    r->tile = tile;
    r->slices = TILES * tile->slices;
    r->steps = r->slices * tile->taps;
    while (copy(r) || activate(r) || multiply(r)) {
    }
}

double rings_cycles(const rings_tile *tile)
{
    static rings r;

    simulate(&r, tile);
    return r.end[TILES - 1] - r.end[TILES - 2];
}

double rings_start(const rings_tile *tile)
{
    return tile->copy + tile->source_wait + tile->activate;
}
