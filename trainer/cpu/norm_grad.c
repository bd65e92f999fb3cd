/* SPDX-License-Identifier: MIT
 *
 * norm_grad.c - the adjoint of norm, activation and dropout in vectors:
 * sixteen channels of a row at a time.  The sums of a row are added to
 * totals in double precision. */
#include "runtime/cpu/vec.h"
#include "trainer/cpu/train_cpu.h"

/* Elements whose dropout factors exist at a time. */
#define DROPPED 512u

/* What sixteen channels of one source need. */
typedef struct norm_columns {
    v16 a, b, inverse, shift, k1, k0;
} norm_columns;

CEDM_INLINE v16 load(const float *p, size_t n)
{
    return n == 16 ? v16_load(p) : v16_load_part(p, n);
}

CEDM_INLINE void store(float *p, v16 x, size_t n)
{
    if (n == 16) {
        v16_store(p, x);
    } else {
        v16_store_part(p, x, n);
    }
}

/* silu'(u) = s (1 + u (1 - s)), s = 1 / (1 + e^-u) */
CEDM_INLINE v16 silu_slope(v16 u)
{
    const v16 one = v16_set(1.0f);
    v16 e = v16_exp(v16_sub(v16_set(0.0f), u));
    v16 s = v16_div(one, v16_add(one, e));

    return v16_mul(s, v16_fma(u, v16_sub(one, s), one));
}

/* Sixteen channels of a row: gradients of u for those of v, their sums. */
static void slope_columns(const norm_columns *k, uint32_t act, float *grad,
                          size_t grad_step, const float *src, size_t step,
                          size_t width, size_t n, double *p0, double *p1)
{
    v16 s0 = v16_set(0.0f), s1 = s0;
    float sums[32];

    for (size_t i = 0; i < width; i++) {
        v16 x = load(src + i * step, n), g = load(grad + i * grad_step, n);

        if (act == CEDM_ACT_SILU) {
            g = v16_mul(g, silu_slope(v16_fma(k->a, x, k->b)));
            store(grad + i * grad_step, g, n);
        }
        s0 = v16_add(s0, g);
        s1 = v16_fma(g, v16_sub(v16_mul(x, k->inverse), k->shift), s1);
    }
    v16_store(sums, s0);
    v16_store(sums + 16, s1);
    for (size_t c = 0; c < n; c++) {
        p0[c] += (double)sums[c];
        p1[c] += (double)sums[16 + c];
    }
}

static void apply_columns(const norm_columns *k, bool accumulate,
                          const float *grad, size_t grad_step,
                          const float *src, float *dst, size_t step,
                          size_t pixels, size_t n)
{
    for (size_t i = 0; i < pixels; i++) {
        v16 x = load(src + i * step, n), g = load(grad + i * grad_step, n);
        v16 dx = v16_fma(k->a, g, v16_fma(k->k1, x, k->k0));

        if (accumulate) {
            dx = v16_add(dx, load(dst + i * step, n));
        }
        store(dst + i * step, dx, n);
    }
}

static void drop(train_norm_image *v, const train_exec *exec,
                 const cg_norm_grad *op, uint32_t image)
{
    size_t channels = op->channels[0] + op->channels[1];
    size_t elements = channels * op->height * op->width;
    float factor[DROPPED];

    for (size_t e = 0; e < elements; e += DROPPED) {
        size_t n = elements - e < DROPPED ? elements - e : DROPPED;
        float *g = v->grad + e;

        TRAIN_ISA_NAME(dropout)
        (exec, op->layer, image, (uint32_t)e, (uint32_t)n, factor);
        for (size_t i = 0; i + 16 <= n; i += 16) {
            v16_store(g + i, v16_mul(v16_load(g + i), v16_load(factor + i)));
        }
        for (size_t i = n & ~(size_t)15; i < n; i++) {
            g[i] *= factor[i];
        }
    }
}

/* Both passes walk over the channels of both sources in sixteens; `apply`
 * says which pass it is. */
static void walk(const train_norm_image *v, const cg_norm_grad *op,
                 bool apply)
{
    size_t channels = op->channels[0] + op->channels[1];
    size_t pixels = (size_t)op->height * op->width;

    for (int s = 0; s < 2; s++) {
        size_t own = op->channels[s], first = s == 0 ? 0 : op->channels[0];

        for (size_t c = 0; c < own; c += 16) {
            size_t n = own - c < 16 ? own - c : 16, at = first + c;
            norm_columns k = {
                load(v->a + at, n),       load(v->b + at, n),
                load(v->inverse + at, n), load(v->shift + at, n),
                load(v->k1 + at, n),      load(v->k0 + at, n)};

            if (apply && v->dst[s] != NULL) {
                apply_columns(&k, op->accumulate[s] != 0, v->grad + at,
                              channels, v->src[s] + c, v->dst[s] + c, own,
                              pixels, n);
            }
            for (size_t p = 0; !apply && p < pixels; p += op->width) {
                slope_columns(&k, op->act, v->grad + p * channels + at,
                              channels, v->src[s] + p * own + c, own,
                              op->width, n, v->p0 + at, v->p1 + at);
            }
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
    if (train_drops(exec, op->layer)) {
        drop(&v, exec, op, index);
    }
    walk(&v, op, false);
    train_norm_finish(&v, call->exec, op, index);
    walk(&v, op, true);
}

void TRAIN_ISA_NAME(norm_grad)(train_exec *exec, const cg_norm_grad *op)
{
    cedm_run_tasks(&exec->base, norm_task, op, exec->base.n);
    train_norm_params(exec, op);
}
