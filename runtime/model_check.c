/* SPDX-License-Identifier: MIT
 *
 * model_check.c - the checks of model.h. */
#include "runtime/model_check.h"

#include <stdbool.h>

#define MAX_RESOLUTION 16384u /* 4 channels: 2^30 elements an image */
#define MAX_CHANNELS 4u

/* The members that a preconditioning is computed from. */
static bool precond_known(const cedm_model *model)
{
    switch (model->precond) {
    case CEDM_PRECOND_EDM: return model->sigma_data > 0;
    case CEDM_PRECOND_VP:
        return model->beta_d > 0 && model->beta_min >= 0 &&
               model->noise_steps >= 1;
    case CEDM_PRECOND_VE: return true;
    case CEDM_PRECOND_IDDPM:
        return model->noise_steps >= 1 &&
               (uint64_t)model->noise_levels + model->noise_steps <
                   model->data_elements;
    default: return false;
    }
}

static bool known(const cedm_model *model)
{
    return precond_known(model) && model->dtype <= CEDM_DTYPE_F16 &&
           model->features.kind <= CEDM_FEATURES_FOURIER &&
           model->features.channels >= 2 && model->features.endpoint <= 1 &&
           model->resolution >= 1 && model->resolution <= MAX_RESOLUTION &&
           model->channels >= 1 && model->channels <= MAX_CHANNELS &&
           model->label_dim <= INT32_MAX;
}

/* abi and size come first in every version of the structure. */
cedm_status cedm_model_check(const cedm_model *model)
{
    if (model == NULL) {
        return CEDM_E_NULL;
    }
    if (model->abi != CEDM_MODEL_ABI || model->size != sizeof *model) {
        return CEDM_E_ABI;
    }
    if (model->eval == NULL ||
        (model->tensors == NULL && model->tensor_count > 0)) {
        return CEDM_E_NULL;
    }
    return known(model) ? CEDM_OK : CEDM_E_ABI;
}

cedm_status cedm_clusters_check(const cedm_model *model,
                                const int32_t *clusters, uint32_t n)
{
    if (clusters == NULL) {
        return CEDM_OK;
    }
    for (uint32_t i = 0; i < n; i++) {
        if (clusters[i] < -1 ||
            (int64_t)clusters[i] >= (int64_t)model->label_dim) {
            return CEDM_E_CLUSTER;
        }
    }
    return CEDM_OK;
}
