/* SPDX-License-Identifier: MIT
 *
 * solver_unipc.c - UniPC with B2(h) [UNIPC]: a multistep predictor, and a
 * corrector that uses D at the predicted point, which serves the next step
 * as well.
 *
 * Map X holds the predicted point y.  The corrected point differs from it by
 * differences of D alone, since both begin with the same terms:
 *   y = base - B P / 2,   x = base - B (p P + q (D - OLD))
 *   P = (OLDER - OLD) / r, B = e^-h - 1, both of the step before,
 * so x needs no map.  Then the next point is predicted from x.  The last
 * step is of order 1 and is not corrected, as the authors' is. */
#include "runtime/diffusion/solver.h"
#include "runtime/fmath.h"

/* A step of the solver: from sigma to `to`, `before` the level before. */
typedef struct span {
    double h, B;
    double r; /* of the level before, in steps: below 0 */
} span;

static span span_of(double before, double sigma, double to)
{
    span s = {.h = cedm_log(sigma / to), .B = (to - sigma) / sigma};

    s.r = -cedm_log(before / sigma) / s.h;
    return s;
}

/* p and q of  p + q = b1, r p + q = b2. */
static void corrector(const span *s, double *p, double *q)
{
    double phi = -s->B / s->h - 1;
    double b1 = phi / s->B, b2 = 2 * (-phi / s->h - 1 / 2.0) / s->B;

    *q = (b2 - s->r * b1) / (1 - s->r);
    *p = b1 - *q;
}

/* Row X as x of the step before, corrected. */
static void correct(const cedm_multistep *step, double x[CEDM_STATE_MAPS])
{
    const double *at = step->at;
    double p = 0, q = 1 / 2.0, share = 0;
    span s = {.B = (at[0] - at[1]) / at[1]};

    if (step->i > 1 && step->params->order > 1) {
        s = span_of(at[2], at[1], at[0]);
        corrector(&s, &p, &q);
        share = s.B * (p - 1 / 2.0) / s.r;
    }
    x[CEDM_MAP_D] = -s.B * q;
    x[CEDM_MAP_OLD] = s.B * q + share;
    x[CEDM_MAP_OLDER] = -share;
}

static void matrix(const cedm_multistep *step, cedm_matrix w)
{
    const double *at = step->at;
    double ratio = step->next / at[0], *x = w[CEDM_MAP_X];
    double weight[3];

    if (step->i > 0) {
        correct(step, x);
    }
    weight[0] = ratio * x[CEDM_MAP_D] + (1 - ratio);
    weight[1] = ratio * x[CEDM_MAP_OLD];
    weight[2] = ratio * x[CEDM_MAP_OLDER];
    if (step->i > 0 && step->left > 0 && step->params->order > 1) {
        span s = span_of(at[1], at[0], step->next);

        weight[0] += s.B / (2 * s.r);
        weight[1] -= s.B / (2 * s.r);
    }
    cedm_combine_denoised(step, ratio, weight, w);
}

const cedm_solver_kind cedm_solver_unipc = {
    .facts = CEDM_MULTISTEP_FACTS("unipc", 2, 2),
    .matrix = matrix,
};
