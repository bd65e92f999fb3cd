/* SPDX-License-Identifier: MIT
 *
 * vectors.c - the ops on vectors, and the plain ones on maps. */
#include <string.h>

#include "runtime/ops/act.h"
#include "trainer/ops/training_ops.h"

/* Channels whose sums lie on a stack. */
#define CHUNK 64u

void train_op_augment(train_exec *exec, const cg_augment *op)
{
    const cedm_exec *base = &exec->base;
    const float *weight = base->data + op->weight;

    for (uint32_t i = 0; i < base->n; i++) {
        const float *src = cedm_at(base, op->src, op->channels, i);
        const float *labels = cedm_at(base, op->labels, op->label_dim, i);
        float *dst = cedm_at(base, op->dst, op->channels, i);

        for (size_t c = 0; c < op->channels; c++) {
            float sum = src[c];

            for (size_t k = 0; k < op->label_dim; k++) {
                sum += weight[c * op->label_dim + k] * labels[k];
            }
            dst[c] = sum;
        }
    }
}

void train_op_silu_grad(train_exec *exec, const cg_silu_grad *op)
{
    const cedm_exec *base = &exec->base;

    for (uint32_t i = 0; i < base->n; i++) {
        const float *src = cedm_at(base, op->src, op->channels, i);
        const float *grad = cedm_at(base, op->grad, op->channels, i);
        float *dst = cedm_at(base, op->dst, op->channels, i);

        for (size_t c = 0; c < op->channels; c++) {
            float s =
                1.0f / (1.0f + cedm_lanes_exp((cedm_lanes){-src[c]})[0]);

            dst[c] = grad[c] * (s + src[c] * s * (1.0f - s));
        }
    }
}

void train_op_embed_grad(train_exec *exec, const cg_embed_grad *op)
{
    const cedm_exec *base = &exec->base;
    size_t channels = op->channels;

    for (uint32_t i = 0; i < base->n; i++) {
        const float *grad = cedm_at(base, op->grad, channels, i);
        int32_t cluster = op->label_dim != 0 ? base->cluster[i] : -1;

        for (size_t c = 0; c < channels && cluster >= 0; c++) {
            exec->grads[op->weight + (size_t)cluster * channels + c] +=
                op->label_scale * grad[c];
        }
        for (size_t c = 0; c < channels && op->bias != CEDM_NONE; c++) {
            exec->grads[op->bias + c] += grad[c];
        }
    }
}

/* ---- sums --------------------------------------------------------------- */

static void sums_task(void *arg, uint32_t index, uint32_t worker)
{
    const cedm_call *call = arg;
    const cg_sums *op = call->op;
    size_t channels = op->channels;
    const float *grad =
        cedm_at(call->exec, op->grad, op->pixels * channels, index);
    float *dst = cedm_at(call->exec, op->dst, op->stride, index) + op->index;

    (void)worker;
    for (size_t first = 0; first < channels; first += CHUNK) {
        size_t count = channels - first < CHUNK ? channels - first : CHUNK;
        double sum[CHUNK] = {0};

        for (size_t p = 0; p < op->pixels; p++) {
            const float *g = grad + p * channels + first;

            for (size_t c = 0; c < count; c++) {
                sum[c] += (double)g[c];
            }
        }
        for (size_t c = 0; c < count; c++) {
            dst[first + c] = (float)(sum[c] * (double)op->scale);
        }
    }
}

void train_op_sums(train_exec *exec, const cg_sums *op)
{
    const cedm_exec *base = &exec->base;

    cedm_run_tasks(base, sums_task, op, base->n);
    for (size_t c = 0; c < op->channels; c++) {
        double sum = 0.0;

        for (uint32_t i = 0; i < base->n; i++) {
            sum +=
                (double)cedm_at(base, op->dst, op->stride, i)[op->index + c];
        }
        if (op->bias != CEDM_NONE) {
            exec->grads[op->bias + c] += (float)sum;
        }
        if (op->bias2 != CEDM_NONE) {
            exec->grads[op->bias2 + c] += (float)sum;
        }
    }
}

/* ---- maps --------------------------------------------------------------- */

static void add_task(void *arg, uint32_t index, uint32_t worker)
{
    const cedm_call *call = arg;
    const cg_add *op = call->op;
    const float *src = cedm_at(call->exec, op->src, op->elements, index);
    float *dst = cedm_at(call->exec, op->dst, op->elements, index);

    (void)worker;
    if (op->accumulate) {
        for (size_t i = 0; i < op->elements; i++) {
            dst[i] += op->scale * src[i];
        }
    } else {
        for (size_t i = 0; i < op->elements; i++) {
            dst[i] = op->scale * src[i];
        }
    }
}

void train_op_add(train_exec *exec, const cg_add *op)
{
    cedm_run_tasks(&exec->base, add_task, op, exec->base.n);
}

static void dilate_task(void *arg, uint32_t index, uint32_t worker)
{
    const cedm_call *call = arg;
    const cg_dilate *op = call->op;
    size_t channels = op->channels, width = 2 * (size_t)op->width - 1;
    size_t height = 2 * (size_t)op->height - 1;
    const float *src = cedm_at(call->exec, op->src,
                               op->height * op->width * channels, index);
    float *dst =
        cedm_at(call->exec, op->dst, height * width * channels, index);

    (void)worker;
    memset(dst, 0, height * width * channels * sizeof *dst);
    for (size_t y = 0; y < op->height; y++) {
        for (size_t x = 0; x < op->width; x++) {
            memcpy(dst + (2 * y * width + 2 * x) * channels,
                   src + (y * op->width + x) * channels,
                   channels * sizeof *dst);
        }
    }
}

void train_op_dilate(train_exec *exec, const cg_dilate *op)
{
    cedm_run_tasks(&exec->base, dilate_task, op, exec->base.n);
}

/* ---- sizes -------------------------------------------------------------- */

#define NO_SCRATCH(name)                                                     \
    void train_size_##name(cedm_sizes *sizes, const cg_##name *op)           \
    {                                                                        \
        (void)sizes;                                                         \
        (void)op;                                                            \
    }
NO_SCRATCH(augment)
NO_SCRATCH(silu_grad)
NO_SCRATCH(embed_grad)
NO_SCRATCH(sums)
NO_SCRATCH(add)
NO_SCRATCH(dilate)
