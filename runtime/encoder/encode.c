/* SPDX-License-Identifier: MIT
 *
 * encode.c - features of images: their pixels to the graph's input, its ops,
 * through whatever table the net holds, and the features out of its output. */
#include <stdbool.h>
#include <string.h>

#include "cedm.h"
#include "runtime/ops/ops.h"

/* Image by image: pixels are whole numbers as floats. */
static void load(const cedm_exec *exec, const cedm_port *port,
                 const uint8_t *images)
{
    size_t elements = (size_t)port->height * port->width * port->channels;

    for (uint32_t i = 0; i < exec->n; i++) {
        float *dst = cedm_at(exec, port->ref, elements, i);

        for (size_t k = 0; k < elements; k++) {
            dst[k] = (float)*images++;
        }
    }
}

/* x - x is 0 unless x is infinite or NaN. */
static bool unload(const cedm_exec *exec, const cedm_port *port,
                   uint32_t features, float *out)
{
    size_t elements = (size_t)port->height * port->width * port->channels;
    unsigned bad = 0;

    for (uint32_t i = 0; i < exec->n; i++) {
        const float *src = cedm_at(exec, port->ref, elements, i);

        for (uint32_t k = 0; k < features; k++) {
            bad |= !(src[k] - src[k] == 0.0f);
            *out++ = src[k];
        }
    }
    return bad == 0;
}

cedm_status cedm_encode(cedm_net *net, const uint8_t *images, uint32_t n,
                        float *out)
{
    const cedm_encoder *encoder;
    const cedm_graph *graph;

    if (net == NULL || images == NULL || out == NULL || net->model == NULL) {
        return CEDM_E_NULL;
    }
    graph = &net->model->graph;
    encoder = net->model->encoder;
    if (encoder == NULL) {
        return CEDM_E_KIND;
    }
    if (n == 0 || n > net->exec.batch) {
        return CEDM_E_COUNT;
    }
    net->exec.n = n;
    load(&net->exec, &graph->inputs[CEDM_INPUT_IMAGE], images);
    graph->eval(net->ops, net->ctx);
    if (!unload(&net->exec, &graph->outputs[0], encoder->features, out)) {
        memset(out, 0, (size_t)n * encoder->features * sizeof *out);
        return CEDM_E_NONFINITE;
    }
    return CEDM_OK;
}
