/* SPDX-License-Identifier: MIT
 *
 * temi_twin.c - TEMI in double precision, written from its formulas. */
#include "tests/cluster/temi_twin.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static double *doubles(size_t n)
{
    double *p = calloc(n, sizeof *p);

    assert_non_null(p);
    return p;
}

/* ---- losses ------------------------------------------------------------- */

static void softmax(const double *logits, uint32_t n, double temperature,
                    double *q)
{
    double sum = 0.0, most = -HUGE_VAL;

    for (uint32_t c = 0; c < n; c++) {
        most = fmax(most, logits[c]);
    }
    for (uint32_t c = 0; c < n; c++) {
        sum += q[c] = exp((logits[c] - most) / temperature);
    }
    for (uint32_t c = 0; c < n; c++) {
        q[c] /= sum;
    }
}

static double dot(const double *a, const double *b, size_t n)
{
    double sum = 0.0;

    for (size_t i = 0; i < n; i++) {
        sum += a[i] * b[i];
    }
    return sum;
}

static void update_marginal(double *p, const double *q_t, uint32_t rows,
                            uint32_t C)
{
    for (uint32_t c = 0; c < C; c++) {
        double sum = 0.0;

        for (uint32_t r = 0; r < rows; r++) {
            sum += q_t[r * C + c];
        }
        p[c] = 0.9 * p[c] + 0.1 * sum / rows;
    }
}

/* -w ln S of a row and its derivative by the row's logits, times `share`. */
static double row_loss(const twin_batch *b, const double *q_s,
                       const double *q_t, const double *p, double w,
                       double share, double *grad)
{
    const double beta = b->loss == TWIN_SCAN ? 1.0 : b->beta;
    double S = 0.0;

    for (uint32_t c = 0; c < b->C; c++) {
        const double over = b->loss == TWIN_SCAN ? 1.0 : p[c];

        S += pow(q_s[c] * q_t[c], beta) / over;
    }
    if (b->positive && log(S) < 0.0) {
        return 0.0;
    }
    for (uint32_t c = 0; grad != NULL && c < b->C; c++) {
        const double over = b->loss == TWIN_SCAN ? 1.0 : p[c];
        const double r = pow(q_s[c] * q_t[c], beta) / over;

        grad[c] -= share * beta * w / b->temperature * (r / S - q_s[c]);
    }
    return -w * log(S);
}

/* 5 sum m ln m of a view, m the mean of q, and its derivative times share. */
static double entropy(const twin_batch *b, const double *q, double share,
                      double *grad)
{
    double *m = doubles(b->C), sum = 0.0;

    for (uint32_t r = 0; r < b->B; r++) {
        for (uint32_t c = 0; c < b->C; c++) {
            m[c] += q[r * b->C + c] / b->B;
        }
    }
    for (uint32_t c = 0; c < b->C; c++) {
        sum += m[c] * log(m[c]);
    }
    for (uint32_t r = 0; grad != NULL && r < b->B; r++) {
        const double *row = q + r * b->C;
        double mean = 0.0;

        for (uint32_t c = 0; c < b->C; c++) {
            mean += row[c] * (1.0 + log(m[c]));
        }
        for (uint32_t c = 0; c < b->C; c++) {
            grad[r * b->C + c] += share * 5.0 / b->temperature / b->B *
                                  row[c] * (1.0 + log(m[c]) - mean);
        }
    }
    free(m);
    return 5.0 * sum;
}

static double head_loss(const twin_batch *b, const double *q_s,
                        const double *q_t, const double *p,
                        const double *weights, double *grad)
{
    const uint32_t C = b->C, B = b->B;
    double sum = 0.0;

    for (uint32_t r = 0; r < 2 * B; r++) {
        const uint32_t pair = r % B, other = (r + B) % (2 * B);
        double w = b->loss == TWIN_TEMI ? weights[pair] : 1.0;

        if (b->loss == TWIN_WMI) {
            w = dot(q_t + pair * C, q_t + (pair + B) * C, C);
        }
        sum += row_loss(b, q_s + r * C, q_t + other * C, p, w,
                        1.0 / (2.0 * B * b->H),
                        grad != NULL ? grad + r * C : NULL);
    }
    sum /= 2.0 * B;
    for (uint32_t view = 0; b->loss == TWIN_SCAN && view < 2; view++) {
        sum += 0.5 * entropy(b, q_s + view * B * C, 0.5 / b->H,
                             grad != NULL ? grad + view * B * C : NULL);
    }
    return sum;
}

