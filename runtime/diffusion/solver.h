/* SPDX-License-Identifier: MIT
 *
 * solver.h - what a solver is to the sampler: facts, and for multistep ones
 * the matrix of a step.
 *
 * A file solver_FAMILY.c defines a cedm_solver_kind for each word of
 * CEDM_SOLVER_LIST; nothing else knows a solver by its name. */
#ifndef CEDM_SOLVER_H
#define CEDM_SOLVER_H

#include "runtime/diffusion/steps.h"

/* ---- multistep solvers ------------------------------------------------- *
 *
 * A step evaluates D of map X into map D, then every map becomes a
 * combination of all.  D stays until the next step, for a preview.  What an
 * earlier step knew is in OLD, what one before that knew in OLDER: four maps
 * hold three points. */
enum { CEDM_MAP_X, CEDM_MAP_D, CEDM_MAP_OLD, CEDM_MAP_OLDER };

/* What the matrix of a step depends on. */
typedef struct cedm_multistep {
    const cedm_sampler_params *params; /* checked */
    uint32_t i;                        /* steps before this one */
    uint32_t left;                     /* steps after it */
    double next;                       /* the level that it goes to */
    double at[3]; /* its own level, where D was evaluated, and those of the
                     two steps before it, as far as there are any */
} cedm_multistep;

/* Fills the matrix, which is zero, of a step. */
typedef void cedm_solver_matrix(const cedm_multistep *step, cedm_matrix w);

/* ---- the table --------------------------------------------------------- */

typedef struct cedm_solver_kind {
    cedm_solver_facts facts;
    cedm_solver_matrix *matrix; /* NULL: Algorithm 2, see solver_heun.c */
    bool on_vp;                 /* needs the VP curve through the range */
} cedm_solver_kind;

/* Facts of a multistep solver of orders 1 to `highest`. */
#define CEDM_MULTISTEP_FACTS(name, usual, highest)                           \
    {                                                                        \
        .word = name, .order = usual, .least = 1, .most = highest,           \
        .evaluations = 1, .maps = CEDM_MAP_OLDER + 1,                        \
    }

#define CEDM_SOLVER_KIND(word)                                               \
    extern const cedm_solver_kind cedm_solver_##word;
CEDM_SOLVER_LIST(CEDM_SOLVER_KIND)
#undef CEDM_SOLVER_KIND

/* NULL if there is no such solver. */
const cedm_solver_kind *cedm_solver_of(enum cedm_solver solver);

/* The map in which a solver leaves D of a step's last evaluation. */
uint32_t cedm_map_of_denoised(enum cedm_solver solver);

/* Which of its orders a step of a checked sampler has, by the points that
 * are known: at the first step there is one. */
uint32_t cedm_points(const cedm_multistep *step);

/* Row X: x = base x + sum_k weight[k] D[k], newest first; the other rows keep
 * each D for two steps. */
void cedm_combine_denoised(const cedm_multistep *step, double base,
                           const double weight[3], cedm_matrix w);

/* The same for slopes d = (x - D) / sigma, with base 1. */
void cedm_combine_slopes(const cedm_multistep *step, const double weight[3],
                         cedm_matrix w);

/* ---- Algorithm 2 ------------------------------------------------------- */

/* Its lines 7 to 11, from the state after churn, map 0; the result is in map
 * 2.  evaluations: 1 leaves the corrector out. */
cedm_status cedm_one_step(const cedm_sampler *sampler, const cedm_step *step,
                          uint32_t evaluations);

#endif
