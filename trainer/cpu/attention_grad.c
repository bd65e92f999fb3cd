/* SPDX-License-Identifier: MIT
 *
 * attention_grad.c - the adjoint of attention as matrix products, sixteen
 * queries at a time: a panel of the micro-kernel.
 *
 * With keys as rows of its tiles, k times the panel of queries gives their
 * scores and v times the panel of their gradients the derivatives by the
 * probabilities, both [key][query]: there a softmax goes down the rows, all
 * queries at once.  The same two arrays then are the rows of the products
 * for dk and dv, whose K is the queries, and the panel of the one for dq,
 * whose rows are the channels. */
#include <string.h>

#include "runtime/cpu/tile.h"
#include "trainer/cpu/train_cpu.h"

typedef struct head {
    const float *q, *k, *v, *grad;
    float *dq, *dk, *dv;
    size_t d, step, grad_step;
    uint32_t tokens;
    float *keys;    /* [d][tokens]: k transposed */
    float *p, *s;   /* [tokens][panel]: probabilities, derivatives */
    float *queries; /* [d][panel]: transposed, also for gradients, dq */
    float *values;  /* [panel][panel]: some channels of the queries */
    uint32_t *key_at, *row_at, *channel_at;
} head;

/* Some queries; the missing ones of the last panel are zero. */
typedef struct panel {
    uint32_t first, count;
} panel;

static void tables(head *h)
{
    uint32_t most = h->d > h->tokens ? (uint32_t)h->d : h->tokens;

    for (uint32_t i = 0; i < h->tokens; i++) {
        h->key_at[i] = (uint32_t)(i * h->step);
    }
    for (uint32_t i = 0; i < most; i++) {
        h->row_at[i] = i * CEDM_PANEL;
    }
    for (uint32_t c = 0; c < h->d; c++) {
        h->channel_at[c] = c * h->tokens;
        for (uint32_t u = 0; u < h->tokens; u++) {
            h->keys[(size_t)c * h->tokens + u] = h->k[u * h->step + c];
        }
    }
}

/* Rows of some queries as columns, times scale. */
static void pack_queries(const head *h, panel q, const float *src,
                         size_t step, float scale)
{
    memset(h->queries, 0, h->d * CEDM_PANEL * sizeof(float));
    for (uint32_t i = 0; i < q.count; i++) {
        const float *row = src + (q.first + i) * step;

        for (size_t c = 0; c < h->d; c++) {
            h->queries[c * CEDM_PANEL + i] = scale * row[c];
        }
    }
}

/* out = init + rows of a times the panel b. */
static void multiply(const float *a, const uint32_t *a_at, uint32_t rows,
                     const float *b, uint32_t length, float *out,
                     const uint32_t *out_at)
{
    static const float zeros[CEDM_PANEL];
    const cedm_tile tile = {.a = a,
                            .a_at = a_at,
                            .b = b,
                            .runs = 1,
                            .length = length,
                            .panels = 1,
                            .init = zeros,
                            .out = out,
                            .out_at = out_at,
                            .scale = 1.0f};

    CEDM_ISA_NAME(tile)(&tile, rows);
}

/* Scores in p become probabilities, derivatives by them in s derivatives by
 * the scores before their scale. */
static void softmax_grad(const head *h, float scale)
{
    v16 largest = v16_load(h->p), sum = v16_set(0.0f), mean = sum;

    for (uint32_t u = 1; u < h->tokens; u++) {
        largest = v16_max(largest, v16_load(h->p + u * CEDM_PANEL));
    }
    for (uint32_t u = 0; u < h->tokens; u++) {
        float *p = h->p + u * CEDM_PANEL;
        v16 e = v16_exp(v16_sub(v16_load(p), largest));

        v16_store(p, e);
        sum = v16_add(sum, e);
        mean = v16_fma(e, v16_load(h->s + u * CEDM_PANEL), mean);
    }
    mean = v16_div(mean, sum);
    sum = v16_div(v16_set(1.0f), sum);
    for (uint32_t u = 0; u < h->tokens; u++) {
        float *p = h->p + u * CEDM_PANEL, *s = h->s + u * CEDM_PANEL;
        v16 share = v16_mul(v16_load(p), sum);
        v16 slope = v16_mul(share, v16_sub(v16_load(s), mean));

        v16_store(p, share);
        v16_store(s, v16_mul(slope, v16_set(scale)));
    }
}

