/* SPDX-License-Identifier: MIT
 *
 * training_ops_test.c - training ops of every instruction set against finite
 * differences or, where they are linear, against their sums. */
#include "tests/trainer/op_fixture.h"

/* ---- attention ---------------------------------------------------------- */

typedef struct attention_twin {
    const cg_attention_grad *op;
    double *qkv;
    const double *w;
} attention_twin;

static double attention_loss(const void *twin)
{
    const attention_twin *t = twin;
    uint32_t n = t->op->tokens, channels = t->op->channels;
    uint32_t d = channels / t->op->heads;
    double loss = 0.0, p[64];

    for (uint32_t i = 0; i < n * t->op->heads; i++) {
        uint32_t q = i / t->op->heads, first = i % t->op->heads * d;
        double sum = 0.0;

        for (uint32_t u = 0; u < n; u++) {
            double s = 0.0;

            for (uint32_t c = first; c < first + d; c++) {
                s += t->qkv[3 * q * channels + c] *
                     t->qkv[(3 * u + 1) * channels + c];
            }
            p[u] = exp(s / sqrt((double)d));
            sum += p[u];
        }
        for (uint32_t u = 0; u < n; u++) {
            for (uint32_t c = first; c < first + d; c++) {
                loss += t->w[q * channels + c] * p[u] / sum *
                        t->qkv[(3 * u + 2) * channels + c];
            }
        }
    }
    return loss;
}

static void check_attention(const train_ops *ops, uint32_t tokens,
                            uint32_t channels, uint32_t heads)
{
    uint32_t map = tokens * channels;
    cg_attention_grad op = {
        .tokens = tokens, .channels = channels, .heads = heads};
    cg_training_op sized = {.kind = CG_TRAINING_attention_grad};
    fixture x;

    open_fixture(&x);
    op.src = tensor(&x, 3 * map);
    op.grad = tensor(&x, map);
    op.dst = tensor(&x, 3 * map);
    sized.u.attention_grad = op;
    train_size_attention_grad(&x.sizes, &op);
    train_cpu_size(&x.sizes, &sized);
    ops->attention_grad(&x.exec, &op);
    for (uint32_t i = 0; i < BATCH; i++) {
        double *w = widen(values(&x, op.grad, map, i), map);
        attention_twin t = {
            &op, widen(values(&x, op.src, 3 * map, i), 3 * map), w};

        check_gradient("qkv", values(&x, op.dst, 3 * map, i), t.qkv, 3 * map,
                       37, attention_loss, &t);
        free(t.qkv);
        free(w);
    }
    close_fixture(&x);
}

static void test_attention_grad(void **state)
{
    check_attention(*state, 10, 32, 2);
    check_attention(*state, 9, 48, 1);
    check_attention(*state, 7, 10, 2); /* no multiple of a vector */
}

/* ---- weights ------------------------------------------------------------ */

/* All weights: the twin is linear, so its sum is the derivative.  Results by
 * tiles are differences of larger values. */
static void check_weight(const train_ops *ops, cg_conv_weight op)
{
    train_tiles_plan plan;
    double tolerance = train_plan_tiles(&plan, &op) ? 1e-4 : 2e-5;
    uint32_t in = op.in_height * op.in_width * op.cin;
    uint32_t out = op.height * op.width * op.cout;
    uint32_t taps = op.kernel * op.kernel;
    cg_training_op sized = {.kind = CG_TRAINING_conv_weight};
    fixture x;

    open_fixture(&x);
    op.src = tensor(&x, in);
    op.grad = tensor(&x, out);
    op.weight = 64;
    sized.u.conv_weight = op;
    train_size_conv_weight(&x.sizes, &op);
    train_cpu_size(&x.sizes, &sized);
    for (uint32_t i = 0; i < WEIGHTS; i++) {
        x.grads[i] = 0.25f;
    }
    ops->conv_weight(&x.exec, &op);
    for (uint32_t k = 0; k < op.cout * taps * op.cin; k++) {
        uint32_t c = k % op.cin, tap = k / op.cin % taps;
        uint32_t o = k / op.cin / taps;
        double sum = 0.0, got;

        for (uint32_t i = 0; i < BATCH * op.height * op.width; i++) {
            uint32_t p = i % (op.height * op.width);
            uint32_t image = i / (op.height * op.width);
            uint32_t sy = p / op.width * op.stride + tap / op.kernel - op.pad;
            uint32_t sx = p % op.width * op.stride + tap % op.kernel - op.pad;

            if (sy < op.in_height && sx < op.in_width) {
                sum +=
                    (double)values(&x, op.grad, out, image)[p * op.cout + o] *
                    (double)values(
                        &x, op.src, in,
                        image)[(sy * op.in_width + sx) * op.cin + c];
            }
        }
        sum *= (double)op.scale;
        got =
            (double)x
                .grads[op.weight + (o * taps + tap) * op.row + op.first + c] -
            0.25;
        if (!(fabs(got - sum) <= tolerance)) {
            fail_msg("weight[%u][%u][%u]: got %.8g, wanted %.8g", o, tap, c,
                     got, sum);
        }
    }
    assert_true(x.grads[op.weight - 1] == 0.25f);
    assert_true(x.grads[op.weight + op.cout * taps * op.row] == 0.25f);
    close_fixture(&x);
}

