/* SPDX-License-Identifier: MIT
 *
 * norm_grad.c - the adjoint of norm, activation and dropout.
 *
 * With xhat = (x - mean) / sqrt(var + eps) of a group of M elements,
 * u = a x + b, v = m act(u), a = gamma (1 + scale) / sqrt(var + eps):
 *   du = m act'(u) dv
 *   dx = a du - (S0 + xhat S1) / M,  S0 = sum a du, S1 = sum a du xhat
 * so that two passes over the map are enough. */
#include "runtime/ops/act.h"
#include "runtime/ops/moments.h"
#include "trainer/ops/training_ops.h"

static void find_moments(train_norm_image *v, const cedm_exec *exec,
                         const cg_norm_grad *op, uint32_t image)
{
    uint32_t channels = op->channels[0] + op->channels[1];
    uint32_t size = channels / op->groups;
    uint32_t partials = cedm_ceil_div(op->height, op->stat_rows);
    const float *stats[2] = {NULL, NULL};

    for (int s = 0; s < 2 && op->channels[s] != 0; s++) {
        stats[s] = cedm_at(exec, op->stats[s],
                           2 * (size_t)partials * op->channels[s], image);
    }
    for (uint32_t first = 0; first < channels; first += size) {
        cedm_moments group = {0, 0, 0};
        double i;

        for (uint32_t c = first; c < first + size; c++) {
            int s = c >= op->channels[0];

            cedm_moments_channel(&group, op->height, op->width, op->stat_rows,
                                 stats[s], op->channels[s],
                                 s ? c - op->channels[0] : c);
        }
        i = 1.0 / __builtin_sqrt(group.m2 / group.count + (double)op->eps);
        for (uint32_t c = first; c < first + size; c++) {
            v->inverse[c] = (float)i;
            v->shift[c] = (float)(group.mean * i);
        }
    }
}

void train_norm_open(train_norm_image *v, const cedm_exec *exec,
                     const cg_norm_grad *op, uint32_t image, uint32_t worker)
{
    size_t channels = op->channels[0] + op->channels[1];
    size_t pixels = (size_t)op->height * op->width;
    void *scratch = cedm_scratch(exec, worker);

    v->p0 = scratch;
    v->p1 = v->p0 + channels;
    v->inverse = cedm_scratch(exec, worker) + 4 * channels;
    v->shift = v->inverse + channels;
    v->k1 = v->shift + channels;
    v->k0 = v->k1 + channels;
    v->factor = v->k0 + channels;
    v->a = cedm_at(exec, op->coeff, 2 * channels, image);
    v->b = v->a + channels;
    v->grad = cedm_at(exec, op->grad, pixels * channels, image);
    for (int s = 0; s < 2; s++) {
        size_t elements = pixels * op->channels[s];

        v->src[s] = op->channels[s] == 0
                        ? NULL
                        : cedm_at(exec, op->src[s], elements, image);
        v->dst[s] = op->dst[s] == CEDM_NONE
                        ? NULL
                        : cedm_at(exec, op->dst[s], elements, image);
    }
    for (size_t c = 0; c < channels; c++) {
        v->p0[c] = v->p1[c] = 0.0;
    }
    find_moments(v, exec, op, image);
}

/* The image's parts of the gradients of beta and gamma, scale and shift. */
static void finish_params(const train_norm_image *v, const cedm_exec *exec,
                          const cg_norm_grad *op, uint32_t image)
{
    size_t channels = op->channels[0] + op->channels[1];
    const float *gamma = exec->data + op->gamma;
    const float *beta = exec->data + op->beta;
    float *sums = cedm_at(exec, op->sums, 2 * channels, image);
    const float *scale = NULL;
    float *grad = NULL;

    if (op->adaptive_src != CEDM_NONE) {
        scale = cedm_at(exec, op->adaptive_src, op->adaptive_stride, image) +
                op->adaptive_index;
        grad = cedm_at(exec, op->adaptive_dst, op->adaptive_stride, image) +
               op->adaptive_index;
    }
    for (size_t c = 0; c < channels; c++) {
        double factor = scale == NULL ? 1.0 : 1.0 + (double)scale[c];

        sums[c] = (float)(factor * v->p0[c]);
        sums[channels + c] = (float)(factor * v->p1[c]);
        if (grad != NULL) {
            grad[c] = (float)((double)gamma[c] * v->p1[c] +
                              (double)beta[c] * v->p0[c]);
            grad[channels + c] = (float)v->p0[c];
        }
    }
}

