/* SPDX-License-Identifier: MIT
 *
 * train_update.c - what surrounds the training ops on a device: packed and
 * derived weights, the loss, and the optimiser with its scale.  Where the
 * host has code for the same, bits are compared. */
#include "trainer/adam.h"
#include "tests/cuda/train/fixture.h"

#define PARAMS 5000u
#define STEPS 12u

/* ---- weights ------------------------------------------------------------ */

static float *random_floats(size_t count)
{
    float *x = malloc(count * sizeof *x);

    assert_non_null(x);
    for (size_t i = 0; i < count; i++) {
        x[i] = random_normal_float();
    }
    return x;
}

static void check_pack(enum cedm_cuda_precision precision, const cg_op *op,
                       const char *what)
{
    float *data = random_floats(WEIGHTS);
    uint32_t index[1] = {0};
    cedm_cuda_packing packing = {
        .precision = precision, .data = data, .dtype = CEDM_DTYPE_F32};
    unsigned char *wanted, *got;
    train_cuda_exec exec = {.base = {.precision = precision, .index = index}};
    size_t bytes;

    cg_call(op, &cedm_cuda_pack, &packing);
    bytes = (size_t)packing.used;
    wanted = calloc(bytes + 1, 1);
    got = calloc(bytes + 1, 1);
    assert_non_null(wanted);
    assert_non_null(got);
    packing.used = 0;
    packing.weights = wanted;
    cg_call(op, &cedm_cuda_pack, &packing);
    exec.data = device_take(WEIGHTS * sizeof(float));
    device_put(exec.data, data, WEIGHTS * sizeof(float));
    exec.packed = device_take(bytes);
    device_put(exec.packed, got, bytes);
    assert_int_equal(train_cuda_pack_op(&exec, op), 0);
    device_get(got, exec.packed, bytes);
    for (size_t i = 0; i < bytes; i++) {
        if (got[i] != wanted[i]) {
            fail_msg("%s %s: byte %zu of %zu: got %u, wanted %u",
                     precision_names[precision], what, i, bytes, got[i],
                     wanted[i]);
        }
    }
    device_give(exec.data);
    device_give(exec.packed);
    free(data);
    free(wanted);
    free(got);
}

static void test_pack(void **state)
{
    const cedm_conv base = {.height = 8,
                            .width = 8,
                            .in_height = 8,
                            .in_width = 8,
                            .cin = {40, 8},
                            .cout = 70,
                            .kernel = {3, 3},
                            .stride = 1,
                            .pad = {1, 1},
                            .skip_cin = {33, 5},
                            .scale = 0.7f,
                            .skip_src = {0, 0},
                            .residual = CEDM_NONE,
                            .emb_src = CEDM_NONE,
                            .stats = CEDM_NONE,
                            .act = CEDM_ACT_SILU,
                            .weight = 7,
                            .bias = 99,
                            .skip_weight = 50000,
                            .skip_bias = 300};
    cg_op op = {.kind = CG_OP_conv, .u.conv = base};
    cedm_conv *c = &op.u.conv;

    (void)state;
    for (int p = 0; p < CEDM_CUDA_PRECISIONS; p++) {
        enum cedm_cuda_precision precision = (enum cedm_cuda_precision)p;

        op = (cg_op){.kind = CG_OP_conv, .u.conv = base};
        check_pack(precision, &op, "two sources, skip");
        c->up = 1;
        c->in_height = c->in_width = 4;
        c->bias = CEDM_NONE;
        check_pack(precision, &op, "enlarging");
        *c = base;
        c->src[0] = CEDM_REF_F32;
        c->cin[0] = 3;
        c->cin[1] = c->skip_cin[0] = c->skip_cin[1] = 0;
        c->skip_weight = c->skip_bias = CEDM_NONE;
        check_pack(precision, &op, "first");
        *c = base;
        c->kernel[0] = c->kernel[1] = 1;
        c->pad[0] = c->pad[1] = c->cin[1] = c->skip_cin[0] = c->skip_cin[1] =
            0;
        c->cout = 72;
        c->act = CEDM_ACT_NONE;
        check_pack(precision, &op, "1x1 by cuBLAS");
        op =
            (cg_op){.kind = CG_OP_linear,
                    .u.linear = {
                        .in = 30, .out = 41, .weight = 5, .bias = CEDM_NONE}};
        check_pack(precision, &op, "linear");
        op = (cg_op){.kind = CG_OP_embed,
                     .u.embed = {.channels = 33,
                                 .label_dim = 0,
                                 .weight = CEDM_NONE,
                                 .bias = CEDM_NONE}};
        check_pack(precision, &op, "silu");
        op.u.embed.label_dim = 9;
        op.u.embed.weight = 11;
        op.u.embed.bias = 900;
        check_pack(precision, &op, "embed");
        op = (cg_op){
            .kind = CG_OP_norm_coeff,
            .u.norm_coeff = {.channels = {33, 7}, .gamma = 4, .beta = 80}};
        check_pack(precision, &op, "norm");
        op = (cg_op){.kind = CG_OP_resample,
                     .u.resample = {.taps = 4, .filter = 12}};
        check_pack(precision, &op, "filter");
    }
}

