/* SPDX-License-Identifier: MIT
 *
 * solver_deis.c - tAB-DEIS [DEIS]: the slope d = (x - D) / sigma as a
 * polynomial in the time of the vp schedule, through the points known:
 *   x = x + sum_k d[k] integral of l_k(t(sigma)) d sigma,
 * l_k Lagrange's polynomials.  The integrals are taken over ln sigma by
 * Gauss's rule with four nodes on sixteen parts of a step. */
#include "runtime/diffusion/solver.h"
#include "runtime/fmath.h"

#define PARTS 16

/* Nodes of (-1, 1) and weights, each for both signs. */
static const double nodes[2] = {0.33998104358485626, 0.86113631159405258};
static const double weights[2] = {0.65214515486254614, 0.34785484513745386};

/* The points of a step in time. */
typedef struct points {
    cedm_vp_curve curve;
    uint32_t count;
    double t[3];
} points;

static points points_of(const cedm_multistep *step)
{
    points p = {
        .curve =
            cedm_vp_fit(step->params->sigma_min, step->params->sigma_max),
        .count = cedm_points(step),
    };

    for (uint32_t k = 0; k < p.count; k++) {
        p.t[k] = cedm_vp_time(p.curve.d, p.curve.min, step->at[k]);
    }
    return p;
}

/* Adds l_k(t(sigma)) sigma share, k from 1 on. */
static void add_node(const points *p, double log_sigma, double share,
                     double weight[3])
{
    double sigma = cedm_exp(log_sigma);
    double t = cedm_vp_time(p->curve.d, p->curve.min, sigma);

    for (uint32_t k = 1; k < p->count; k++) {
        double l = 1;

        for (uint32_t m = 0; m < p->count; m++) {
            l *= m == k ? 1 : (t - p->t[m]) / (p->t[k] - p->t[m]);
        }
        weight[k] += share * sigma * l;
    }
}

/* The polynomials add up to 1, the integrals to next - sigma: those of the
 * first follow, and one point needs no rule. */
static void matrix(const cedm_multistep *step, cedm_matrix w)
{
    points p = points_of(step);
    double from = cedm_log(step->at[0]);
    double half = (cedm_log(step->next) - from) / (2 * PARTS);
    double weight[3] = {0};

    for (uint32_t part = 0; p.count > 1 && part < PARTS; part++) {
        double middle = from + (2 * part + 1) * half;

        for (uint32_t n = 0; n < 2; n++) {
            add_node(&p, middle - half * nodes[n], half * weights[n], weight);
            add_node(&p, middle + half * nodes[n], half * weights[n], weight);
        }
    }
    weight[0] = step->next - step->at[0] - weight[1] - weight[2];
    cedm_combine_slopes(step, weight, w);
}

const cedm_solver_kind cedm_solver_deis = {
    .facts = CEDM_MULTISTEP_FACTS("deis", 3, 3),
    .matrix = matrix,
    .on_vp = true,
};
