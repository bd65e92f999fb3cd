/* SPDX-License-Identifier: MIT
 *
 * solver_rules_test.c - what is true of every solver in the table: facts that
 * fit together, what it goes with, images that do not know their neighbours;
 * and on the demo model, the solution that Heun's method has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/unit/gaussian_net.h"
#include "weights/fashion.h"

extern const unsigned char cedm_fashion_blob[FASHION_BLOB_BYTES];

static const uint64_t seeds[MAX_IMAGES] = {3, 14, 15, 92, 65, 35, 89, 79};
static const int32_t clusters[MAX_IMAGES] = {0, 1, 2, -1, 2, 1, 0, -1};

static const enum cedm_solver solvers[] = {
#define SOLVER(word) CEDM_SOLVER_##word,
    CEDM_SOLVER_LIST(SOLVER)
#undef SOLVER
};
#define SOLVERS (sizeof solvers / sizeof solvers[0])

static void expect_status(cedm_status got, cedm_status want, const char *what)
{
    if (got != want) {
        fail_msg("%s: status: got %d (%s), want %d (%s)", what, (int)got,
                 cedm_status_text(got), (int)want, cedm_status_text(want));
    }
}

static gaussian_net *fresh(uint32_t batch)
{
    gaussian_net *g = gaussian_new(CLUSTERS, batch);
    if (g == NULL) {
        fail_msg("no network");
    }
    return g;
}

/* ---- facts ------------------------------------------------------------- */

static void facts_fit_together(void **state)
{
    static const char *const words[] = {
#define WORD(word) #word,
        CEDM_SOLVER_LIST(WORD)
#undef WORD
    };
    (void)state;
    for (size_t k = 0; k < SOLVERS; k++) {
        const cedm_solver_facts *f = cedm_solver_describe(solvers[k]);
        assert_non_null(f);
        assert_string_equal(f->word, words[k]);
        assert_true(f->least >= 1 && f->least <= f->order &&
                    f->order <= f->most);
        assert_true(f->evaluations >= 1 && f->maps >= 2);
        assert_true(f->maps <= CEDM_STATE_MAPS);
    }
    assert_null(cedm_solver_describe((enum cedm_solver)SOLVERS));
}

/* Evaluations and last levels are as the facts say. */
static void runs_are_as_the_facts_say(void **state)
{
    (void)state;
    for (size_t k = 0; k < SOLVERS; k++) {
        const cedm_solver_facts *f = cedm_solver_describe(solvers[k]);
        gaussian_net *g = fresh(2);
        cedm_sampler_params p = cedm_sampler_params_default();
        cedm_sampler s;
        p.solver = solvers[k];
        p.steps = 7;
        expect_status(cedm_sample_begin(&s, &g->net, &p, seeds, clusters, 2),
                      CEDM_OK, f->word);
        assert_int_equal(s.params.order, f->order);
        while (cedm_sample_step(&s) == CEDM_MORE) {
        }
        assert_int_equal(g->notes.passes,
                         f->ends_at_0
                             ? 7 * f->evaluations - f->evaluations + 1
                             : 7 * f->evaluations);
        assert_true(cedm_sigma(&p, 7) == (f->ends_at_0 ? 0 : p.sigma_min));
        assert_true(cedm_sigma(&p, 8) == 0);
        gaussian_free(g);
    }
}

static void nfe_is_that_many_evaluations(void **state)
{
    (void)state;
    for (uint32_t n = 1; n < 40; n++) {
        gaussian_net *g = fresh(1);
        cedm_sampler_params p = cedm_sampler_params_nfe(n);
        cedm_sampler s;
        expect_status(cedm_sample_begin(&s, &g->net, &p, seeds, clusters, 1),
                      CEDM_OK, "nfe");
        while (cedm_sample_step(&s) == CEDM_MORE) {
        }
        assert_int_equal(g->notes.passes, n);
        gaussian_free(g);
    }
}

/* ---- what goes together ------------------------------------------------ */

