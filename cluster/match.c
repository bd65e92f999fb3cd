/* SPDX-License-Identifier: MIT
 *
 * match.c - the assignment problem by shortest augmenting paths [JONKER]. */
#include <stdlib.h>

#include "cluster/contingency.h"

#define NONE UINT32_MAX

/* Prices under which no cost is negative, and 0 where row and column are
 * matched. */
typedef struct matching {
    cluster_cost *cost;
    const void *arg;
    uint32_t columns;
    int64_t *row_price, *column_price;
    uint32_t *row_of;  /* [columns], or NONE */
    int64_t *distance; /* [columns]: of the shortest path so far */
    uint32_t *from;    /* [columns]: the row before it */
    bool *done;        /* [columns]: the path is the shortest */
} matching;

/* Paths that go on from `row`, itself at `length`; returns the column that is
 * nearest of those not done. */
static uint32_t extend(matching *m, uint32_t row, int64_t length)
{
    uint32_t nearest = NONE;

    for (uint32_t c = 0; c < m->columns; c++) {
        if (m->done[c]) {
            continue;
        }
        const int64_t there = length + m->cost(m->arg, row, c) -
                              m->row_price[row] - m->column_price[c];

        if (there < m->distance[c]) {
            m->distance[c] = there;
            m->from[c] = row;
        }
        if (nearest == NONE || m->distance[c] < m->distance[nearest]) {
            nearest = c;
        }
    }
    return nearest;
}

/* The shortest path from a row to a free column. */
static uint32_t search(matching *m, uint32_t row)
{
    uint32_t column;
    int64_t length = 0;

    for (uint32_t c = 0; c < m->columns; c++) {
        m->distance[c] = INT64_MAX;
        m->done[c] = false;
    }
    while (column = extend(m, row, length), m->row_of[column] != NONE) {
        m->done[column] = true;
        length = m->distance[column];
        row = m->row_of[column];
    }
    return column;
}

/* Prices that make the path to `end` cost nothing. */
static void reprice(matching *m, uint32_t start, uint32_t end)
{
    const int64_t length = m->distance[end];

    m->row_price[start] += length;
    for (uint32_t c = 0; c < m->columns; c++) {
        if (m->done[c]) {
            m->row_price[m->row_of[c]] += length - m->distance[c];
            m->column_price[c] -= length - m->distance[c];
        }
    }
}

static void augment(matching *m, uint32_t start, uint32_t column,
                    uint32_t *column_of)
{
    uint32_t row;

    do {
        const uint32_t next = column_of[m->from[column]];

        row = m->from[column];
        m->row_of[column] = row;
        column_of[row] = column;
        column = next;
    } while (row != start);
}

bool cluster_match(cluster_cost *cost, const void *arg, uint32_t rows,
                   uint32_t columns, uint32_t *column_of)
{
    matching m = {.cost = cost, .arg = arg, .columns = columns};
    bool good;

    m.row_price = calloc(rows + 1, sizeof *m.row_price);
    m.column_price = calloc(columns + 1, sizeof *m.column_price);
    m.row_of = malloc(columns * sizeof *m.row_of);
    m.distance = malloc(columns * sizeof *m.distance);
    m.from = malloc(columns * sizeof *m.from);
    m.done = malloc(columns * sizeof *m.done);
    good = m.row_price != NULL && m.column_price != NULL &&
           m.row_of != NULL && m.distance != NULL && m.from != NULL &&
           m.done != NULL;
    for (uint32_t c = 0; good && c < columns; c++) {
        m.row_of[c] = NONE;
    }
    for (uint32_t row = 0; good && row < rows; row++) {
        column_of[row] = NONE;
        const uint32_t end = search(&m, row);

        reprice(&m, row, end);
        augment(&m, row, end, column_of);
    }
    free(m.row_price);
    free(m.column_price);
    free(m.row_of);
    free(m.distance);
    free(m.from);
    free(m.done);
    return good;
}