/* dst += (rows of `by`) times the queries' rows of src, 16 channels a time.
 * by has a row for each key. */
static void add_products(const head *h, panel q, const float *by,
                         const float *src, size_t step, float *dst)
{
    for (size_t c = 0; c < h->d; c += CEDM_PANEL) {
        cedm_tile tile = {.a = by,
                          .a_at = h->row_at,
                          .b = h->values,
                          .runs = 1,
                          .length = q.count,
                          .panels = 1,
                          .init = dst + c,
                          .init_step = h->step,
                          .out = dst + c,
                          .out_at = h->key_at,
                          .scale = 1.0f};

        for (uint32_t i = 0; i < q.count; i++) {
            v16_store(h->values + i * CEDM_PANEL,
                      v16_load(src + (q.first + i) * step + c));
        }
        CEDM_ISA_NAME(tile)(&tile, h->tokens);
    }
}

static void store_queries(const head *h, panel q)
{
    for (uint32_t i = 0; i < q.count; i++) {
        float *row = h->dq + (q.first + i) * h->step;

        for (size_t c = 0; c < h->d; c++) {
            row[c] = h->queries[c * CEDM_PANEL + i];
        }
    }
}

static void panel_grad(const head *h, panel q)
{
    float scale = 1.0f / __builtin_sqrtf((float)h->d);
    uint32_t d = (uint32_t)h->d;

    pack_queries(h, q, h->q, h->step, scale);
    multiply(h->k, h->key_at, h->tokens, h->queries, d, h->p, h->row_at);
    pack_queries(h, q, h->grad, h->grad_step, 1.0f);
    multiply(h->v, h->key_at, h->tokens, h->queries, d, h->s, h->row_at);
    softmax_grad(h, scale);
    multiply(h->keys, h->channel_at, d, h->s, h->tokens, h->queries,
             h->row_at);
    store_queries(h, q);
    add_products(h, q, h->s, h->q, h->step, h->dk);
    add_products(h, q, h->p, h->grad, h->grad_step, h->dv);
}

static void carve(head *h, float *scratch)
{
    size_t tokens = h->tokens;
    void *table;

    h->keys = scratch;
    h->p = h->keys + h->d * tokens;
    h->s = h->p + tokens * CEDM_PANEL;
    h->queries = h->s + tokens * CEDM_PANEL;
    h->values = h->queries + h->d * CEDM_PANEL;
    table = h->values + CEDM_PANEL * CEDM_PANEL;
    h->key_at = table;
    h->row_at = h->key_at + tokens;
    h->channel_at = h->row_at + tokens + h->d;
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
    head h = {.q = src,
              .k = src + op->channels,
              .v = src + 2 * (size_t)op->channels,
              .grad = cedm_at(base, op->grad, map, image) + first,
              .dq = dst,
              .dk = dst + op->channels,
              .dv = dst + 2 * (size_t)op->channels,
              .d = d,
              .step = 3 * (size_t)op->channels,
              .grad_step = op->channels,
              .tokens = op->tokens};

    carve(&h, cedm_scratch(base, worker));
    tables(&h);
    for (uint32_t t = 0; t < op->tokens; t++) {
        memset(h.dk + t * h.step, 0, d * sizeof(float));
        memset(h.dv + t * h.step, 0, d * sizeof(float));
    }
    for (uint32_t t = 0; t < op->tokens; t += CEDM_PANEL) {
        uint32_t left = op->tokens - t;

        panel_grad(&h, (panel){t, left < CEDM_PANEL ? left : CEDM_PANEL});
    }
}

void TRAIN_ISA_NAME(attention_grad)(train_exec *exec,
                                    const cg_attention_grad *op)
{
    if (op->channels / op->heads % CEDM_PANEL != 0) {
        train_op_attention_grad(exec, op);
        return;
    }
    cedm_run_tasks(&exec->base, attention_task, op, exec->base.n * op->heads);
}
