/* SPDX-License-Identifier: MIT
 *
 * conditions_test.c - what a run is given beside seeds and clusters, on a
 * network whose D is known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/unit/gaussian_net.h"

#define IMAGES 3u
#define PIXELS (SIDE * SIDE)
#define STEPS 9u

static const uint64_t seeds[IMAGES] = {3, 14, 92};
static const uint64_t others[IMAGES] = {65, (uint64_t)1 << 32 | 14, 5};
static const int32_t clusters[IMAGES] = {0, 2, -1};
static const int32_t goals[IMAGES] = {1, 1, 2};

static uint8_t image[IMAGES * MAP], mask[IMAGES * PIXELS];

static gaussian_net *fresh(void)
{
    gaussian_net *g = gaussian_new(CLUSTERS, IMAGES);
    if (g == NULL) {
        fail_msg("no network");
    }
    return g;
}

static int make_images(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < IMAGES * MAP; i++) {
        image[i] = (uint8_t)(i * 37);
    }
    for (uint32_t i = 0; i < IMAGES * PIXELS; i++) {
        mask[i] = (uint8_t)(i % 3 == 0 ? 255 : i % 3 == 1 ? 0 : 10 * i);
    }
    return 0;
}

static void expect(cedm_status got, cedm_status want)
{
    if (got != want) {
        fail_msg("status: got %d (%s), want %d", (int)got,
                 cedm_status_text(got), (int)want);
    }
}

static cedm_sampler_params params_of(enum cedm_solver solver)
{
    cedm_sampler_params p = cedm_sampler_params_default();
    p.solver = solver;
    p.steps = STEPS;
    return p;
}

static void begin(cedm_sampler *s, gaussian_net *g,
                  const cedm_sampler_params *p)
{
    expect(cedm_sample_begin(s, &g->net, p, seeds, clusters, IMAGES), 0);
}

static void finish(cedm_sampler *s)
{
    cedm_status status = CEDM_MORE;
    while (status == CEDM_MORE) {
        status = cedm_sample_step(s);
    }
    expect(status, CEDM_OK);
}

/* The state after a run without anything besides. */
static void plain(const cedm_sampler_params *p, double *x)
{
    gaussian_net *g = fresh();
    cedm_sampler s;
    begin(&s, g, p);
    finish(&s);
    memcpy(x, cedm_sample_state(&s), IMAGES * MAP * sizeof *x);
    gaussian_free(g);
}

static void expect_same(const cedm_sampler *s, const double *want)
{
    assert_memory_equal(cedm_sample_state(s), want,
                        IMAGES * MAP * sizeof *want);
}

/* Rounding of a few dozen operations in float64, on values up to 80. */
static void expect_near(const cedm_sampler *s, const double *want)
{
    for (uint32_t i = 0; i < IMAGES * MAP; i++) {
        double got = cedm_sample_state(s)[i];
        if (!(fabs(got - want[i]) <= 1e-11 * (1 + fabs(want[i])))) {
            fail_msg("element %u: got %.17g, want %.17g", i, got, want[i]);
        }
    }
}

/* ---- formulas ----------------------------------------------------------- */

static double known_d(double x, double sigma, double mean)
{
    double s2 = SIGMA_DATA * SIGMA_DATA, t2 = sigma * sigma;
    return (s2 * x + t2 * mean) / (s2 + t2);
}

/* Element i of a draw, as runs have it. */
static double noise(uint32_t i, uint64_t seed, uint32_t draw)
{
    uint64_t e = i % MAP_CHANNELS * PIXELS + i % MAP / MAP_CHANNELS;
    return draw == 0 ? (double)cedm_normal_f32(seed, e, 0)
                     : cedm_normal_f64(seed, e, draw);
}

/* Euler's method on D = known_d(x, sigma, mean(i, sigma)). */
typedef double mean_at(uint32_t i, double sigma);

static void euler(const cedm_sampler_params *p, mean_at *mean, double *x)
{
    for (uint32_t k = p->start; k < p->steps; k++) {
        double sigma = cedm_sigma(p, k), next = cedm_sigma(p, k + 1);
        for (uint32_t i = 0; i < IMAGES * MAP; i++) {
            double d = known_d(x[i], sigma, mean(i, sigma));
            x[i] += (next - sigma) * (x[i] - d) / sigma;
        }
    }
}

static void latents(const cedm_sampler_params *p, double *x)
{
    for (uint32_t i = 0; i < IMAGES * MAP; i++) {
        x[i] = cedm_sigma(p, p->start) * noise(i, seeds[i / MAP], 0);
    }
}

static double plain_mean(uint32_t i, double sigma)
{
    (void)sigma;
    return gaussian_mean(clusters[i / MAP]);
}

/* ---- guidance between levels -------------------------------------------- */

#define W 1.5
#define LOW 0.3
#define HIGH 9.0

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

/* ---- a guide -------------------------------------------------------------- */

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

