/* SPDX-License-Identifier: MIT
 *
 * adam.c - one pass over the parameters an update: element by element, so
 * that bits do not depend on how the pass is cut into tasks. */
#include "trainer/adam.h"

#include <math.h>

/* The complements are rounded on their own: 1 - 0.999f is 5e-5 off. */
#define ONE_MINUS_BETA1 0.1f
#define BETA2 0.999f
#define ONE_MINUS_BETA2 0.001f
#define EPSILON 1e-8f

/* Elements of a task. */
#define SLICE 65536u

typedef struct pass {
    const train_adam *a;
    float step;    /* lr / (1 - beta1^t) */
    float inverse; /* 1 / sqrt(1 - beta2^t) */
    float ema;
} pass;

double train_adam_rate(double lr, double rampup, double seen)
{
    return rampup > 0.0 && seen < rampup ? lr * (seen / rampup) : lr;
}

double train_adam_ema_beta(double halflife, double seen, double batch,
                           int ramp)
{
    if (ramp && 0.05 * seen < halflife) {
        halflife = 0.05 * seen;
    }
    return pow(0.5, batch / (halflife > 1e-8 ? halflife : 1e-8));
}

static float finite(float g)
{
    if (g - g == 0.0f) {
        return g;
    }
    return g != g ? 0.0f : g > 0.0f ? 1e5f : -1e5f;
}

static void adam_task(void *arg, uint32_t index, uint32_t worker)
{
    const pass *p = arg;
    const train_adam *a = p->a;
    uint64_t first = (uint64_t)index * SLICE;
    uint64_t end = a->elements - first < SLICE ? a->elements : first + SLICE;

    (void)worker;
    for (uint64_t i = first; i < end; i++) {
        float g = finite(a->grads[i]);
        float m = a->m[i] + ONE_MINUS_BETA1 * (g - a->m[i]);
        float v = BETA2 * a->v[i] + ONE_MINUS_BETA2 * g * g;

        a->m[i] = m;
        a->v[i] = v;
        a->params[i] -=
            p->step * m / (__builtin_sqrtf(v) * p->inverse + EPSILON);
        a->ema[i] = a->params[i] + p->ema * (a->ema[i] - a->params[i]);
    }
}

uint64_t train_adam_step(train_adam *a, const train_adam_update *update)
{
    double t = (double)++a->updates;
    pass p = {.a = a,
              .step = (float)(update->lr / (1.0 - pow(0.9, t))),
              .inverse = (float)(1.0 / sqrt(1.0 - pow(0.999, t))),
              .ema = (float)update->ema_beta};
    uint32_t tasks = (uint32_t)((a->elements + SLICE - 1) / SLICE);
    uint64_t bad = 0;

    for (uint64_t i = 0; i < a->elements; i++) {
        bad += a->grads[i] - a->grads[i] != 0.0f;
    }
    if (a->parallel_for != NULL && a->workers > 1) {
        a->parallel_for(a->pool, adam_task, &p, tasks);
    } else {
        for (uint32_t i = 0; i < tasks; i++) {
            adam_task(&p, i, 0);
        }
    }
    return bad;
}
