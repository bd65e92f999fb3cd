/* SPDX-License-Identifier: MIT
 *
 * gaussian.c - normal distributions as means and factors of covariances. */
#include "evaluate/gaussian.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "evaluate/decomposition.h"

/* Covariances that were summed up in floats have eigenvalues of about -1e-7
 * times the largest; -1e-4 times is no rounding. */
#define NEGATIVE_MAX 1e-4

void evaluate_gaussian_free(evaluate_gaussian *g)
{
    free(g->mean);
    free(g->factor);
    *g = (evaluate_gaussian){.rank = 0};
}

static bool allocate(evaluate_gaussian *g, uint64_t width, uint64_t rank,
                     const char *name, host_failure *f)
{
    *g = (evaluate_gaussian){.width = width, .rank = rank};
    g->mean = calloc(width, sizeof *g->mean);
    g->factor = calloc(rank, width * sizeof *g->factor);
    return (g->mean != NULL && g->factor != NULL) ||
           host_fail(
               f, "%s: out of memory for %" PRIu64 " x %" PRIu64 " numbers",
               name, rank, width);
}

/* Scales the eigenvectors of eigenvalues that are not 0 and moves them to the
 * front. */
static void keep_eigenvectors(evaluate_gaussian *g, const double *values)
{
    uint64_t width = g->width, first = 0;
    double least = (double)width * DBL_EPSILON * values[width - 1];
    while (first < width && values[first] <= fmax(least, 0)) {
        first++;
    }
    for (uint64_t i = first; i < width; i++) {
        double root = sqrt(values[i]);
        for (uint64_t k = 0; k < width; k++) {
            g->factor[(i - first) * width + k] =
                root * g->factor[i * width + k];
        }
    }
    g->rank = width - first;
}

/* Of the covariance that g->factor holds, in place. */
static bool factorise_singular(evaluate_gaussian *g, const char *name,
                               host_failure *f)
{
    uint64_t width = g->width;
    double *values = calloc(width, sizeof *values);
    if (values == NULL) {
        return host_fail(f, "%s: out of memory", name);
    }
    /* which are safe where rounding has made the covariance indefinite */
    bool good = evaluate_eigen((uint32_t)width, g->factor, values, true, f);
    double least = values[0], largest = values[width - 1];
    if (good && least < -NEGATIVE_MAX * fabs(largest)) {
        good =
            host_fail(f,
                      "%s: no covariance; wanted eigenvalues of 0 and more, "
                      "got %g beside %g; make the statistics again",
                      name, least, largest);
    }
    if (good) {
        keep_eigenvectors(g, values);
    }
    free(values);
    return good;
}

static bool factorise(evaluate_gaussian *g, const double *covariance,
                      const char *name, host_failure *f)
{
    size_t bytes = g->width * g->width * sizeof *covariance;
    bool whole;
    memcpy(g->factor, covariance, bytes);
    if (!evaluate_cholesky((uint32_t)g->width, g->factor, &whole, f)) {
        return false;
    }
    if (whole) {
        return true;
    }
    memcpy(g->factor, covariance, bytes);
    return factorise_singular(g, name, f);
}

bool evaluate_gaussian_of_statistics(evaluate_gaussian *g,
                                     const evaluate_statistics *s,
                                     const char *name, host_failure *f)
{
    uint64_t width = s->width;
    bool good = allocate(g, width, width, name, f);
    if (good) {
        memcpy(g->mean, s->mean, width * sizeof *g->mean);
        for (uint64_t i = 0; i < width; i++) {
            g->trace += s->covariance[i * width + i];
        }
        good = factorise(g, s->covariance, name, f);
    }
    if (!good) {
        evaluate_gaussian_free(g);
    }
    return good;
}

/* The mean of the rows of the factor, exactly their value in columns that are
 * constant. */
static void take_mean(evaluate_gaussian *g)
{
    for (uint64_t i = 1; i < g->rank; i++) {
        const double *row = g->factor + i * g->width;
        for (uint64_t k = 0; k < g->width; k++) {
            g->mean[k] += row[k] - g->factor[k];
        }
    }
    for (uint64_t k = 0; k < g->width; k++) {
        g->mean[k] = g->factor[k] + g->mean[k] / (double)g->rank;
    }
}

static bool of_few_rows(evaluate_gaussian *g, const evaluate_selection *rows,
                        const char *name, host_failure *f)
{
    if (!allocate(g, evaluate_width(rows), rows->count, name, f)) {
        return false;
    }
    evaluate_read(rows, 0, rows->count, g->factor);
    take_mean(g);
    double scale = 1 / sqrt((double)(g->rank - 1));
    for (uint64_t i = 0; i < g->rank; i++) {
        double *row = g->factor + i * g->width;
        for (uint64_t k = 0; k < g->width; k++) {
            row[k] = (row[k] - g->mean[k]) * scale;
            g->trace += row[k] * row[k];
        }
    }
    return true;
}

/* Reads rows less the mean. */
static void read_centred(const evaluate_gaussian *g,
                         const evaluate_selection *rows, uint64_t first,
                         uint64_t count, double *out)
{
    evaluate_read(rows, first, count, out);
    for (uint64_t i = 0; i < count; i++) {
        for (uint64_t k = 0; k < g->width; k++) {
            out[i * g->width + k] -= g->mean[k];
        }
    }
}

/* The triangle of the centred rows, as many of them at a time as it has
 * itself. */
static bool factorise_rows(evaluate_gaussian *g,
                           const evaluate_selection *rows, const char *name,
                           host_failure *f)
{
    uint64_t width = g->width;
    double *stack = calloc(2 * width, width * sizeof *stack);
    bool good = stack != NULL || host_fail(f, "%s: out of memory", name);
    for (uint64_t i = 0; good && i < rows->count; i += width) {
        uint64_t left = rows->count - i, n = left < width ? left : width;
        read_centred(g, rows, i, n, stack + width * width);
        good = evaluate_triangle(width + n, width, stack, f);
    }
    double scale = 1 / sqrt((double)(rows->count - 1));
    for (uint64_t i = 0; good && i < width * width; i++) {
        g->factor[i] = stack[i] * scale;
    }
    g->rank = width;
    free(stack);
    return good;
}

static bool of_many_rows(evaluate_gaussian *g, const evaluate_selection *rows,
                         const evaluate_threads *threads, const char *name,
                         host_failure *f)
{
    evaluate_statistics s;
    bool good = evaluate_statistics_of_rows(&s, rows, threads, f) &&
                evaluate_gaussian_of_statistics(g, &s, name, f);
    evaluate_statistics_free(&s);
    return good && (g->rank == g->width || factorise_rows(g, rows, name, f));
}

bool evaluate_gaussian_of_rows(evaluate_gaussian *g,
                               const evaluate_selection *rows,
                               const evaluate_threads *threads,
                               const char *name, host_failure *f)
{
    *g = (evaluate_gaussian){.rank = 0};
    if (rows->count < 2) {
        return host_fail(f, "%s: wanted at least two rows, got %" PRIu64,
                         name, rows->count);
    }
    bool good = rows->count < evaluate_width(rows)
                    ? of_few_rows(g, rows, name, f)
                    : of_many_rows(g, rows, threads, name, f);
    if (!good) {
        evaluate_gaussian_free(g);
    }
    return good;
}
