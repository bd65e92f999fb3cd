/* SPDX-License-Identifier: MIT
 *
 * sampler_test.c - Algorithm 2 on a network whose ODE has a known solution. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/unit/expect_status.h"
#include "tests/unit/gaussian_net.h"

#define SHOWN 4u /* images compared with a written-out run */

static const uint64_t seeds[MAX_IMAGES] = {
    3, 14, 15, 92, 65, (uint64_t)1 << 32 | 3, 58, UINT64_MAX};
static const int32_t clusters[MAX_IMAGES] = {0, 1, 2, -1, 2, 1, 0, -1};

/* Algorithm 2 with all its numbers. */
#define PARAMS(N, low, high, r, churn, from, upto, noise, W)                 \
    {                                                                        \
        .steps = (N), .sigma_min = (low), .sigma_max = (high), .rho = (r),   \
        .S_churn = (churn), .S_min = (from), .S_max = (upto),                \
        .S_noise = (noise), .guidance = (W), .guidance_max = HUGE_VAL        \
    }

static gaussian_net *fresh(uint32_t label_dim, uint32_t batch)
{
    gaussian_net *g = gaussian_new(label_dim, batch);
    if (g == NULL) {
        fail_msg("no network");
    }
    return g;
}

/* |got - want| <= tolerance for all pixels of n images. */
static void expect_near(const double *got, const double *want, uint32_t n,
                        double tolerance)
{
    for (uint32_t i = 0; i < n * MAP; i++) {
        if (!(fabs(got[i] - want[i]) <= tolerance * (1 + fabs(want[i])))) {
            fail_msg("image %u, element %u: got %.17g, want %.17g", i / MAP,
                     i % MAP, got[i], want[i]);
        }
    }
}

/* Runs all steps, with their statuses checked. */
static void run(cedm_sampler *s, gaussian_net *g,
                const cedm_sampler_params *p, const uint64_t *seed,
                const int32_t *cluster, uint32_t n)
{
    expect_status(cedm_sample_begin(s, &g->net, p, seed, cluster, n), 0);
    for (uint32_t i = 1; i < p->steps; i++) {
        expect_status(cedm_sample_step(s), CEDM_MORE);
    }
    expect_status(cedm_sample_step(s), CEDM_OK);
    expect_status(cedm_sample_step(s), CEDM_E_STATE);
}

/* ---- against the exact solution ---------------------------------------- */

/* x(sigma) of the probability-flow ODE through x at sigma_max. */
static double solution(double x, double mean, double from, double to)
{
    double s2 = SIGMA_DATA * SIGMA_DATA;
    return mean + (x - mean) * sqrt((s2 + to * to) / (s2 + from * from));
}

/* Largest error at sigma_min, before the last step. */
static double error_of(gaussian_net *g, cedm_sampler_params p, double W)
{
    const uint32_t n = SHOWN;
    double start[SHOWN * MAP], worst = 0;
    cedm_sampler s;
    p.guidance = W;
    expect_status(cedm_sample_begin(&s, &g->net, &p, seeds, clusters, n), 0);
    memcpy(start, cedm_sample_state(&s), sizeof start);
    for (uint32_t i = 1; i < p.steps; i++) {
        expect_status(cedm_sample_step(&s), CEDM_MORE);
    }
    for (uint32_t i = 0; i < n * MAP; i++) {
        double mean = gaussian_mean(clusters[i / MAP]);
        mean = (1 + W) * mean - W * gaussian_mean(-1);
        double want = solution(start[i], mean, p.sigma_max, p.sigma_min);
        worst = fmax(worst, fabs(cedm_sample_state(&s)[i] - want));
    }
    return worst;
}

/* Twice the steps, a quarter of the error; guidance moves the mean. */
static void heun_has_order_two(void **state)
{
    (void)state;
    gaussian_net *g = fresh(CLUSTERS, SHOWN);
    for (int guided = 0; guided <= 1; guided++) {
        cedm_sampler_params p = cedm_sampler_params_default();
        double W = guided ? 1.5 : 0;
        double last = 0;
        for (p.steps = 32; p.steps <= 512; p.steps *= 2) {
            double error = error_of(g, p, W);
            print_message("W %g, %3u steps: error %.3g\n", W, p.steps, error);
            if (last != 0 && !(last / error > 3.5 && last / error < 4.6)) {
                fail_msg("%u steps: error fell from %g to %g", p.steps, last,
                         error);
            }
            last = error;
        }
        assert_true(last < 1e-4);
    }
    gaussian_free(g);
}

