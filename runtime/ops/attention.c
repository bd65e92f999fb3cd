/* SPDX-License-Identifier: MIT
 *
 * attention.c - softmax(q k^T / sqrt(d)) v, a pair of queries at a time.
 *
 * Scratch holds the pair's scores over all tokens.  The largest is taken
 * off before exp, so that none overflows; the exponentials are summed in
 * double precision and the weighted values token after token. */
#include "runtime/ops/dots.h"
#include "runtime/ops/ops.h"

typedef struct head_view {
    const float *q, *k, *v; /* of token 0 */
    float *dst;             /* of token 0 */
    size_t d, step, dst_step;
    uint32_t tokens;
} head_view;

/* score[j][u] = q[j] . k[u] / sqrt(d) for two queries. */
static void scores_of(const head_view *h, const float *const q[CEDM_DOTS_W],
                      float *const score[CEDM_DOTS_W])
{
    float scale = (float)(1.0 / __builtin_sqrt((double)h->d));

    for (uint32_t u = 0; u < h->tokens; u += CEDM_DOTS_X) {
        const float *k[CEDM_DOTS_X];
        cedm_dots dots = {0};

        for (uint32_t i = 0; i < CEDM_DOTS_X; i++) {
            uint32_t token = u + i < h->tokens ? u + i : h->tokens - 1;

            k[i] = h->k + token * h->step;
        }
        cedm_dots_run(&dots, k, q, h->d);
        for (uint32_t i = 0; i < CEDM_DOTS_X && u + i < h->tokens; i++) {
            score[0][u + i] = cedm_dots_total(&dots, i, 0) * scale;
            score[1][u + i] = cedm_dots_total(&dots, i, 1) * scale;
        }
    }
}

/* Replaces scores by exponentials; returns one over their sum. */
static float exponentials(float *score, uint32_t tokens)
{
    float largest = score[0];
    double sum = 0.0;
    uint32_t u = 0;

    for (uint32_t i = 1; i < tokens; i++) {
        largest = score[i] > largest ? score[i] : largest;
    }
    for (; u + CEDM_LANES <= tokens; u += CEDM_LANES) {
        cedm_lanes e = cedm_lanes_load(score + u) - largest;

        cedm_lanes_store(score + u, cedm_lanes_exp(e));
    }
    if (u < tokens) {
        cedm_lanes e = cedm_lanes_load_part(score + u, tokens - u) - largest;

        cedm_lanes_store_part(score + u, cedm_lanes_exp(e), tokens - u);
    }
    for (u = 0; u < tokens; u++) {
        sum += (double)score[u];
    }
    return (float)(1.0 / sum);
}

/* dst = factor * sum_u weight[u] v[u], 16 channels at a time: an addition
 * waits for the one before it, so four sums go on side by side. */
static void weighted_values(const head_view *h, const float *weight,
                            float factor, float *dst)
{
    size_t c = 0;

    for (; c + 4 * CEDM_LANES <= h->d; c += 4 * CEDM_LANES) {
        cedm_lanes s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0};
        const float *v = h->v + c;

        for (uint32_t u = 0; u < h->tokens; u++, v += h->step) {
            s0 += weight[u] * cedm_lanes_load(v);
            s1 += weight[u] * cedm_lanes_load(v + CEDM_LANES);
            s2 += weight[u] * cedm_lanes_load(v + 2 * CEDM_LANES);
            s3 += weight[u] * cedm_lanes_load(v + 3 * CEDM_LANES);
        }
        cedm_lanes_store(dst + c, s0 * factor);
        cedm_lanes_store(dst + c + CEDM_LANES, s1 * factor);
        cedm_lanes_store(dst + c + 2 * CEDM_LANES, s2 * factor);
        cedm_lanes_store(dst + c + 3 * CEDM_LANES, s3 * factor);
    }
    for (; c < h->d; c++) {
        float sum = 0.0f;

        for (uint32_t u = 0; u < h->tokens; u++) {
            sum += weight[u] * h->v[u * h->step + c];
        }
        dst[c] = sum * factor;
    }
}

static void attention_task(void *arg, uint32_t index, uint32_t worker)
{
    const cedm_call *call = arg;
    const cedm_exec *exec = call->exec;
    const cedm_attention *op = call->op;
    uint32_t pairs = cedm_ceil_div(op->tokens, CEDM_DOTS_W);
    uint32_t head = index / pairs % op->heads;
    uint32_t image = index / pairs / op->heads;
    uint32_t first = index % pairs * CEDM_DOTS_W;
    size_t map = (size_t)op->tokens * op->channels;
    size_t d = op->channels / op->heads;
    const float *src = cedm_at(exec, op->src, 3 * map, image) + head * d;
    float *dst = cedm_at(exec, op->dst, map, image) + head * d;
    head_view h = {
        .q = src,
        .k = src + op->channels,
        .v = src + 2 * (size_t)op->channels,
        .dst = dst,
        .d = d,
        .step = 3 * (size_t)op->channels,
        .dst_step = op->channels,
        .tokens = op->tokens,
    };
    uint32_t queries = op->tokens - first < CEDM_DOTS_W ? 1 : CEDM_DOTS_W;
    const float *q[CEDM_DOTS_W] = {
        h.q + first * h.step,
        h.q + (first + queries - 1) * h.step,
    };
    float *scratch = cedm_scratch(exec, worker);
    float *score[CEDM_DOTS_W] = {scratch, scratch + op->tokens};

    scores_of(&h, q, score);
    for (uint32_t j = 0; j < queries; j++) {
        float factor = exponentials(score[j], op->tokens);

        weighted_values(&h, score[j], factor,
                        h.dst + (first + j) * h.dst_step);
    }
}

void cedm_op_attention(void *ctx, const cedm_attention *op)
{
    const cedm_exec *exec = ctx;
    uint32_t pairs = cedm_ceil_div(op->tokens, CEDM_DOTS_W);

    cedm_run_tasks(exec, attention_task, op, exec->n * op->heads * pairs);
}

void cedm_size_attention(void *ctx, const cedm_attention *op)
{
    cedm_need_scratch(ctx, (uint64_t)op->tokens * CEDM_DOTS_W);
}