static void test_derive(void **state)
{
    const cg_derived d = {.from = 10,
                          .to = 100000,
                          .outputs = 37,
                          .kernel = 3,
                          .row = 50,
                          .first = 9,
                          .count = 35,
                          .scale = 0.5f};
    float *data = random_floats(WEIGHTS), *got = random_floats(WEIGHTS);
    train_cuda_exec exec = {.data = device_take(WEIGHTS * sizeof(float))};

    (void)state;
    device_put(exec.data, data, WEIGHTS * sizeof(float));
    assert_int_equal(train_cuda_derive(&exec, &d), 0);
    device_get(got, exec.data, WEIGHTS * sizeof(float));
    for (size_t i = 0; i < (size_t)d.count * 9 * d.outputs; i++) {
        size_t o = i % d.outputs, tap = i / d.outputs % 9;
        size_t c = i / d.outputs / 9;

        data[d.to + i] =
            d.scale * data[d.from + (o * 9 + 8 - tap) * d.row + d.first + c];
    }
    for (size_t i = 0; i < WEIGHTS; i++) {
        if (memcmp(&got[i], &data[i], sizeof *got) != 0) {
            fail_msg("element %zu: got %.9g, wanted %.9g", i, (double)got[i],
                     (double)data[i]);
        }
    }
    device_give(exec.data);
    free(data);
    free(got);
}

/* ---- the loss ----------------------------------------------------------- */

#define PIXELS 700u

static void *put_floats(const float *x, size_t count)
{
    void *memory = device_take(count * sizeof *x);

    device_put(memory, x, count * sizeof *x);
    return memory;
}

static void test_loss(void **state)
{
    static const train_cuda_scalings scalings[BATCH] = {
        {0.3, 1.7, 0.7, 0.25, 15.0},
        {2.0, 0.5, 0.06, 0.48, 4.25},
        {40.0, 0.025, 0.0002, 0.5, 4.0}};
    float *images = random_floats(BATCH * PIXELS);
    float *noise = random_floats(BATCH * PIXELS);
    float *f32 = random_floats(3 * BATCH * 704);
    float *got = random_floats(3 * BATCH * 704);
    train_cuda_state setting = {.scale = 1024.0f};
    double loss[BATCH], denoised[BATCH * PIXELS];
    void *on_device = device_take(sizeof scalings);
    train_cuda_state *scale = device_take(sizeof setting);
    train_cuda_exec exec = {
        .base = {.precision = CEDM_CUDA_FP16, .batch = BATCH}};
    train_cuda_batch batch = {.elements = PIXELS,
                              .images = put_floats(images, BATCH * PIXELS),
                              .noise = put_floats(noise, BATCH * PIXELS),
                              .scalings = on_device,
                              .input = CEDM_REF_F32,
                              .output = CEDM_REF_F32 | 704,
                              .output_grad = CEDM_REF_F32 | 1408,
                              .share = 1.0 / 96.0,
                              .loss = device_take(sizeof loss),
                              .denoised = device_take(sizeof denoised)};

    (void)state;
    device_put(on_device, scalings, sizeof scalings);
    device_put(scale, &setting, sizeof setting);
    exec.base.f32 = put_floats(f32, 3 * BATCH * 704);
    assert_int_equal(train_cuda_load(&exec, &batch), 0);
    assert_int_equal(train_cuda_loss(&exec, &batch, scale), 0);
    device_get(got, exec.base.f32, 3 * BATCH * 704 * sizeof *got);
    device_get(loss, batch.loss, sizeof loss);
    device_get(denoised, batch.denoised, sizeof denoised);
    for (uint32_t i = 0; i < BATCH; i++) {
        const train_cuda_scalings *s = &scalings[i];
        double sum = 0.0;

        for (uint32_t e = 0; e < PIXELS; e++) {
            size_t at = i * PIXELS + e;
            double y = (double)images[at];
            double v = y + s->sigma * (double)noise[at];
            double d = s->skip * v + s->out * (double)f32[BATCH * 704 + at];
            float g = (float)(2.0 / 96.0 * s->weight * s->out * (d - y));

            sum += s->weight * (d - y) * (d - y);
            assert_true(got[at] == (float)(s->in * v));
            assert_true(denoised[at] == d);
            if (!(fabsf(got[2 * BATCH * 704 + at] - 1024.0f * g) <=
                  0x1p-22f * 1024.0f * fabsf(g))) {
                fail_msg("gradient %zu: got %.9g, wanted %.9g", at,
                         (double)got[2 * BATCH * 704 + at],
                         1024.0 * (double)g);
            }
        }
        if (!(fabs(loss[i] - sum) <= 1e-12 * sum)) {
            fail_msg("loss %u: got %.17g, wanted %.17g", i, loss[i], sum);
        }
    }
    device_give((void *)(uintptr_t)batch.images);
    device_give((void *)(uintptr_t)batch.noise);
    device_give(batch.loss);
    device_give(batch.denoised);
    device_give(exec.base.f32);
    device_give(on_device);
    device_give(scale);
    free(images);
    free(noise);
    free(f32);
    free(got);
}

