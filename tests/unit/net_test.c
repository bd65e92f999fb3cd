/* SPDX-License-Identifier: MIT
 *
 * net_test.c - sizes, the arena, prepared weights, and cedm_denoise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/unit/gaussian_net.h"
#include "runtime/diffusion/noise_level.h"

static void expect_status(cedm_status got, cedm_status want)
{
    if (got != want) {
        fail_msg("status: got %d (%s), want %d (%s)", (int)got,
                 cedm_status_text(got), (int)want, cedm_status_text(want));
    }
}

static gaussian_net *fresh(uint32_t label_dim, uint32_t batch)
{
    gaussian_net *g = gaussian_new(label_dim, batch);
    if (g == NULL) {
        fail_msg("no network");
    }
    return g;
}

/* ---- arena ------------------------------------------------------------- */

typedef struct region {
    const void *at;
    size_t bytes, align;
} region;

/* Every region of a net inside the arena, disjoint and aligned. */
static void the_arena_holds_everything(void **state)
{
    static const uint32_t batches[] = {1, 2, 3, 7, 64};
    (void)state;
    for (size_t b = 0; b < 5; b++) {
        for (uint32_t workers = 1; workers <= 5; workers += 2) {
            uint32_t batch = batches[b];
            denoiser_model m = gaussian_model(CLUSTERS);
            cedm_model *model = &m.model;
            cedm_blob blob = {.model = model};
            cedm_net_config config = cedm_net_config_default();
            cedm_net net;
            denoiser_model_wire(&m, 64);
            model->graph.act_elements = 32 * 5;
            model->graph.f32_elements = 32 * 3;
            model->graph.scratch_bytes = 100;
            uint64_t bytes = cedm_arena_bytes(model, batch, workers);
            assert_int_equal(bytes,
                             CEDM_GRAPH_BYTES(160, 96, 100, batch, workers) +
                                 CEDM_STATE_BYTES(MAP, 16, batch));
            unsigned char *arena = aligned_alloc(CEDM_ALIGN, (size_t)bytes);
            assert_non_null(arena);
            config.arena = arena;
            config.arena_bytes = (size_t)bytes;
            config.batch = batch;
            config.workers = workers;
            expect_status(cedm_net_init(&net, &blob, &config), 0);
            const region r[] = {
                {net.exec.act, batch * 160 * sizeof(float), CEDM_ALIGN},
                {net.exec.f32, batch * 96 * sizeof(float), CEDM_ALIGN},
                {net.exec.scratch, workers * net.exec.scratch_stride,
                 CEDM_ALIGN},
                {net.state[0], batch * MAP * sizeof(cedm_real), 8},
                {net.state[1], batch * MAP * sizeof(cedm_real), 8},
                {net.state[2], batch * MAP * sizeof(cedm_real), 8},
                {net.state[3], batch * MAP * sizeof(cedm_real), 8},
                {net.seeds, batch * sizeof(uint64_t), 8},
                {net.scalars, batch * 4 * sizeof(cedm_real), 8},
                {net.features, batch * 16 * sizeof(float), 4},
                {net.clusters[0], batch * sizeof(int32_t), 4},
                {net.clusters[1], batch * sizeof(int32_t), 4},
            };
            uintptr_t end = (uintptr_t)arena;
            for (size_t i = 0; i < sizeof r / sizeof r[0]; i++) {
                assert_true((uintptr_t)r[i].at >= end);
                assert_int_equal((uintptr_t)r[i].at % r[i].align, 0);
                end = (uintptr_t)r[i].at + r[i].bytes;
            }
            assert_true(end <= (uintptr_t)arena + bytes);
            assert_true(net.exec.scratch_stride >= 100);
            config.arena_bytes--;
            expect_status(cedm_net_init(&net, &blob, &config), CEDM_E_ARENA);
            free(arena);
        }
    }
}

