/* SPDX-License-Identifier: MIT
 *
 * kmeans_assign.c - labels, looking only at rows that may change [HAMERLY].
 *
 * upper is at least a row's distance from its centre, lower at most that
 * from any other.  A centre that moves loosens them by its move.  While
 * lower^2 - upper^2 exceeds twice the rounding error of a score, the computed
 * scores cannot tell otherwise: labels are the same bits as without bounds. */
#include <float.h>
#include <math.h>

#include "cluster/kmeans_parts.h"
#include "cluster/shares.h"

/* Bounds are rounded away from what they bound. */
#define UP (1.0f + 4.0f * FLT_EPSILON)
#define DOWN (1.0f - 4.0f * FLT_EPSILON)

/* Rows of a task. */
#define ROWS 1024u

typedef struct assignment {
    cluster_kmeans *k;
    cluster_share rows;     /* this rank's */
    double largest, second; /* of the moves */
} assignment;

/* Rows to be looked at together. */
typedef struct group {
    uint32_t rows[CLUSTER_GROUP];
    uint32_t count;
    float *x, *scores;
} group;

size_t cluster_kmeans_scratch(const cluster_kmeans *k)
{
    return (size_t)CLUSTER_GROUP * k->rows.width +
           cluster_nearest_scratch(CLUSTER_GROUP);
}

void cluster_kmeans_unbound(cluster_kmeans *k)
{
    for (uint64_t i = 0; i < k->rows.count; i++) {
        k->upper[i] = INFINITY;
        k->lower[i] = 0.0f;
    }
}

/* The two largest moves: one of another centre than a row's is the first or,
 * if that is its own, the second. */
static void largest_moves(assignment *a)
{
    for (uint32_t c = 0; c < a->k->options.clusters; c++) {
        const double move = a->k->moves[c];

        if (move > a->largest) {
            a->second = a->largest;
            a->largest = move;
        } else if (move > a->second) {
            a->second = move;
        }
    }
}

static void set_bounds(cluster_kmeans *k, uint32_t row,
                       const cluster_nearest *found)
{
    const float square = k->squares[row];
    const float error = cluster_score_error(&k->packed, sqrtf(square));
    const float own = square - found->score + error;
    const float other = square - found->second - error;

    k->upper[row] = sqrtf(fmaxf(own, 0.0f)) * UP;
    k->lower[row] = sqrtf(fmaxf(other, 0.0f)) * DOWN;
}

static void look_at(cluster_kmeans *k, group *g)
{
    const uint32_t width = k->rows.width;
    cluster_nearest found[CLUSTER_GROUP];

    for (uint32_t i = 0; i < g->count; i++) {
        cluster_row_part(&k->rows, g->rows[i], 0, width,
                         g->x + (size_t)i * width);
    }
    cluster_nearest_find(&k->packed, k->workers->kernels, g->x, g->count,
                         g->scores, found);
    for (uint32_t i = 0; i < g->count; i++) {
        k->labels[g->rows[i]] = (int32_t)found[i].index;
        set_bounds(k, g->rows[i], &found[i]);
    }
    g->count = 0;
}

/* Whether a row's label is certain after the moves. */
static bool stays(const assignment *a, uint32_t row)
{
    cluster_kmeans *k = a->k;
    const int32_t label = k->labels[row];
    float upper, lower, error;

    if (label < 0) {
        return false;
    }
    const double own = k->moves[label];
    const double other = own == a->largest ? a->second : a->largest;

    upper = (k->upper[row] + (float)own * UP) * UP;
    lower = (k->lower[row] - (float)other * UP);
    lower *= lower > 0.0f ? DOWN : UP;
    k->upper[row] = upper;
    k->lower[row] = lower;
    error = cluster_score_error(&k->packed, sqrtf(k->squares[row]));
    return lower > upper &&
           (lower - upper) * (lower + upper) * DOWN > 2.0f * error;
}

static void assign_task(void *arg, uint32_t index, uint32_t worker)
{
    const assignment *a = arg;
    cluster_kmeans *k = a->k;
    const uint32_t first = (uint32_t)a->rows.first + index * ROWS;
    const uint64_t left = a->rows.count - (uint64_t)index * ROWS;
    const uint32_t n = left < ROWS ? (uint32_t)left : ROWS;
    void *scratch = k->scratch + worker * k->scratch_step;
    group g = {.x = scratch};

    g.scores = g.x + (size_t)CLUSTER_GROUP * k->rows.width;
    for (uint32_t row = first; row < first + n; row++) {
        k->previous[row] = k->labels[row];
        if (!stays(a, row)) {
            g.rows[g.count++] = row;
        }
        if (g.count == CLUSTER_GROUP) {
            look_at(k, &g);
        }
    }
    if (g.count > 0) {
        look_at(k, &g);
    }
}

void cluster_kmeans_assign(cluster_kmeans *k)
{
    assignment a = {.k = k,
                    .rows = cluster_share_mine(k->rows.count, CLUSTER_BLOCK)};

    largest_moves(&a);
    cluster_centres_set(&k->packed, k->centres, k->workers);
    cluster_run(k->workers, assign_task, &a,
                (a.rows.count + ROWS - 1) / ROWS);
}