/* ---- the optimiser ------------------------------------------------------ */

/* Parameters on a device. */
typedef struct optimiser {
    train_cuda_exec exec;
    train_cuda_adam_args args;
    float host[5][PARAMS]; /* params, grads, m, v, ema */
    train_cuda_state state;
} optimiser;

static float **arrays(optimiser *o, float *at[5])
{
    at[0] = o->args.params;
    at[1] = o->args.grads;
    at[2] = o->args.m;
    at[3] = o->args.v;
    at[4] = o->args.ema;
    return at;
}

static optimiser *open_optimiser(float scale, uint32_t dynamic)
{
    optimiser *o = calloc(1, sizeof *o);
    size_t bytes = PARAMS * sizeof(float);
    const uint32_t flags[BATCH] = {0, 1, 1};
    const train_cuda_rates rates = {.lr = 1e-2, .ema_beta = 0.75};

    assert_non_null(o);
    for (uint32_t i = 0; i < PARAMS; i++) {
        o->host[0][i] = o->host[4][i] = random_normal_float();
    }
    o->state.scale = scale;
    o->args = (train_cuda_adam_args){.elements = PARAMS,
                                     .params = device_take(bytes),
                                     .grads = device_take(bytes),
                                     .m = device_take(bytes),
                                     .v = device_take(bytes),
                                     .ema = device_take(bytes),
                                     .rates = device_take(sizeof rates),
                                     .dynamic = dynamic,
                                     .state = device_take(sizeof o->state)};
    o->exec.base =
        (cedm_cuda_exec){.batch = BATCH,
                         .overflow = device_take(sizeof flags),
                         .workspace = device_take(TRAIN_CUDA_ADAM_WORKSPACE)};
    device_put(o->exec.base.overflow, flags, sizeof flags);
    device_put((void *)(uintptr_t)o->args.rates, &rates, sizeof rates);
    return o;
}

static void close_optimiser(optimiser *o)
{
    float *at[5];

    for (int k = 0; k < 5; k++) {
        device_give(arrays(o, at)[k]);
    }
    device_give(o->args.state);
    device_give((void *)(uintptr_t)o->args.rates);
    device_give(o->exec.base.overflow);
    device_give(o->exec.base.workspace);
    free(o);
}

/* One update of what host and state hold. */
static void update(optimiser *o)
{
    size_t bytes = PARAMS * sizeof(float);
    float *at[5];

    device_put(o->args.state, &o->state, sizeof o->state);
    for (int k = 0; k < 5; k++) {
        device_put(arrays(o, at)[k], o->host[k], bytes);
    }
    assert_int_equal(train_cuda_adam(&o->exec, &o->args), 0);
    for (int k = 0; k < 5; k++) {
        device_get(o->host[k], arrays(o, at)[k], bytes);
    }
    device_get(&o->state, o->args.state, sizeof o->state);
}