static void check(gaussian_net *g, const cedm_sampler_params *p,
                  cedm_status want, const char *what)
{
    cedm_sampler s;
    expect_status(cedm_sample_begin(&s, &g->net, p, seeds, clusters, 1), want,
                  what);
}

static void solvers_and_the_rest(void **state)
{
    (void)state;
    gaussian_net *g = fresh(1);
    for (size_t k = 0; k < SOLVERS; k++) {
        const cedm_solver_facts *f = cedm_solver_describe(solvers[k]);
        cedm_status want = f->general ? CEDM_OK : CEDM_E_SOLVER;
        cedm_sampler_params ok = cedm_sampler_params_default(), p;
        ok.solver = solvers[k];
#define WITH(member, value, status)                                          \
    p = ok;                                                                  \
    p.member = (value);                                                      \
    check(g, &p, status, f->word)
        WITH(S_churn, 1, want);
        WITH(schedule, CEDM_SCHEDULE_vp, want);
        WITH(schedule, CEDM_SCHEDULE_ve, want);
        WITH(scaling, CEDM_SCALING_vp, want);
        WITH(guidance, 1.5, CEDM_OK);
        WITH(order, f->least, CEDM_OK);
        WITH(order, f->most, CEDM_OK);
        WITH(order, f->most + 1, CEDM_E_SOLVER);
        WITH(order, UINT32_MAX, CEDM_E_SOLVER);
        WITH(discretization, CEDM_DISCRETIZATION_list, CEDM_E_NULL);
        /* the same level twice: the table has 873 in the range */
        ok = cedm_sampler_params_for(CEDM_DISCRETIZATION_iddpm);
        ok.solver = solvers[k];
        WITH(steps, 2000, f->ends_at_0 ? CEDM_OK : CEDM_E_LEVELS);
#undef WITH
    }
    gaussian_free(g);
}

static void lists_are_checked(void **state)
{
    static const struct {
        double sigma[4];
        cedm_status want;
    } rows[] = {
        {{10, 3, 1, 0.1}, CEDM_OK},
        {{20, 3, 1, 0.02}, CEDM_OK},
        {{10, 3, 3, 0.1}, CEDM_E_LEVELS},
        {{10, 3, 5, 0.1}, CEDM_E_LEVELS},
        {{10, 3, 1, 0}, CEDM_E_LEVELS},
        {{10, 3, -1, -2}, CEDM_E_LEVELS},
        {{10, 3, (double)NAN, 0.1}, CEDM_E_LEVELS},
        {{(double)NAN, 3, 1, 0.1}, CEDM_E_LEVELS},
        {{10, 3, 1, (double)NAN}, CEDM_E_LEVELS},
        {{HUGE_VAL, 3, 1, 0.1}, CEDM_E_LEVELS},
        {{21, 3, 1, 0.1}, CEDM_E_LEVELS},   /* above the model's range */
        {{10, 3, 1, 0.01}, CEDM_E_LEVELS},  /* below it */
        {{10, 300, 1, 0.1}, CEDM_E_LEVELS}, /* inside does not fall */
    };
    (void)state;
    gaussian_net *g = fresh(1);
    g->m.denoiser.sigma_min = 0.02;
    g->m.denoiser.sigma_max = 20;
    for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++) {
        cedm_sampler_params p = cedm_sampler_params_default();
        char what[16];
        p.discretization = CEDM_DISCRETIZATION_list;
        p.sigmas = rows[k].sigma;
        snprintf(what, sizeof what, "row %zu", k);
        p.steps = 4;
        check(g, &p, rows[k].want, what);
        p.solver = CEDM_SOLVER_ipndm;
        p.steps = 3;
        check(g, &p, rows[k].want, what);
    }
    gaussian_free(g);
}