/* ---- against the algorithm, written out -------------------------------- */

static void denoise(gaussian_net *g, const double *x, double sigma,
                    const int32_t *cluster, uint32_t n, double W, double *out)
{
    double sigmas[SHOWN] = {0}, other[SHOWN * MAP];
    for (uint32_t i = 0; i < n; i++) {
        sigmas[i] = sigma;
    }
    expect_status(cedm_denoise(&g->net, x, sigmas, cluster, n, out), 0);
    expect_status(cedm_denoise(&g->net, x, sigmas, NULL, n, other), 0);
    for (uint32_t i = 0; i < n * MAP; i++) {
        out[i] = (1 + W) * out[i] - W * other[i];
    }
}

/* Algorithm 2 of Karras et al. 2022, line by line. */
static void algorithm_2(gaussian_net *g, const cedm_sampler_params *p,
                        uint32_t n, double *x)
{
    static double D[SHOWN * MAP], d[SHOWN * MAP], next[SHOWN * MAP];
    uint32_t first_draw = g->m.denoiser.label_dim > 0 ? 2 : 1;
    for (uint32_t k = 0; k < n * MAP; k++) {
        uint64_t element =
            k % MAP_CHANNELS * SIDE * SIDE + k % MAP / MAP_CHANNELS;
        x[k] = p->sigma_max *
               (double)cedm_normal_f32(seeds[k / MAP], element, 0);
    }
    for (uint32_t i = 0; i < p->steps; i++) {
        double t = cedm_sigma(p, i), t_next = cedm_sigma(p, i + 1);
        double gamma = t >= p->S_min && t <= p->S_max
                           ? fmin(p->S_churn / p->steps, sqrt(2) - 1)
                           : 0;
        double t_hat = t + gamma * t;
        double scale = sqrt(t_hat * t_hat - t * t) * p->S_noise;
        for (uint32_t k = 0; k < n * MAP; k++) {
            uint64_t element =
                k % MAP_CHANNELS * SIDE * SIDE + k % MAP / MAP_CHANNELS;
            x[k] += scale *
                    cedm_normal_f64(seeds[k / MAP], element, first_draw + i);
        }
        denoise(g, x, t_hat, clusters, n, p->guidance, D);
        for (uint32_t k = 0; k < n * MAP; k++) {
            d[k] = (x[k] - D[k]) / t_hat;
            next[k] = x[k] + (t_next - t_hat) * d[k];
        }
        if (t_next != 0) {
            denoise(g, next, t_next, clusters, n, p->guidance, D);
            for (uint32_t k = 0; k < n * MAP; k++) {
                double d2 = (next[k] - D[k]) / t_next;
                next[k] = x[k] + (t_next - t_hat) * (0.5 * d[k] + 0.5 * d2);
            }
        }
        memcpy(x, next, n * MAP * sizeof *x);
    }
}

static void every_option(void **state)
{
    static const cedm_sampler_params options[] = {
        PARAMS(18, 0.002, 80, 7, 0, 0, HUGE_VAL, 1, 0),
        PARAMS(18, 0.002, 80, 7, 0, 0, HUGE_VAL, 1, 2.5),
        PARAMS(18, 0.002, 80, 7, 0, 0, HUGE_VAL, 1, -0.5),
        PARAMS(18, 0.002, 80, 7, 40, 0.05, 50, 1.003, 0),
        PARAMS(18, 0.002, 80, 7, HUGE_VAL, 0, HUGE_VAL, 1, 0),
        PARAMS(12, 0.01, 20, 3, 2, 0.01, 20, 1, 1),
        PARAMS(9, 0.01, 20, -2, 2, 1, 5, 0.5, 1),
        PARAMS(1, 0.002, 80, 7, 0, 0, HUGE_VAL, 1, 0),
        PARAMS(1, 0.002, 80, 7, 0.3, 0, HUGE_VAL, 1, 1),
        PARAMS(2, 3, 3, 7, 0, 0, HUGE_VAL, 1, 0),
    };
    (void)state;
    gaussian_net *g = fresh(CLUSTERS, SHOWN), *other = fresh(CLUSTERS, SHOWN);
    for (size_t o = 0; o < sizeof options / sizeof options[0]; o++) {
        cedm_sampler s;
        double want[SHOWN * MAP];
        run(&s, g, &options[o], seeds, clusters, SHOWN);
        algorithm_2(other, &options[o], SHOWN, want);
        print_message("options %zu\n", o);
        expect_near(cedm_sample_state(&s), want, SHOWN, 1e-11);
    }
    gaussian_free(g);
    gaussian_free(other);
}

