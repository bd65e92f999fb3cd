/* SPDX-License-Identifier: MIT
 *
 * kernels_test.c - the kernels of heads against formulas in double precision,
 * and that those of instruction sets agree. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/cluster/numbers.h"

#define N 4096u

static void near_to(const char *name, const char *what, size_t i, float got,
                    double wanted, double tolerance)
{
    if (!(fabs((double)got - wanted) <= tolerance)) {
        fail_msg("%s: %s[%zu]: got %.9g, wanted %.9g", name, what, i,
                 (double)got, wanted);
    }
}

static void test_gelu(void **state)
{
    const cluster_kernels *kernels[NUMBERS_KERNELS_MAX];
    const uint32_t count = numbers_kernels(kernels);
    static float u[N], out[N], grad[N];

    (void)state;
    for (uint32_t i = 0; i < N; i++) {
        u[i] = (float)(((double)i - N / 2) / (N / 2) * 12.0);
    }
    for (uint32_t n = 0; n < count; n++) {
        for (uint32_t i = 0; i < N; i++) {
            grad[i] = -2.0f;
        }
        kernels[n]->gelu(u, out, N);
        kernels[n]->gelu_grad(u, grad, N);
        for (uint32_t i = 0; i < N; i++) {
            const double x = (double)u[i];
            const double below = 0.5 * erfc(-x * sqrt(0.5));
            const double bell = exp(-0.5 * x * x) / sqrt(2.0 * acos(-1.0));

            /* beside the promised error, the result's own rounding */
            near_to(kernels[n]->name, "gelu", i, out[i], x * below,
                    5e-7 + fabs(x) * (double)FLT_EPSILON);
            near_to(kernels[n]->name, "gelu'", i, grad[i],
                    -2.0 * (below + x * bell), 2e-6);
        }
    }
}

/* ---- probabilities ------------------------------------------------------ */

#define CLASSES 37u
#define PANELS 3u
#define PADDED (PANELS * CLUSTER_PANEL)

typedef struct twin {
    double q[CLASSES], log_q[CLASSES];
} twin;

static twin twin_softmax(const float *logits, double scale)
{
    twin t;
    double sum = 0.0, most = -HUGE_VAL;

    for (uint32_t c = 0; c < CLASSES; c++) {
        most = fmax(most, (double)logits[c]);
    }
    for (uint32_t c = 0; c < CLASSES; c++) {
        sum += exp(((double)logits[c] - most) * scale);
    }
    for (uint32_t c = 0; c < CLASSES; c++) {
        t.log_q[c] = ((double)logits[c] - most) * scale - log(sum);
        t.q[c] = exp(t.log_q[c]);
    }
    return t;
}

static void fill_logits(float *logits, uint32_t seed)
{
    numbers_fill(logits, PADDED, seed);
    for (uint32_t c = CLASSES; c < PADDED; c++) {
        logits[c] = -INFINITY;
    }
}

/* Logits up to 1 times 10: their rounding and that of the exponential. */
static void test_softmax(void **state)
{
    const cluster_kernels *kernels[NUMBERS_KERNELS_MAX];
    const uint32_t count = numbers_kernels(kernels);
    float logits[PADDED], q[PADDED], log_q[PADDED];

    (void)state;
    for (uint32_t n = 0; n < count; n++) {
        fill_logits(logits, n);
        const twin t = twin_softmax(logits, 10.0);

        kernels[n]->softmax(logits, 10.0f, PANELS, q, log_q);
        for (uint32_t c = 0; c < PADDED; c++) {
            if (c >= CLASSES) {
                assert_true(q[c] == 0.0f && log_q[c] == -INFINITY);
                continue;
            }
            near_to(kernels[n]->name, "log q", c, log_q[c], t.log_q[c],
                    24.0 * (double)FLT_EPSILON);
            near_to(kernels[n]->name, "q", c, q[c], t.q[c],
                    t.q[c] * 32.0 * (double)FLT_EPSILON);
        }
    }
}

