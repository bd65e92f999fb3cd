/* SPDX-License-Identifier: MIT
 *
 * model_check.c - the checks of model_check.h. */
#include "runtime/model_check.h"

#include <stdbool.h>

#define MAX_RESOLUTION 16384u /* 4 channels: 2^30 elements an image */
#define MAX_CHANNELS 4u

/* Generated code of another list of ops would call other functions. */
enum {
    OPS = 0
#define COUNT(name) +1
    CEDM_GRAPH_OPS(COUNT)
#undef COUNT
};
_Static_assert(CEDM_MODEL_ABI == 3u && OPS == 11,
               "the list of ops changed: raise CEDM_MODEL_ABI, then this");

/* ---- graphs ------------------------------------------------------------ */

static bool ports_known(const cedm_port *ports, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (ports[i].height == 0 || ports[i].width == 0 ||
            ports[i].channels == 0 || !CEDM_REF_IS_F32(ports[i].ref)) {
            return false;
        }
    }
    return count > 0;
}

static bool graph_known(const cedm_graph *graph)
{
    return graph->dtype <= CEDM_DTYPE_F16 &&
           ports_known(graph->inputs, graph->input_count) &&
           ports_known(graph->outputs, graph->output_count);
}

/* ---- denoisers ---------------------------------------------------------- */

/* The members that a preconditioning is computed from. */
static bool precond_known(const cedm_denoiser *d, uint64_t data_elements)
{
    switch (d->precond) {
    case CEDM_PRECOND_EDM: return d->sigma_data > 0;
    case CEDM_PRECOND_VP:
        return d->beta_d > 0 && d->beta_min >= 0 && d->noise_steps >= 1;
    case CEDM_PRECOND_VE: return true;
    case CEDM_PRECOND_IDDPM:
        return d->noise_steps >= 1 &&
               (uint64_t)d->noise_levels + d->noise_steps < data_elements;
    default: return false;
    }
}

static bool is_image(const cedm_port *port, const cedm_denoiser *d)
{
    return port->height == d->resolution && port->width == d->resolution &&
           port->channels == d->channels;
}

/* What the core fills and reads has the sizes that it will use. */
static bool ports_fit(const cedm_graph *graph, const cedm_denoiser *d)
{
    return graph->input_count == 2 && graph->output_count == 1 &&
           is_image(&graph->inputs[CEDM_INPUT_IMAGE], d) &&
           is_image(&graph->outputs[0], d) &&
           graph->inputs[CEDM_INPUT_FEATURES].channels ==
               d->features.channels;
}

static bool denoiser_known(const cedm_denoiser *d, const cedm_graph *graph)
{
    return precond_known(d, graph->data_elements) &&
           d->features.kind <= CEDM_FEATURES_FOURIER &&
           d->features.channels >= 2 && d->features.endpoint <= 1 &&
           d->resolution >= 1 && d->resolution <= MAX_RESOLUTION &&
           d->channels >= 1 && d->channels <= MAX_CHANNELS &&
           d->label_dim <= INT32_MAX && ports_fit(graph, d);
}

/* ---- encoders ----------------------------------------------------------- */

static bool encoder_known(const cedm_encoder *e, const cedm_graph *graph)
{
    const cedm_port *image = &graph->inputs[CEDM_INPUT_IMAGE];
    const cedm_port *out = &graph->outputs[0];

    return graph->input_count == 1 && image->height == e->height &&
           image->width == e->width && image->channels == e->channels &&
           e->height <= MAX_RESOLUTION && e->width <= MAX_RESOLUTION &&
           e->channels <= MAX_CHANNELS && e->features >= 1 &&
           e->features <= (uint64_t)out->height * out->width * out->channels;
}

/* ---- models ------------------------------------------------------------- */

/* abi and size come first in every version of the structure. */
cedm_status cedm_model_check(const cedm_model *model)
{
    if (model == NULL) {
        return CEDM_E_NULL;
    }
    if (model->abi != CEDM_MODEL_ABI || model->size != sizeof *model) {
        return CEDM_E_ABI;
    }
    const cedm_graph *graph = &model->graph;
    if (graph->eval == NULL || graph->inputs == NULL ||
        graph->outputs == NULL ||
        (graph->tensors == NULL && graph->tensor_count > 0)) {
        return CEDM_E_NULL;
    }
    return graph_known(graph) &&
                   (model->denoiser == NULL ||
                    denoiser_known(model->denoiser, graph)) &&
                   (model->encoder == NULL ||
                    encoder_known(model->encoder, graph))
               ? CEDM_OK
               : CEDM_E_ABI;
}

cedm_status cedm_clusters_check(const cedm_model *model,
                                const int32_t *clusters, uint32_t n)
{
    if (clusters == NULL) {
        return CEDM_OK;
    }
    for (uint32_t i = 0; i < n; i++) {
        if (clusters[i] < -1 ||
            (int64_t)clusters[i] >= (int64_t)model->denoiser->label_dim) {
            return CEDM_E_CLUSTER;
        }
    }
    return CEDM_OK;
}
