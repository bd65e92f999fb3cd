/* SPDX-License-Identifier: MIT
 *
 * prepared_weights_test.c - cedm_prepare, and weights prepared for others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/unit/expect_status.h"
#include "tests/unit/gaussian_net.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prepared_weights),
        cmocka_unit_test(weights_of_others),
        cmocka_unit_test(widened_weights),
    };
    return cmocka_run_group_tests_name("prepared weights", tests, NULL, NULL);
}
