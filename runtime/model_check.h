/* SPDX-License-Identifier: MIT
 *
 * model_check.h - what the core asks of a model before it trusts one. */
#ifndef CEDM_CORE_MODEL_H
#define CEDM_CORE_MODEL_H

#include "cedm.h"

/* CEDM_E_NULL, CEDM_E_ABI or CEDM_OK. */
cedm_status cedm_model_check(const cedm_model *model);

/* Elements of an image that a model denoises; it was checked, so they fit
 * 32 bits. */
static inline uint32_t cedm_pixels(const cedm_model *model)
{
    const cedm_denoiser *d = model->denoiser;

    return d->resolution * d->resolution * d->channels;
}

/* CEDM_E_CLUSTER unless all are -1 .. label_dim - 1; NULL is all -1. */
cedm_status cedm_clusters_check(const cedm_model *model,
                                const int32_t *clusters, uint32_t n);

#endif
