/* SPDX-License-Identifier: MIT
 *
 * solver_dpmpp.c - DPM-Solver++, multistep [DPMPP]: D as a polynomial in
 * lambda = -ln sigma, its integral against e^lambda in closed form.
 *
 * With D' and D'' from divided differences over the last points, h the step
 * in lambda and B = 1 - e^-h,
 *   x = (sigma next / sigma) x + B D + h phi_2 D' + h^2 phi_3 D'' / 2
 *   phi_2 = 1 - B / h,  phi_3 = 1/2 - phi_2 / h.
 * Order 2 has B / 2 in place of phi_2, which is as good.  The integral of D''
 * is twice the last term: with it order 3 would be of third order, as it is
 * here, in the authors' and all programs after theirs, it is of second order,
 * but errs less by few steps (docs/NUMERICS.md).
 *
 * The last steps have lower orders: near sigma = 0 polynomials in lambda go
 * astray. */
#include "runtime/diffusion/solver.h"
#include "runtime/fmath.h"

/* Adds `share` (D[first] - D[first + 1]). */
static void add_difference(double weight[3], uint32_t first, double share)
{
    weight[first] += share;
    weight[first + 1] -= share;
}

/* h D' = a + r0 / (r0 + r1) (a - b), h^2 D'' / 2 = (a - b) / (r0 + r1), of the
 * differences a = (D[0] - D[1]) / r0, b = (D[1] - D[2]) / r1. */
static void third_order(double weight[3], double B, double h, double r0,
                        double r1)
{
    double phi_2 = 1 - B / h, phi_3 = 1 / 2.0 - phi_2 / h;
    double bend = (phi_2 * r0 + phi_3) / (r0 + r1); /* of a - b */

    add_difference(weight, 0, (phi_2 + bend) / r0);
    add_difference(weight, 1, -bend / r1);
}

static void matrix(const cedm_multistep *step, cedm_matrix w)
{
    const double *at = step->at;
    uint32_t points = cedm_points(step);
    double h = cedm_log(at[0] / step->next), B = (at[0] - step->next) / at[0];
    double weight[3] = {B};

    if (points > step->left + 1) {
        points = step->left + 1;
    }
    if (points == 2) {
        add_difference(weight, 0, B * h / (2 * cedm_log(at[1] / at[0])));
    } else if (points == 3) {
        third_order(weight, B, h, cedm_log(at[1] / at[0]) / h,
                    cedm_log(at[2] / at[1]) / h);
    }
    cedm_combine_denoised(step, step->next / at[0], weight, w);
}

const cedm_solver_kind cedm_solver_dpmpp = {
    .facts = CEDM_MULTISTEP_FACTS("dpmpp", 2, 3),
    .matrix = matrix,
};