/* The levels of a spacing, written down, give its bits. */
static void a_list_is_a_spacing(void **state)
{
    (void)state;
    for (size_t k = 0; k < SOLVERS; k++) {
        gaussian_net *a = fresh(1), *b = fresh(1);
        cedm_sampler_params p = cedm_sampler_params_default(), q = p;
        double levels[20];
        cedm_sampler s, t;
        p.solver = q.solver = solvers[k];
        for (uint32_t i = 0; i <= p.steps; i++) {
            levels[i] = cedm_sigma(&p, i);
        }
        q.discretization = CEDM_DISCRETIZATION_list;
        q.sigmas = levels;
        q.sigma_min = q.sigma_max = (double)NAN; /* ignored */
        expect_status(cedm_sample_begin(&s, &a->net, &p, seeds, NULL, 1), 0,
                      "spacing");
        expect_status(cedm_sample_begin(&t, &b->net, &q, seeds, NULL, 1), 0,
                      "list");
        while (cedm_sample_step(&s) == CEDM_MORE) {
            expect_status(cedm_sample_step(&t), CEDM_MORE, "list");
        }
        expect_status(cedm_sample_step(&t), CEDM_OK, "list");
        assert_memory_equal(cedm_sample_state(&s), cedm_sample_state(&t),
                            MAP * sizeof(double));
        gaussian_free(a);
        gaussian_free(b);
    }
}

/* ---- draws ------------------------------------------------------------- */

/* C-EDM counts the steps inside S_min .. S_max alone. */
static void draws_of_churn(void **state)
{
    (void)state;
    gaussian_net *g = fresh(1);
    cedm_sampler_params p = cedm_sampler_params_default();
    p.S_churn = 1;
    p.S_min = cedm_sigma(&p, 15);
    p.S_max = cedm_sigma(&p, 3);
    for (int cedm = 0; cedm <= 1; cedm++) {
        cedm_sampler s;
        p.churn_draws = cedm ? CEDM_CHURN_DRAWS_cedm : CEDM_CHURN_DRAWS_edm;
        g->notes.draw_count = 0;
        expect_status(cedm_sample_begin(&s, &g->net, &p, seeds, clusters, 1),
                      0, "begin");
        while (cedm_sample_step(&s) == CEDM_MORE) {
        }
        assert_int_equal(g->notes.draw_count, 13);
        for (uint32_t i = 0; i < 13; i++) {
            assert_int_equal(g->notes.draws[i], 2 + i + (cedm ? 0 : 3));
        }
    }
    p.churn_draws = (enum cedm_churn_draws)2;
    check(g, &p, CEDM_E_PARAM, "churn_draws");
    gaussian_free(g);
}

/* ---- independence ------------------------------------------------------ */

static void images_are_independent(void **state)
{
    (void)state;
    for (size_t k = 0; k < SOLVERS; k++) {
        gaussian_net *all = fresh(MAX_IMAGES), *one = fresh(1);
        cedm_sampler_params p = cedm_sampler_params_default();
        cedm_sampler s, t;
        p.solver = solvers[k];
        p.guidance = 0.75;
        p.steps = 6;
        expect_status(
            cedm_sample_begin(&s, &all->net, &p, seeds, clusters, MAX_IMAGES),
            0, "all");
        while (cedm_sample_step(&s) == CEDM_MORE) {
        }
        for (uint32_t i = 0; i < MAX_IMAGES; i++) {
            expect_status(cedm_sample_begin(&t, &one->net, &p, seeds + i,
                                            clusters + i, 1),
                          0, "one");
            while (cedm_sample_step(&t) == CEDM_MORE) {
            }
            assert_memory_equal(cedm_sample_state(&s) + i * MAP,
                                cedm_sample_state(&t), MAP * sizeof(double));
        }
        gaussian_free(all);
        gaussian_free(one);
    }
}

/* A NaN ends the run, and the state is what it was. */
static void not_finite(void **state)
{
    (void)state;
    for (size_t k = 0; k < SOLVERS; k++) {
        gaussian_net *g = fresh(2);
        cedm_sampler_params p = cedm_sampler_params_default();
        cedm_sampler s;
        p.solver = solvers[k];
        p.steps = 4;
        g->notes.poisoned_pass = 2;
        expect_status(cedm_sample_begin(&s, &g->net, &p, seeds, clusters, 2),
                      0, "begin");
        cedm_status status = CEDM_MORE;
        while (status == CEDM_MORE) {
            status = cedm_sample_step(&s);
        }
        expect_status(status, CEDM_E_NONFINITE, "poisoned");
        expect_status(cedm_sample_step(&s), CEDM_E_STATE, "after it");
        for (uint32_t i = 0; i < 2 * MAP; i++) {
            assert_true(isfinite(cedm_sample_state(&s)[i]));
        }
        gaussian_free(g);
    }
}