static void test_conv_weight(void **state)
{
    const cg_conv_weight base = {.height = 6,
                                 .width = 5,
                                 .in_height = 6,
                                 .in_width = 5,
                                 .cin = 7,
                                 .cout = 19,
                                 .kernel = 3,
                                 .stride = 1,
                                 .pad = 1,
                                 .row = 7,
                                 .scale = 0.5f};
    cg_conv_weight op = base;

    check_weight(*state, op);
    op.pad = 2; /* a result larger than its source */
    op.height = 8;
    op.width = 7;
    check_weight(*state, op);
    op = base;
    op.kernel = 1;
    op.pad = 0;
    op.row = 30; /* the second of two sources */
    op.first = 20;
    check_weight(*state, op);
    op = base;
    op.stride = 2;
    op.pad = 0;
    op.height = op.width = 2;
    check_weight(*state, op);
    op = base; /* a linear layer */
    op.height = op.width = op.in_height = op.in_width = 1;
    op.kernel = 1;
    op.pad = 0;
    op.cin = op.row = 33;
    check_weight(*state, op);
}

/* Maps that are no whole tiles, tasks with fewer channels or panels, two
 * sources; and what is almost made by tiles, but is not. */
static void test_conv_weight_tiles(void **state)
{
    const cg_conv_weight base = {.height = 9,
                                 .width = 14,
                                 .in_height = 9,
                                 .in_width = 14,
                                 .cin = 80,
                                 .cout = 16,
                                 .kernel = 3,
                                 .stride = 1,
                                 .pad = 1,
                                 .row = 80,
                                 .scale = 0.5f};
    cg_conv_weight op = base;
    train_tiles_plan plan;

    assert_true(train_plan_tiles(&plan, &op));
    assert_true(plan.across * plan.down * BATCH > TRAIN_TILES);
    check_weight(*state, op);
    op.cin = 16;
    op.cout = 80;
    op.row = 20;
    op.first = 3;
    assert_true(train_plan_tiles(&plan, &op));
    check_weight(*state, op);
    op.cout = 72;
    assert_false(train_plan_tiles(&plan, &op));
    check_weight(*state, op);
    op = base;
    op.cin = 16; /* a single task */
    assert_false(train_plan_tiles(&plan, &op));
    check_weight(*state, op);
}

/* ---- the rest ----------------------------------------------------------- */

static void check_activate(const train_ops *ops, uint32_t layer, uint32_t up)
{
    cg_activate op = {.height = 3,
                      .width = 5,
                      .channels = {17, 6},
                      .act = CEDM_ACT_SILU,
                      .up = up,
                      .layer = layer};
    cg_training_op sized = {.kind = CG_TRAINING_activate};
    uint32_t channels = 23, pixels = 15, count = pixels * channels;
    float factor[15 * 23];
    fixture x;

    open_fixture(&x);
    op.src[0] = tensor(&x, pixels * 17);
    op.src[1] = tensor(&x, pixels * 6);
    op.coeff = tensor(&x, 2 * channels);
    op.dst = tensor(&x, count << (2 * up));
    sized.u.activate = op;
    train_size_activate(&x.sizes, &op);
    train_cpu_size(&x.sizes, &sized);
    ops->activate(&x.exec, &op);
    for (uint32_t k = 0; k < BATCH * (count << (2 * up)); k++) {
        uint32_t image = k / (count << (2 * up)), c = k % channels;
        uint32_t p = k / channels % (pixels << (2 * up));
        uint32_t y = (p / (5u << up)) >> up, col = (p % (5u << up)) >> up;
        uint32_t at = y * 5 + col;
        const float *a = values(&x, op.coeff, 2 * channels, image);
        double v = c < 17 ? (double)values(&x, op.src[0], pixels * 17,
                                           image)[at * 17 + c]
                          : (double)values(&x, op.src[1], pixels * 6,
                                           image)[at * 6 + c - 17];
        double got = (double)x.act[op.dst * BATCH + k];

        v = act((double)a[c] * v + (double)a[channels + c], op.act);
        if (layer != CG_NO_DROPOUT) {
            train_dropout(&x.exec, layer, image, 0, count, factor);
            v *= (double)factor[at * channels + c];
        }
        if (!(fabs(got - v) <= 1e-6 * (1.0 + fabs(v)))) {
            fail_msg("dst[%u]: got %.8g, wanted %.8g", k, got, v);
        }
    }
    close_fixture(&x);
}

static void test_activate(void **state)
{
    check_activate(*state, CG_NO_DROPOUT, 0);
    check_activate(*state, CG_NO_DROPOUT, 1);
    check_activate(*state, 2, 0);
}

/* Rows of a linear layer by finite differences are test_conv_weight's; here
 * are sums over pixels and images. */
