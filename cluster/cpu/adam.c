/* SPDX-License-Identifier: MIT
 *
 * adam.c - an update of parameters and of their average, element by element:
 * compilers make sixteen of a step, with the same bits. */
#include "cluster/cpu/kernels_isa.h"

/* The complements are rounded on their own: 1 - 0.999f is 5e-5 off. */
#define ONE_MINUS_BETA1 0.1f
#define BETA2 0.999f
#define ONE_MINUS_BETA2 0.001f
#define EPSILON 1e-8f

void CLUSTER_ISA_NAME(adam)(const cluster_adam *update, const float *grads,
                            float *params, float *m, float *v, float *average,
                            size_t n)
{
    const cluster_adam u = *update;

    for (size_t first = 0; first < n; first += CLUSTER_PANEL) {
        float p[CLUSTER_PANEL];

        for (size_t i = 0; i < CLUSTER_PANEL; i++) {
            const size_t at = first + i;
            const float g = grads[at];
            const float m1 = m[at] + ONE_MINUS_BETA1 * (g - m[at]);
            const float v1 = BETA2 * v[at] + ONE_MINUS_BETA2 * g * g;

            m[at] = m1;
            v[at] = v1;
            p[i] = params[at] * u.keep -
                   u.step * m1 / (__builtin_sqrtf(v1) * u.inverse + EPSILON);
        }
        for (size_t i = 0; i < CLUSTER_PANEL; i++) {
            const size_t at = first + i;

            params[at] = p[i];
            average[at] = p[i] + u.average * (average[at] - p[i]);
        }
    }
}
