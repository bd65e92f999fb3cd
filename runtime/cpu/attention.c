/* SPDX-License-Identifier: MIT
 *
 * attention.c - softmax(q k^T / sqrt(d)) v, a block of keys at a time.
 *
 * A task makes some queries of one head.  For each block of keys it packs
 * the keys as a panel of weights, multiplies, turns the scores into
 * exponentials, packs the values in the same place and multiplies again.
 * The largest score so far is taken off; when it grows, what was summed is
 * scaled down (Milakov and Gimelshein 2018), so scratch does not depend on
 * the number of tokens.  Blocks of keys are the same for every query. */
#include "runtime/cpu/tile.h"

/* What a task holds. */
typedef struct head {
    const float *q, *k, *v; /* of token 0; a token is `step` floats */
    float *dst;             /* of token 0 */
    size_t step, dst_step;
    uint32_t d, columns; /* columns: d in whole panels */
    uint32_t queries;
    float *packed;                        /* keys or values */
    float *scores;                        /* [queries][CEDM_KEYS] */
    float *sums;                          /* [queries][columns] */
    float *largest, *total;               /* [queries] */
    uint32_t *q_at, *scores_at, *sums_at; /* of a query */
} head;

/* ---- packing ----------------------------------------------------------- */

/* Keys to [panel of keys][d][16], zero for those beyond. */
static void pack_keys(const head *h, uint32_t first, uint32_t keys)
{
    uint32_t whole = cedm_panels(keys) * CEDM_PANEL;

    for (uint32_t u = 0; u < whole; u++) {
        float *dst = h->packed +
                     (size_t)(u / CEDM_PANEL) * CEDM_PANEL * h->d +
                     u % CEDM_PANEL;
        const float *k = h->k + (first + u) * h->step;

        for (size_t c = 0; c < h->d; c++) {
            dst[c * CEDM_PANEL] = u < keys ? k[c] : 0.0f;
        }
    }
}

/* Values to [panel of channels][keys][16]. */
static void pack_values(const head *h, uint32_t first, uint32_t keys)
{
    float *dst = h->packed;

    for (uint32_t c = 0; c < h->d; c += CEDM_PANEL) {
        const float *v = h->v + first * h->step + c;

        for (uint32_t u = 0; u < keys; u++, v += h->step) {
            if (h->d - c >= CEDM_PANEL) {
                v16_store(dst, v16_load(v));
            } else {
                v16_store(dst, v16_load_part(v, h->d - c));
            }
            dst += CEDM_PANEL;
        }
    }
}

/* ---- products ---------------------------------------------------------- */

static void multiply_keys(const head *h, uint32_t keys)
{
    static const float zero[CEDM_PANEL];

    const cedm_tile tile = {
        .a = h->q,
        .a_at = h->q_at,
        .b = h->packed,
        .runs = 1,
        .length = h->d,
        .panels = cedm_panels(keys),
        .b_panel = (size_t)h->d * CEDM_PANEL,
        .out_panel = CEDM_PANEL,
        .init = zero,
        .out = h->scores,
        .out_at = h->scores_at,
        .scale = (float)(1.0 / __builtin_sqrt((double)h->d)),
    };

    CEDM_ISA_NAME(tile)(&tile, h->queries);
}

static void multiply_values(const head *h, uint32_t keys)
{
    const cedm_tile tile = {
        .a = h->scores,
        .a_at = h->scores_at,
        .b = h->packed,
        .runs = 1,
        .length = keys,
        .panels = h->columns / CEDM_PANEL,
        .b_panel = (size_t)keys * CEDM_PANEL,
        .init_panel = CEDM_PANEL,
        .out_panel = CEDM_PANEL,
        .init = h->sums,
        .init_step = h->columns,
        .out = h->sums,
        .out_at = h->sums_at,
        .scale = 1.0f,
    };

    CEDM_ISA_NAME(tile)(&tile, h->queries);
}

/* ---- softmax ----------------------------------------------------------- */

static float largest_of(const float *score, uint32_t whole)
{
    v16 m = v16_load(score);

    for (uint32_t u = 16; u < whole; u += 16) {
        m = v16_max(m, v16_load(score + u));
    }
    return v16_largest(m);
}

/* Scales what earlier blocks left of query q to another largest score. */
static void rescale(const head *h, uint32_t q, float largest)
{
    const v16 by = v16_exp(v16_set(h->largest[q] - largest));
    float *sums = h->sums + h->sums_at[q], total[CEDM_PANEL];

    for (uint32_t c = 0; c < h->columns; c += CEDM_PANEL) {
        v16_store(sums + c, v16_mul(v16_load(sums + c), by));
    }
    v16_store(total, v16_mul(v16_set(h->total[q]), by));
    h->total[q] = total[0];
}