static void test_sums(void **state)
{
    const train_ops *ops = *state;
    cg_sums op = {.pixels = 12,
                  .channels = 70,
                  .scale = 0.5f,
                  .index = 9,
                  .stride = 100,
                  .bias = 16,
                  .bias2 = 96};
    fixture x;

    open_fixture(&x);
    op.grad = tensor(&x, 12 * 70);
    op.dst = tensor(&x, 100);
    ops->sums(&x.exec, &op);
    for (uint32_t c = 0; c < 70; c++) {
        double total = 0.0;

        for (uint32_t i = 0; i < BATCH; i++) {
            double sum = 0.0;

            for (uint32_t p = 0; p < 12; p++) {
                sum += 0.5 * (double)values(&x, op.grad, 840, i)[p * 70 + c];
            }
            total += sum;
            assert_true(
                fabs((double)values(&x, op.dst, 100, i)[9 + c] - sum) < 1e-5);
        }
        assert_true(fabs((double)x.grads[16 + c] - total) < 1e-5);
        assert_true(fabs((double)x.grads[96 + c] - total) < 1e-5);
    }
    close_fixture(&x);
}

static void test_silu_grad(void **state)
{
    const train_ops *ops = *state;
    cg_silu_grad op = {.channels = 40};
    fixture x;

    open_fixture(&x);
    op.src = tensor(&x, 40);
    op.grad = tensor(&x, 40);
    op.dst = tensor(&x, 40);
    ops->silu_grad(&x.exec, &op);
    for (uint32_t k = 0; k < 40 * BATCH; k++) {
        double u = (double)x.act[op.src * BATCH + k];
        double slope =
            (act(u + STEP, CEDM_ACT_SILU) - act(u - STEP, CEDM_ACT_SILU)) /
            (2.0 * STEP);
        double wanted = slope * (double)x.act[op.grad * BATCH + k];
        double got = (double)x.act[op.dst * BATCH + k];

        if (!(fabs(got - wanted) <= 1e-6 * (1.0 + fabs(wanted)))) {
            fail_msg("dst[%u]: got %.8g, wanted %.8g", k, got, wanted);
        }
    }
    close_fixture(&x);
}

static void test_embed_grad(void **state)
{
    const train_ops *ops = *state;
    cg_embed_grad op = {.channels = 20,
                        .label_dim = 4,
                        .label_scale = 2.0f,
                        .weight = 64,
                        .bias = 32};
    fixture x;

    open_fixture(&x);
    op.grad = tensor(&x, 20);
    x.cluster[0] = x.cluster[2] = 3;
    x.cluster[1] = -1;
    ops->embed_grad(&x.exec, &op);
    for (uint32_t c = 0; c < 20; c++) {
        float g[BATCH];

        for (uint32_t i = 0; i < BATCH; i++) {
            g[i] = values(&x, op.grad, 20, i)[c];
        }
        assert_true(fabsf(x.grads[64 + 3 * 20 + c] - 2 * (g[0] + g[2])) <
                    1e-5f);
        assert_true(x.grads[64 + 2 * 20 + c] == 0.0f);
        assert_true(fabsf(x.grads[32 + c] - (g[0] + g[1] + g[2])) < 1e-5f);
    }
    close_fixture(&x);
}

/* A dropout layer keeps 1 - rate of the elements, whatever they are asked
 * in, and other layers, steps and images keep others. */
static void test_dropout(void **state)
{
    enum { N = 40000 };
    static float whole[N], part[N], other[N];
    uint32_t kept = 0, differ = 0;
    fixture x;

    (void)state;
    open_fixture(&x);
    train_dropout(&x.exec, 1, 0, 0, N, whole);
    for (uint32_t at = 0; at < N; at += 777) {
        uint32_t n = N - at < 777 ? N - at : 777;

        train_dropout(&x.exec, 1, 0, at, n, part + at);
    }
    assert_memory_equal(whole, part, sizeof whole);
    train_dropout(&x.exec, 2, 0, 0, N, other);
    for (uint32_t i = 0; i < N; i++) {
        kept += whole[i] != 0.0f;
        differ += whole[i] != other[i];
        assert_true(whole[i] == 0.0f || fabsf(whole[i] - 1 / 0.7f) < 1e-4f);
    }
    assert_true(fabs(kept / (double)N - 0.7) < 4 * sqrt(0.21 / N));
    assert_true(fabs(differ / (double)N - 0.42) < 4 * sqrt(0.25 / N));
    close_fixture(&x);
}

int main(void)
{
    static const op_tests tests[] = {
        {"attention_grad", test_attention_grad},
        {"conv_weight", test_conv_weight},
        {"conv_weight_tiles", test_conv_weight_tiles},
        {"activate", test_activate},
        {"sums", test_sums},
        {"silu_grad", test_silu_grad},
        {"embed_grad", test_embed_grad},
        {"dropout", test_dropout},
    };

    return run_for_all_sets(tests, sizeof tests / sizeof tests[0]);
}
