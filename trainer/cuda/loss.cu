/* SPDX-License-Identifier: MIT
 *
 * loss.cu - from a batch of images to the network's input, and from its
 * output to losses and the gradient; in double precision, as
 * trainer/net_run.c does it. */
#include "trainer/cuda/map.cuh"

#define THREADS 256

/* Blocks: x images, y elements. */
__global__ void __launch_bounds__(THREADS)
load_batch(train_cuda_batch v, float *input)
{
    size_t e = (size_t)blockIdx.y * THREADS + threadIdx.x;
    size_t at = (size_t)blockIdx.x * v.elements + e;
    const train_cuda_scalings *s = v.scalings + blockIdx.x;

    if (e < v.elements) {
        input[at] = (float)(s->in * ((double)v.images[at] +
                                     s->sigma * (double)v.noise[at]));
    }
}

extern "C" int train_cuda_load(const train_cuda_exec *exec,
                               const train_cuda_batch *batch)
{
    return CEDM_LAUNCH(load_batch,
                       dim3(exec->base.batch,
                            cedm_blocks(batch->elements, THREADS)),
                       THREADS, 0, exec->base.stream, *batch,
                       (float *)cedm_cuda_at(&exec->base, batch->input));
}

/* A block an image: threads take every THREADS-th element and are added up
 * in their order. */
__global__ void __launch_bounds__(THREADS)
loss(train_cuda_batch v, const float *output, float *grad, const float *scale)
{
    double *parts = reinterpret_cast<double *>(cedm_shared());
    const train_cuda_scalings *s = v.scalings + blockIdx.x;
    double sum = 0.0;

    for (uint32_t e = threadIdx.x; e < v.elements; e += THREADS) {
        size_t at = (size_t)blockIdx.x * v.elements + e;
        double y = (double)v.images[at];
        double x = y + s->sigma * (double)v.noise[at];
        double d = s->skip * x + s->out * (double)output[at];

        sum += s->weight * (d - y) * (d - y);
        if (grad != NULL) {
            grad[at] = (float)(2.0 * v.share * s->weight * s->out * (d - y) *
                               (double)*scale);
        }
        if (v.denoised != NULL) {
            v.denoised[at] = d;
        }
    }
    parts[threadIdx.x] = sum;
    __syncthreads();
    if (threadIdx.x == 0) {
        for (int i = 1; i < THREADS; i++) {
            sum += parts[i];
        }
        v.loss[blockIdx.x] = sum;
    }
}

extern "C" int train_cuda_loss(const train_cuda_exec *exec,
                               const train_cuda_batch *batch,
                               const train_cuda_state *state)
{
    const float *output =
        (const float *)cedm_cuda_at(&exec->base, batch->output);
    float *grad = NULL;

    if (batch->output_grad != CEDM_NONE) {
        grad = (float *)cedm_cuda_at(&exec->base, batch->output_grad);
    }
    return CEDM_LAUNCH(loss, exec->base.batch, THREADS,
                       THREADS * sizeof(double), exec->base.stream, *batch,
                       output, grad, &state->scale);
}
