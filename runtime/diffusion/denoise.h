/* SPDX-License-Identifier: MIT
 *
 * denoise.h - the one way in which the core evaluates a network. */
#ifndef CEDM_DENOISE_H
#define CEDM_DENOISE_H

#include "cedm.h"

/* The columns of net->scalars, [batch] each. */
enum { CEDM_C_IN, CEDM_C_SKIP, CEDM_C_OUT, CEDM_SIGMA };

static inline cedm_real *cedm_column(const cedm_net *net, int column)
{
    return net->scalars + (size_t)column * net->exec.batch;
}

/* out = D(x / s; sigma) of the images of a run, s the scale; where guidance
 * counts, (1 + W) D - W D', D' without a label or by the guide.  Returns
 * CEDM_E_NONFINITE or CEDM_OK. */
cedm_status cedm_evaluate_run(const cedm_sampler *sampler, const cedm_real *x,
                              double sigma, double scale, cedm_real *out);

#endif