/* N = 1 is D(x; sigma_max). */
static void one_step_denoises(void **state)
{
    (void)state;
    gaussian_net *g = fresh(CLUSTERS, SHOWN);
    cedm_sampler_params p = cedm_sampler_params_default();
    cedm_sampler s;
    double start[SHOWN * MAP], want[SHOWN * MAP];
    p.steps = 1;
    expect_status(cedm_sample_begin(&s, &g->net, &p, seeds, clusters, SHOWN),
                  0);
    memcpy(start, cedm_sample_state(&s), sizeof start);
    expect_status(cedm_sample_step(&s), CEDM_OK);
    for (uint32_t i = 0; i < SHOWN * MAP; i++) {
        double s2 = SIGMA_DATA * SIGMA_DATA, t2 = 80.0 * 80.0;
        want[i] = (s2 * start[i] + t2 * gaussian_mean(clusters[i / MAP])) /
                  (s2 + t2);
    }
    expect_near(cedm_sample_state(&s), want, SHOWN, 1e-12);
    gaussian_free(g);
}

/* ---- draws and evaluations --------------------------------------------- */

static void draws_and_evaluations(void **state)
{
    (void)state;
    for (uint32_t label_dim = 0; label_dim <= CLUSTERS;
         label_dim += CLUSTERS) {
        gaussian_net *g = fresh(label_dim, 4);
        cedm_sampler_params p = cedm_sampler_params_default();
        cedm_sampler s;
        run(&s, g, &p, seeds, NULL, 2);
        assert_int_equal(g->notes.passes, 35);
        assert_int_equal(g->notes.draw_count, 0);
        p.guidance = 1;
        run(&s, g, &p, seeds, NULL, 2);
        assert_int_equal(g->notes.passes, label_dim > 0 ? 3 * 35 : 2 * 35);
        p.S_churn = 1;
        p.S_min = cedm_sigma(&p, 15); /* gates include their ends */
        p.S_max = cedm_sigma(&p, 3);
        run(&s, g, &p, seeds, NULL, 2);
        assert_int_equal(g->notes.draw_count, 13);
        for (uint32_t i = 0; i < 13; i++) {
            assert_int_equal(g->notes.draws[i],
                             3 + i + (label_dim > 0 ? 2 : 1));
        }
        gaussian_free(g);
    }
}

/* ---- independence ------------------------------------------------------ */

/* An image's bits do not depend on its neighbours, n, batch or order. */
static void images_are_independent(void **state)
{
    static const cedm_sampler_params p =
        PARAMS(7, 0.002, 80, 7, 3, 0.05, 50, 1.003, 0.75);
    (void)state;
    gaussian_net *g = fresh(CLUSTERS, MAX_IMAGES);
    cedm_sampler s;
    double all[MAX_IMAGES * MAP];
    run(&s, g, &p, seeds, clusters, MAX_IMAGES);
    memcpy(all, cedm_sample_state(&s), sizeof all);
    for (uint32_t batch = 1; batch <= 3; batch++) {
        gaussian_net *small = fresh(CLUSTERS, batch);
        for (uint32_t i = 0; i < MAX_IMAGES; i++) {
            uint64_t seed[3];
            int32_t cluster[3];
            for (uint32_t k = 0; k < batch; k++) { /* image i, then others */
                seed[k] = seeds[(i + 3 * k) % MAX_IMAGES];
                cluster[k] = clusters[(i + 3 * k) % MAX_IMAGES];
            }
            run(&s, small, &p, seed, cluster, batch);
            for (uint32_t k = 0; k < batch; k++) {
                uint32_t image = (i + 3 * k) % MAX_IMAGES;
                assert_memory_equal(cedm_sample_state(&s) + k * MAP,
                                    all + image * MAP, MAP * sizeof(double));
            }
        }
        gaussian_free(small);
    }
    /* seeds are taken modulo 2^32: images 0 and 5 began alike */
    run(&s, g, &p, seeds, NULL, 6);
    const double *x = cedm_sample_state(&s);
    assert_memory_equal(x, x + 5 * MAP, MAP * sizeof *x);
    gaussian_free(g);
}

