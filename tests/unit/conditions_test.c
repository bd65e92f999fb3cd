/* SPDX-License-Identifier: MIT
 *
 * conditions_test.c - guidance at some levels, a guide, ways between clusters,
 * previews. */
#include "tests/unit/conditioned_run.h"

/* ---- guidance between levels -------------------------------------------- */

static double guided_mean(uint32_t i, double sigma)
{
    double mean = plain_mean(i, sigma);
    return sigma > LOW && sigma <= HIGH
               ? (1 + W) * mean - W * gaussian_mean(-1)
               : mean;
}

static void guidance_has_an_interval(void **state)
{
    (void)state;
    cedm_sampler_params p = params_of(CEDM_SOLVER_euler);
    double want[IMAGES * MAP];
    cedm_sampler s;
    gaussian_net *g = fresh();
    int passes = 0;
    p.guidance = W;
    p.guidance_min = LOW;
    p.guidance_max = HIGH;
    begin(&s, g, &p);
    finish(&s);
    latents(&p, want);
    euler(&p, guided_mean, want);
    expect_near(&s, want);
    for (uint32_t k = 0; k < p.steps; k++) {
        passes += cedm_sigma(&p, k) > LOW && cedm_sigma(&p, k) <= HIGH;
    }
    assert_in_range(passes, 2, STEPS - 2);
    assert_int_equal(g->notes.passes, (int)STEPS + passes);
    gaussian_free(g);
}

/* All levels; none; ends: the lower is left out, the upper is in. */
static void intervals_that_change_nothing(void **state)
{
    (void)state;
    for (int solver = 0; cedm_solver_describe((enum cedm_solver)solver);
         solver++) {
        double all[IMAGES * MAP], off[IMAGES * MAP];
        cedm_sampler_params p = params_of((enum cedm_solver)solver);
        plain(&p, off);
        p.guidance = W;
        plain(&p, all);
        gaussian_net *g = fresh();
        cedm_sampler s;
        p.guidance_max = p.sigma_max;
        begin(&s, g, &p);
        finish(&s);
        expect_same(&s, all);
        p.guidance_min = p.sigma_max;
        begin(&s, g, &p);
        finish(&s);
        expect_same(&s, off);
        gaussian_free(g);
    }
}

/* ---- a guide ------------------------------------------------------------ */

static double auto_mean(uint32_t i, double sigma)
{
    (void)sigma; /* the guide knows no clusters */
    return (1 + W) * gaussian_mean(clusters[i / MAP]) - W * gaussian_mean(-1);
}

static void a_guide_takes_part(void **state)
{
    (void)state;
    double want[IMAGES * MAP];
    cedm_sampler_params p = params_of(CEDM_SOLVER_euler);
    gaussian_net *g = fresh(), *guide = gaussian_new(0, IMAGES + 1);
    cedm_sampler s;
    p.guidance = W;
    begin(&s, g, &p);
    expect(cedm_sample_guide(&s, &guide->net), CEDM_OK);
    finish(&s);
    assert_int_equal(g->notes.passes, STEPS);
    assert_int_equal(guide->notes.passes, STEPS);
    latents(&p, want);
    euler(&p, auto_mean, want);
    expect_near(&s, want);
    gaussian_free(guide);
    gaussian_free(g);
}

/* D + W (D - D) is D but for rounding. */
static void the_same_model_guides_nowhere(void **state)
{
    (void)state;
    double want[IMAGES * MAP];
    cedm_sampler_params p = params_of(CEDM_SOLVER_heun);
    plain(&p, want);
    gaussian_net *g = fresh(), *guide = fresh();
    cedm_sampler s;
    p.guidance = W;
    begin(&s, g, &p);
    expect(cedm_sample_guide(&s, &guide->net), CEDM_OK);
    finish(&s);
    expect_near(&s, want);
    begin(&s, g, &p); /* the net itself */
    expect(cedm_sample_guide(&s, &g->net), CEDM_OK);
    finish(&s);
    expect_near(&s, want);
    gaussian_free(guide);
    gaussian_free(g);
}

