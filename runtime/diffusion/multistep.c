/* SPDX-License-Identifier: MIT
 *
 * multistep.c - what multistep solvers share: how many points are known, and
 * the rows of a matrix. */
#include "runtime/diffusion/solver.h"

uint32_t cedm_points(const cedm_multistep *step)
{
    uint32_t order = step->params->order;

    return step->i < order ? step->i + 1 : order;
}

/* D stays, for a preview.  A map that no step has written may hold
 * anything. */
static void keep(const cedm_multistep *step, cedm_matrix w)
{
    w[CEDM_MAP_D][CEDM_MAP_D] = 1;
    w[CEDM_MAP_OLDER][CEDM_MAP_OLD] = step->i > 0;
}

void cedm_combine_denoised(const cedm_multistep *step, double base,
                           const double weight[3], cedm_matrix w)
{
    w[CEDM_MAP_X][CEDM_MAP_X] = base;
    w[CEDM_MAP_X][CEDM_MAP_D] = weight[0];
    w[CEDM_MAP_X][CEDM_MAP_OLD] = weight[1];
    w[CEDM_MAP_X][CEDM_MAP_OLDER] = weight[2];
    w[CEDM_MAP_OLD][CEDM_MAP_D] = 1;
    keep(step, w);
}

void cedm_combine_slopes(const cedm_multistep *step, const double weight[3],
                         cedm_matrix w)
{
    double sigma = step->at[0];

    w[CEDM_MAP_X][CEDM_MAP_X] = 1 + weight[0] / sigma;
    w[CEDM_MAP_X][CEDM_MAP_D] = -weight[0] / sigma;
    w[CEDM_MAP_X][CEDM_MAP_OLD] = weight[1];
    w[CEDM_MAP_X][CEDM_MAP_OLDER] = weight[2];
    w[CEDM_MAP_OLD][CEDM_MAP_X] = 1 / sigma;
    w[CEDM_MAP_OLD][CEDM_MAP_D] = -1 / sigma;
    keep(step, w);
}