/* Scores of query q become exponentials, 0 < keys of them. */
static void exponentials(const head *h, uint32_t q, uint32_t keys)
{
    float *score = h->scores + h->scores_at[q], largest;
    uint32_t whole = keys - keys % 16, u;
    v16 sum = v16_set(0.0f), m;

    for (u = keys; u % 16 != 0; u++) {
        score[u] = score[0]; /* changes no maximum; is not summed */
    }
    largest = largest_of(score, u);
    if (largest > h->largest[q]) {
        rescale(h, q, largest);
        h->largest[q] = largest;
    }
    m = v16_set(h->largest[q]);
    for (u = 0; u < whole; u += 16) {
        v16 e = v16_exp(v16_sub(v16_load(score + u), m));

        v16_store(score + u, e);
        sum = v16_add(sum, e);
    }
    if (u < keys) {
        v16_store(score + u, v16_exp(v16_sub(v16_load(score + u), m)));
        sum = v16_add(sum, v16_load_part(score + u, keys - u));
    }
    h->total[q] += v16_sum(sum);
}

/* ---- tasks ------------------------------------------------------------- */

static void start_head(head *h, const cedm_exec *exec,
                       const cedm_attention *op, uint32_t index)
{
    uint32_t blocks = cedm_ceil_div(op->tokens, CEDM_QUERIES);
    uint32_t first = index % blocks * CEDM_QUERIES;
    uint32_t number = index / blocks % op->heads;
    uint32_t image = index / blocks / op->heads;
    size_t map = (size_t)op->tokens * op->channels;

    h->d = op->channels / op->heads;
    h->columns = cedm_panels(h->d) * CEDM_PANEL;
    h->step = 3 * (size_t)op->channels;
    h->dst_step = op->channels;
    h->queries =
        op->tokens - first < CEDM_QUERIES ? op->tokens - first : CEDM_QUERIES;
    h->q = cedm_at(exec, op->src, 3 * map, image) + (size_t)number * h->d;
    h->k = h->q + op->channels;
    h->v = h->k + op->channels;
    h->q += first * h->step;
    h->dst = cedm_at(exec, op->dst, map, image) + (size_t)number * h->d +
             first * h->dst_step;
}

static void finish_head(const head *h)
{
    for (uint32_t q = 0; q < h->queries; q++) {
        const float *sums = h->sums + (size_t)q * h->columns;
        float *dst = h->dst + q * h->dst_step, share = 1.0f / h->total[q];

        for (uint32_t c = 0; c < h->d; c++) {
            dst[c] = sums[c] * share;
        }
    }
}

static void lay_out_scratch(head *h, float *scratch)
{
    void *tables;

    h->packed = scratch;
    h->scores = h->packed + (size_t)CEDM_KEYS * h->columns;
    h->sums = h->scores + CEDM_QUERIES * CEDM_KEYS;
    h->largest = h->sums + (size_t)CEDM_QUERIES * h->columns;
    h->total = h->largest + CEDM_QUERIES;
    tables = h->total + CEDM_QUERIES;
    h->q_at = tables;
    h->scores_at = h->q_at + CEDM_QUERIES;
    h->sums_at = h->scores_at + CEDM_QUERIES;
}

static void attention_task(void *arg, uint32_t index, uint32_t worker)
{
    const cedm_call *call = arg;
    const cedm_attention *op = call->op;
    head h;

    start_head(&h, call->exec, op, index);
    lay_out_scratch(&h, cedm_scratch(call->exec, worker));
    memset(h.sums, 0, (size_t)h.queries * h.columns * sizeof *h.sums);
    for (uint32_t q = 0; q < h.queries; q++) {
        h.largest[q] = -3.0e38f;
        h.total[q] = 0.0f;
        h.q_at[q] = (uint32_t)(q * h.step);
        h.scores_at[q] = q * CEDM_KEYS;
        h.sums_at[q] = q * h.columns;
    }
    for (uint32_t u = 0; u < op->tokens; u += CEDM_KEYS) {
        uint32_t left = op->tokens - u;
        uint32_t keys = left < CEDM_KEYS ? left : CEDM_KEYS;

        pack_keys(&h, u, keys);
        multiply_keys(&h, keys);
        for (uint32_t q = 0; q < h.queries; q++) {
            exponentials(&h, q, keys);
        }
        pack_values(&h, u, keys);
        multiply_values(&h, keys);
    }
    finish_head(&h);
}

void CEDM_ISA_NAME(attention)(void *ctx, const cedm_attention *op)
{
    const cedm_exec *exec = ctx;
    uint32_t blocks = cedm_ceil_div(op->tokens, CEDM_QUERIES);

    cedm_run_tasks(exec, attention_task, op, exec->n * op->heads * blocks);
}