/* The host's bits, of gradients that carry a scale. */
static void test_adam(void **state)
{
    static float twin[5][PARAMS];
    static const char *const names[5] = {"params", "grads", "m", "v", "ema"};
    optimiser *o = open_optimiser(8.0f, 0);
    train_adam a = {.elements = PARAMS,
                    .params = twin[0],
                    .grads = twin[1],
                    .m = twin[2],
                    .v = twin[3],
                    .ema = twin[4],
                    .workers = 1};
    train_adam_update lr = {.lr = 1e-2, .ema_beta = 0.75};
    uint64_t bad = 0;

    (void)state;
    memcpy(twin, o->host, sizeof twin);
    for (uint32_t s = 0; s < STEPS; s++) {
        for (uint32_t i = 0; i < PARAMS; i++) {
            twin[1][i] = random_normal_float();
            o->host[1][i] = 8.0f * twin[1][i];
        }
        o->host[1][7] = twin[1][7] = NAN;
        o->host[1][PARAMS - 1] = twin[1][PARAMS - 1] = -INFINITY;
        bad += train_adam_step(&a, &lr);
        update(o);
        for (int k = 0; k < 5; k++) {
            for (uint32_t i = 0; i < PARAMS && k != 1; i++) {
                /* (the device's powers may round in another way) */
                float slack =
                    device_is_real() ? 0x1p-20f * fabsf(twin[k][i]) : 0.0f;

                if (!(fabsf(o->host[k][i] - twin[k][i]) <= slack)) {
                    fail_msg("step %u, %s[%u]: got %.9g, wanted %.9g", s,
                             names[k], i, (double)o->host[k][i],
                             (double)twin[k][i]);
                }
            }
        }
    }
    assert_int_equal(o->state.updates, STEPS);
    assert_int_equal(o->state.nonfinite, bad);
    assert_int_equal(o->state.skipped, 0);
    assert_int_equal(o->state.overflow, 2); /* and cleared after that */
    assert_true(o->state.scale == 8.0f);
    close_optimiser(o);
}

static void set_grads(optimiser *o)
{
    for (uint32_t i = 0; i < PARAMS; i++) {
        o->host[1][i] = random_normal_float();
    }
}

static void test_scale(void **state)
{
    static float before[5][PARAMS];
    optimiser *o = open_optimiser(65536.0f, 1);

    (void)state;
    o->state.good = 3;
    set_grads(o);
    update(o);
    assert_int_equal(o->state.good, 4);
    assert_int_equal(o->state.updates, 1);
    o->host[1][PARAMS - 2] = INFINITY;
    o->host[1][5] = NAN;
    memcpy(before, o->host, sizeof before);
    update(o);
    assert_true(o->state.scale == 32768.0f);
    assert_int_equal(o->state.good, 0);
    assert_int_equal(o->state.updates, 1);
    assert_int_equal(o->state.skipped, 1);
    assert_int_equal(o->state.nonfinite, 2);
    assert_memory_equal(o->host, before, 4 * sizeof before[0]);
    for (uint32_t i = 0; i < PARAMS; i++) { /* the average moves on */
        float p = before[0][i];

        assert_true(o->host[4][i] == p + 0.75f * (before[4][i] - p));
    }
    o->state.good = TRAIN_CUDA_GROWTH - 1;
    set_grads(o);
    update(o);
    assert_true(o->state.scale == 65536.0f);
    assert_int_equal(o->state.good, 0);
    o->state.scale = TRAIN_CUDA_SCALE_MAX;
    o->state.good = TRAIN_CUDA_GROWTH - 1;
    update(o);
    assert_true(o->state.scale == TRAIN_CUDA_SCALE_MAX);
    o->state.scale = 1.0f;
    o->host[1][0] = NAN;
    update(o);
    assert_true(o->state.scale == 1.0f);
    close_optimiser(o);
}

/* ---- flags -------------------------------------------------------------- */

/* A result that 16 bits cannot hold sets its image's flag and no other. */
static void test_overflow(void **state)
{
    uint16_t map[BATCH * 32];
    uint32_t flags[BATCH] = {0};
    cg_add op = {.elements = 32, .scale = 1e5f, .src = 0, .dst = 0};
    train_cuda_exec exec = {.base = {.precision = CEDM_CUDA_FP16,
                                     .batch = BATCH,
                                     .act = device_take(sizeof map),
                                     .overflow = device_take(sizeof flags)}};

    (void)state;
    for (uint32_t i = 0; i < BATCH * 32; i++) {
        map[i] = narrow(i == 40 ? 1.0f : 0.125f, CEDM_CUDA_FP16);
    }
    device_put(exec.base.act, map, sizeof map);
    device_put(exec.base.overflow, flags, sizeof flags);
    assert_int_equal(train_cuda_add(&exec, &op), 0);
    device_get(flags, exec.base.overflow, sizeof flags);
    assert_int_equal(flags[0], 0);
    assert_int_equal(flags[1], CEDM_CUDA_OVERFLOW);
    assert_int_equal(flags[2], 0);
    device_give(exec.base.act);
    device_give(exec.base.overflow);
}

int train_update_test(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pack),  cmocka_unit_test(test_derive),
        cmocka_unit_test(test_loss),  cmocka_unit_test(test_adam),
        cmocka_unit_test(test_scale), cmocka_unit_test(test_overflow),
    };

    return cmocka_run_group_tests_name("cuda training updates", tests, NULL,
                                       NULL);
}
