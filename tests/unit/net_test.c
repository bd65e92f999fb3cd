/* SPDX-License-Identifier: MIT
 *
 * net_test.c - networks and configurations that cedm_net_init refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/unit/expect_status.h"
#include "tests/unit/gaussian_net.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused_networks),
    };
    return cmocka_run_group_tests_name("net", tests, NULL, NULL);
}