void train_norm_finish(train_norm_image *v, const cedm_exec *exec,
                       const cg_norm_grad *op, uint32_t image)
{
    uint32_t channels = op->channels[0] + op->channels[1];
    uint32_t size = channels / op->groups;
    double count = (double)op->height * (double)op->width * (double)size;

    finish_params(v, exec, op, image);
    for (uint32_t first = 0; first < channels; first += size) {
        double s0 = 0.0, s1 = 0.0;

        for (uint32_t c = first; c < first + size; c++) {
            s0 += (double)v->a[c] * v->p0[c];
            s1 += (double)v->a[c] * v->p1[c];
        }
        for (uint32_t c = first; c < first + size; c++) {
            v->k1[c] = (float)(-(double)v->inverse[c] * s1 / count);
            v->k0[c] = (float)(-(s0 - (double)v->shift[c] * s1) / count);
        }
    }
}

void train_norm_params(train_exec *exec, const cg_norm_grad *op)
{
    const cedm_exec *base = &exec->base;
    size_t channels = op->channels[0] + op->channels[1];

    for (size_t c = 0; c < channels; c++) {
        double beta = 0.0, gamma = 0.0;

        for (uint32_t i = 0; i < base->n; i++) {
            const float *sums = cedm_at(base, op->sums, 2 * channels, i);

            beta += (double)sums[c];
            gamma += (double)sums[channels + c];
        }
        exec->grads[op->beta + c] += (float)beta;
        exec->grads[op->gamma + c] += (float)gamma;
    }
}

/* ---- plain passes ------------------------------------------------------- */

static float slope(float u, uint32_t act)
{
    float s;

    if (act == CEDM_ACT_AFFINE) {
        return 1.0f;
    }
    s = 1.0f / (1.0f + cedm_lanes_exp((cedm_lanes){-u})[0]);
    return s + u * s * (1.0f - s);
}

/* Gradients of u in place of those of v, and their sums. */
static void first_pass(train_norm_image *v, const train_exec *exec,
                       const cg_norm_grad *op, uint32_t image)
{
    size_t first = op->channels[0], channels = first + op->channels[1];
    size_t pixels = (size_t)op->height * op->width;

    for (size_t p = 0; p < pixels; p++) {
        float *g = v->grad + p * channels;

        if (train_drops(exec, op->layer)) {
            train_dropout(exec, op->layer, image, (uint32_t)(p * channels),
                          (uint32_t)channels, v->factor);
            for (size_t c = 0; c < channels; c++) {
                g[c] *= v->factor[c];
            }
        }
        for (size_t c = 0; c < channels; c++) {
            float x = c < first ? v->src[0][p * first + c]
                                : v->src[1][p * op->channels[1] + c - first];

            g[c] *= slope(v->a[c] * x + v->b[c], op->act);
            v->p0[c] += (double)g[c];
            v->p1[c] += (double)(g[c] * (x * v->inverse[c] - v->shift[c]));
        }
    }
}

static void second_pass(const train_norm_image *v, const cg_norm_grad *op,
                        int s)
{
    size_t channels = op->channels[0] + op->channels[1];
    size_t own = op->channels[s], first = s == 0 ? 0 : op->channels[0];
    size_t pixels = (size_t)op->height * op->width;

    for (size_t p = 0; p < pixels; p++) {
        const float *g = v->grad + p * channels + first;
        const float *x = v->src[s] + p * own;
        float *dst = v->dst[s] + p * own;

        for (size_t c = 0; c < own; c++) {
            float dx = v->a[first + c] * g[c] + v->k1[first + c] * x[c] +
                       v->k0[first + c];

            dst[c] = op->accumulate[s] ? dst[c] + dx : dx;
        }
    }
}

static void norm_task(void *arg, uint32_t index, uint32_t worker)
{
    const cedm_call *call = arg;
    const void *exec = call->exec;
    const cg_norm_grad *op = call->op;
    train_norm_image v;

    train_norm_open(&v, call->exec, op, index, worker);
    first_pass(&v, exec, op, index);
    train_norm_finish(&v, call->exec, op, index);
    for (int s = 0; s < 2; s++) {
        if (v.dst[s] != NULL) {
            second_pass(&v, op, s);
        }
    }
}

void train_op_norm_grad(train_exec *exec, const cg_norm_grad *op)
{
    cedm_run_tasks(&exec->base, norm_task, op, exec->base.n);
    train_norm_params(exec, op);
}

void train_size_norm_grad(cedm_sizes *sizes, const cg_norm_grad *op)
{
    cedm_need_scratch(sizes,
                      9 * ((uint64_t)op->channels[0] + op->channels[1]));
}
