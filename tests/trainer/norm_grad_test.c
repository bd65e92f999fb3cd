/* SPDX-License-Identifier: MIT
 *
 * norm_grad_test.c - the adjoint of norm, activation and dropout, of every
 * instruction set, against finite differences. */
#include "tests/trainer/op_fixture.h"

/* ---- norm, activation, dropout ------------------------------------------ */

/* One image, both sources side by side. */
typedef struct norm_twin {
    const cg_norm_grad *op;
    double *x, *gamma, *beta, *adaptive;
    const double *w, *factor;
} norm_twin;

static double group_loss(const norm_twin *t, uint32_t first, uint32_t size)
{
    const cg_norm_grad *op = t->op;
    uint32_t channels = op->channels[0] + op->channels[1];
    uint32_t pixels = op->height * op->width;
    double mean = 0.0, var = 0.0, loss = 0.0, count = (double)pixels * size;

    for (uint32_t i = 0; i < pixels * size; i++) {
        mean += t->x[i / size * channels + first + i % size] / count;
    }
    for (uint32_t i = 0; i < pixels * size; i++) {
        double d = t->x[i / size * channels + first + i % size] - mean;

        var += d * d / count;
    }
    for (uint32_t i = 0; i < pixels * size; i++) {
        uint32_t c = first + i % size, at = i / size * channels + c;
        double u =
            t->gamma[c] * (t->x[at] - mean) / sqrt(var + (double)op->eps) +
            t->beta[c];

        if (t->adaptive != NULL) {
            u = u * (1.0 + t->adaptive[c]) + t->adaptive[channels + c];
        }
        loss += t->w[at] * t->factor[at] * act(u, op->act);
    }
    return loss;
}

static double norm_loss(const void *twin)
{
    const norm_twin *t = twin;
    uint32_t channels = t->op->channels[0] + t->op->channels[1];
    uint32_t size = channels / t->op->groups;
    double loss = 0.0;

    for (uint32_t first = 0; first < channels; first += size) {
        loss += group_loss(t, first, size);
    }
    return loss;
}

/* Statistics of a source's rows, as convolutions leave them. */
static void make_stats(fixture *x, const cg_norm_grad *op, int s)
{
    uint32_t channels = op->channels[s], width = op->width;
    uint32_t partials = (op->height + op->stat_rows - 1) / op->stat_rows;

    for (uint32_t i = 0; i < BATCH; i++) {
        const float *src =
            values(x, op->src[s], op->height * width * channels, i);
        float *stats = values(x, op->stats[s], 2 * partials * channels, i);

        for (uint32_t k = 0; k < partials * channels; k++) {
            uint32_t part = k / channels, c = k % channels;
            uint32_t first = part * op->stat_rows * width;
            uint32_t end = (part + 1) * op->stat_rows * width;
            double mean = 0.0, m2 = 0.0;

            end = end < op->height * width ? end : op->height * width;
            for (uint32_t p = first; p < end; p++) {
                mean += (double)src[p * channels + c] / (end - first);
            }
            for (uint32_t p = first; p < end; p++) {
                double d = (double)src[p * channels + c] - mean;

                m2 += d * d;
            }
            stats[2 * part * channels + c] = (float)mean;
            stats[(2 * part + 1) * channels + c] = (float)m2;
        }
    }
}

static void make_coefficients(fixture *x, const cg_norm_grad *op)
{
    cedm_norm_coeff norm = {.height = op->height,
                            .width = op->width,
                            .channels = {op->channels[0], op->channels[1]},
                            .groups = op->groups,
                            .stat_rows = op->stat_rows,
                            .eps = op->eps,
                            .stats = {op->stats[0], op->stats[1]},
                            .adaptive_index = op->adaptive_index,
                            .adaptive_stride = op->adaptive_stride,
                            .adaptive_src = op->adaptive_src,
                            .dst = op->coeff,
                            .gamma = op->gamma,
                            .beta = op->beta};

    cedm_op_norm_coeff(&x->exec.base, &norm);
}

static void make_norm(fixture *x, cg_norm_grad *op, bool adaptive)
{
    uint32_t channels = op->channels[0] + op->channels[1];
    uint32_t pixels = op->height * op->width;
    uint32_t partials = (op->height + op->stat_rows - 1) / op->stat_rows;

    for (int s = 0; s < 2; s++) {
        op->src[s] = op->stats[s] = op->dst[s] = CEDM_NONE;
        if (op->channels[s] != 0) {
            op->src[s] = tensor(x, pixels * op->channels[s]);
            op->dst[s] = tensor(x, pixels * op->channels[s]);
            op->stats[s] = tensor(x, 2 * partials * op->channels[s]);
            make_stats(x, op, s);
        }
    }
    op->coeff = tensor(x, 2 * channels);
    op->grad = tensor(x, pixels * channels);
    op->sums = tensor(x, 2 * channels);
    op->gamma = 0;
    op->beta = 512;
    op->adaptive_src = op->adaptive_dst = CEDM_NONE;
    if (adaptive) {
        op->adaptive_index = 5;
        op->adaptive_stride = 2 * channels + 9;
        op->adaptive_src = tensor(x, op->adaptive_stride);
        op->adaptive_dst = tensor(x, op->adaptive_stride);
    }
    make_coefficients(x, op);
}