/* ---- between two ---------------------------------------------------------- */

static cedm_sampler_params churning(void)
{
    cedm_sampler_params p = params_of(CEDM_SOLVER_heun);
    p.S_churn = 4;
    p.guidance = W;
    return p;
}

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

/* ---- from an image -------------------------------------------------------- */

static double value_of(uint32_t i)
{
    return image[i] / 127.5 - 1;
}

/* Steps from `start` on, by every solver: those of a list without the levels
 * before, which multistep solvers never saw. */
static void later_starts(void **state)
{
    (void)state;
    for (int solver = 0; cedm_solver_describe((enum cedm_solver)solver);
         solver++) {
        cedm_sampler_params p = params_of((enum cedm_solver)solver);
        double levels[STEPS + 1], want[IMAGES * MAP];
        for (uint32_t i = 0; i <= STEPS; i++) {
            levels[i] = cedm_sigma(&p, i);
        }
        p.discretization = CEDM_DISCRETIZATION_list;
        p.sigmas = levels + 4;
        p.steps = STEPS - 4;
        plain(&p, want);
        p.sigmas = levels;
        p.steps = STEPS;
        p.start = 4;
        double got[IMAGES * MAP];
        plain(&p, got);
        if (solver != CEDM_SOLVER_deis) { /* its curve fits the whole range */
            assert_memory_equal(got, want, sizeof want);
        }
    }
}

static void an_image_is_begun_at(void **state)
{
    (void)state;
    for (uint32_t start = 0; start < STEPS; start += 4) {
        double want[IMAGES * MAP];
        cedm_sampler_params p = params_of(CEDM_SOLVER_euler);
        gaussian_net *g = fresh();
        cedm_sampler s;
        p.start = start;
        begin(&s, g, &p);
        expect(cedm_sample_from(&s, image), CEDM_OK);
        latents(&p, want);
        for (uint32_t i = 0; i < IMAGES * MAP; i++) {
            want[i] += value_of(i);
        }
        expect_near(&s, want);
        finish(&s);
        assert_int_equal(g->notes.passes, (int)(STEPS - start));
        euler(&p, plain_mean, want);
        expect_near(&s, want);
        gaussian_free(g);
    }
}

/* Strength 1: ordinary sampling from that latent. */
static void all_steps_are_ordinary(void **state)
{
    (void)state;
    cedm_sampler_params p = churning();
    double begun[IMAGES * MAP], want[IMAGES * MAP];
    gaussian_net *g = fresh();
    cedm_sampler s;
    begin(&s, g, &p);
    expect(cedm_sample_from(&s, image), CEDM_OK);
    memcpy(begun, cedm_sample_state(&s), sizeof begun);
    finish(&s);
    memcpy(want, cedm_sample_state(&s), sizeof want);
    begin(&s, g, &p);
    memcpy(g->net.state[0], begun, sizeof begun);
    finish(&s);
    expect_same(&s, want);
    expect(cedm_sample_from(&s, image), CEDM_E_STATE);
    begin(&s, g, &p);
    expect(cedm_sample_from(&s, NULL), CEDM_E_NULL);
    expect(cedm_sample_from(NULL, image), CEDM_E_NULL);
    p.start = STEPS;
    expect(cedm_sample_begin(&s, &g->net, &p, seeds, NULL, 1), CEDM_E_STEPS);
    gaussian_free(g);
}

/* ---- a mask --------------------------------------------------------------- */

static void white_masks_change_nothing(void **state)
{
    uint8_t white[IMAGES * PIXELS];
    (void)state;
    cedm_sampler_params p = churning();
    double want[IMAGES * MAP];
    memset(white, 255, sizeof white);
    plain(&p, want);
    gaussian_net *g = fresh();
    cedm_sampler s;
    begin(&s, g, &p);
    expect(cedm_sample_mask(&s, image, white, 1), CEDM_OK);
    finish(&s);
    expect_same(&s, want);
    gaussian_free(g);
}

static double blend(uint32_t i, double x, double known)
{
    double a = mask[i / MAP_CHANNELS] / 255.0;
    return a < 1 ? a * x + (1 - a) * known : x;
}

/* RePaint's algorithm 1 with Euler's steps, line by line. */
static void repaint(const cedm_sampler_params *p, uint32_t rounds, double *x)
{
    latents(p, x);
    for (uint32_t i = 0; i < IMAGES * MAP; i++) {
        x[i] = blend(i, x[i], value_of(i) + x[i]);
    }
    for (uint32_t k = 0; k < p->steps; k++) {
        double t = cedm_sigma(p, k), next = cedm_sigma(p, k + 1);
        for (uint32_t u = 0; u < (next > 0 ? rounds : 1); u++) {
            uint32_t number = k * rounds + u;
            for (uint32_t i = 0; i < IMAGES * MAP; i++) {
                uint64_t seed = seeds[i / MAP];
                if (u > 0) {
                    x[i] += sqrt(t * t - next * next) *
                            noise(i, seed, (2u << 28) + number);
                }
                double d = known_d(x[i], t, plain_mean(i, t));
                x[i] += (next - t) * (x[i] - d) / t;
                x[i] = blend(i, x[i],
                             value_of(i) +
                                 next * noise(i, seed, (1u << 28) + number));
            }
        }
    }
}

