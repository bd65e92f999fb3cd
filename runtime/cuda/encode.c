/* SPDX-License-Identifier: MIT
 *
 * encode.c - features of 8-bit images with an open net.  Missing images are
 * padded with black ones. */
#include <string.h>

#include "runtime/cuda/call.h"

static cedm_status send_images(const cedm_cuda_net *net,
                               const uint8_t *images, uint32_t n)
{
    const cedm_cuda_places *p = &net->places;
    size_t pixels = cedm_encoder_pixels(net->exec.model->encoder);
    size_t bytes = net->exec.batch * pixels;
    unsigned char *in = cedm_cuda_staging(net, p->in_map);
    cudaError_t code;

    memcpy(in, images, n * pixels);
    memset(in + n * pixels, 0, bytes - n * pixels);
    code = cedm_cuda_send(net, p->images, p->in_map, bytes);
    if (code == cudaSuccess) {
        code = cedm_cuda_clear_overflow(net);
    }
    return cedm_cuda_call_check(net, "cudaMemcpyAsync", code);
}

static cedm_status encode(cedm_cuda_net *net, const uint8_t *images,
                          uint32_t n, float *out)
{
    const cedm_cuda_places *p = &net->places;
    size_t bytes =
        (size_t)n * net->exec.model->encoder->features * sizeof *out;
    cedm_status status = cedm_cuda_wait_for_staging(net);

    if (status == CEDM_OK) {
        status = send_images(net, images, n);
    }
    if (status == CEDM_OK) {
        status = cedm_cuda_call_check(
            net, "cudaGraphLaunch",
            cudaGraphLaunch(net->encode_graph, net->exec.stream));
    }
    if (status == CEDM_OK) {
        status = cedm_cuda_receive(net, p->encoded, bytes, n);
    }
    if (status == CEDM_OK) {
        memcpy(out, cedm_cuda_staging(net, p->in_map), bytes);
    } else {
        memset(out, 0, bytes);
    }
    return status;
}

cedm_status cedm_cuda_encode(cedm_cuda_net *net, const uint8_t *images,
                             uint32_t n, float *out)
{
    cedm_cuda_scope scope;
    cedm_status status;

    if (net == NULL || images == NULL || out == NULL) {
        return CEDM_E_NULL;
    }
    if (net->exec.model->encoder == NULL) {
        return CEDM_E_KIND;
    }
    if (n == 0 || n > net->exec.batch) {
        return CEDM_E_COUNT;
    }
    status = cedm_cuda_call_begin(net, &scope);
    return status == CEDM_OK
               ? cedm_cuda_call_end(net, &scope, encode(net, images, n, out))
               : status;
}