static void sizes_do_not_overflow(void **state)
{
    (void)state;
    denoiser_model m = gaussian_model(0);
    cedm_model *model = &m.model;
    m.denoiser.resolution = 16384;
    m.denoiser.channels = 4;
    denoiser_model_wire(&m, 64);
    model->graph.act_elements = model->graph.f32_elements = UINT32_MAX;
    model->graph.scratch_bytes = (uint64_t)1 << 48;
    uint64_t bytes = cedm_arena_bytes(model, 65536, 1024);
    assert_true(bytes > (uint64_t)1 << 58 && bytes < (uint64_t)1 << 63);
    model->graph.scratch_bytes = UINT64_MAX - 63;
    assert_int_equal(cedm_arena_bytes(model, 1, 1), 0);
    assert_int_equal(cedm_arena_bytes(NULL, 1, 1), 0);
    m = gaussian_model(0);
    denoiser_model_wire(&m, 64);
    assert_int_equal(cedm_arena_bytes(model, 0, 1), 0);
    assert_int_equal(cedm_arena_bytes(model, 65537, 1), 0);
    assert_int_equal(cedm_arena_bytes(model, 1, 0), 0);
    assert_int_equal(cedm_arena_bytes(model, 1, 1025), 0);
}

static void refused_networks(void **state)
{
    static _Alignas(CEDM_ALIGN) unsigned char arena[16384];
    (void)state;
    denoiser_model m = gaussian_model(CLUSTERS), bad;
    cedm_blob blob = {.model = &m.model}, none = {0},
              strange = {.model = &bad.model};
    cedm_net_config ok = cedm_net_config_default(), c;
    cedm_net net, zero = {0};
    denoiser_model_wire(&m, 64);
    ok.arena = arena;
    ok.arena_bytes = sizeof arena;
    expect_status(cedm_net_init(&net, &blob, &ok), 0);
    expect_status(cedm_net_init(NULL, &blob, &ok), CEDM_E_NULL);
    expect_status(cedm_net_init(&net, NULL, &ok), CEDM_E_NULL);
    expect_status(cedm_net_init(&net, &blob, NULL), CEDM_E_NULL);
    expect_status(cedm_net_init(&net, &none, &ok), CEDM_E_NULL);
#define REFUSE(member, value, status)                                        \
    c = ok;                                                                  \
    c.member = (value);                                                      \
    expect_status(cedm_net_init(&net, &blob, &c), status);                   \
    assert_memory_equal(&net, &zero, sizeof net)
    REFUSE(backend, NULL, CEDM_E_NULL);
    REFUSE(arena, NULL, CEDM_E_NULL);
    REFUSE(arena, arena + 32, CEDM_E_ALIGN);
    REFUSE(batch, 0, CEDM_E_BATCH);
    REFUSE(batch, 65537, CEDM_E_BATCH);
    REFUSE(workers, 0, CEDM_E_BATCH);
    REFUSE(workers, 1025, CEDM_E_BATCH);
    REFUSE(arena_bytes, 64, CEDM_E_ARENA);
#undef REFUSE
#define REFUSE(member, value, status)                                        \
    bad = m;                                                                 \
    denoiser_model_wire(&bad, 64);                                           \
    bad.member = (value);                                                    \
    expect_status(cedm_net_init(&net, &strange, &ok), status)
    REFUSE(model.abi, CEDM_MODEL_ABI + 1, CEDM_E_ABI);
    REFUSE(model.size, m.model.size - 8, CEDM_E_ABI);
    REFUSE(denoiser.precond, 4, CEDM_E_ABI);
    REFUSE(denoiser.features.kind, 2, CEDM_E_ABI);
    REFUSE(model.graph.dtype, 2, CEDM_E_ABI);
    REFUSE(denoiser.features.channels, 0, CEDM_E_ABI);
    REFUSE(denoiser.features.endpoint, 2, CEDM_E_ABI);
    REFUSE(denoiser.label_dim, 1u << 31, CEDM_E_ABI);
    REFUSE(denoiser.resolution, 0, CEDM_E_ABI);
    REFUSE(denoiser.channels, 5, CEDM_E_ABI);
    REFUSE(denoiser.sigma_data, 0, CEDM_E_ABI);
    REFUSE(model.graph.eval, NULL, CEDM_E_NULL);
    REFUSE(model.graph.inputs, NULL, CEDM_E_NULL);
    REFUSE(model.graph.outputs, NULL, CEDM_E_NULL);
    REFUSE(model.graph.input_count, 1, CEDM_E_ABI);
    REFUSE(model.graph.output_count, 0, CEDM_E_ABI);
    REFUSE(inputs[0].height, SIDE + 1, CEDM_E_ABI);
    REFUSE(inputs[1].channels, 15, CEDM_E_ABI);
    REFUSE(output.ref, 0, CEDM_E_ABI); /* must be float */
    m.denoiser.precond = CEDM_PRECOND_VP;
    m.denoiser.beta_d = 19.9;
    m.denoiser.beta_min = 0.1;
    m.denoiser.noise_steps = 1000;
    expect_status(cedm_net_init(&net, &blob, &ok), 0);
    REFUSE(denoiser.beta_d, 0, CEDM_E_ABI);
    REFUSE(denoiser.beta_d, (double)NAN, CEDM_E_ABI);
    REFUSE(denoiser.beta_min, -0.1, CEDM_E_ABI);
    REFUSE(denoiser.noise_steps, 0, CEDM_E_ABI);
    m.denoiser.precond = CEDM_PRECOND_IDDPM; /* a table of 1001, at the end */
    m.denoiser.noise_levels = 64;
    m.model.graph.data_elements = 64 + 1001;
    expect_status(cedm_net_init(&net, &blob, &ok), 0);
    REFUSE(denoiser.noise_steps, 0, CEDM_E_ABI);
    REFUSE(denoiser.noise_levels, 65, CEDM_E_ABI);
    REFUSE(denoiser.noise_levels, CEDM_NONE, CEDM_E_ABI);
    REFUSE(denoiser.noise_steps, UINT32_MAX, CEDM_E_ABI);
#undef REFUSE
}