static void guides_that_do_not_fit(void **state)
{
    (void)state;
    gaussian_net *g = fresh(), *small = gaussian_new(CLUSTERS, IMAGES - 1);
    gaussian_net *other = gaussian_new(CLUSTERS + 1, IMAGES);
    cedm_sampler_params p = params_of(CEDM_SOLVER_heun);
    cedm_sampler s = {0};
    cedm_net none = {0};
    expect(cedm_sample_guide(&s, &g->net), CEDM_E_NULL);
    expect(cedm_sample_guide(NULL, &g->net), CEDM_E_NULL);
    begin(&s, g, &p);
    expect(cedm_sample_guide(&s, &none), CEDM_E_NULL);
    expect(cedm_sample_guide(&s, &small->net), CEDM_E_GUIDE);
    expect(cedm_sample_guide(&s, &other->net), CEDM_E_GUIDE);
    other->m.denoiser.label_dim = CLUSTERS;
    other->m.denoiser.channels = MAP_CHANNELS + 1;
    expect(cedm_sample_guide(&s, &other->net), CEDM_E_GUIDE);
    assert_null(s.guide);
    expect(cedm_sample_guide(&s, NULL), CEDM_OK);
    gaussian_free(other);
    gaussian_free(small);
    gaussian_free(g);
}

/* ---- between two -------------------------------------------------------- */

/* Image 0 all the way, 1 half of it, 2 not at all: the ends have the bits of
 * runs without a way. */
static void ends_of_a_way(void **state)
{
    static const double shares[IMAGES] = {1, 0.5, 0};
    (void)state;
    double own[IMAGES * MAP];
    cedm_sampler_params p = churning();
    plain(&p, own);
    gaussian_net *g = fresh(), *h = fresh();
    cedm_sampler s, t;
    begin(&s, g, &p);
    expect(cedm_sample_mix(&s, others, goals, shares), CEDM_OK);
    finish(&s);
    expect(cedm_sample_begin(&t, &h->net, &p, others, goals, IMAGES), 0);
    finish(&t);
    const double *x = cedm_sample_state(&s);
    assert_memory_equal(x, cedm_sample_state(&t), MAP * sizeof *x);
    assert_memory_equal(x + 2 * MAP, own + 2 * MAP, MAP * sizeof *x);
    begin(&s, g, &p); /* forgotten by the next run */
    finish(&s);
    expect_same(&s, own);
    gaussian_free(h);
    gaussian_free(g);
}

static double share_of(uint32_t i)
{
    return 0.25 * (1 + i / MAP);
}

static double mixed_mean(uint32_t i, double sigma)
{
    (void)sigma;
    return (1 - share_of(i)) * gaussian_mean(clusters[i / MAP]) +
           share_of(i) * gaussian_mean(goals[i / MAP]);
}

/* Image 1 goes to its own seed, modulo 2^32. */
static void a_way_goes_between(void **state)
{
    static const double shares[IMAGES] = {0.25, 0.5, 0.75};
    (void)state;
    double want[IMAGES * MAP];
    cedm_sampler_params p = params_of(CEDM_SOLVER_euler);
    gaussian_net *g = fresh();
    cedm_sampler s;
    begin(&s, g, &p);
    expect(cedm_sample_mix(&s, others, goals, shares), CEDM_OK);
    for (uint32_t i = 0; i < IMAGES * MAP; i++) {
        double angle = share_of(i) * acos(0);
        double a = noise(i, seeds[i / MAP], 0);
        double b = noise(i, others[i / MAP], 0);
        want[i] = p.sigma_max *
                  (i / MAP == 1 ? a : cos(angle) * a + sin(angle) * b);
    }
    expect_near(&s, want);
    finish(&s);
    euler(&p, mixed_mean, want);
    expect_near(&s, want);
    gaussian_free(g);
}

