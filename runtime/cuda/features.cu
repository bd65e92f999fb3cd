/* SPDX-License-Identifier: MIT
 *
 * features.cu - images into an encoder's input, features out of its output. */
#include "runtime/cuda/device.cuh"

#define THREADS 256

/* Elements of an image of a port. */
static uint32_t elements_of(const cedm_port *port)
{
    return port->height * port->width * port->channels;
}

__global__ void __launch_bounds__(THREADS)
pixels(const uint8_t *images, float *input, uint32_t elements)
{
    uint32_t i = blockIdx.y * THREADS + threadIdx.x;
    size_t at = (size_t)blockIdx.x * elements + i;

    if (i < elements) {
        input[at] = (float)images[at];
    }
}

/* `elements`: of an image of the output. */
__global__ void __launch_bounds__(THREADS)
features(const float *output, uint32_t elements, float *dst, uint32_t count,
         uint32_t *overflow)
{
    uint32_t i = blockIdx.y * THREADS + threadIdx.x;
    float x;

    if (i >= count) {
        return;
    }
    x = output[(size_t)blockIdx.x * elements + i];
    dst[(size_t)blockIdx.x * count + i] = x;
    if (!cedm_finite(x)) {
        atomicOr(&overflow[blockIdx.x], CEDM_CUDA_NONFINITE);
    }
}

extern "C" int cedm_cuda_run_pixels(const cedm_cuda_exec *exec,
                                    const cedm_cuda_pixels *op)
{
    const cedm_port *port = &exec->model->graph.inputs[CEDM_INPUT_IMAGE];
    uint32_t elements = elements_of(port);
    dim3 grid(exec->batch, cedm_blocks(elements, THREADS));

    return CEDM_LAUNCH(pixels, grid, THREADS, 0, exec->stream, op->images,
                       (float *)cedm_cuda_at(exec, port->ref), elements);
}

extern "C" int cedm_cuda_run_features(const cedm_cuda_exec *exec,
                                      const cedm_cuda_features *op)
{
    const cedm_port *port = &exec->model->graph.outputs[0];
    uint32_t count = exec->model->encoder->features;
    dim3 grid(exec->batch, cedm_blocks(count, THREADS));

    return CEDM_LAUNCH(features, grid, THREADS, 0, exec->stream,
                       (const float *)cedm_cuda_at(exec, port->ref),
                       elements_of(port), op->dst, count, exec->overflow);
}