void twin_losses(twin_batch *b)
{
    const size_t head = 2 * (size_t)b->B * b->C;
    double *q_s = doubles(b->H * head), *q_t = doubles(b->H * head);
    double *weights = doubles(b->B);

    for (uint32_t r = 0; r < b->H * 2 * b->B; r++) {
        softmax(b->student + r * b->C, b->C, b->temperature, q_s + r * b->C);
        softmax(b->teacher + r * b->C, b->C, b->temperature, q_t + r * b->C);
    }
    for (uint32_t i = 0; i < b->H; i++) {
        update_marginal(b->marginal + i * b->C, q_t + i * head, 2 * b->B,
                        b->C);
        for (uint32_t r = 0; r < b->B; r++) {
            weights[r] += dot(q_t + i * head + r * b->C,
                              q_t + i * head + (r + b->B) * b->C, b->C) /
                          b->H;
        }
    }
    if (b->grad != NULL) {
        memset(b->grad, 0, b->H * head * sizeof *b->grad);
    }
    for (uint32_t i = 0; i < b->H; i++) {
        b->losses[i] = head_loss(b, q_s + i * head, q_t + i * head,
                                 b->marginal + i * b->C, weights,
                                 b->grad != NULL ? b->grad + i * head : NULL);
    }
    if (b->weights != NULL) {
        memcpy(b->weights, weights, b->B * sizeof *weights);
    }
    free(q_s);
    free(q_t);
    free(weights);
}

/* ---- heads -------------------------------------------------------------- */

twin_places twin_places_of(twin_shape s)
{
    const size_t sizes[TWIN_TENSORS] = {
        (size_t)s.hidden * s.width,        s.hidden,
        (size_t)s.bottleneck * s.hidden,   s.bottleneck,
        (size_t)s.clusters * s.bottleneck, s.clusters,
    };
    twin_places p = {{0}};

    for (uint32_t i = 0; i < TWIN_TENSORS; i++) {
        p.at[i + 1] = p.at[i] + sizes[i];
    }
    return p;
}

/* What a row passes through. */
typedef struct row_states {
    double *u, *a, *z, *n;
    double length;
} row_states;

static double below(double u)
{
    return 0.5 * erfc(-u * sqrt(0.5));
}

static void through(twin_shape s, const double *head, const double *x,
                    row_states *r)
{
    const twin_places p = twin_places_of(s);

    for (uint32_t i = 0; i < s.hidden; i++) {
        r->u[i] =
            head[p.at[TWIN_B1] + i] + dot(head + i * s.width, x, s.width);
        r->a[i] = r->u[i] * below(r->u[i]);
    }
    for (uint32_t i = 0; i < s.bottleneck; i++) {
        r->z[i] = head[p.at[TWIN_B2] + i] +
                  dot(head + p.at[TWIN_W2] + i * s.hidden, r->a, s.hidden);
    }
    r->length = sqrt(dot(r->z, r->z, s.bottleneck));
    for (uint32_t i = 0; i < s.bottleneck; i++) {
        r->n[i] = r->z[i] / r->length;
    }
}

static row_states states_of(twin_shape s)
{
    return (row_states){doubles(s.hidden), doubles(s.hidden),
                        doubles(s.bottleneck), doubles(s.bottleneck), 0.0};
}

static void drop(row_states *r)
{
    free(r->u);
    free(r->a);
    free(r->z);
    free(r->n);
}