/* ---- prepared weights -------------------------------------------------- */

#define PART 192u /* bytes of an op's part */
#define OPS 40u   /* an index of 160 bytes: 192 when aligned */

static void count_part(void *ctx, const cedm_embed *op)
{
    cedm_sizes *sizes = ctx;
    sizes->weights += op->id % 2 == 0 ? PART : 0;
    sizes->scratch = 1000;
}

static void write_part(void *ctx, const cedm_embed *op)
{
    cedm_prepare_ctx *p = ctx;
    if (op->id % 2 == 0) {
        uint32_t index = (uint32_t)(p->used / CEDM_ALIGN);
        memcpy(p->weights + 4 * op->id, &index, sizeof index);
        memset(p->weights + p->used, 1 + (int)op->id, PART);
        p->used += PART;
    }
}

static void write_too_little(void *ctx, const cedm_embed *op)
{
    if (op->id != OPS - 2) {
        write_part(ctx, op);
    }
}

static void eval_many(const cedm_ops *ops, void *ctx)
{
    for (uint32_t i = 0; i < OPS; i++) {
        ops->embed(ctx, &(cedm_embed){.id = i});
    }
}

static const cedm_ops count_ops = {.embed = count_part};
static const cedm_ops write_ops = {.embed = write_part};
static const cedm_ops short_ops = {.embed = write_too_little};
#define BACKEND(text, prepares, counts)                                      \
    {                                                                        \
        .name = text, .run = &gaussian_ops, .prepare = prepares,             \
        .sizes = counts, .sampler = &gaussian_sampler                        \
    }
static const cedm_backend packing =
    BACKEND("packing", &write_ops, &count_ops);
static const cedm_backend forgetful =
    BACKEND("forgetful", &short_ops, &count_ops);
static const cedm_backend bare = BACKEND("bare", NULL, &gaussian_sizes);

#define TAG CEDM_WEIGHTS_TAG_BYTES
#define PREPARED (192u + OPS / 2 * PART)

/* The last index first, counting the tasks. */
static void backwards(void *pool, cedm_task *task, void *arg, uint32_t count)
{
    while (count-- > 0) {
        task(arg, count, 1);
        ++*(uint32_t *)pool;
    }
}

static cedm_status prepare(const cedm_blob *blob, const cedm_backend *backend,
                           void *weights, size_t size)
{
    cedm_net_config config = cedm_net_config_default();
    config.backend = backend;
    return cedm_prepare(blob, &config, weights, size);
}

