/* SPDX-License-Identifier: MIT
 *
 * expected_information.c - a sum over the hypergeometric distribution of
 * every pair of sizes. */
#include "cluster/expected_information.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A size and how many parts have it. */
typedef struct size_run {
    uint64_t size, parts;
} size_run;

static int by_size(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* The different sizes, ascending; their number in *count.  To be freed. */
static size_run *runs_of(const uint64_t *rows, uint32_t parts,
                         uint32_t *count)
{
    uint64_t *sorted = malloc(parts * sizeof *sorted);
    size_run *runs = malloc(parts * sizeof *runs);

    *count = 0;
    if (sorted != NULL && runs != NULL) {
        memcpy(sorted, rows, parts * sizeof *sorted);
        qsort(sorted, parts, sizeof *sorted, by_size);
        for (uint32_t i = 0; i < parts; i++) {
            if (i == 0 || sorted[i] != sorted[i - 1]) {
                runs[(*count)++] = (size_run){sorted[i], 0};
            }
            runs[*count - 1].parts++;
        }
    }
    free(sorted);
    return runs;
}

/* Of a cluster of `a` rows and a class of `b` among n, over the rows that
 * they may share; log_factorial [n + 1]. */
static double of_sizes(uint64_t a, uint64_t b, uint64_t n,
                       const double *log_factorial)
{
    const double *l = log_factorial;
    const double fixed = l[a] + l[b] + l[n - a] + l[n - b] - l[n];
    const double offset = log((double)n) - log((double)a) - log((double)b);
    const uint64_t most = a < b ? a : b;
    double sum = 0.0;

    for (uint64_t s = a + b > n ? a + b - n : 1; s <= most; s++) {
        const double log_chance =
            fixed - l[s] - l[a - s] - l[b - s] - l[n + s - a - b];

        sum += (double)s / (double)n * (offset + log((double)s)) *
               exp(log_chance);
    }
    return sum;
}

bool cluster_expected_information(const cluster_contingency *c,
                                  double *expected)
{
    const uint64_t n = c->rows;
    uint32_t clusters, labels;
    double *log_factorial = malloc((n + 1) * sizeof *log_factorial);
    size_run *a = runs_of(c->cluster_rows, c->clusters, &clusters);
    size_run *b = runs_of(c->label_rows, c->labels, &labels);
    const bool good = log_factorial != NULL && clusters > 0 && labels > 0;

    for (uint64_t i = 0; good && i <= n; i++) {
        log_factorial[i] = lgamma((double)i + 1.0);
    }
    *expected = 0.0;
    for (uint32_t i = 0; good && i < clusters; i++) {
        for (uint32_t j = 0; j < labels; j++) {
            *expected += (double)a[i].parts * (double)b[j].parts *
                         of_sizes(a[i].size, b[j].size, n, log_factorial);
        }
    }
    free(log_factorial);
    free(a);
    free(b);
    return good;
}
