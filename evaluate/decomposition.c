/* SPDX-License-Identifier: MIT
 *
 * decomposition.c - eigenvalues, singular values and factors, by LAPACK.
 *
 * LAPACK's matrices are column-major.  A row-major matrix is its transpose
 * there, which has the same singular values; the lower triangle of one is
 * the upper triangle of the other, and column i is row i. */
#include "evaluate/decomposition.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <lapacke.h>

static bool check(lapack_int info, const char *what, host_failure *f)
{
    return info == 0 || host_fail(f,
                                  "the %s could not be computed; wanted 0 of "
                                  "LAPACK, got %d",
                                  what, (int)info);
}

bool evaluate_eigen(uint32_t n, double *a, double *values, bool vectors,
                    host_failure *f)
{
    char job = vectors ? 'V' : 'N';
    lapack_int order = (lapack_int)n, integers = 0, status;
    double room = 0;
    status = LAPACKE_dsyevd_work(LAPACK_COL_MAJOR, job, 'L', order, a, order,
                                 values, &room, -1, &integers, -1);
    if (!check(status, "eigenvalues", f)) {
        return false;
    }
    double *work = calloc((size_t)room, sizeof *work);
    lapack_int *iwork = calloc((size_t)integers, sizeof *iwork);
    bool good = work != NULL && iwork != NULL;
    if (good) {
        status = LAPACKE_dsyevd_work(LAPACK_COL_MAJOR, job, 'L', order, a,
                                     order, values, work, (lapack_int)room,
                                     iwork, integers);
        good = check(status, "eigenvalues", f);
    } else {
        (void)host_fail(f, "out of memory for eigenvalues");
    }
    free(work);
    free(iwork);
    return good;
}

bool evaluate_singular_values(uint64_t rows, uint64_t columns, double *a,
                              double *values, host_failure *f)
{
    lapack_int m = (lapack_int)columns, n = (lapack_int)rows, status;
    double room = 0;
    status = LAPACKE_dgesdd_work(LAPACK_COL_MAJOR, 'N', m, n, a, m, values,
                                 NULL, 1, NULL, 1, &room, -1, NULL);
    if (!check(status, "singular values", f)) {
        return false;
    }
    double *work = calloc((size_t)room, sizeof *work);
    lapack_int *iwork = calloc(8 * (size_t)(m < n ? m : n), sizeof *iwork);
    bool good = work != NULL && iwork != NULL;
    if (good) {
        status = LAPACKE_dgesdd_work(LAPACK_COL_MAJOR, 'N', m, n, a, m,
                                     values, NULL, 1, NULL, 1, work,
                                     (lapack_int)room, iwork);
        good = check(status, "singular values", f);
    } else {
        (void)host_fail(f, "out of memory for singular values");
    }
    free(work);
    free(iwork);
    return good;
}

/* Row i of the factor is column i of L, whose entry k belongs to column
 * pivots[k] - 1. */
static void restore_order(uint64_t n, double *a, const lapack_int *pivots,
                          double *row)
{
    for (uint64_t i = 0; i < n; i++) {
        memcpy(row, a + i * n, n * sizeof *row);
        memset(a + i * n, 0, n * sizeof *row);
        for (uint64_t k = i; k < n; k++) {
            a[i * n + (uint64_t)pivots[k] - 1] = row[k];
        }
    }
}

bool evaluate_cholesky(uint32_t n, double *a, bool *whole, host_failure *f)
{
    lapack_int order = (lapack_int)n, rank = 0;
    lapack_int *pivots = calloc(n, sizeof *pivots);
    double *work = calloc(2 * (size_t)n, sizeof *work), largest = 0;
    bool good = (pivots != NULL && work != NULL) ||
                host_fail(f, "out of memory for a factor");
    for (size_t i = 0; i < n; i++) {
        largest = fmax(largest, a[i * n + i]);
    }
    *whole = false;
    if (good) {
        /* what it returns says no more than the rank does */
        (void)LAPACKE_dpstrf_work(LAPACK_COL_MAJOR, 'L', order, a, order,
                                  pivots, &rank, n * DBL_EPSILON * largest,
                                  work);
        *whole = rank == order;
    }
    if (*whole) {
        restore_order(n, a, pivots, work);
    }
    free(pivots);
    free(work);
    return good;
}

/* The transpose is L Q, and row i of R is column i of L. */
bool evaluate_triangle(uint64_t rows, uint64_t width, double *a,
                       host_failure *f)
{
    lapack_int m = (lapack_int)width, n = (lapack_int)rows, status;
    double room = 0, *scales = calloc(width, sizeof *scales);
    status =
        LAPACKE_dgelqf_work(LAPACK_COL_MAJOR, m, n, a, m, scales, &room, -1);
    double *work = calloc((size_t)room + 1, sizeof *work);
    bool good = (scales != NULL && work != NULL) ||
                host_fail(f, "out of memory for a triangle");
    if (good) {
        status = LAPACKE_dgelqf_work(LAPACK_COL_MAJOR, m, n, a, m, scales,
                                     work, (lapack_int)room);
        good = check(status, "triangle", f);
    }
    for (uint64_t i = 1; good && i < width; i++) {
        memset(a + i * width, 0, i * sizeof *a);
    }
    free(scales);
    free(work);
    return good;
}