/* The sources of an image side by side, in double precision. */
static double *join(fixture *x, const cg_norm_grad *op, const cedm_ref *refs,
                    uint32_t image)
{
    uint32_t channels = op->channels[0] + op->channels[1];
    uint32_t pixels = op->height * op->width;
    double *out = malloc(pixels * channels * sizeof *out);

    assert_non_null(out);
    for (uint32_t i = 0; i < pixels * channels; i++) {
        uint32_t p = i / channels, c = i % channels;
        int s = c >= op->channels[0];
        const float *src =
            values(x, refs[s], pixels * op->channels[s], image);

        out[i] =
            (double)src[p * op->channels[s] + (s ? c - op->channels[0] : c)];
    }
    return out;
}

static void narrow(float *out, const double *x, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        out[i] = (float)x[i];
    }
}

/* before: what an accumulating destination held. */
static void check_norm_image(fixture *x, const cg_norm_grad *op, norm_twin *t,
                             const double *before, uint32_t image)
{
    uint32_t channels = op->channels[0] + op->channels[1];
    uint32_t count = op->height * op->width * channels;
    double *dx = join(x, op, op->dst, image);
    float *got = malloc(count * sizeof *got);

    assert_non_null(got);
    for (uint32_t i = 0; i < count; i++) {
        int s = i % channels >= op->channels[0];

        dx[i] -= op->accumulate[s] ? before[i] : 0.0;
    }
    narrow(got, dx, count);
    check_gradient("dx", got, t->x, count, 13, norm_loss, t);
    if (t->adaptive != NULL) {
        check_gradient(
            "adaptive",
            values(x, op->adaptive_dst, op->adaptive_stride, image) +
                op->adaptive_index,
            t->adaptive, 2 * channels, 3, norm_loss, t);
    }
    free(got);
    free(dx);
}

static void check_norm(const train_ops *ops, cg_norm_grad op, bool adaptive)
{
    uint32_t channels = op.channels[0] + op.channels[1];
    uint32_t count = op.height * op.width * channels;
    fixture x;
    norm_twin t[BATCH];
    double *before[BATCH];
    float *factor = malloc(count * sizeof *factor);

    assert_non_null(factor);
    open_fixture(&x);
    make_norm(&x, &op, adaptive);
    for (uint32_t i = 0; i < BATCH; i++) {
        for (uint32_t e = 0; e < count; e++) {
            factor[e] = 1.0f;
        }
        if (op.layer != CG_NO_DROPOUT) {
            train_dropout(&x.exec, op.layer, i, 0, count, factor);
        }
        t[i] = (norm_twin){
            .op = &op,
            .x = join(&x, &op, op.src, i),
            .gamma = widen(x.data + op.gamma, channels),
            .beta = widen(x.data + op.beta, channels),
            .adaptive = !adaptive ? NULL
                                  : widen(values(&x, op.adaptive_src,
                                                 op.adaptive_stride, i) +
                                              op.adaptive_index,
                                          2 * channels),
            .w = widen(values(&x, op.grad, count, i), count),
            .factor = widen(factor, count)};
        before[i] = join(&x, &op, op.dst, i);
    }
    train_size_norm_grad(&x.sizes, &op);
    ops->norm_grad(&x.exec, &op);
    for (uint32_t i = 0; i < BATCH; i++) {
        check_norm_image(&x, &op, &t[i], before[i], i);
    }
    /* The parameters' gradients are sums over the images. */
    for (uint32_t c = 0; c < channels; c++) {
        double sum = 0.0;

        for (uint32_t i = 0; i < BATCH; i++) {
            double kept = t[i].gamma[c], up;

            t[i].gamma[c] = kept + STEP;
            up = norm_loss(&t[i]);
            t[i].gamma[c] = kept - STEP;
            sum += (up - norm_loss(&t[i])) / (2.0 * STEP);
            t[i].gamma[c] = kept;
        }
        if (!(fabs(sum - (double)x.grads[op.gamma + c]) <=
              1e-5 * (fabs(sum) + 10.0))) {
            fail_msg("gamma[%u]: got %.8g, wanted %.8g", c,
                     (double)x.grads[op.gamma + c], sum);
        }
    }
    for (uint32_t i = 0; i < BATCH; i++) {
        free(t[i].x);
        free(t[i].gamma);
        free(t[i].beta);
        free(t[i].adaptive);
        free((void *)(uintptr_t)t[i].w);
        free((void *)(uintptr_t)t[i].factor);
        free(before[i]);
    }
    free(factor);
    close_fixture(&x);
}

static void test_norm_grad(void **state)
{
    const train_ops *ops = *state;
    const cg_norm_grad base = {.height = 5,
                               .width = 4,
                               .groups = 4,
                               .stat_rows = 2,
                               .eps = 1e-5f,
                               .act = CEDM_ACT_SILU,
                               .layer = CG_NO_DROPOUT};
    cg_norm_grad op = base;

    op.channels[0] = 20;
    check_norm(ops, op, false);
    op.channels[1] = 12; /* groups straddle the sources */
    op.accumulate[1] = 1;
    check_norm(ops, op, true);
    op.layer = 3;
    check_norm(ops, op, false);
    op.act = CEDM_ACT_AFFINE;
    op.accumulate[0] = 1;
    check_norm(ops, op, false);
}

int main(void)
{
    static const op_tests tests[] = {
        {"norm_grad", test_norm_grad},
    };

    return run_for_all_sets(tests, sizeof tests / sizeof tests[0]);
}
