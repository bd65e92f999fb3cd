/* SPDX-License-Identifier: MIT
 *
 * solver_ipndm.c - iPNDM [PNDM] [DEIS]: Adams-Bashforth on the slope
 * d = (x - D) / sigma, with its coefficients for equal steps whatever the
 * steps are.  Its order is what its name says where levels are equally far
 * apart; elsewhere it is 2, with a small constant. */
#include "runtime/diffusion/solver.h"

/* By the number of slopes, newest first. */
static const double adams[3][3] = {
    {1},
    {3 / 2.0, -1 / 2.0},
    {23 / 12.0, -16 / 12.0, 5 / 12.0},
};

static void matrix(const cedm_multistep *step, cedm_matrix w)
{
    const double *row = adams[cedm_points(step) - 1];
    double h = step->next - step->at[0];
    double weight[3] = {h * row[0], h * row[1], h * row[2]};

    cedm_combine_slopes(step, weight, w);
}

const cedm_solver_kind cedm_solver_ipndm = {
    .facts = CEDM_MULTISTEP_FACTS("ipndm", 3, 3),
    .matrix = matrix,
};