/* 16-bit data: widened into the region before the backend's part, but for
 * the frequencies, which are floats already. */
static void widened_weights(void **state)
{
    static const cedm_tensor table[] = {{0, 4, 1}, {16, 3, 0}, {32, 5, 0}};
    static const float freqs[2] = {3.14159274f, -1e-7f};
    static const uint16_t halves[] = {0x3c00, 0xc000, 0x3555};
    static _Alignas(CEDM_ALIGN) uint16_t data[48];
    static _Alignas(CEDM_ALIGN) unsigned char w[192 + PREPARED + TAG];
    static _Alignas(CEDM_ALIGN) unsigned char arena[16384];
    (void)state;
    denoiser_model m = gaussian_model(0);
    cedm_model *model = &m.model;
    cedm_blob blob = {.model = model, .data = data};
    cedm_net_config config = cedm_net_config_default();
    cedm_net net;
    denoiser_model_wire(&m, 64);
    model->graph.dtype = CEDM_DTYPE_F16;
    model->graph.tensors = table;
    model->graph.tensor_count = 3;
    model->graph.data_elements = 48;
    m.denoiser.features.kind = CEDM_FEATURES_FOURIER;
    m.denoiser.features.freqs = 0;
    memcpy(data, freqs, sizeof freqs);
    memcpy(data + 16, halves, sizeof halves);
    data[36] = 1;
    assert_int_equal(cedm_weights_bytes(model, &bare), 192 + TAG);
    expect_status(prepare(&blob, &bare, NULL, 0), CEDM_E_NULL);
    expect_status(prepare(&blob, &bare, w, 191 + TAG), CEDM_E_WEIGHTS);
    memset(w, 0xee, sizeof w);
    expect_status(prepare(&blob, &bare, w, 192 + TAG), 0);
    assert_int_equal(w[192 + TAG], 0xee); /* untouched */
    uint32_t tasks = 0;
    memset(w, 0xee, 192);
    config.backend = &bare;
    config.workers = 2;
    config.parallel_for = backwards;
    config.pool = &tasks;
    expect_status(cedm_prepare(&blob, &config, w, 192 + TAG), 0);
    assert_int_equal(tasks, 3); /* the tensors */
    config.workers = 1;         /* no threads then */
    expect_status(cedm_prepare(&blob, &config, w, 192 + TAG), 0);
    assert_int_equal(tasks, 3);
    float wide[48], want[48] = {0};
    memcpy(want, freqs, sizeof freqs);
    want[16] = 1.0f;
    want[17] = -2.0f;
    want[18] = 0x1.554p-2f;
    want[36] = 0x1p-24f;
    memcpy(wide, w, sizeof wide);
    for (int i = 0; i < 48; i++) {
        if (memcmp(&wide[i], &want[i], sizeof wide[i]) != 0) {
            fail_msg("element %d: got %a, wanted %a", i, (double)wide[i],
                     (double)want[i]);
        }
    }
    config.arena = arena;
    config.arena_bytes = sizeof arena;
    expect_status(cedm_net_init(&net, &blob, &config), CEDM_E_NULL);
    config.weights = w + 4;
    expect_status(cedm_net_init(&net, &blob, &config), CEDM_E_ALIGN);
    config.weights = w;
    config.weights_bytes = 191 + TAG;
    expect_status(cedm_net_init(&net, &blob, &config), CEDM_E_WEIGHTS);
    config.weights_bytes = sizeof w;
    expect_status(cedm_net_init(&net, &blob, &config), 0);
    assert_ptr_equal(net.exec.data, w);

    /* and a backend that packs finds its index behind them */
    model->graph.op_count = OPS;
    model->graph.eval = eval_many;
    model->graph.scratch_bytes = 1000;
    assert_int_equal(cedm_weights_bytes(model, &packing),
                     192 + PREPARED + TAG);
    expect_status(prepare(&blob, &packing, w, sizeof w), 0);
    assert_memory_equal(w, wide, sizeof wide);
    assert_int_equal(w[192 + 192], 1);
    config.backend = &packing;
    expect_status(cedm_net_init(&net, &blob, &config), 0);
    assert_ptr_equal(net.exec.data, w);
    assert_ptr_equal(net.exec.weights, w + 192);
    memset(w + 192, 0xff, 4);
    expect_status(cedm_net_init(&net, &blob, &config), CEDM_E_WEIGHTS);
    expect_status(prepare(&blob, &forgetful, w, sizeof w), CEDM_E_WEIGHTS);
    for (size_t i = 0; i < sizeof w; i++) {
        assert_int_equal(w[i], 0);
    }
}