/* ---- on the demo model ------------------------------------------------- */

#define FASHION_MAP (32 * 32)

/* The state at the lowest level of a run. */
static void draw(cedm_net *net, cedm_sampler_params p, double *x)
{
    static const uint64_t seed[1] = {5};
    static const int32_t cluster[1] = {5};
    bool ends = cedm_solver_describe(p.solver)->ends_at_0;
    cedm_sampler s;
    expect_status(cedm_sample_begin(&s, net, &p, seed, cluster, 1), 0,
                  "demo");
    for (uint32_t i = ends ? 1 : 0; i < p.steps; i++) {
        cedm_status status = cedm_sample_step(&s);
        assert_true(status == CEDM_MORE || status == CEDM_OK);
    }
    memcpy(x, cedm_sample_state(&s), FASHION_MAP * sizeof *x);
}

/* Root of the mean square of what 120 steps are away from Heun's solution,
 * that of 480 steps, whose own error is a sixteenth of what 120 have. */
static void one_solution(void **state)
{
    static _Alignas(
        CEDM_ALIGN) unsigned char arena[FASHION_ARENA_BYTES(1, 1)];
    static _Alignas(CEDM_ALIGN) unsigned char weights[FASHION_WEIGHTS_BYTES];
    static cedm_net net;
    double want[FASHION_MAP], got[FASHION_MAP];
    cedm_blob blob;
    cedm_net_config config = cedm_net_config_default();
    cedm_sampler_params p = cedm_sampler_params_default();
    (void)state;
    config.backend = cedm_backend_cpu(CEDM_ISA_ALL);
    config.weights = weights;
    config.weights_bytes = sizeof weights;
    config.arena = arena;
    config.arena_bytes = sizeof arena;
    expect_status(cedm_bind(&blob, &cedm_fashion_model, cedm_fashion_blob,
                            FASHION_BLOB_BYTES),
                  0, "bind");
    expect_status(cedm_prepare(&blob, &config, weights, sizeof weights), 0,
                  "prepare");
    expect_status(cedm_net_init(&net, &blob, &config), 0, "init");
    p.steps = 480;
    draw(&net, p, want);
    for (size_t k = 0; k < SOLVERS; k++) {
        const cedm_solver_facts *f = cedm_solver_describe(solvers[k]);
        double sum = 0;
        p = cedm_sampler_params_for(CEDM_DISCRETIZATION_vpt);
        p.solver = solvers[k];
        p.steps = 120;
        draw(&net, p, got);
        for (uint32_t i = 0; i < FASHION_MAP; i++) {
            sum += (got[i] - want[i]) * (got[i] - want[i]);
        }
        print_message("%s: %.3g\n", f->word, sqrt(sum / FASHION_MAP));
        if (f->order > 1 && !(sqrt(sum / FASHION_MAP) <= 2e-4)) {
            fail_msg("%s: 120 steps are %g away", f->word,
                     sqrt(sum / FASHION_MAP));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(facts_fit_together),
        cmocka_unit_test(runs_are_as_the_facts_say),
        cmocka_unit_test(nfe_is_that_many_evaluations),
        cmocka_unit_test(solvers_and_the_rest),
        cmocka_unit_test(lists_are_checked),
        cmocka_unit_test(a_list_is_a_spacing),
        cmocka_unit_test(draws_of_churn),
        cmocka_unit_test(images_are_independent),
        cmocka_unit_test(not_finite),
        cmocka_unit_test(one_solution),
    };
    return cmocka_run_group_tests_name("solver rules", tests, NULL, NULL);
}
