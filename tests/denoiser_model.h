/* SPDX-License-Identifier: MIT
 *
 * denoiser_model.h - a model made by hand, whose parts a test may change. */
#ifndef CEDM_TEST_DENOISER_MODEL_H
#define CEDM_TEST_DENOISER_MODEL_H

#include "cedm.h"

typedef struct denoiser_model {
    cedm_model model; /* points to what follows */
    cedm_denoiser denoiser;
    cedm_port inputs[2], output;
} denoiser_model;

/* Makes the pointers those of this copy, and the ports as large as the
 * denoiser says; each begins at a multiple of `stride` elements. */
static inline void denoiser_model_wire(denoiser_model *m, uint32_t stride)
{
    const cedm_denoiser *d = &m->denoiser;

    m->inputs[CEDM_INPUT_IMAGE] = (cedm_port){
        "image", CEDM_REF_F32, d->resolution, d->resolution, d->channels};
    m->output = m->inputs[CEDM_INPUT_IMAGE];
    m->output.ref |= stride;
    m->inputs[CEDM_INPUT_FEATURES] = (cedm_port){
        "features", CEDM_REF_F32 | 2 * stride, 1, 1, d->features.channels};
    m->model.graph.input_count = 2;
    m->model.graph.output_count = 1;
    m->model.graph.inputs = m->inputs;
    m->model.graph.outputs = &m->output;
    m->model.denoiser = d;
}

#endif
