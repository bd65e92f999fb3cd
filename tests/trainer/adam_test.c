/* SPDX-License-Identifier: MIT
 *
 * adam_test.c - Adam, the ramps and the moving average against a twin in
 * double precision that is written from the papers' formulas. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "trainer/adam.h"
#include "trainer/purposes.h"

#define N 1000u
#define STEPS 50u
#define BATCH 128.0
#define RAMPUP 2000.0
#define HALFLIFE 300.0

static float gradient(uint32_t step, uint32_t i)
{
    host_random_key key = {
        .seed = 7, .purpose = TRAIN_DRAW_INIT, .step = step};
    double z[2];

    host_random_normal(&key, i, z);
    return (float)(z[0] * pow(10.0, (double)(i % 7) - 3.0));
}

static void close_to(const char *what, uint32_t i, double got, double wanted,
                     double scale)
{
    if (!(fabs(got - wanted) <= 3e-6 * scale)) {
        fail_msg("%s[%u]: got %.9g, wanted %.9g", what, i, got, wanted);
    }
}

static void test_against_twin(void **state)
{
    static float p[N], g[N], m[N], v[N], ema[N];
    static double tp[N], tm[N], tv[N], te[N];
    train_adam a = {.elements = N,
                    .params = p,
                    .grads = g,
                    .m = m,
                    .v = v,
                    .ema = ema,
                    .workers = 1};

    (void)state;
    for (uint32_t i = 0; i < N; i++) {
        tp[i] = te[i] = (double)(p[i] = ema[i] = gradient(1000, i));
    }
    for (uint32_t s = 0; s < STEPS; s++) {
        double seen = s * BATCH;
        double lr = 1e-2 * fmin(seen / RAMPUP, 1.0);
        double half = fmin(HALFLIFE, 0.05 * seen);
        double beta = half == 0.0 ? 0.0 : exp2(-BATCH / half);

        for (uint32_t i = 0; i < N; i++) {
            double d = (double)(g[i] = gradient(s, i)), mh, vh;

            tm[i] = 0.9 * tm[i] + 0.1 * d;
            tv[i] = 0.999 * tv[i] + 0.001 * d * d;
            mh = tm[i] / (1.0 - pow(0.9, s + 1.0));
            vh = tv[i] / (1.0 - pow(0.999, s + 1.0));
            tp[i] -= lr * mh / (sqrt(vh) + 1e-8);
            te[i] = tp[i] + beta * (te[i] - tp[i]);
        }
        assert_int_equal(
            train_adam_step(&a,
                            &(train_adam_update){
                                .lr = train_adam_rate(1e-2, RAMPUP, seen),
                                .ema_beta = train_adam_ema_beta(
                                    HALFLIFE, seen, BATCH, 1)}),
            0);
    }
    for (uint32_t i = 0; i < N; i++) {
        double size = fabs(tp[i]) + 1e-2;

        close_to("params", i, (double)p[i], tp[i], size);
        close_to("ema", i, (double)ema[i], te[i], size);
        close_to("v", i, (double)v[i], tv[i], tv[i]);
    }
}

/* A NaN counts as 0, an infinity as 1e5. */
static void test_not_finite(void **state)
{
    float p[4] = {1, 1, 1, 1}, m[4] = {0}, v[4] = {0}, ema[4] = {0};
    float g[4] = {NAN, INFINITY, -INFINITY, 0.5f};
    train_adam a = {.elements = 4,
                    .params = p,
                    .grads = g,
                    .m = m,
                    .v = v,
                    .ema = ema,
                    .workers = 1};

    (void)state;
    assert_int_equal(train_adam_step(&a, &(train_adam_update){.lr = 0.1}), 3);
    close_to("params", 0, (double)p[0], 1.0, 1.0);
    close_to("params", 1, (double)p[1], 0.9, 1.0);
    close_to("params", 2, (double)p[2], 1.1, 1.0);
    close_to("params", 3, (double)p[3], 0.9, 1.0);
    close_to("m", 1, (double)m[1], 1e4, 1e4);
}

static void test_schedules(void **state)
{
    (void)state;
    close_to("rate", 0, train_adam_rate(1e-3, 1e7, 0.0), 0.0, 1e-3);
    close_to("rate", 1, train_adam_rate(1e-3, 1e7, 2.5e6), 2.5e-4, 1e-3);
    close_to("rate", 2, train_adam_rate(1e-3, 1e7, 3e7), 1e-3, 1e-3);
    close_to("beta", 0, train_adam_ema_beta(5e5, 0.0, 512.0, 1), 0.0, 1.0);
    close_to("beta", 1, train_adam_ema_beta(5e5, 1e4, 500.0, 1), 0.5, 1.0);
    close_to("beta", 2, train_adam_ema_beta(5e5, 1e9, 5e5, 1), 0.5, 1.0);
    close_to("beta", 3, train_adam_ema_beta(5e5, 1e4, 5e5, 0), 0.5, 1.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_twin),
        cmocka_unit_test(test_not_finite),
        cmocka_unit_test(test_schedules),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