static void prepared_weights(void **state)
{
    static _Alignas(CEDM_ALIGN) unsigned char w[PREPARED + TAG + CEDM_ALIGN];
    static _Alignas(CEDM_ALIGN) unsigned char arena[16384];
    (void)state;
    denoiser_model m = gaussian_model(0);
    cedm_model *model = &m.model;
    cedm_blob blob = {.model = model}, none = {0};
    denoiser_model_wire(&m, 64);
    model->graph.op_count = OPS;
    model->graph.eval = eval_many;
    model->graph.scratch_bytes = 1000;
    assert_int_equal(cedm_weights_bytes(model, &packing), PREPARED + TAG);
    assert_int_equal(cedm_weights_bytes(model, &bare), 0);
    expect_status(prepare(&blob, &bare, NULL, 0), 0);
    expect_status(cedm_prepare(&blob, NULL, w, PREPARED), CEDM_E_NULL);
    expect_status(prepare(NULL, &packing, w, PREPARED), CEDM_E_NULL);
    expect_status(prepare(&none, &packing, w, PREPARED), CEDM_E_NULL);
    expect_status(prepare(&blob, NULL, w, PREPARED), CEDM_E_NULL);
    expect_status(prepare(&blob, &packing, NULL, PREPARED), CEDM_E_NULL);
    expect_status(prepare(&blob, &packing, w + 4, PREPARED + TAG),
                  CEDM_E_ALIGN);
    memset(w, 0xee, sizeof w);
    expect_status(prepare(&blob, &packing, w, PREPARED + TAG - 1),
                  CEDM_E_WEIGHTS);
    assert_int_equal(w[0], 0xee); /* untouched */
    expect_status(prepare(&blob, &packing, w, sizeof w), 0);
    for (uint32_t i = 0; i < OPS; i++) {
        uint32_t index;
        memcpy(&index, w + 4 * i, sizeof index);
        assert_int_equal(index, i % 2 ? 0 : 3 + i / 2 * 3);
        if (i % 2 == 0) {
            assert_int_equal(w[index * CEDM_ALIGN], 1 + i);
            assert_int_equal(w[index * CEDM_ALIGN + PART - 1], 1 + i);
        }
    }
    assert_int_equal(w[160], 0);
    assert_int_equal(w[PREPARED + TAG], 0xee);

    cedm_net_config config = cedm_net_config_default();
    cedm_net net;
    config.backend = &packing;
    config.arena = arena;
    config.arena_bytes = sizeof arena;
    expect_status(cedm_net_init(&net, &blob, &config), CEDM_E_NULL);
    config.weights = w + 4;
    expect_status(cedm_net_init(&net, &blob, &config), CEDM_E_ALIGN);
    config.weights = w;
    expect_status(cedm_net_init(&net, &blob, &config), CEDM_E_WEIGHTS);
    config.weights_bytes = PREPARED + TAG;
    expect_status(cedm_net_init(&net, &blob, &config), 0);
    model->graph.scratch_bytes =
        999; /* frozen for a backend that needs less */
    expect_status(cedm_net_init(&net, &blob, &config), CEDM_E_BACKEND);
    model->graph.scratch_bytes = 1000;
    memset(w, 0xee, sizeof w); /* never prepared */
    expect_status(cedm_net_init(&net, &blob, &config), CEDM_E_WEIGHTS);

    expect_status(prepare(&blob, &forgetful, w, PREPARED + TAG),
                  CEDM_E_WEIGHTS);
    for (size_t i = 0; i < PREPARED + TAG; i++) {
        assert_int_equal(w[i], 0);
    }
}

