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

/* out = (1 + W) D(x / s; sigma, cluster) - W D(x / s; sigma, none) for n
 * images, s the scale, W the guidance, sigma from its column.  The arguments
 * were checked.  Returns CEDM_E_NONFINITE or CEDM_OK. */
cedm_status cedm_evaluate(cedm_net *net, const cedm_real *x, double scale,
                          const int32_t *cluster, double guidance, uint32_t n,
                          cedm_real *out);

/* The same for the images of a run, all at one level and scale. */
cedm_status cedm_evaluate_run(const cedm_sampler *sampler, const cedm_real *x,
                              double sigma, double scale, cedm_real *out);

#endif
