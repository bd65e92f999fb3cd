/* SPDX-License-Identifier: MIT
 *
 * denoise_test.c - cedm_denoise against the exact denoiser. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "runtime/diffusion/noise_level.h"
#include "tests/unit/expect_status.h"
#include "tests/unit/gaussian_net.h"

static gaussian_net *fresh(uint32_t label_dim, uint32_t batch)
{
    gaussian_net *g = gaussian_new(label_dim, batch);
    if (g == NULL) {
        fail_msg("no network");
    }
    return g;
}

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(denoise_is_exact),
        cmocka_unit_test(refused_denoising),
    };
    return cmocka_run_group_tests_name("denoise", tests, NULL, NULL);
}
