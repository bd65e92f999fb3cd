/* SPDX-License-Identifier: MIT
 *
 * attention_grad.c - the adjoint of attention in vectors: some queries at a
 * time, so that a key and its value are fetched once for all of them. */
#include <string.h>

#include "cpu/vec.h"
#include "train_cpu.h"

typedef struct head {
    const float *q, *k, *v, *grad;
    float *dq, *dk, *dv;
    float *p, *s; /* [TRAIN_QUERIES][tokens] */
    size_t d, step, grad_step;
    uint32_t tokens;
} head;

static float dot(const float *x, const float *y, size_t n)
{
    v16 sum = v16_set(0.0f);

    for (size_t i = 0; i < n; i += 16) {
        sum = v16_fma(v16_load(x + i), v16_load(y + i), sum);
    }
    return v16_sum(sum);
}

/* to += factor * from */
static void add(float *to, float factor, const float *from, size_t n)
{
    v16_lane f = v16_broadcast(&factor);

    for (size_t i = 0; i < n; i += 16) {
        v16_store(to + i, v16_fma_lane(f, v16_load(from + i),
                                       v16_load(to + i)));
    }
}

/* Scores to probabilities. */
static void softmax(float *p, uint32_t tokens)
{
    float largest = p[0];
    double sum = 0.0;

    for (uint32_t u = 1; u < tokens; u++) {
        largest = p[u] > largest ? p[u] : largest;
    }
    for (uint32_t u = 0; u < tokens; u += 16) {
        uint32_t n = tokens - u < 16 ? tokens - u : 16;
        v16 x = n == 16 ? v16_load(p + u) : v16_load_part(p + u, n);

        x = v16_exp(v16_sub(x, v16_set(largest)));
        if (n == 16) {
            v16_store(p + u, x);
        } else {
            v16_store_part(p + u, x, n);
        }
    }
    for (uint32_t u = 0; u < tokens; u++) {
        sum += (double)p[u];
    }
    for (uint32_t u = 0; u < tokens; u++) {
        p[u] = (float)((double)p[u] / sum);
    }
}

/* p and ds / sqrt(d) of query t: row i of both tables. */
static void query(const head *h, uint32_t t, uint32_t i)
{
    float scale = 1.0f / __builtin_sqrtf((float)h->d);
    const float *q = h->q + t * h->step, *grad = h->grad + t * h->grad_step;
    float *p = h->p + (size_t)i * h->tokens;
    float *s = h->s + (size_t)i * h->tokens;
    double mean = 0.0;

    for (uint32_t u = 0; u < h->tokens; u++) {
        p[u] = scale * dot(q, h->k + u * h->step, h->d);
        s[u] = dot(grad, h->v + u * h->step, h->d);
    }
    softmax(p, h->tokens);
    for (uint32_t u = 0; u < h->tokens; u++) {
        mean += (double)p[u] * (double)s[u];
    }
    for (uint32_t u = 0; u < h->tokens; u++) {
        s[u] = scale * p[u] * (s[u] - (float)mean);
    }
}

static void queries_grad(const head *h, uint32_t first, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        query(h, first + i, i);
    }
    for (uint32_t u = 0; u < h->tokens; u++) {
        for (uint32_t i = 0; i < count; i++) {
            float p = h->p[(size_t)i * h->tokens + u];
            float s = h->s[(size_t)i * h->tokens + u];
            size_t t = first + i;

            add(h->dq + t * h->step, s, h->k + u * h->step, h->d);
            add(h->dk + u * h->step, s, h->q + t * h->step, h->d);
            add(h->dv + u * h->step, p, h->grad + t * h->grad_step, h->d);
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
    const float *src = cedm_at(base, op->src, 3 * map, image) + first;
    float *dst = cedm_at(base, op->dst, 3 * map, image) + first;
    float *scratch = cedm_scratch(base, worker);
    head h = {.q = src,
              .k = src + op->channels,
              .v = src + 2 * (size_t)op->channels,
              .grad = cedm_at(base, op->grad, map, image) + first,
              .dq = dst,
              .dk = dst + op->channels,
              .dv = dst + 2 * (size_t)op->channels,
              .p = scratch,
              .s = scratch + (size_t)TRAIN_QUERIES * op->tokens,
              .d = d,
              .step = 3 * (size_t)op->channels,
              .grad_step = op->channels,
              .tokens = op->tokens};

    for (uint32_t t = 0; t < op->tokens; t++) {
        memset(h.dq + t * h.step, 0, d * sizeof(float));
        memset(h.dk + t * h.step, 0, d * sizeof(float));
        memset(h.dv + t * h.step, 0, d * sizeof(float));
    }
    for (uint32_t t = 0; t < op->tokens; t += TRAIN_QUERIES) {
        uint32_t left = op->tokens - t;

        queries_grad(&h, t, left < TRAIN_QUERIES ? left : TRAIN_QUERIES);
    }
}

void TRAIN_ISA_NAME(attention_grad)(train_exec *exec,
                                    const cg_attention_grad *op)
{
    if (op->channels / op->heads % 16 != 0) {
        train_op_attention_grad(exec, op);
        return;
    }
    cedm_run_tasks(&exec->base, attention_task, op,
                   exec->base.n * op->heads);
}