static void images_are_eight_bits(void **state)
{
    (void)state;
    gaussian_net *g = fresh(CLUSTERS, 2);
    cedm_sampler_params p = cedm_sampler_params_default();
    cedm_sampler s;
    uint8_t image[2 * MAP];
    run(&s, g, &p, seeds, clusters, 2);
    expect_status(cedm_sample_images(&s, image), 0);
    for (uint32_t i = 0; i < 2 * MAP; i++) {
        double v = 127.5 * cedm_sample_state(&s)[i] + 128;
        assert_int_equal(image[i], (int)fmin(fmax(v, 0), 255));
    }
    gaussian_free(g);
}

/* ---- statuses ---------------------------------------------------------- */

/* Of a refused call the sampler is zeroed, whatever run it held: what is done
 * with it afterwards is refused, too. */
static void refuse(gaussian_net *g, cedm_sampler_params p, const int32_t *c,
                   uint32_t n, cedm_status want)
{
    cedm_sampler s;
    static const cedm_sampler none;
    static uint8_t images[8 * MAP];
    memset(&s, 0x5a, sizeof s);
    s.params = p;
    expect_status(cedm_sample_begin(&s, &g->net, &s.params, seeds, c, n),
                  want);
    assert_memory_equal(&s, &none, sizeof s);
    expect_status(cedm_sample_step(&s), CEDM_E_NULL);
    expect_status(cedm_sample_images(&s, images), CEDM_E_NULL);
    assert_int_equal(g->notes.passes, 0);
}

static void refused_parameters(void **state)
{
    (void)state;
    const double nan = (double)NAN, inf = HUGE_VAL;
    gaussian_net *g = fresh(CLUSTERS, 2);
    const cedm_sampler_params ok = cedm_sampler_params_default();
    cedm_sampler_params p;
#define REFUSE(member, value, status)                                        \
    p = ok;                                                                  \
    p.member = (value);                                                      \
    refuse(g, p, NULL, 1, status)
    REFUSE(steps, 0, CEDM_E_STEPS);
    REFUSE(steps, CEDM_MAX_STEPS + 1, CEDM_E_STEPS);
    REFUSE(sigma_min, nan, CEDM_E_PARAM);
    REFUSE(sigma_min, -1, CEDM_E_PARAM);
    REFUSE(sigma_min, 0, CEDM_E_PARAM);
    REFUSE(sigma_min, 81, CEDM_E_PARAM);
    REFUSE(sigma_max, nan, CEDM_E_PARAM);
    REFUSE(sigma_max, 0.001, CEDM_E_PARAM);
    REFUSE(rho, 0, CEDM_E_PARAM);
    REFUSE(rho, nan, CEDM_E_PARAM);
    REFUSE(rho, inf, CEDM_E_PARAM);
    REFUSE(rho, 0.001, CEDM_E_PARAM); /* 80^1000 overflows */
    REFUSE(S_churn, -1, CEDM_E_PARAM);
    REFUSE(S_churn, nan, CEDM_E_PARAM);
    REFUSE(S_min, -1, CEDM_E_PARAM);
    REFUSE(S_min, nan, CEDM_E_PARAM);
    REFUSE(S_max, -1, CEDM_E_PARAM);
    REFUSE(S_max, nan, CEDM_E_PARAM);
    REFUSE(S_noise, -1, CEDM_E_PARAM);
    REFUSE(S_noise, nan, CEDM_E_PARAM);
    REFUSE(S_noise, inf, CEDM_E_PARAM);
    REFUSE(guidance, nan, CEDM_E_PARAM);
    REFUSE(guidance, inf, CEDM_E_PARAM);
    REFUSE(guidance_min, nan, CEDM_E_PARAM);
    REFUSE(guidance_min, -1, CEDM_E_PARAM);
    REFUSE(guidance_max, nan, CEDM_E_PARAM);
    REFUSE(guidance_max, -1, CEDM_E_PARAM); /* below the other end */
#undef REFUSE
    gaussian_free(g);
}

