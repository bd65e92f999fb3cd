/* SPDX-License-Identifier: MIT
 *
 * vendi.h - the Vendi score [VENDI]: how many different images a set is
 * worth. */
#ifndef CEDM_EVALUATE_VENDI_H
#define CEDM_EVALUATE_VENDI_H

#include "evaluate/selection.h"
#include "evaluate/threads.h"

/* exp of the entropy of the eigenvalues of Z Z^T / count, the rows of Z being
 * the features scaled to length 1: from 1, all alike, to count, all at right
 * angles.  The smaller of Z Z^T and Z^T Z is decomposed, which must be no
 * larger than EVALUATE_SYMMETRIC_MAX.
 * Memory: that matrix, and Z or 512 of its rows.  Cost: 2 side^2 times the
 * other side, and 4/3 side^3 operations.
 * Errors: no memory, a row of zeros, too large; `name` stands there. */
bool evaluate_vendi(const evaluate_selection *rows,
                    const evaluate_threads *threads, double *score,
                    const char *name, host_failure *f);

#endif
