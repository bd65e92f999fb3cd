/* SPDX-License-Identifier: MIT
 *
 * power.c - the averages of an update, element by element. */
#include "trainer/power.h"

#include <stdlib.h>

#include "trainer/profile.h"

/* Elements of a task. */
#define SLICE 65536u

const char *const train_power_prefix[TRAIN_POWER_COUNT] = {"power_005.",
                                                           "power_010."};
const double train_power_sigma_rel[TRAIN_POWER_COUNT] = {0.05, 0.10};

typedef struct pass {
    const train_power *p;
    const float *params;
    float share[TRAIN_POWER_COUNT];
} pass;

bool train_power_open(train_power *p, uint64_t elements, host_failure *f)
{
    float *block = calloc(TRAIN_POWER_COUNT * elements, sizeof *block);

    if (block == NULL) {
        return host_fail(f, "out of memory for the averages of "
                            "--posthoc-ema");
    }
    p->elements = elements;
    for (uint32_t k = 0; k < TRAIN_POWER_COUNT; k++) {
        p->averages[k] = block + k * elements;
    }
    return true;
}

void train_power_close(train_power *p)
{
    free(p->averages[0]);
    *p = (train_power){0};
}

uint64_t train_power_bytes(uint64_t elements)
{
    return TRAIN_POWER_COUNT * elements * sizeof(float);
}

static void power_task(void *arg, uint32_t index, uint32_t worker)
{
    const pass *w = arg;
    uint64_t first = (uint64_t)index * SLICE, left = w->p->elements - first;
    uint64_t end = left < SLICE ? first + left : first + SLICE;

    (void)worker;
    for (uint32_t k = 0; k < TRAIN_POWER_COUNT; k++) {
        float *average = w->p->averages[k], share = w->share[k];

        for (uint64_t i = first; i < end; i++) {
            average[i] += share * (w->params[i] - average[i]);
        }
    }
}

void train_power_update(const train_power *p, const float *params, uint64_t t)
{
    pass w = {.p = p, .params = params};
    uint32_t tasks = (uint32_t)((p->elements + SLICE - 1) / SLICE);

    for (uint32_t k = 0; k < TRAIN_POWER_COUNT; k++) {
        w.share[k] = (float)train_profile_share(
            train_profile_exponent(train_power_sigma_rel[k]), t);
    }
    if (p->parallel_for != NULL) {
        p->parallel_for(p->pool, power_task, &w, tasks);
        return;
    }
    for (uint32_t i = 0; i < tasks; i++) {
        power_task(&w, i, 0);
    }
}

void train_power_sets(const train_power *p,
                      train_model_set sets[TRAIN_POWER_COUNT])
{
    for (uint32_t k = 0; k < TRAIN_POWER_COUNT; k++) {
        sets[k] =
            (train_model_set){train_power_prefix[k], p->averages[k], false};
    }
}
