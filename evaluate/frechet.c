/* SPDX-License-Identifier: MIT
 *
 * frechet.c - the Frechet distance of two normal distributions. */
#include "evaluate/frechet.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "evaluate/decomposition.h"
#include "evaluate/product.h"

/* The sum of the singular values of F_a F_b^T. */
static bool sum_singular_values(const evaluate_gaussian *a,
                                const evaluate_gaussian *b,
                                const evaluate_threads *threads, double *sum,
                                host_failure *f)
{
    uint64_t count = a->rank < b->rank ? a->rank : b->rank;
    *sum = 0;
    if (count == 0) {
        return true;
    }
    double *values = calloc(count, sizeof *values);
    double *product = calloc(a->rank, b->rank * sizeof *product);
    bool good =
        (values != NULL && product != NULL) ||
        host_fail(f, "out of memory for %" PRIu64 " x %" PRIu64 " numbers",
                  a->rank, b->rank);
    if (good) {
        evaluate_products(threads, a->rank, b->rank, a->width, a->factor,
                          b->factor, product);
        good = evaluate_singular_values(a->rank, b->rank, product, values, f);
    }
    for (uint64_t i = count; good && i > 0; i--) {
        *sum += values[i - 1]; /* the smallest first */
    }
    free(values);
    free(product);
    return good;
}

bool evaluate_frechet(const evaluate_gaussian *a, const evaluate_gaussian *b,
                      const evaluate_threads *threads, double *distance,
                      host_failure *f)
{
    double shared, means = 0;
    *distance = 0;
    if (!sum_singular_values(a, b, threads, &shared, f)) {
        return false;
    }
    for (uint64_t k = 0; k < a->width; k++) {
        double difference = a->mean[k] - b->mean[k];
        means += difference * difference;
    }
    *distance = fmax(means + (a->trace + b->trace - 2 * shared), 0);
    return true;
}

/* ---- without the bias of few samples ------------------------------------ */

evaluate_line evaluate_fit_line(const uint64_t *n, const double *y,
                                uint32_t count)
{
    double x_mean = 0, y_mean = 0, xx = 0, xy = 0;
    for (uint32_t i = 0; i < count; i++) {
        x_mean += 1 / (double)n[i] / count;
        y_mean += y[i] / count;
    }
    for (uint32_t i = 0; i < count; i++) {
        double x = 1 / (double)n[i] - x_mean;
        xx += x * x;
        xy += x * (y[i] - y_mean);
    }
    return (evaluate_line){y_mean - xy / xx * x_mean, xy / xx};
}

void evaluate_line_sizes(uint64_t total, uint64_t sizes[EVALUATE_LINE_SIZES])
{
    uint64_t first = total / 10 > 2 ? total / 10 : 2;
    first = first < 5000 ? first : 5000;
    for (uint32_t i = 0; i < EVALUATE_LINE_SIZES; i++) {
        sizes[i] = first + (total - first) * i / (EVALUATE_LINE_SIZES - 1);
    }
}