/* Zeros, or weights of another model, of other data, or for another backend,
 * are in no way different to look at. */
static void weights_of_others(void **state)
{
    static _Alignas(CEDM_ALIGN) unsigned char w[PREPARED + TAG];
    static _Alignas(CEDM_ALIGN) unsigned char arena[16384];
    (void)state;
    denoiser_model m = gaussian_model(0);
    denoiser_model_wire(&m, 64);
    m.model.graph.op_count = OPS;
    m.model.graph.eval = eval_many;
    m.model.graph.scratch_bytes = 1000;
    cedm_model twin = m.model;
    twin.graph.layout_hash = m.model.graph.layout_hash + 1;
    cedm_backend renamed = packing;
    renamed.name = "another";
    static const char here[] = "{\"data_sha256\":\"a\"}";
    static const char there[] = "{\"data_sha256\":\"b\"}";
    cedm_blob blob = {
        .model = &m.model, .trailer = here, .trailer_bytes = sizeof here};
    cedm_blob other = blob, finer = blob;
    other.model = &twin;
    finer.trailer = there;
    cedm_net_config config = cedm_net_config_default();
    cedm_net net;
    config.backend = &packing;
    config.arena = arena;
    config.arena_bytes = sizeof arena;
    config.weights = w;
    config.weights_bytes = sizeof w;
    expect_status(cedm_net_init(&net, &blob, &config), CEDM_E_WEIGHTS);
    expect_status(prepare(&other, &packing, w, sizeof w), 0);
    expect_status(cedm_net_init(&net, &blob, &config), CEDM_E_WEIGHTS);
    expect_status(prepare(&finer, &packing, w, sizeof w), 0);
    expect_status(cedm_net_init(&net, &blob, &config), CEDM_E_WEIGHTS);
    expect_status(prepare(&blob, &renamed, w, sizeof w), 0);
    expect_status(cedm_net_init(&net, &blob, &config), CEDM_E_WEIGHTS);
    expect_status(prepare(&blob, &packing, w, sizeof w), 0);
    expect_status(cedm_net_init(&net, &blob, &config), 0);
}

/* ---- denoise ----------------------------------------------------------- */

static void denoise_is_exact(void **state)
{
    (void)state;
    gaussian_net *g = fresh(CLUSTERS, 5);
    double x[5 * MAP], out[5 * MAP];
    const double sigma[5] = {0.002, 80, 80, 1e150, 1e-300};
    const int32_t cluster[5] = {0, 1, 2, -1, 1};
    for (uint32_t i = 0; i < 5 * MAP; i++) {
        x[i] = sin(i) * (1 + fmin(sigma[i / MAP], 1e6));
    }
    expect_status(cedm_denoise(&g->net, x, sigma, cluster, 5, out), 0);
    for (uint32_t i = 0; i < 5 * MAP; i++) {
        double r = sigma[i / MAP] / SIGMA_DATA; /* squares stay in range */
        double share = 1 / (1 + r * r);
        double want =
            share * x[i] + (1 - share) * gaussian_mean(cluster[i / MAP]);
        if (!(fabs(out[i] - want) <= 1e-14 * (1 + fabs(want)))) {
            fail_msg("element %u: got %.17g, want %.17g", i, out[i], want);
        }
    }
    /* every image had the features of its own sigma, repeated or not */
    for (uint32_t i = 0; i < 5; i++) {
        float want[16];
        cedm_noise_features(&g->m.denoiser.features, NULL, log(sigma[i]) / 4,
                            want);
        for (uint32_t k = 0; k < 16; k++) {
            float got = g->notes.load.features[i * 16 + k];
            if (!(fabsf(got - want[k]) <= 1e-6f)) {
                fail_msg("image %u, feature %u: got %g, want %g", i, k,
                         (double)got, (double)want[k]);
            }
        }
    }
    /* one at a time, the same bits */
    for (uint32_t i = 0; i < 5; i++) {
        double one[MAP];
        expect_status(cedm_denoise(&g->net, x + i * MAP, sigma + i,
                                   cluster + i, 1, one),
                      0);
        assert_memory_equal(one, out + i * MAP, sizeof one);
    }
    gaussian_free(g);
}

