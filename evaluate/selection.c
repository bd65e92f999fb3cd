/* SPDX-License-Identifier: MIT
 *
 * selection.c - rows of a feature matrix. */
#include "evaluate/selection.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "host/files/rows.h"
#include "runtime/philox.h"

/* More than pixels of an image of 2048 x 2048; and BLAS counts in int. */
#define WIDTH_MAX ((uint64_t)1 << 24)

static bool check_finite(const cg_array *array, const char *name,
                         host_failure *f)
{
    uint64_t width = array->shape[1];
    double *row = malloc(width * sizeof *row);
    if (row == NULL) {
        return host_fail(f, "%s: out of memory", name);
    }
    bool good = true;
    for (uint64_t i = 0; good && i < array->shape[0]; i++) {
        host_rows_f64(array, i, 1, row);
        double sum = 0; /* x * 0 is NaN where x is not finite */
        for (uint64_t k = 0; k < width; k++) {
            sum += row[k] * 0;
        }
        good = !isnan(sum) ||
               host_fail(f,
                         "%s: row %" PRIu64 " holds NaN or infinity; wanted "
                         "finite features, got others; make them again",
                         name, i);
    }
    free(row);
    return good;
}

bool evaluate_check_features(const cg_array *array, uint64_t least,
                             const char *name, host_failure *f)
{
    if (array->rank != 2 || array->dtype > CG_BF16 || array->shape[1] == 0 ||
        array->shape[1] > WIDTH_MAX) {
        return host_fail(f,
                         "%s: no features; wanted floats of two axes, images "
                         "and 1 to %" PRIu64
                         " features of each, got %d axes%s",
                         name, WIDTH_MAX, array->rank,
                         array->dtype > CG_BF16 ? " of whole numbers" : "");
    }
    if (array->shape[0] < least) {
        return host_fail(f,
                         "%s: too few rows; wanted at least %" PRIu64
                         ", got %" PRIu64 "; give features of more images",
                         name, least, array->shape[0]);
    }
    return check_finite(array, name, f);
}

evaluate_selection evaluate_select_all(const cg_array *features)
{
    return (evaluate_selection){features, NULL, features->shape[0]};
}

uint64_t evaluate_width(const evaluate_selection *rows)
{
    return rows->features->shape[1];
}

void evaluate_read(const evaluate_selection *rows, uint64_t first,
                   uint64_t count, double *out)
{
    if (rows->index == NULL) {
        host_rows_f64(rows->features, first, count, out);
        return;
    }
    for (uint64_t i = 0; i < count; i++) {
        host_rows_f64(rows->features, rows->index[first + i], 1,
                      out + i * evaluate_width(rows));
    }
}

/* In eight sums side by side, which vector units like and long rows too:
 * the rounding errors of each are those of an eighth [HIGHAM]. */
double evaluate_square(const double *row, uint64_t width)
{
    double sum[8] = {0};
    for (uint64_t k = 0; k < width; k++) {
        sum[k % 8] += row[k] * row[k];
    }
    return ((sum[0] + sum[1]) + (sum[2] + sum[3])) +
           ((sum[4] + sum[5]) + (sum[6] + sum[7]));
}

/* 0 .. total - 1. */
static uint64_t draw_below(uint32_t seed, uint32_t draw, uint64_t element,
                           uint64_t total)
{
    uint32_t word[4];
    cedm_philox_words(seed, element, draw, word);
    uint64_t bits = ((uint64_t)word[1] << 32 | word[0]) >> 11;
    return (uint64_t)((double)bits * 0x1p-53 * (double)total);
}

void evaluate_choose(uint32_t seed, uint32_t draw, uint64_t total,
                     uint64_t count, uint64_t *index)
{
    for (uint64_t i = 0; i < total; i++) {
        index[i] = i;
    }
    for (uint64_t i = 0; i < count; i++) {
        uint64_t other = i + draw_below(seed, draw, i, total - i);
        uint64_t chosen = index[other];
        index[other] = index[i];
        index[i] = chosen;
    }
}
