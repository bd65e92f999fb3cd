/* SPDX-License-Identifier: MIT
 *
 * results.c - what a run has come to: images, previews, states, on the host or
 * where they are. */
#include <string.h>

#include "runtime/cuda/call.h"
#include "runtime/diffusion/solver.h"
#include "runtime/model_check.h"

/* Of a state map. */
static cedm_status make_images(cedm_cuda_net *net, uint32_t map)
{
    const cedm_cuda_places *p = &net->places;
    cedm_cuda_to_image op = {
        .x = (const void *)cedm_cuda_arena(net, p->state[map]),
        .dst = cedm_cuda_arena(net, p->images),
    };

    return cedm_cuda_check(net->config.fault, "to_image",
                           cedm_cuda_run_to_image(&net->exec, &op));
}

/* Copies a result of a run to the caller. */
static cedm_status give(cedm_cuda_net *net, uint64_t from, size_t bytes,
                        void *out)
{
    cedm_status status = cedm_cuda_receive(net, from, bytes, net->n);

    if (status == CEDM_OK) {
        memcpy(out, cedm_cuda_staging(net, net->places.in_map), bytes);
    }
    return status;
}

static cedm_status give_images(cedm_cuda_net *net, uint32_t map, uint8_t *out)
{
    cedm_cuda_scope scope;
    cedm_status status = cedm_cuda_call_begin(net, &scope);

    if (status != CEDM_OK) {
        return status;
    }
    status = make_images(net, map);
    if (status == CEDM_OK) {
        status = give(net, net->places.images,
                      net->n * cedm_pixels(net->exec.model), out);
    }
    return cedm_cuda_call_end(net, &scope, status);
}

cedm_status cedm_cuda_images(cedm_cuda_net *net, uint8_t *out)
{
    if (net == NULL || out == NULL) {
        return CEDM_E_NULL;
    }
    return net->begun ? give_images(net, 0, out) : CEDM_E_STATE;
}

cedm_status cedm_cuda_preview(cedm_cuda_net *net, uint8_t *out)
{
    if (net == NULL || out == NULL) {
        return CEDM_E_NULL;
    }
    const cedm_sampler_params *p = &net->config.params;
    return net->begun && net->step > p->start
               ? give_images(net, cedm_map_of_denoised(p->solver), out)
               : CEDM_E_STATE;
}

cedm_status cedm_cuda_state(cedm_cuda_net *net, double *out)
{
    cedm_cuda_scope scope;
    cedm_status status;

    if (net == NULL || out == NULL) {
        return CEDM_E_NULL;
    }
    status = net->begun ? cedm_cuda_call_begin(net, &scope) : CEDM_E_STATE;
    if (status != CEDM_OK) {
        return status;
    }
    status = give(net, net->places.state[0],
                  net->n * cedm_pixels(net->exec.model) * sizeof *out, out);
    return cedm_cuda_call_end(net, &scope, status);
}

cedm_status cedm_cuda_result(cedm_cuda_net *net, cedm_cuda_result_view *view)
{
    const cedm_cuda_places *p;
    cedm_cuda_scope scope;
    cedm_status status;
    cudaError_t code;

    if (net == NULL || view == NULL) {
        return CEDM_E_NULL;
    }
    memset(view, 0, sizeof *view);
    status = net->begun ? cedm_cuda_call_begin(net, &scope) : CEDM_E_STATE;
    if (status != CEDM_OK) {
        return status;
    }
    p = &net->places;
    status = make_images(net, 0);
    if (status == CEDM_OK) {
        code = cudaEventRecord(net->done, net->exec.stream);
        if (code == cudaSuccess) {
            code = cudaStreamWaitEvent(net->config.stream, net->done, 0);
        }
        status = cedm_cuda_call_check(net, "cudaStreamWaitEvent", code);
    }
    if (status == CEDM_OK) {
        view->state = (const void *)cedm_cuda_arena(net, p->state[0]);
        view->images = cedm_cuda_arena(net, p->images);
        view->overflow = (const void *)cedm_cuda_arena(net, p->overflow);
    }
    return cedm_cuda_call_end(net, &scope, status);
}