static void refused_arguments(void **state)
{
    (void)state;
    gaussian_net *g = fresh(CLUSTERS, 2), *plain = fresh(0, 2);
    const cedm_sampler_params ok = cedm_sampler_params_default();
    const int32_t high[2] = {0, CLUSTERS}, low[2] = {-2, 0}, zero[2] = {0, 0};
    cedm_sampler s = {0};
    uint8_t image[MAP];
    refuse(g, ok, NULL, 0, CEDM_E_COUNT);
    refuse(g, ok, NULL, 3, CEDM_E_COUNT);
    refuse(g, ok, high, 2, CEDM_E_CLUSTER);
    refuse(g, ok, low, 2, CEDM_E_CLUSTER);
    refuse(plain, ok, zero, 1, CEDM_E_CLUSTER);
    expect_status(cedm_sample_begin(NULL, &g->net, &ok, seeds, NULL, 1),
                  CEDM_E_NULL);
    expect_status(cedm_sample_begin(&s, NULL, &ok, seeds, NULL, 1),
                  CEDM_E_NULL);
    expect_status(cedm_sample_begin(&s, &g->net, NULL, seeds, NULL, 1),
                  CEDM_E_NULL);
    expect_status(cedm_sample_begin(&s, &g->net, &ok, NULL, NULL, 1),
                  CEDM_E_NULL);
    expect_status(cedm_sample_step(NULL), CEDM_E_NULL);
    expect_status(cedm_sample_step(&s), CEDM_E_NULL);
    expect_status(cedm_sample_images(NULL, image), CEDM_E_NULL);
    expect_status(cedm_sample_images(&s, image), CEDM_E_NULL);
    assert_null(cedm_sample_state(&s));
    expect_status(cedm_sample_begin(&s, &g->net, &ok, seeds, NULL, 1), 0);
    expect_status(cedm_sample_images(&s, NULL), CEDM_E_NULL);
    gaussian_free(g);
    gaussian_free(plain);
}

/* The model's range clips the parameters'. */
static void the_models_range_counts(void **state)
{
    (void)state;
    gaussian_net *g = fresh(CLUSTERS, 1), *same = fresh(CLUSTERS, 1);
    cedm_sampler_params p = cedm_sampler_params_default(), clipped = p;
    cedm_sampler s, t;
    g->m.denoiser.sigma_min = clipped.sigma_min = 0.02;
    g->m.denoiser.sigma_max = clipped.sigma_max = 10;
    run(&s, g, &p, seeds, NULL, 1);
    run(&t, same, &clipped, seeds, NULL, 1);
    assert_memory_equal(cedm_sample_state(&s), cedm_sample_state(&t),
                        MAP * sizeof(double));
    p.sigma_max = 0.01; /* below the model's least */
    expect_status(cedm_sample_begin(&s, &g->net, &p, seeds, NULL, 1),
                  CEDM_E_PARAM);
    gaussian_free(g);
    gaussian_free(same);
}

/* A NaN from any evaluation ends the run at once. */
static void not_finite(void **state)
{
    (void)state;
    for (int pass = 0; pass < 7; pass++) {
        gaussian_net *g = fresh(CLUSTERS, 2);
        cedm_sampler_params p = cedm_sampler_params_default();
        cedm_sampler s;
        p.steps = 4;
        g->notes.poisoned_pass = pass;
        expect_status(cedm_sample_begin(&s, &g->net, &p, seeds, NULL, 2), 0);
        for (int i = 0; i < pass / 2; i++) {
            expect_status(cedm_sample_step(&s), CEDM_MORE);
        }
        expect_status(cedm_sample_step(&s), CEDM_E_NONFINITE);
        expect_status(cedm_sample_step(&s), CEDM_E_STATE);
        for (uint32_t i = 0; i < 2 * MAP; i++) {
            assert_true(isfinite(cedm_sample_state(&s)[i]));
        }
        gaussian_free(g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heun_has_order_two),
        cmocka_unit_test(every_option),
        cmocka_unit_test(one_step_denoises),
        cmocka_unit_test(draws_and_evaluations),
        cmocka_unit_test(images_are_independent),
        cmocka_unit_test(images_are_eight_bits),
        cmocka_unit_test(refused_parameters),
        cmocka_unit_test(refused_arguments),
        cmocka_unit_test(the_models_range_counts),
        cmocka_unit_test(not_finite),
    };
    return cmocka_run_group_tests_name("sampler", tests, NULL, NULL);
}
