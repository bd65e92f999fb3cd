/* SPDX-License-Identifier: MIT
 *
 * feature_rows.c - reading rows, and what is known of all of them. */
#include "cluster/feature_rows.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "cluster/panels.h"
#include "cluster/shares.h"
#include "host/execution/agreement.h"

/* Columns of a task that goes down all rows: whole cache lines. */
#define COLUMNS 64u

/* Elements that are fetched ahead, which mostly are the next rows': 4 KiB, as
 * no hardware looks beyond a page. */
#define AHEAD 1024u

/* With rows of 2^20 such numbers squares stay below 2^120. */
#define LARGEST 0x1p50f

/* (x factor - shift) scale; inlined for sixteen elements, of which compilers
 * take some at a time. */
static inline void transform(const float *restrict x, float factor,
                             const float *restrict shift,
                             const float *restrict scale, uint32_t n,
                             float *restrict out)
{
    for (uint32_t i = 0; i < n; i++) {
        out[i] = x[i] * factor;
    }
    for (uint32_t i = 0; shift != NULL && i < n; i++) {
        out[i] -= shift[i];
    }
    for (uint32_t i = 0; scale != NULL && i < n; i++) {
        out[i] *= scale[i];
    }
}

void cluster_row_part(const cluster_rows *rows, uint64_t row, uint32_t first,
                      uint32_t n, float *out)
{
    const float *x = rows->values + row * rows->width + first;
    const float factor = rows->factor != NULL ? rows->factor[row] : 1.0f;
    const float *shift = rows->shift, *scale = rows->scale;
    uint32_t i = 0;

    shift = shift != NULL ? shift + first : NULL;
    scale = scale != NULL ? scale + first : NULL;
    for (; i + CLUSTER_PANEL <= n; i += CLUSTER_PANEL) {
        __builtin_prefetch(x + i + AHEAD);
        transform(x + i, factor, shift != NULL ? shift + i : NULL,
                  scale != NULL ? scale + i : NULL, CLUSTER_PANEL, out + i);
    }
    transform(x + i, factor, shift != NULL ? shift + i : NULL,
              scale != NULL ? scale + i : NULL, n - i, out + i);
}

void cluster_rows_load(const cluster_rows *rows, uint64_t first, uint32_t n,
                       float *out)
{
    for (uint32_t i = 0; i < n; i++, out += rows->width) {
        cluster_row_part(rows, first + i, 0, rows->width, out);
    }
}

/* ---- finite? ------------------------------------------------------------ */

typedef struct check {
    const cluster_rows *rows;
    uint64_t *bad; /* [blocks]: the first bad element, or UINT64_MAX */
} check;

static void check_task(void *arg, uint32_t index, uint32_t worker)
{
    const check *c = arg;
    const uint64_t width = c->rows->width;
    const uint64_t first = (uint64_t)index * CLUSTER_BLOCK * width;
    const uint64_t n = cluster_block_rows(c->rows->count, index) * width;
    const float *x = c->rows->values + first;

    (void)worker;
    c->bad[index] = UINT64_MAX;
    for (uint64_t i = 0; i < n; i++) {
        if (!(fabsf(x[i]) < LARGEST)) {
            c->bad[index] = first + i;
            return;
        }
    }
}

bool cluster_rows_check(const cluster_rows *rows, const cluster_workers *w,
                        const char *name, host_failure *f)
{
    const uint32_t blocks = cluster_blocks(rows->count);
    check c = {rows, malloc(blocks * sizeof *c.bad)};
    uint64_t bad = UINT64_MAX;

    if (!host_agree(c.bad != NULL || host_fail(f, "%s: out of memory", name),
                    f)) {
        free(c.bad);
        return false;
    }
    cluster_run_mine(w, check_task, &c, blocks, 1);
    cluster_gather(c.bad, sizeof *c.bad, blocks, 1);
    for (uint32_t i = 0; i < blocks && bad == UINT64_MAX; i++) {
        bad = c.bad[i];
    }
    free(c.bad);
    return bad == UINT64_MAX ||
           host_fail(f,
                     "%s: element [%" PRIu64 "][%" PRIu64 "] is %g; wanted "
                     "finite numbers below 2^50 in size; look at what made "
                     "the features",
                     name, bad / rows->width, bad % rows->width,
                     (double)rows->values[bad]);
}

/* ---- moments ------------------------------------------------------------ */

