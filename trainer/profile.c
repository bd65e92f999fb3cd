/* SPDX-License-Identifier: MIT
 *
 * profile.c - inner products of power functions, and the normal equations of
 * their least squares, appendix C of [EDM2]. */
#include "trainer/profile.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

static double width_of(double g)
{
    return sqrt((g + 1.0) / (g + 3.0)) / (g + 2.0);
}

/* The width falls as the exponent grows, and is below 1 / (g + 2). */
double train_profile_exponent(double sigma_rel)
{
    double low = 0.0, high = 1.0 / sigma_rel;

    for (int i = 0; i < 80; i++) {
        double middle = 0.5 * (low + high);

        if (width_of(middle) > sigma_rel) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return 0.5 * (low + high);
}

double train_profile_share(double exponent, uint64_t t)
{
    return -expm1((exponent + 1.0) * log1p(-1.0 / (double)t));
}

/* (ga+1)(gb+1) / (ta^(ga+1) tb^(gb+1)) times the integral of s^(ga+gb) up to
 * the earlier time, written so that no power overflows. */
double train_profile_product(const train_profile *a, const train_profile *b)
{
    const train_profile *late = a->time > b->time ? a : b;
    double early = a->time > b->time ? b->time : a->time;

    return (a->exponent + 1.0) * (b->exponent + 1.0) /
           (a->exponent + b->exponent + 1.0) *
           pow(early / late->time, late->exponent) / late->time;
}

/* ---- Cholesky's factor, with pivots ------------------------------------- */

/* A symmetric matrix [n][n], all of it held; row i was order[i]. */
typedef struct matrix {
    double *at;
    uint32_t n, rank;
    uint32_t *order;
} matrix;

static double *entry(const matrix *m, uint32_t row, uint32_t column)
{
    return &m->at[(size_t)row * m->n + column];
}

static void swap(double *a, double *b)
{
    double kept = *a;

    *a = *b;
    *b = kept;
}

static void exchange(matrix *m, uint32_t i, uint32_t k)
{
    uint32_t kept = m->order[i];

    m->order[i] = m->order[k];
    m->order[k] = kept;
    for (uint32_t j = 0; j < m->n; j++) {
        swap(entry(m, i, j), entry(m, k, j));
    }
    for (uint32_t j = 0; j < m->n; j++) {
        swap(entry(m, j, i), entry(m, j, k));
    }
}

static uint32_t largest_from(const matrix *m, uint32_t k)
{
    uint32_t best = k;

    for (uint32_t i = k + 1; i < m->n; i++) {
        best = *entry(m, i, i) > *entry(m, best, best) ? i : best;
    }
    return best;
}

static void eliminate(matrix *m, uint32_t k)
{
    double root = sqrt(*entry(m, k, k));

    *entry(m, k, k) = root;
    for (uint32_t i = k + 1; i < m->n; i++) {
        *entry(m, i, k) /= root;
    }
    for (uint32_t i = k + 1; i < m->n; i++) {
        for (uint32_t j = k + 1; j < m->n; j++) {
            *entry(m, i, j) -= *entry(m, i, k) * *entry(m, j, k);
        }
    }
}

/* The diagonal was 1: what is left of it below n eps is rounding. */
static void factorise(matrix *m)
{
    for (m->rank = 0; m->rank < m->n; m->rank++) {
        uint32_t pivot = largest_from(m, m->rank);

        if (*entry(m, pivot, pivot) <= m->n * DBL_EPSILON) {
            return;
        }
        exchange(m, m->rank, pivot);
        eliminate(m, m->rank);
    }
}

/* L L^T x = b in place; beyond the rank x is 0. */
static void substitute(const matrix *m, double *x)
{
    for (uint32_t i = 0; i < m->rank; i++) {
        for (uint32_t j = 0; j < i; j++) {
            x[i] -= *entry(m, i, j) * x[j];
        }
        x[i] /= *entry(m, i, i);
    }
    for (uint32_t i = m->rank; i-- > 0;) {
        for (uint32_t j = i + 1; j < m->rank; j++) {
            x[i] -= *entry(m, j, i) * x[j];
        }
        x[i] /= *entry(m, i, i);
    }
    for (uint32_t i = m->rank; i < m->n; i++) {
        x[i] = 0.0;
    }
}

/* ---- the combination ---------------------------------------------------- */

/* One over the norm: profiles of unit norm differ less in scale. */
static double scale_of(const train_profile *p)
{
    return 1.0 / sqrt(train_profile_product(p, p));
}

static void fill(matrix *m, const train_profile *stored)
{
    for (uint32_t i = 0; i < m->n; i++) {
        m->order[i] = i;
        for (uint32_t j = 0; j < m->n; j++) {
            *entry(m, i, j) = train_profile_product(&stored[i], &stored[j]) *
                              scale_of(&stored[i]) * scale_of(&stored[j]);
        }
    }
}

static void solve(matrix *m, const train_profile *stored,
                  const train_profile *wanted, double *x, double *weights)
{
    fill(m, stored);
    factorise(m);
    for (uint32_t i = 0; i < m->n; i++) {
        const train_profile *p = &stored[m->order[i]];

        x[i] = train_profile_product(p, wanted) * scale_of(p);
    }
    substitute(m, x);
    for (uint32_t i = 0; i < m->n; i++) {
        weights[m->order[i]] = x[i] * scale_of(&stored[m->order[i]]);
    }
}

/* A profile among those stored needs no arithmetic. */
static bool find_stored(const train_profile *stored, uint32_t count,
                        const train_profile *wanted, double *weights)
{
    bool found = false;

    for (uint32_t i = 0; i < count; i++) {
        bool same = !found && stored[i].time == wanted->time &&
                    stored[i].exponent == wanted->exponent;

        weights[i] = same ? 1.0 : 0.0;
        found = found || same;
    }
    return found;
}

bool train_profile_combine(const train_profile *stored, uint32_t count,
                           const train_profile *wanted, double *weights)
{
    matrix m = {.n = count};
    double *x;
    bool good;

    if (find_stored(stored, count, wanted, weights)) {
        return true;
    }
    m.at = malloc((size_t)count * count * sizeof *m.at);
    m.order = malloc(count * sizeof *m.order);
    x = malloc(count * sizeof *x);
    good = m.at != NULL && m.order != NULL && x != NULL;
    if (good) {
        solve(&m, stored, wanted, x, weights);
    }
    free(m.at);
    free(m.order);
    free(x);
    return good;
}
