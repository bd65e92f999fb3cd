/* SPDX-License-Identifier: MIT
 *
 * vendi.c - the Vendi score. */
#include "evaluate/vendi.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "evaluate/decomposition.h"
#include "evaluate/product.h"

/* Rows that are added at once to Z^T Z. */
#define BLOCK 512u

/* Reads rows and scales them to length 1. */
static bool read_unit_rows(const evaluate_selection *rows, uint64_t first,
                           uint64_t count, double *out, const char *name,
                           host_failure *f)
{
    uint64_t width = evaluate_width(rows);
    evaluate_read(rows, first, count, out);
    for (uint64_t i = 0; i < count; i++) {
        double *row = out + i * width, square = evaluate_square(row, width);
        if (square == 0) {
            return host_fail(f,
                             "%s: row %" PRIu64 " is all zeros; wanted "
                             "features with a direction, got none; leave it "
                             "out",
                             name, first + i);
        }
        double scale = 1 / sqrt(square);
        for (uint64_t k = 0; k < width; k++) {
            row[k] *= scale;
        }
    }
    return true;
}

/* Z Z^T of all rows in z. */
static bool multiply_rows(const evaluate_selection *rows,
                          const evaluate_threads *threads, double *z,
                          double *out, const char *name, host_failure *f)
{
    if (!read_unit_rows(rows, 0, rows->count, z, name, f)) {
        return false;
    }
    evaluate_products(threads, rows->count, rows->count, evaluate_width(rows),
                      z, z, out);
    return true;
}

/* Z^T Z, a block of rows in z at a time. */
static bool add_rows(const evaluate_selection *rows,
                     const evaluate_threads *threads, double *z, double *out,
                     const char *name, host_failure *f)
{
    uint64_t width = evaluate_width(rows);
    for (uint64_t i = 0; i < rows->count; i += BLOCK) {
        uint64_t left = rows->count - i, n = left < BLOCK ? left : BLOCK;
        if (!read_unit_rows(rows, i, n, z, name, f)) {
            return false;
        }
        evaluate_add_outer(threads, n, width, z, out);
    }
    evaluate_mirror(width, out);
    return true;
}

static double entropy(const double *values, uint64_t count, double scale)
{
    double sum = 0;
    for (uint64_t i = 0; i < count; i++) {
        double p = values[i] * scale;
        sum -= p > 0 ? p * log(p) : 0;
    }
    return sum;
}

bool evaluate_vendi(const evaluate_selection *rows,
                    const evaluate_threads *threads, double *score,
                    const char *name, host_failure *f)
{
    uint64_t width = evaluate_width(rows), n = rows->count;
    bool few = n <= width;
    uint64_t side = few ? n : width, held = few || n < BLOCK ? n : BLOCK;
    if (side > EVALUATE_SYMMETRIC_MAX) {
        return host_fail(f,
                         "%s: too large; wanted at most %u rows or features, "
                         "got %" PRIu64 " and %" PRIu64 "; take a subset",
                         name, EVALUATE_SYMMETRIC_MAX, n, width);
    }
    double *matrix = calloc(side, side * sizeof *matrix);
    double *z = calloc(held, width * sizeof *z);
    double *values = calloc(side, sizeof *values);
    bool good = (matrix != NULL && z != NULL && values != NULL) ||
                host_fail(f, "%s: out of memory", name);
    good =
        good &&
        (few ? multiply_rows : add_rows)(rows, threads, z, matrix, name, f) &&
        evaluate_eigen((uint32_t)side, matrix, values, false, f);
    if (good) {
        *score = exp(entropy(values, side, 1 / (double)n));
    }
    free(matrix);
    free(z);
    free(values);
    return good;
}
