/* SPDX-License-Identifier: MIT
 *
 * solver.c - the table of solvers. */
#include "runtime/diffusion/solver.h"

#define ROW(word) &cedm_solver_##word,
static const cedm_solver_kind *const kinds[] = {CEDM_SOLVER_LIST(ROW)};
#undef ROW

const cedm_solver_kind *cedm_solver_of(enum cedm_solver solver)
{
    return (size_t)solver < sizeof kinds / sizeof kinds[0] ? kinds[solver]
                                                           : NULL;
}

const cedm_solver_facts *cedm_solver_describe(enum cedm_solver solver)
{
    const cedm_solver_kind *kind = cedm_solver_of(solver);

    return kind != NULL ? &kind->facts : NULL;
}

/* solver_heun.c uses its maps in another way. */
uint32_t cedm_map_of_denoised(enum cedm_solver solver)
{
    const cedm_solver_kind *kind = cedm_solver_of(solver);

    return kind != NULL && kind->matrix == NULL ? 3 : CEDM_MAP_D;
}
