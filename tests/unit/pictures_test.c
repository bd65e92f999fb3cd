/* SPDX-License-Identifier: MIT
 *
 * pictures_test.c - runs that begin at images, and masks. */
#include "tests/unit/conditioned_run.h"

/* ---- from an image ------------------------------------------------------ */

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

/* ---- a mask ------------------------------------------------------------- */

static void white_masks_change_nothing(void **state)
{
    uint8_t white[IMAGES * PIXELS];
    (void)state;
    memset(white, 255, sizeof white);
    for (int solver = 0; cedm_solver_describe((enum cedm_solver)solver);
         solver++) {
        cedm_sampler_params p = churning();
        double want[IMAGES * MAP];
        p.solver = (enum cedm_solver)solver;
        if (!cedm_solver_describe(p.solver)->general) {
            p.S_churn = 0;
        }
        plain(&p, want);
        gaussian_net *g = fresh();
        cedm_sampler s;
        begin(&s, g, &p);
        expect(cedm_sample_mask(&s, image, white, 1), CEDM_OK);
        finish(&s);
        expect_same(&s, want);
        gaussian_free(g);
    }
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

/* Of every solver that remembers steps: known elements lie on the line from
 * the latent to the image, and those that are drawn, which know nothing of
 * others in this network, are what they are without a mask. */
static void masks_of_multistep_solvers(void **state)
{
    (void)state;
    for (int solver = 0; cedm_solver_describe((enum cedm_solver)solver);
         solver++) {
        cedm_sampler_params p = params_of((enum cedm_solver)solver);
        double want[IMAGES * MAP];
        gaussian_net *g = fresh();
        cedm_sampler s;
        if (cedm_solver_describe(p.solver)->general) {
            gaussian_free(g);
            continue;
        }
        plain(&p, want);
        begin(&s, g, &p);
        expect(cedm_sample_mask(&s, image, mask, 1), CEDM_OK);
        for (uint32_t k = 1; k <= STEPS; k++) {
            double sigma = k < STEPS ? cedm_sigma(&p, k) : 0;
            expect(cedm_sample_step(&s), k < STEPS ? CEDM_MORE : CEDM_OK);
            for (uint32_t i = 0; i < IMAGES * MAP; i++) {
                double line =
                    value_of(i) + sigma * noise(i, seeds[i / MAP], 0);
                double got = cedm_sample_state(&s)[i];
                if (mask[i / MAP_CHANNELS] == 0 &&
                    !(fabs(got - line) <= 1e-13 * (1 + sigma))) {
                    fail_msg("solver %d, step %u, element %u: got %.17g, "
                             "want %.17g",
                             solver, k, i, got, line);
                }
            }
        }
        for (uint32_t i = 0; i < IMAGES * MAP; i++) {
            if (mask[i / MAP_CHANNELS] == 255) {
                double got = cedm_sample_state(&s)[i];
                assert_memory_equal(&got, &want[i], sizeof got);
            }
        }
        gaussian_free(g);
    }
}

/* iPNDM of order 1 is Euler's method to the lowest level. */
static void masks_between(void **state)
{
    (void)state;
    double want[IMAGES * MAP];
    cedm_sampler_params p = params_of(CEDM_SOLVER_ipndm);
    gaussian_net *g = fresh();
    cedm_sampler s;
    p.order = 1;
    begin(&s, g, &p);
    expect(cedm_sample_mask(&s, image, mask, 1), CEDM_OK);
    finish(&s);
    latents(&p, want);
    for (uint32_t i = 0; i < IMAGES * MAP; i++) {
        double z = noise(i, seeds[i / MAP], 0), x = want[i];
        x = blend(i, x, value_of(i) + x);
        for (uint32_t k = 0; k < STEPS; k++) {
            double t = cedm_sigma(&p, k), next = cedm_sigma(&p, k + 1);
            x += (next - t) * (x - known_d(x, t, plain_mean(i, t))) / t;
            x = blend(i, x, value_of(i) + (k + 1 < STEPS ? next : 0) * z);
        }
        want[i] = x;
    }
    expect_near(&s, want);
    gaussian_free(g);
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
    for (int k = 0; cedm_solver_describe((enum cedm_solver)k); k++) {
        p.solver = (enum cedm_solver)k;
        begin(&s, g, &p);
        expect(cedm_sample_mask(&s, image, mask, 2),
               cedm_solver_describe(p.solver)->general ? CEDM_OK
                                                       : CEDM_E_SOLVER);
    }
    gaussian_free(g);
}

/* ---- all of it ---------------------------------------------------------- */

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
        cmocka_unit_test(later_starts),
        cmocka_unit_test(an_image_is_begun_at),
        cmocka_unit_test(all_steps_are_ordinary),
        cmocka_unit_test(white_masks_change_nothing),
        cmocka_unit_test(masks_keep_what_is_known),
        cmocka_unit_test(masks_of_multistep_solvers),
        cmocka_unit_test(masks_between),
        cmocka_unit_test(masks_that_are_refused),
        cmocka_unit_test(images_are_independent),
    };
    return cmocka_run_group_tests_name("pictures", tests, make_images, NULL);
}