typedef struct moments {
    const cluster_rows *rows;
    double *mean, *variance;
} moments;

/* Adds x, or the square of its distance from `about`, of some columns of all
 * rows to sum. */
static void add_columns(const cluster_rows *rows, uint32_t first, uint32_t n,
                        const double *about, double *sum)
{
    for (uint64_t row = 0; row < rows->count; row++) {
        float x[COLUMNS];

        cluster_row_part(rows, row, first, n, x);
        for (uint32_t i = 0; i < n; i++) {
            const double value = (double)x[i] - (about ? about[i] : 0.0);

            sum[i] += about ? value * value : value;
        }
    }
}

static void moments_task(void *arg, uint32_t index, uint32_t worker)
{
    const moments *m = arg;
    const cluster_rows *rows = m->rows;
    const uint32_t first = index * COLUMNS, left = rows->width - first;
    const uint32_t n = left < COLUMNS ? left : COLUMNS;
    double mean[COLUMNS] = {0}, squares[COLUMNS] = {0};

    (void)worker;
    add_columns(rows, first, n, NULL, mean);
    for (uint32_t i = 0; i < n; i++) {
        mean[i] /= (double)rows->count;
        if (m->mean != NULL) {
            m->mean[first + i] = mean[i];
        }
    }
    if (m->variance != NULL) {
        add_columns(rows, first, n, mean, squares);
        for (uint32_t i = 0; i < n; i++) {
            m->variance[first + i] = squares[i] / (double)rows->count;
        }
    }
}

void cluster_rows_moments(const cluster_rows *rows, const cluster_workers *w,
                          double *mean, double *variance)
{
    moments m = {rows, mean, variance};

    cluster_run_mine(w, moments_task, &m,
                     (rows->width + COLUMNS - 1) / COLUMNS, 1);
    if (mean != NULL) {
        cluster_gather(mean, sizeof *mean, rows->width, COLUMNS);
    }
    if (variance != NULL) {
        cluster_gather(variance, sizeof *variance, rows->width, COLUMNS);
    }
}

/* ---- sizes -------------------------------------------------------------- */

typedef struct squares {
    const cluster_rows *rows;
    const cluster_kernels *kernels;
    float *scratch, *out;
} squares;

static void squares_task(void *arg, uint32_t index, uint32_t worker)
{
    const squares *s = arg;
    const uint32_t width = s->rows->width;
    float *x = s->scratch + (size_t)worker * 2 * CLUSTER_PANEL * width;
    float *panel = x + (size_t)CLUSTER_PANEL * width, sums[CLUSTER_PANEL];
    const uint64_t first = (uint64_t)index * CLUSTER_BLOCK;
    const uint32_t rows = cluster_block_rows(s->rows->count, index);

    for (uint32_t i = 0; i < rows; i += CLUSTER_PANEL) {
        const uint32_t left = rows - i;
        const uint32_t n = left < CLUSTER_PANEL ? left : CLUSTER_PANEL;

        cluster_rows_load(s->rows, first + i, n, x);
        cluster_pack(panel, x, width, n, width);
        s->kernels->squares(panel, width, sums);
        for (uint32_t c = 0; c < n; c++) {
            s->out[first + i + c] = sums[c];
        }
    }
}

bool cluster_rows_squares(const cluster_rows *rows, const cluster_workers *w,
                          float *out, host_failure *f)
{
    squares s = {rows, w->kernels, NULL, out};

    s.scratch = malloc(w->count * sizeof *s.scratch * 2 * CLUSTER_PANEL *
                       rows->width);
    const bool good =
        host_agree(s.scratch != NULL ||
                       host_fail(f, "out of memory for a block of features"),
                   f);

    if (good) {
        cluster_run_mine(w, squares_task, &s, cluster_blocks(rows->count), 1);
        cluster_gather(out, sizeof *out, rows->count, CLUSTER_BLOCK);
    }
    free(s.scratch);
    return good;
}

bool cluster_rows_unit(const cluster_rows *rows, const cluster_workers *w,
                       float *factor, host_failure *f)
{
    const cluster_rows stored = {
        .values = rows->values, .count = rows->count, .width = rows->width};

    if (!cluster_rows_squares(&stored, w, factor, f)) {
        return false;
    }
    for (uint64_t i = 0; i < rows->count; i++) {
        factor[i] = 1.0f / fmaxf(sqrtf(factor[i]), 1e-12f);
    }
    return true;
}
