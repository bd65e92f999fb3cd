/* SPDX-License-Identifier: MIT
 *
 * arena_test.c - how large an arena is, and what lies in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/unit/expect_status.h"
#include "tests/unit/gaussian_net.h"

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
                {net.others, batch * sizeof(int32_t), 4},
                {net.shares, batch * sizeof(float), 4},
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

/* Applications have arenas of this size compiled in: four maps of doubles, 4
 * bytes for a feature, 128 for scalars.  An image of the demo model. */
static void state_has_its_size(void **state)
{
    (void)state;
    assert_int_equal(sizeof(cedm_real), 8);
    assert_int_equal(CEDM_STATE_BYTES(32 * 32, 16, 1), 32768 + 64 + 128);
    assert_int_equal(CEDM_STATE_BYTES(32 * 32, 16, 3), 3 * (32768 + 192));
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_arena_holds_everything),
        cmocka_unit_test(state_has_its_size),
        cmocka_unit_test(sizes_do_not_overflow),
    };
    return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