static void masks_keep_what_is_known(void **state)
{
    (void)state;
    for (uint32_t rounds = 1; rounds <= 3; rounds++) {
        double want[IMAGES * MAP];
        uint8_t out[IMAGES * MAP];
        cedm_sampler_params p = params_of(CEDM_SOLVER_euler);
        gaussian_net *g = fresh();
        cedm_sampler s;
        begin(&s, g, &p);
        expect(cedm_sample_mask(&s, image, mask, rounds), CEDM_OK);
        finish(&s);
        assert_int_equal(g->notes.passes, (int)(rounds * (STEPS - 1) + 1));
        repaint(&p, rounds, want);
        expect_near(&s, want);
        expect(cedm_sample_images(&s, out), CEDM_OK);
        for (uint32_t i = 0; i < IMAGES * MAP; i++) {
            if (mask[i / MAP_CHANNELS] == 0 && out[i] != image[i]) {
                fail_msg("known element %u: %u became %u", i, image[i],
                         out[i]);
            }
        }
        gaussian_free(g);
    }
}

static void masks_that_are_refused(void **state)
{
    (void)state;
    cedm_sampler_params p = params_of(CEDM_SOLVER_heun);
    gaussian_net *g = fresh();
    cedm_sampler s;
    begin(&s, g, &p);
    expect(cedm_sample_mask(NULL, image, mask, 1), CEDM_E_NULL);
    expect(cedm_sample_mask(&s, NULL, mask, 1), CEDM_E_NULL);
    expect(cedm_sample_mask(&s, image, NULL, 1), CEDM_E_NULL);
    expect(cedm_sample_mask(&s, image, mask, 0), CEDM_E_STEPS);
    expect(cedm_sample_mask(&s, image, mask, CEDM_MAX_ROUNDS + 1),
           CEDM_E_STEPS);
    expect(cedm_sample_step(&s), CEDM_MORE);
    expect(cedm_sample_mask(&s, image, mask, 1), CEDM_E_STATE);
    p.solver = CEDM_SOLVER_ipndm;
    begin(&s, g, &p);
    expect(cedm_sample_mask(&s, image, mask, 1), CEDM_E_SOLVER);
    gaussian_free(g);
}

/* ---- previews ------------------------------------------------------------- */

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

/* ---- all of it ------------------------------------------------------------ */

/* Images of a run have the bits that they have alone. */
static void images_are_independent(void **state)
{
    static const double shares[IMAGES] = {0.3, 0.9, 0.5};
    (void)state;
    cedm_sampler_params p = churning();
    gaussian_net *g = fresh(), *guide = fresh(), *alone = gaussian_new(3, 1);
    cedm_sampler s, t;
    p.guidance_min = LOW;
    p.start = 2;
    begin(&s, g, &p);
    expect(cedm_sample_mix(&s, others, goals, shares), CEDM_OK);
    expect(cedm_sample_from(&s, image), CEDM_OK);
    expect(cedm_sample_mask(&s, image, mask, 2), CEDM_OK);
    expect(cedm_sample_guide(&s, &guide->net), CEDM_OK);
    finish(&s);
    for (uint32_t i = 0; i < IMAGES; i++) {
        expect(cedm_sample_begin(&t, &alone->net, &p, seeds + i, clusters + i,
                                 1),
               CEDM_OK);
        expect(cedm_sample_mix(&t, others + i, goals + i, shares + i), 0);
        expect(cedm_sample_from(&t, image + i * MAP), CEDM_OK);
        expect(cedm_sample_mask(&t, image + i * MAP, mask + i * PIXELS, 2),
               CEDM_OK);
        expect(cedm_sample_guide(&t, &guide->net), CEDM_OK);
        finish(&t);
        assert_memory_equal(cedm_sample_state(&s) + i * MAP,
                            cedm_sample_state(&t), MAP * sizeof(double));
    }
    gaussian_free(alone);
    gaussian_free(guide);
    gaussian_free(g);
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
        cmocka_unit_test(later_starts),
        cmocka_unit_test(an_image_is_begun_at),
        cmocka_unit_test(all_steps_are_ordinary),
        cmocka_unit_test(white_masks_change_nothing),
        cmocka_unit_test(masks_keep_what_is_known),
        cmocka_unit_test(masks_that_are_refused),
        cmocka_unit_test(previews_are_without_noise),
        cmocka_unit_test(images_are_independent),
    };
    return cmocka_run_group_tests_name("conditions", tests, make_images,
                                       NULL);
}