void twin_forward(twin_shape s, const double *head, const double *x,
                  size_t rows, double *logits)
{
    const twin_places p = twin_places_of(s);
    row_states r = states_of(s);

    for (size_t row = 0; row < rows; row++) {
        through(s, head, x + row * s.width, &r);
        for (uint32_t c = 0; c < s.clusters; c++) {
            const double *v = head + p.at[TWIN_V] + c * s.bottleneck;

            logits[row * s.clusters + c] = head[p.at[TWIN_G] + c] *
                                           dot(v, r.n, s.bottleneck) /
                                           sqrt(dot(v, v, s.bottleneck));
        }
    }
    drop(&r);
}

/* From d = dL/dlogits of a row to dn, dV and dg. */
static void back_last(twin_shape s, const double *head, const row_states *r,
                      const double *d, double *dn, double *grad)
{
    const twin_places p = twin_places_of(s);

    memset(dn, 0, s.bottleneck * sizeof *dn);
    for (uint32_t c = 0; c < s.clusters; c++) {
        const double *v = head + p.at[TWIN_V] + c * s.bottleneck;
        const double g = head[p.at[TWIN_G] + c];
        const double size = sqrt(dot(v, v, s.bottleneck));
        const double cosine = dot(v, r->n, s.bottleneck) / size;

        grad[p.at[TWIN_G] + c] += d[c] * cosine;
        for (uint32_t i = 0; i < s.bottleneck; i++) {
            dn[i] += d[c] * g * v[i] / size;
            grad[p.at[TWIN_V] + c * s.bottleneck + i] +=
                d[c] * g / size * (r->n[i] - v[i] / size * cosine);
        }
    }
}

/* From dz to the gradients of the two layers. */
static void back_layers(twin_shape s, const double *head, const double *x,
                        const row_states *r, const double *dz, double *grad)
{
    const twin_places p = twin_places_of(s);
    const double root = sqrt(2.0 * acos(-1.0));

    for (uint32_t i = 0; i < s.bottleneck; i++) {
        grad[p.at[TWIN_B2] + i] += dz[i];
        for (uint32_t k = 0; k < s.hidden; k++) {
            grad[p.at[TWIN_W2] + i * s.hidden + k] += dz[i] * r->a[k];
        }
    }
    for (uint32_t k = 0; k < s.hidden; k++) {
        const double u = r->u[k];
        double da = 0.0;

        for (uint32_t i = 0; i < s.bottleneck; i++) {
            da += dz[i] * head[p.at[TWIN_W2] + i * s.hidden + k];
        }
        da *= below(u) + u * exp(-0.5 * u * u) / root;
        grad[p.at[TWIN_B1] + k] += da;
        for (uint32_t i = 0; i < s.width; i++) {
            grad[p.at[TWIN_W1] + k * s.width + i] += da * x[i];
        }
    }
}

void twin_backward(twin_shape s, const double *head, const double *x,
                   size_t rows, const double *d_logits, double *grad)
{
    row_states r = states_of(s);
    double *dn = doubles(s.bottleneck);

    memset(grad, 0, twin_places_of(s).at[TWIN_TENSORS] * sizeof *grad);
    for (size_t row = 0; row < rows; row++) {
        through(s, head, x + row * s.width, &r);
        back_last(s, head, &r, d_logits + row * s.clusters, dn, grad);
        const double along = dot(r.n, dn, s.bottleneck);

        for (uint32_t i = 0; i < s.bottleneck; i++) {
            dn[i] = (dn[i] - r.n[i] * along) / r.length;
        }
        back_layers(s, head, x + row * s.width, &r, dn, grad);
    }
    free(dn);
    drop(&r);
}

void twin_adam(double *p, double *m, double *v, double grad, double rate,
               double decay, uint32_t t)
{
    *p -= rate * decay * *p;
    *m = 0.9 * *m + 0.1 * grad;
    *v = 0.999 * *v + 0.001 * grad * grad;
    *p -= rate / (1.0 - pow(0.9, t)) * *m /
          (sqrt(*v) / sqrt(1.0 - pow(0.999, t)) + 1e-8);
}