static void ways_that_are_refused(void **state)
{
    static const double shares[IMAGES] = {0, 0.5, 1};
    static const double bad[][IMAGES] = {
        {0, -0.1, 0}, {0, 0, 1.1}, {(double)NAN, 0, 0}};
    static const int32_t high[IMAGES] = {0, CLUSTERS, 0};
    (void)state;
    cedm_sampler_params p = params_of(CEDM_SOLVER_heun);
    double want[IMAGES * MAP];
    plain(&p, want);
    gaussian_net *g = fresh();
    cedm_sampler s;
    begin(&s, g, &p);
    expect(cedm_sample_mix(NULL, others, goals, shares), CEDM_E_NULL);
    expect(cedm_sample_mix(&s, NULL, goals, shares), CEDM_E_NULL);
    expect(cedm_sample_mix(&s, others, NULL, shares), CEDM_E_NULL);
    expect(cedm_sample_mix(&s, others, goals, NULL), CEDM_E_NULL);
    expect(cedm_sample_mix(&s, others, high, shares), CEDM_E_CLUSTER);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        expect(cedm_sample_mix(&s, others, goals, bad[i]), CEDM_E_PARAM);
    }
    expect(cedm_sample_step(&s), CEDM_MORE);
    expect(cedm_sample_mix(&s, others, goals, shares), CEDM_E_STATE);
    finish(&s);
    expect_same(&s, want); /* as it was */
    gaussian_free(g);
}

/* ---- previews ----------------------------------------------------------- */

static uint8_t eight_bits(double x)
{
    return (uint8_t)fmin(fmax(127.5 * x + 128, 0), 255);
}

/* D of each step's first evaluation; of Heun's steps the second is not known
 * to this test but at the end, where it is the image. */
static void previews_are_without_noise(void **state)
{
    (void)state;
    for (int k = 0; cedm_solver_describe((enum cedm_solver)k); k++) {
        cedm_sampler_params p = params_of((enum cedm_solver)k);
        gaussian_net *g = fresh();
        uint8_t got[IMAGES * MAP], images[IMAGES * MAP];
        double x[IMAGES * MAP];
        cedm_sampler s;
        begin(&s, g, &p);
        expect(cedm_sample_preview(&s, got), CEDM_E_STATE);
        expect(cedm_sample_preview(&s, NULL), CEDM_E_NULL);
        for (uint32_t step = 0; step < p.steps; step++) {
            memcpy(x, cedm_sample_state(&s), sizeof x);
            assert_true(cedm_sample_step(&s) >= CEDM_OK);
            expect(cedm_sample_preview(&s, got), CEDM_OK);
            for (uint32_t i = 0; k != CEDM_SOLVER_heun && i < IMAGES * MAP;
                 i++) {
                double sigma = cedm_sigma(&p, step);
                double d = known_d(x[i], sigma, plain_mean(i, sigma));
                assert_in_range(got[i] + 1, eight_bits(d), eight_bits(d) + 2);
            }
        }
        expect(cedm_sample_images(&s, images), CEDM_OK);
        if (k == CEDM_SOLVER_heun) {
            assert_memory_equal(got, images, sizeof images);
        }
        gaussian_free(g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(guidance_has_an_interval),
        cmocka_unit_test(intervals_that_change_nothing),
        cmocka_unit_test(a_guide_takes_part),
        cmocka_unit_test(the_same_model_guides_nowhere),
        cmocka_unit_test(guides_that_do_not_fit),
        cmocka_unit_test(ends_of_a_way),
        cmocka_unit_test(a_way_goes_between),
        cmocka_unit_test(ways_that_are_refused),
        cmocka_unit_test(previews_are_without_noise),
    };
    return cmocka_run_group_tests_name("conditions", tests, NULL, NULL);
}
