/* SPDX-License-Identifier: MIT
 *
 * contingency.c - pairs of numbers, sorted and counted. */
#include "cluster/contingency.h"

#include <stdlib.h>

typedef struct pair {
    int32_t id, label;
} pair;

static int by_label(const void *a, const void *b)
{
    const pair *x = a, *y = b;

    return (x->label > y->label) - (x->label < y->label);
}

static int by_both(const void *a, const void *b)
{
    const pair *x = a, *y = b;

    return x->id != y->id ? (x->id > y->id) - (x->id < y->id)
                          : by_label(a, b);
}

/* Replaces labels by their ranks and counts them. */
static void rank_labels(cluster_contingency *c, pair *pairs)
{
    int32_t last = 0;

    qsort(pairs, c->rows, sizeof *pairs, by_label);
    for (uint64_t i = 0; i < c->rows; i++) {
        if (i == 0 || pairs[i].label != last) {
            last = pairs[i].label;
            c->label_rows[c->labels++] = 0;
        }
        c->label_rows[c->labels - 1]++;
        pairs[i].label = (int32_t)(c->labels - 1);
    }
}

static void count_cells(cluster_contingency *c, pair *pairs)
{
    int32_t last = 0;

    qsort(pairs, c->rows, sizeof *pairs, by_both);
    for (uint64_t i = 0; i < c->rows; i++) {
        cluster_cell *cell = c->cells + c->cell_count;

        if (i == 0 || pairs[i].id != last) {
            last = pairs[i].id;
            c->cluster_rows[c->clusters++] = 0;
        }
        const uint32_t cluster = c->clusters - 1;
        const uint32_t label = (uint32_t)pairs[i].label;

        c->cluster_rows[cluster]++;
        if (c->cell_count == 0 || cell[-1].cluster != cluster ||
            cell[-1].label != label) {
            *cell = (cluster_cell){cluster, label, 0};
            c->cell_count++;
        }
        c->cells[c->cell_count - 1].rows++;
    }
}

bool cluster_contingency_open(cluster_contingency *c, const int32_t *ids,
                              const int32_t *labels, uint64_t rows)
{
    pair *pairs = malloc(rows * sizeof *pairs);

    *c = (cluster_contingency){.rows = rows};
    c->cluster_rows = malloc(rows * sizeof *c->cluster_rows);
    c->label_rows = malloc(rows * sizeof *c->label_rows);
    c->cells = malloc(rows * sizeof *c->cells);
    if (pairs == NULL || c->cluster_rows == NULL || c->label_rows == NULL ||
        c->cells == NULL) {
        free(pairs);
        cluster_contingency_close(c);
        return false;
    }
    for (uint64_t i = 0; i < rows; i++) {
        pairs[i] = (pair){ids[i], labels[i]};
    }
    rank_labels(c, pairs);
    count_cells(c, pairs);
    free(pairs);
    return true;
}

void cluster_contingency_close(cluster_contingency *c)
{
    free(c->cluster_rows);
    free(c->label_rows);
    free(c->cells);
    *c = (cluster_contingency){0};
}
