/* SPDX-License-Identifier: MIT
 *
 * layer_norm.c - layer normalisation, sixteen channels at a time: the mean,
 * then squares around it, each as sixteen sums added by halves. */
#include "runtime/cpu/cpu.h"
#include "runtime/cpu/vec.h"

/* The sums of all channels, and of their squares around `mean`. */
CEDM_INLINE float total(const float *src, uint32_t channels)
{
    v16 sum = v16_set(0.0f);
    uint32_t c = 0;

    for (; c + 16 <= channels; c += 16) {
        sum = v16_add(sum, v16_load(src + c));
    }
    if (c < channels) {
        sum = v16_add(sum, v16_load_part(src + c, channels - c));
    }
    return v16_sum(sum);
}

CEDM_INLINE float squares(const float *src, uint32_t channels, v16 mean)
{
    v16 sum = v16_set(0.0f), d;
    uint32_t c = 0;

    for (; c + 16 <= channels; c += 16) {
        d = v16_sub(v16_load(src + c), mean);
        sum = v16_fma(d, d, sum);
    }
    if (c < channels) {
        float rest[16];

        v16_store(rest, v16_sub(v16_load_part(src + c, channels - c), mean));
        d = v16_load_part(rest, channels - c);
        sum = v16_fma(d, d, sum);
    }
    return v16_sum(sum);
}

static void normalise(const cedm_layer_norm *op, const float *gamma,
                      const float *beta, const float *src, float *dst)
{
    uint32_t c = 0, channels = op->channels;
    const float count = (float)channels;
    const v16 mean = v16_set(total(src, channels) / count);
    const double variance =
        (double)squares(src, channels, mean) / (double)count;
    const v16 inverse =
        v16_set((float)(1.0 / __builtin_sqrt(variance + (double)op->eps)));

    for (; c + 16 <= channels; c += 16) {
        const v16 y = v16_mul(v16_sub(v16_load(src + c), mean), inverse);

        v16_store(dst + c,
                  v16_fma(y, v16_load(gamma + c), v16_load(beta + c)));
    }
    if (c < channels) {
        uint32_t n = channels - c;
        const v16 y =
            v16_mul(v16_sub(v16_load_part(src + c, n), mean), inverse);

        v16_store_part(dst + c,
                       v16_fma(y, v16_load_part(gamma + c, n),
                               v16_load_part(beta + c, n)),
                       n);
    }
}

static void layer_norm_task(void *arg, uint32_t index, uint32_t worker)
{
    const cedm_call *call = arg;
    const cedm_exec *exec = call->exec;
    const cedm_layer_norm *op = call->op;
    cedm_token_range range = cedm_tokens_of(index, op->tokens);
    size_t channels = op->channels, map = op->tokens * channels;
    const float *src = cedm_at(exec, op->src, map, range.image);
    float *dst = cedm_at(exec, op->dst, map, range.image);

    (void)worker;
    for (uint32_t t = range.first; t < range.end; t++) {
        normalise(op, exec->data + op->gamma, exec->data + op->beta,
                  src + t * channels, dst + t * channels);
    }
}

void CEDM_ISA_NAME(layer_norm)(void *ctx, const cedm_layer_norm *op)
{
    cedm_run_tokens(ctx, layer_norm_task, op, op->tokens);
}
