/* SPDX-License-Identifier: MIT
 *
 * moments.c - mean and covariance from rows as they come. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "evaluate/decomposition.h"
#include "evaluate/product.h"
#include "evaluate/statistics.h"

/* Rows that are added at once. */
#define BLOCK 512u

struct evaluate_moments {
    evaluate_threads threads;
    uint64_t width, count; /* numbers of a row, rows added so far */
    uint64_t waiting;      /* rows in the block */
    double *shift, *sum;   /* [width]: the point, the sum of x - point */
    double *outer;         /* [width][width] of x - point */
    double *block;         /* BLOCK rows */
};

void evaluate_statistics_free(evaluate_statistics *s)
{
    free(s->mean);
    free(s->covariance);
    *s = (evaluate_statistics){0, NULL, NULL};
}

void evaluate_moments_free(evaluate_moments *m)
{
    if (m == NULL) {
        return;
    }
    free(m->shift);
    free(m->sum);
    free(m->outer);
    free(m->block);
    free(m);
}

evaluate_moments *evaluate_moments_new(uint64_t width,
                                       const evaluate_threads *threads,
                                       host_failure *f)
{
    if (width > EVALUATE_SYMMETRIC_MAX) {
        (void)host_fail(f,
                        "a covariance of %" PRIu64 " features is too large; "
                        "wanted at most %u",
                        width, EVALUATE_SYMMETRIC_MAX);
        return NULL;
    }
    evaluate_moments *m = calloc(1, sizeof *m);
    if (m != NULL) {
        m->threads = *threads;
        m->width = width;
        m->shift = calloc(width, sizeof *m->shift);
        m->sum = calloc(width, sizeof *m->sum);
        m->outer = calloc(width, width * sizeof *m->outer);
        m->block = calloc(BLOCK, width * sizeof *m->block);
    }
    if (m == NULL || m->shift == NULL || m->sum == NULL || m->outer == NULL ||
        m->block == NULL) {
        (void)host_fail(
            f, "out of memory for a covariance of %" PRIu64 " features",
            width);
        evaluate_moments_free(m);
        return NULL;
    }
    return m;
}

/* The mean of the first block; exactly its value where that is constant. */
static void choose_shift(evaluate_moments *m)
{
    for (uint64_t k = 0; k < m->width; k++) {
        double first = m->block[k], sum = 0;
        for (uint64_t i = 1; i < m->waiting; i++) {
            sum += m->block[i * m->width + k] - first;
        }
        m->shift[k] = first + sum / (double)m->waiting;
    }
}

static void add_block(evaluate_moments *m)
{
    if (m->count == 0) {
        choose_shift(m);
    }
    for (uint64_t i = 0; i < m->waiting; i++) {
        double *row = m->block + i * m->width;
        for (uint64_t k = 0; k < m->width; k++) {
            row[k] -= m->shift[k];
            m->sum[k] += row[k];
        }
    }
    evaluate_add_outer(&m->threads, m->waiting, m->width, m->block, m->outer);
    m->count += m->waiting;
    m->waiting = 0;
}

void evaluate_moments_add(evaluate_moments *m, const evaluate_selection *rows)
{
    for (uint64_t done = 0; done < rows->count;) {
        uint64_t room = BLOCK - m->waiting, left = rows->count - done;
        uint64_t n = left < room ? left : room;
        evaluate_read(rows, done, n, m->block + m->waiting * m->width);
        m->waiting += n;
        done += n;
        if (m->waiting == BLOCK) {
            add_block(m);
        }
    }
}

/* Sums about the point become those about the mean. */
static void finish(evaluate_moments *m)
{
    double n = (double)m->count;
    evaluate_mirror(m->width, m->outer);
    for (uint64_t i = 0; i < m->width; i++) {
        double *row = m->outer + i * m->width;
        for (uint64_t k = 0; k < m->width; k++) {
            row[k] = (row[k] - m->sum[i] * m->sum[k] / n) / (n - 1);
        }
    }
    for (uint64_t k = 0; k < m->width; k++) {
        m->shift[k] += m->sum[k] / n;
    }
}

bool evaluate_moments_end(evaluate_moments *m, evaluate_statistics *s,
                          host_failure *f)
{
    *s = (evaluate_statistics){0, NULL, NULL};
    if (m->waiting > 0) {
        add_block(m);
    }
    bool enough =
        m->count >= 2 ||
        host_fail(f,
                  "wanted at least two rows for a covariance, got %" PRIu64,
                  m->count);
    if (enough) {
        finish(m);
        *s = (evaluate_statistics){(uint32_t)m->width, m->shift, m->outer};
        m->shift = m->outer = NULL;
    }
    evaluate_moments_free(m);
    return enough;
}

bool evaluate_statistics_of_rows(evaluate_statistics *s,
                                 const evaluate_selection *rows,
                                 const evaluate_threads *threads,
                                 host_failure *f)
{
    *s = (evaluate_statistics){0, NULL, NULL};
    evaluate_moments *m =
        evaluate_moments_new(evaluate_width(rows), threads, f);
    if (m == NULL) {
        return false;
    }
    evaluate_moments_add(m, rows);
    return evaluate_moments_end(m, s, f);
}
