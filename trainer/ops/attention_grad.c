/* SPDX-License-Identifier: MIT
 *
 * attention_grad.c - the adjoint of attention, one head of one image a task.
 *
 * With p = softmax(q k / sqrt(d)) and o = p v, for query t and key u:
 *   dv[u] += p do,  ds = p (do v[u] - do o),
 *   dq += ds k[u] / sqrt(d),  dk[u] += ds q / sqrt(d) */
#include <math.h>
#include <string.h>

#include "trainer/ops/training_ops.h"

typedef struct head {
    const float *q, *k, *v, *grad;
    float *dq, *dk, *dv;
    double *p;
    size_t d, step; /* channels, floats between tokens of qkv */
    size_t grad_step;
    uint32_t tokens;
} head;

static double dot(const float *x, const float *y, size_t n)
{
    double sum = 0.0;

    for (size_t i = 0; i < n; i++) {
        sum += (double)x[i] * (double)y[i];
    }
    return sum;
}

/* Softmax of query t's scores. */
static void probabilities(const head *h, uint32_t t)
{
    double scale = 1.0 / sqrt((double)h->d), largest = -HUGE_VAL, sum = 0.0;

    for (uint32_t u = 0; u < h->tokens; u++) {
        h->p[u] = scale * dot(h->q + t * h->step, h->k + u * h->step, h->d);
        largest = h->p[u] > largest ? h->p[u] : largest;
    }
    for (uint32_t u = 0; u < h->tokens; u++) {
        h->p[u] = exp(h->p[u] - largest);
        sum += h->p[u];
    }
    for (uint32_t u = 0; u < h->tokens; u++) {
        h->p[u] /= sum;
    }
}

static void query_grad(const head *h, uint32_t t)
{
    const float *grad = h->grad + t * h->grad_step;
    const float *q = h->q + t * h->step;
    float *dq = h->dq + t * h->step;
    double scale = 1.0 / sqrt((double)h->d), mean = 0.0;

    probabilities(h, t);
    for (uint32_t u = 0; u < h->tokens; u++) {
        mean += h->p[u] * dot(grad, h->v + u * h->step, h->d);
    }
    for (uint32_t u = 0; u < h->tokens; u++) {
        const float *k = h->k + u * h->step, *v = h->v + u * h->step;
        float *dk = h->dk + u * h->step, *dv = h->dv + u * h->step;
        float p = (float)h->p[u];
        float s = (float)(scale * h->p[u] * (dot(grad, v, h->d) - mean));

        for (size_t c = 0; c < h->d; c++) {
            dq[c] += s * k[c];
            dk[c] += s * q[c];
            dv[c] += p * grad[c];
        }
    }
}

static void attention_task(void *arg, uint32_t index, uint32_t worker)
{
    const cedm_call *call = arg;
    const cedm_exec *base = call->exec;
    const cg_attention_grad *op = call->op;
    uint32_t image = index / op->heads;
    size_t d = op->channels / op->heads, first = index % op->heads * d;
    size_t map = (size_t)op->tokens * op->channels;
    void *scratch = cedm_scratch(base, worker);
    const float *src = cedm_at(base, op->src, 3 * map, image) + first;
    float *dst = cedm_at(base, op->dst, 3 * map, image) + first;
    head h = {.q = src,
              .k = src + op->channels,
              .v = src + 2 * (size_t)op->channels,
              .grad = cedm_at(base, op->grad, map, image) + first,
              .dq = dst,
              .dk = dst + op->channels,
              .dv = dst + 2 * (size_t)op->channels,
              .p = scratch,
              .d = d,
              .step = 3 * (size_t)op->channels,
              .grad_step = op->channels,
              .tokens = op->tokens};

    for (uint32_t t = 0; t < op->tokens; t++) {
        memset(h.dq + t * h.step, 0, d * sizeof(float));
        memset(h.dk + t * h.step, 0, d * sizeof(float));
        memset(h.dv + t * h.step, 0, d * sizeof(float));
    }
    for (uint32_t t = 0; t < op->tokens; t++) {
        query_grad(&h, t);
    }
}

void train_op_attention_grad(train_exec *exec, const cg_attention_grad *op)
{
    cedm_run_tasks(&exec->base, attention_task, op, exec->base.n * op->heads);
}

void train_size_attention_grad(cedm_sizes *sizes, const cg_attention_grad *op)
{
    cedm_need_scratch(sizes, 2 * (uint64_t)op->tokens);
}