static void refused_denoising(void **state)
{
    (void)state;
    gaussian_net *g = fresh(CLUSTERS, 2), *plain = fresh(0, 2);
    double x[2 * MAP] = {0}, out[2 * MAP];
    const double bad[] = {
        0, -1, (double)NAN, (double)INFINITY, (double)-INFINITY, -0.0};
    double sigma[2] = {1, 1};
    int32_t cluster[2] = {0, 0};
    cedm_net empty = {0};
    memset(out, 0x5a, sizeof out);
    expect_status(cedm_denoise(NULL, x, sigma, NULL, 1, out), CEDM_E_NULL);
    expect_status(cedm_denoise(&empty, x, sigma, NULL, 1, out), CEDM_E_NULL);
    expect_status(cedm_denoise(&g->net, NULL, sigma, NULL, 1, out),
                  CEDM_E_NULL);
    expect_status(cedm_denoise(&g->net, x, NULL, NULL, 1, out), CEDM_E_NULL);
    expect_status(cedm_denoise(&g->net, x, sigma, NULL, 1, NULL),
                  CEDM_E_NULL);
    expect_status(cedm_denoise(&g->net, x, sigma, NULL, 0, out),
                  CEDM_E_COUNT);
    expect_status(cedm_denoise(&g->net, x, sigma, NULL, 3, out),
                  CEDM_E_COUNT);
    expect_status(cedm_denoise(&plain->net, x, sigma, cluster, 1, out),
                  CEDM_E_CLUSTER);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        sigma[1] = bad[i];
        expect_status(cedm_denoise(&g->net, x, sigma, NULL, 2, out),
                      CEDM_E_SIGMA);
    }
    sigma[1] = 1;
    cluster[1] = CLUSTERS;
    expect_status(cedm_denoise(&g->net, x, sigma, cluster, 2, out),
                  CEDM_E_CLUSTER);
    cluster[1] = INT32_MIN;
    expect_status(cedm_denoise(&g->net, x, sigma, cluster, 2, out),
                  CEDM_E_CLUSTER);
    assert_int_equal(g->notes.passes, 0);
    assert_int_equal(((unsigned char *)out)[0], 0x5a); /* untouched */
    g->notes.poisoned_pass = 0;
    expect_status(cedm_denoise(&g->net, x, sigma, NULL, 2, out),
                  CEDM_E_NONFINITE);
    for (uint32_t i = 0; i < 2 * MAP; i++) {
        assert_true(out[i] == 0);
    }
    x[3] = (double)INFINITY; /* so does an input */
    expect_status(cedm_denoise(&g->net, x, sigma, NULL, 2, out),
                  CEDM_E_NONFINITE);
    gaussian_free(g);
    gaussian_free(plain);
}

/* ---- statuses ---------------------------------------------------------- */

static void every_status_has_its_own_text(void **state)
{
    static const cedm_status all[] = {
#define VALUE(name, value, text) CEDM_##name,
        CEDM_STATUS_LIST(VALUE)
#undef VALUE
    };
    (void)state;
    size_t count = sizeof all / sizeof all[0];
    for (size_t i = 0; i < count; i++) {
        assert_string_not_equal(cedm_status_text(all[i]), "unknown status");
        for (size_t j = 0; j < i; j++) {
            assert_int_not_equal(all[i], all[j]);
            assert_string_not_equal(cedm_status_text(all[i]),
                                    cedm_status_text(all[j]));
        }
    }
    assert_string_equal(cedm_status_text((cedm_status)-99), "unknown status");
    assert_string_equal(cedm_status_text(CEDM_STATUS_END), "unknown status");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_arena_holds_everything),
        cmocka_unit_test(sizes_do_not_overflow),
        cmocka_unit_test(refused_networks),
        cmocka_unit_test(prepared_weights),
        cmocka_unit_test(weights_of_others),
        cmocka_unit_test(widened_weights),
        cmocka_unit_test(denoise_is_exact),
        cmocka_unit_test(refused_denoising),
        cmocka_unit_test(every_status_has_its_own_text),
    };
    return cmocka_run_group_tests_name("net", tests, NULL, NULL);
}