static void test_mutual(void **state)
{
    const cluster_kernels *kernels[NUMBERS_KERNELS_MAX];
    const uint32_t count = numbers_kernels(kernels);
    float a[PADDED], b[PADDED], qa[PADDED], qb[PADDED], la[PADDED],
        lb[PADDED], inverse[PADDED] = {0}, r[PADDED];

    (void)state;
    fill_logits(a, 1);
    fill_logits(b, 2);
    const twin ta = twin_softmax(a, 10.0), tb = twin_softmax(b, 10.0);
    double wanted[CLASSES], sum = 0.0, overlap = 0.0;

    for (uint32_t c = 0; c < CLASSES; c++) {
        inverse[c] = (float)(20.0 + 40.0 * numbers_uniform(3, c));
        wanted[c] = pow(ta.q[c] * tb.q[c], 0.6) * (double)inverse[c];
        sum += wanted[c];
        overlap += ta.q[c] * tb.q[c];
    }
    for (uint32_t n = 0; n < count; n++) {
        kernels[n]->softmax(a, 10.0f, PANELS, qa, la);
        kernels[n]->softmax(b, 10.0f, PANELS, qb, lb);
        const float got =
            kernels[n]->mutual(la, lb, 0.6f, inverse, PANELS, r);

        near_to(kernels[n]->name, "sum", 0, got, sum,
                sum * 64.0 * (double)FLT_EPSILON);
        near_to(kernels[n]->name, "overlap", 0,
                kernels[n]->overlap(qa, qb, PANELS), overlap,
                overlap * 64.0 * (double)FLT_EPSILON);
        for (uint32_t c = 0; c < PADDED; c++) {
            near_to(
                kernels[n]->name, "r", c, r[c], c < CLASSES ? wanted[c] : 0.0,
                c < CLASSES ? wanted[c] * 64.0 * (double)FLT_EPSILON : 0.0);
        }
    }
}

/* ---- updates ------------------------------------------------------------ */

static void test_adam(void **state)
{
    const cluster_kernels *kernels[NUMBERS_KERNELS_MAX];
    const uint32_t count = numbers_kernels(kernels);

    (void)state;
    for (uint32_t n = 0; n < count; n++) {
        float g[48], p[48], m[48] = {0}, v[48] = {0}, e[48];
        double tp[48], tm[48] = {0}, tv[48] = {0}, te[48];

        numbers_fill(p, 48, 1);
        for (uint32_t i = 0; i < 48; i++) {
            tp[i] = te[i] = (double)(e[i] = p[i]);
        }
        for (uint32_t t = 1; t <= 20; t++) {
            const double lr = 0.01 * t, decay = 0.1;
            const cluster_adam update = {
                .step = (float)(lr / (1.0 - pow(0.9, t))),
                .inverse = (float)(1.0 / sqrt(1.0 - pow(0.999, t))),
                .keep = (float)(1.0 - lr * decay),
                .average = 0.7f,
            };

            numbers_fill(g, 48, 10 + t);
            kernels[n]->adam(&update, g, p, m, v, e, 48);
            for (uint32_t i = 0; i < 48; i++) {
                const double d = (double)g[i];

                tm[i] = 0.9 * tm[i] + 0.1 * d;
                tv[i] = 0.999 * tv[i] + 0.001 * d * d;
                tp[i] -= lr * decay * tp[i];
                tp[i] -= lr / (1.0 - pow(0.9, t)) * tm[i] /
                         (sqrt(tv[i] / (1.0 - pow(0.999, t))) + 1e-8);
                te[i] = 0.7 * te[i] + 0.3 * tp[i];
            }
        }
        for (uint32_t i = 0; i < 48; i++) {
            /* twenty updates of 0.2 at most, each rounded a few times */
            near_to(kernels[n]->name, "parameter", i, p[i], tp[i], 1e-5);
            near_to(kernels[n]->name, "average", i, e[i], te[i], 1e-5);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gelu),
        cmocka_unit_test(test_softmax),
        cmocka_unit_test(test_mutual),
        cmocka_unit_test(test_adam),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
