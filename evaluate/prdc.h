/* SPDX-License-Identifier: MIT
 *
 * prdc.h - precision and recall [PRECISION], density and coverage [PRDC]: how
 * real the generated images look, and how much of the real ones they reach.
 *
 * Around every image lies a ball whose radius is the distance to its k-th
 * nearest other image of its own set. */
#ifndef CEDM_EVALUATE_PRDC_H
#define CEDM_EVALUATE_PRDC_H

#include "evaluate/selection.h"
#include "evaluate/threads.h"

typedef struct evaluate_prdc_config {
    uint32_t neighbours; /* k, 1..1024 and fewer than the rows; usually 5 */
    bool closed;         /* the ball's surface belongs to it; usually false */
} evaluate_prdc_config;

typedef struct evaluate_prdc_result {
    double precision; /* share of fakes inside some ball of a real one */
    double recall;    /* share of reals inside some ball of a fake one */
    double density;   /* balls of reals around a fake, mean, over k */
    double coverage;  /* share of reals whose ball has a fake inside */
} evaluate_prdc_result;

/* Both sets have the same width and more than `neighbours` rows.
 * Memory: a tile (row_tile.h) and 256 k doubles for each worker, some bytes for
 * each row.  Cost: 2 (n^2 + m^2 + 2 n m) width operations. */
bool evaluate_prdc(const evaluate_selection *real,
                   const evaluate_selection *fake,
                   const evaluate_prdc_config *config,
                   const evaluate_threads *threads,
                   evaluate_prdc_result *result, host_failure *f);

#endif
