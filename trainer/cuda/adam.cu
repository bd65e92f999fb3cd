/* SPDX-License-Identifier: MIT
 *
 * adam.cu - one update of all parameters: a pass that counts what is not
 * finite, one thread that decides, and a pass of trainer/adam.c's formulas,
 * four elements a thread. */
#include "trainer/cuda/map.cuh"

#define THREADS 256
#define COUNTERS 1024 /* blocks of the first pass */

/* As in trainer/adam.c. */
#define ONE_MINUS_BETA1 0.1f
#define BETA2 0.999f
#define ONE_MINUS_BETA2 0.001f
#define EPSILON 1e-8f

/* The sum of the threads' counts, for thread 0. */
static __device__ uint32_t counted(uint32_t mine)
{
    uint32_t *parts = reinterpret_cast<uint32_t *>(cedm_shared());
    uint32_t sum = 0;

    parts[threadIdx.x] = mine;
    __syncthreads();
    for (int i = 0; threadIdx.x == 0 && i < THREADS; i++) {
        sum += parts[i];
    }
    __syncthreads();
    return sum;
}

__global__ void __launch_bounds__(THREADS)
adam_count(const float *grads, uint64_t elements, uint32_t *counts)
{
    uint64_t i = ((uint64_t)blockIdx.x * THREADS + threadIdx.x) * 4;
    uint32_t bad = 0;

    for (; i < elements; i += (uint64_t)COUNTERS * THREADS * 4) {
        float4 g = *reinterpret_cast<const float4 *>(grads + i);

        bad += !cedm_finite(g.x) + !cedm_finite(g.y) + !cedm_finite(g.z) +
               !cedm_finite(g.w);
    }
    bad = counted(bad);
    if (threadIdx.x == 0) {
        counts[blockIdx.x] = bad;
    }
}

/* What the update under way is, and the scale after it. */
static __device__ void decide(const train_cuda_adam_args &v, uint32_t bad)
{
    train_cuda_state *s = v.state;
    double t = (double)(s->updates + 1);

    s->nonfinite += bad;
    s->unscale = 1.0f / s->scale;
    s->ema = (float)v.rates->ema_beta;
    s->skip = v.dynamic && bad != 0;
    if (s->skip) {
        s->skipped++;
        s->good = 0;
        s->scale = s->scale > 1.0f ? s->scale / 2.0f : 1.0f;
        return;
    }
    s->step = (float)(v.rates->lr / (1.0 - pow(0.9, t)));
    s->inverse = (float)(1.0 / sqrt(1.0 - pow(0.999, t)));
    s->updates++;
    s->good++;
    if (v.dynamic && s->good == TRAIN_CUDA_GROWTH) {
        s->good = 0;
        s->scale = s->scale < TRAIN_CUDA_SCALE_MAX ? 2.0f * s->scale
                                                   : s->scale;
    }
}

/* One block. */
__global__ void __launch_bounds__(THREADS)
adam_decide(train_cuda_adam_args v, const uint32_t *counts,
            uint32_t *overflow, uint32_t batch)
{
    uint32_t bad = 0, flags = 0;

    for (uint32_t i = threadIdx.x; i < COUNTERS; i += THREADS) {
        bad += counts[i];
    }
    for (uint32_t i = threadIdx.x; i < batch; i += THREADS) {
        flags += overflow[i] != 0;
        overflow[i] = 0;
    }
    bad = counted(bad);
    flags = counted(flags);
    if (threadIdx.x == 0) {
        v.state->overflow += flags;
        decide(v, bad);
    }
}

static __device__ __forceinline__ float adam_finite(float g)
{
    return cedm_finite(g) ? g : g != g ? 0.0f : g > 0.0f ? 1e5f : -1e5f;
}

static __device__ __forceinline__ void load4(float to[4], const float *from)
{
    float4 x = *reinterpret_cast<const float4 *>(from);

    to[0] = x.x, to[1] = x.y, to[2] = x.z, to[3] = x.w;
}

static __device__ __forceinline__ void store4(float *to, const float x[4])
{
    float4 four;

    four.x = x[0], four.y = x[1], four.z = x[2], four.w = x[3];
    *reinterpret_cast<float4 *>(to) = four;
}

__global__ void __launch_bounds__(THREADS)
train_adam_update(train_cuda_adam_args v)
{
    uint64_t first = ((uint64_t)blockIdx.x * THREADS + threadIdx.x) * 4;
    const train_cuda_state *s = v.state;
    float p[4], g[4], m[4], w[4], ema[4];

    if (first >= v.elements) {
        return;
    }
    load4(p, v.params + first);
    load4(ema, v.ema + first);
    if (!s->skip) {
        load4(g, v.grads + first);
        load4(m, v.m + first);
        load4(w, v.v + first);
#pragma unroll
        for (int i = 0; i < 4; i++) {
            g[i] = adam_finite(g[i] * s->unscale);
            m[i] = m[i] + ONE_MINUS_BETA1 * (g[i] - m[i]);
            w[i] = BETA2 * w[i] + ONE_MINUS_BETA2 * g[i] * g[i];
            p[i] -= s->step * m[i] / (sqrtf(w[i]) * s->inverse + EPSILON);
        }
        store4(v.params + first, p);
        store4(v.m + first, m);
        store4(v.v + first, w);
    }
#pragma unroll
    for (int i = 0; i < 4; i++) {
        ema[i] = p[i] + s->ema * (ema[i] - p[i]);
    }
    store4(v.ema + first, ema);
}

extern "C" int train_cuda_adam(const train_cuda_exec *exec,
                               const train_cuda_adam_args *args)
{
    void *stream = exec->base.stream;
    uint32_t *counts = (uint32_t *)exec->base.workspace;
    size_t shared = THREADS * sizeof(uint32_t);
    int error = CEDM_LAUNCH(adam_count, COUNTERS, THREADS, shared, stream,
                            args->grads, args->elements, counts);

    if (error == 0) {
        error = CEDM_LAUNCH(adam_decide, 1, THREADS, shared, stream, *args,
                            counts, exec->base.overflow, exec->base.batch);
    }
    return error != 0 ? error
        : CEDM_LAUNCH(train_adam_update,
                      cedm_blocks(args->elements / 4, THREADS), THREADS, 0,
                      stream, *args);
}
