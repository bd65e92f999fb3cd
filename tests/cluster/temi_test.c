/* SPDX-License-Identifier: MIT
 *
 * temi_test.c - TEMI in single precision: schedules, a golden training, and
 * gradients of all losses against the twin in odd sizes. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/cluster/arrays.h"
#include "cluster/temi.h"
#include "tests/cluster/numbers.h"
#include "tests/cluster/temi_twin.h"

static void open_temi(cluster_temi *t, const cluster_rows *rows,
                      const uint32_t *neighbours,
                      const cluster_temi_options *options,
                      const cluster_workers *w)
{
    host_failure f = HOST_FAILURE_UNSAID;

    if (!cluster_temi_open(t, rows, neighbours, options, w, &f)) {
        fail_msg("%s", f.text);
    }
}

/* ---- schedules ---------------------------------------------------------- */

/* Values of the official scheduler: 20 epochs of 7 steps, 10 of them warm-up,
 * rate 5e-4 to 1e-6 scaled by 64 / 256; a momentum from 0.996 to 1. */
static void test_schedules(void **state)
{
    static const struct {
        uint64_t step;
        double rate, momentum;
    } wanted[] = {
        {0, 0.0, 0.996},
        {1, 1.8115942028985508e-06, 0.9960005035301149},
        {3, 5.4347826086956525e-06, 0.9960045302499071},
        {69, 1.25e-4, -1.0},
        {70, 1.25e-4, -1.0},
        {137, 8.145086097250731e-07, 0.9999954697500929},
        {138, 5.011034120469632e-07, 0.9999979861330827},
        {139, 3.1280747448550245e-07, 0.9999994964698851},
    };
    cluster_temi_options o = cluster_temi_options_default();

    (void)state;
    o.batch = 64;
    o.epochs = 20;
    o.warmup = 10;
    o.rate[0] = 5e-4;
    o.rate[1] = 1e-6;
    o.momentum[1] = 1.0;
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        const cluster_temi_rates r =
            cluster_temi_rates_at(&o, 7, wanted[i].step);

        assert_true(fabs(r.rate - wanted[i].rate) <= 1e-18);
        assert_true(wanted[i].momentum < 0.0 ||
                    fabs(r.momentum - wanted[i].momentum) <= 1e-15);
        assert_int_equal(r.frozen, wanted[i].step < 7);
    }
}

static void test_golden_schedules(void **state)
{
    cg_file *file = arrays_open("temi/train");
    double *lr = arrays_doubles(file, "", "lr");
    double *momentum = arrays_doubles(file, "", "momentum");
    const double last = arrays_parameter(file, "min_lr");
    const double base = arrays_parameter(file, "lr");

    (void)state;
    for (uint64_t i = 0; i < 12; i++) {
        const double rate = cluster_schedule(base, last, 3, 12, i) * 16 / 256;
        const double kept = cluster_schedule(0.9, 0.99, 0, 12, i);

        assert_true(fabs(rate - lr[i]) <= 1e-17);
        assert_true(fabs(kept - momentum[i]) <= 1e-15);
    }
    free(lr);
    free(momentum);
    cg_close(file);
}

/* ---- a golden training -------------------------------------------------- */

typedef struct golden {
    cg_file *file;
    float *x;
    cluster_rows rows;
    cluster_temi_options options;
    uint32_t *pairs[2];
} golden;

static void open_golden(golden *g)
{
    g->file = arrays_open("temi/train");
    g->x = arrays_floats(g->file, "", "X");
    g->rows =
        (cluster_rows){.values = g->x,
                       .count = arrays_extent(g->file, "X", 0),
                       .width = (uint32_t)arrays_extent(g->file, "X", 1)};
    g->options = cluster_temi_options_default();
    g->options.shape = (cluster_head_shape){
        .hidden = (uint32_t)arrays_parameter(g->file, "hidden"),
        .bottleneck = (uint32_t)arrays_parameter(g->file, "bottleneck"),
        .clusters = (uint32_t)arrays_parameter(g->file, "C")};
    g->options.heads = (uint32_t)arrays_parameter(g->file, "H");
    g->options.batch = (uint32_t)arrays_parameter(g->file, "B");
    g->options.epochs = (uint32_t)arrays_parameter(g->file, "epochs");
    g->options.warmup = (uint32_t)arrays_parameter(g->file, "warmup_epochs");
    g->options.rate[0] = arrays_parameter(g->file, "lr");
    g->options.rate[1] = arrays_parameter(g->file, "min_lr");
    g->options.decay = arrays_parameter(g->file, "weight_decay");
    g->options.momentum[0] = arrays_parameter(g->file, "momentum_teacher");
    g->options.momentum[1] =
        arrays_parameter(g->file, "max_momentum_teacher");
    int32_t *idx = arrays_integers(g->file, "", "idx");
    int32_t *pair = arrays_integers(g->file, "", "pair");

    g->pairs[0] = (uint32_t *)idx;
    g->pairs[1] = (uint32_t *)pair;
}

static void close_golden(golden *g)
{
    free(g->x);
    free(g->pairs[0]);
    free(g->pairs[1]);
    cg_close(g->file);
}

static void tensor_name(char name[128], uint32_t head,
                        const cluster_head_place *place)
{
    (void)snprintf(name, 128, "heads.%u.%s", head, place->name);
}

static void set_initial(cluster_temi *t, const golden *g)
{
    for (uint32_t i = 0; i < g->options.heads; i++) {
        for (uint32_t k = 0; k < CLUSTER_HEAD_COUNT; k++) {
            const cluster_head_place *p = &t->layout.tensors[k];
            char name[128];
            float *values;

            tensor_name(name, i, p);
            values = arrays_floats(g->file, "init.", name);
            cluster_head_set(p, t->state.student + i * t->layout.floats,
                             values);
            free(values);
        }
    }
    memcpy(t->state.teacher, t->state.student,
           g->options.heads * t->layout.floats * sizeof(float));
}

/* |got - wanted| / |wanted| of a tensor as a whole. */
static double tensor_error(const cluster_head_place *place, const float *head,
                           const double *wanted)
{
    const size_t n = (size_t)place->rows * place->columns;
    float *got = malloc(n * sizeof *got);
    double error = 0.0, size = 0.0;

    assert_non_null(got);
    cluster_head_get(place, head, got);
    for (size_t i = 0; i < n; i++) {
        error += ((double)got[i] - wanted[i]) * ((double)got[i] - wanted[i]);
        size += wanted[i] * wanted[i];
    }
    free(got);
    return sqrt(error / size);
}

static void check_tensors(const cluster_temi *t, const golden *g,
                          const char *prefix, const float *heads,
                          double tolerance)
{
    for (uint32_t i = 0; i < g->options.heads; i++) {
        for (uint32_t k = 0; k < CLUSTER_HEAD_COUNT; k++) {
            const cluster_head_place *p = &t->layout.tensors[k];
            char name[128];
            double *wanted, error;

            tensor_name(name, i, p);
            wanted = arrays_doubles(g->file, prefix, name);
            error = tensor_error(p, heads + i * t->layout.floats, wanted);
            if (!(error <= tolerance)) {
                fail_msg("%s: %s%s: off by %g, at most %g",
                         t->workers->kernels->name, prefix, name, error,
                         tolerance);
            }
            free(wanted);
        }
    }
}

/* Products are chains of 32 terms at most, four after each other, so that a
 * gradient is off by less than 4 x 32 x 6e-8 = 8e-6 of its size.  An update
 * moves a parameter by a twentieth of its size at most; 12 of them, each off
 * by that part, leave 5e-6.  A loss of 0.3 is off by the error of logits, 1e-6
 * of them, and by that of the parameters. */
#define GRADIENT 1e-5
#define PARAMETER 1e-5
#define LOSS 1e-6

static void check_step(cluster_temi *t, const golden *g, uint32_t step,
                       const double *losses)
{
    char prefix[32];

    for (uint32_t i = 0; i < g->options.heads; i++) {
        const double wanted = losses[step * g->options.heads + i];

        if (!(fabs(t->head_loss[i] - wanted) <= LOSS * (1.0 + step))) {
            fail_msg("step %u: loss of head %u: got %.9g, wanted %.9g", step,
                     i, t->head_loss[i], wanted);
        }
    }
    if (step == 0) {
        check_tensors(t, g, "step0.grad.", t->arrays.grads, GRADIENT);
    }
    if (step == 0 || step == 3 || step == 11) {
        (void)snprintf(prefix, sizeof prefix, "after%u.student.", step);
        check_tensors(t, g, prefix, t->state.student, PARAMETER);
        (void)snprintf(prefix, sizeof prefix, "after%u.teacher.", step);
        check_tensors(t, g, prefix, t->state.teacher, PARAMETER);
    }
}

static void check_end(cluster_temi *t, const golden *g)
{
    int32_t *wanted = arrays_integers(g->file, "", "assign_best_teacher");
    double *marginal = arrays_doubles(g->file, "", "pk_final");
    int32_t *ids = malloc(g->rows.count * sizeof *ids);
    host_failure f = HOST_FAILURE_UNSAID;

    assert_int_equal(t->best, (int)arrays_number(g->file, "", "best_head"));
    assert_true(cluster_head_assign(&t->layout,
                                    cluster_temi_teacher(t, t->best),
                                    &g->rows, t->workers, ids, &f));
    assert_memory_equal(ids, wanted, g->rows.count * sizeof *ids);
    for (size_t i = 0; i < g->options.heads * g->options.shape.clusters;
         i++) {
        assert_true(fabs(t->state.marginal[i] - marginal[i]) <= 1e-4);
    }
    free(ids);
    free(wanted);
    free(marginal);
}

static void test_golden_training(void **state)
{
    const cluster_kernels *kernels[NUMBERS_KERNELS_MAX];
    const uint32_t count = numbers_kernels(kernels);

    (void)state;
    for (uint32_t n = 0; n < count; n++) {
        cluster_workers w = numbers_workers(1, kernels[n]);
        golden g;
        cluster_temi t;

        open_golden(&g);
        double *losses = arrays_doubles(g.file, "", "head_losses");

        open_temi(&t, &g.rows, NULL, &g.options, &w);
        t.steps_per_epoch =
            (uint64_t)arrays_parameter(g.file, "iters_per_epoch");
        set_initial(&t, &g);
        for (uint32_t step = 0; step < 12; step++) {
            cluster_temi_batch(&t, g.pairs[0] + step * g.options.batch,
                               g.pairs[1] + step * g.options.batch);
            check_step(&t, &g, step, losses);
        }
        check_end(&t, &g);
        cluster_temi_close(&t);
        free(losses);
        close_golden(&g);
    }
}

/* ---- all losses --------------------------------------------------------- */

#define ROWS 130u
#define BATCH 107u
#define HEADS 2u
static const twin_shape odd = {19, 21, 9, 37};

/* The student's and the teacher's heads in the twin's order. */
static double *twin_heads(const cluster_temi *t, const float *heads)
{
    const twin_places places = twin_places_of(odd);
    double *out = malloc(HEADS * places.at[TWIN_TENSORS] * sizeof *out);
    float *tensor = malloc(places.at[TWIN_TENSORS] * sizeof *tensor);
    double *at = out;

    for (uint32_t i = 0; i < HEADS; i++) {
        for (uint32_t k = 0; k < CLUSTER_HEAD_COUNT; k++) {
            const cluster_head_place *p = &t->layout.tensors[k];

            cluster_head_get(p, heads + i * t->layout.floats, tensor);
            for (size_t j = 0; j < (size_t)p->rows * p->columns; j++) {
                *at++ = (double)tensor[j];
            }
        }
    }
    free(tensor);
    return out;
}

typedef struct comparison {
    double *x, *student, *teacher, *logits[2], *d_logits, *grads;
    twin_batch b;
    double losses[HEADS];
} comparison;

static void twin_step(comparison *c, const cluster_temi *t,
                      const cluster_rows *rows, const uint32_t *pairs)
{
    const size_t head = twin_places_of(odd).at[TWIN_TENSORS];
    const size_t logits = 2 * (size_t)BATCH * odd.clusters;

    c->x = malloc(2 * (size_t)BATCH * odd.width * sizeof *c->x);
    c->student = twin_heads(t, t->state.student);
    c->teacher = twin_heads(t, t->state.teacher);
    c->logits[0] = malloc(HEADS * logits * sizeof(double));
    c->logits[1] = malloc(HEADS * logits * sizeof(double));
    c->d_logits = malloc(HEADS * logits * sizeof(double));
    c->grads = malloc(HEADS * head * sizeof(double));
    for (size_t i = 0; i < 2 * BATCH; i++) {
        for (size_t k = 0; k < odd.width; k++) {
            c->x[i * odd.width + k] =
                (double)rows->values[pairs[i] * odd.width + k];
        }
    }
    for (size_t i = 0; i < HEADS; i++) {
        twin_forward(odd, c->student + i * head, c->x, 2 * BATCH,
                     c->logits[0] + i * logits);
        twin_forward(odd, c->teacher + i * head, c->x, 2 * BATCH,
                     c->logits[1] + i * logits);
    }
    c->b.student = c->logits[0];
    c->b.teacher = c->logits[1];
    c->b.losses = c->losses;
    c->b.grad = c->d_logits;
    twin_losses(&c->b);
    for (size_t i = 0; i < HEADS; i++) {
        twin_backward(odd, c->student + i * head, c->x, 2 * BATCH,
                      c->d_logits + i * logits, c->grads + i * head);
    }
}

static void drop(comparison *c)
{
    free(c->x);
    free(c->student);
    free(c->teacher);
    free(c->logits[0]);
    free(c->logits[1]);
    free(c->d_logits);
    free(c->grads);
}

/* Heads whose teacher is not their student, as after some steps. */
static void disturb(cluster_temi *t)
{
    for (uint32_t i = 0; i < HEADS; i++) {
        cluster_head_init(&t->layout, 77, i,
                          t->state.teacher + i * t->layout.floats);
    }
}

/* Losses of the heads and gradients of their tensors. */
static void check_heads(const cluster_temi *t, const comparison *c)
{
    const twin_places places = twin_places_of(odd);

    for (uint32_t i = 0; i < HEADS; i++) {
        assert_true(fabs(t->head_loss[i] - c->losses[i]) <=
                    1e-5 * (1.0 + fabs(c->losses[i])));
        for (uint32_t k = 0; k < TWIN_TENSORS; k++) {
            const double error = tensor_error(
                &t->layout.tensors[k], t->arrays.grads + i * t->layout.floats,
                c->grads + i * places.at[TWIN_TENSORS] + places.at[k]);

            if (!(error <= 10.0 * GRADIENT)) {
                fail_msg("%s: loss %d: gradient of %s off by %g",
                         t->workers->kernels->name, (int)t->options.loss,
                         t->layout.tensors[k].name, error);
            }
        }
    }
}

static void check_loss(enum cluster_loss loss, twin_loss twin, bool positive,
                       const cluster_kernels *kernels)
{
    float x[ROWS * 19];
    uint32_t pairs[2 * BATCH];
    double marginal[HEADS * 37];
    const cluster_rows rows = {
        .values = x, .count = ROWS, .width = odd.width};
    cluster_workers w = numbers_workers(1, kernels);
    cluster_temi_options o = cluster_temi_options_default();
    comparison c = {.b = {.H = HEADS,
                          .B = BATCH,
                          .C = odd.clusters,
                          .loss = twin,
                          .beta = 0.7,
                          .temperature = 0.1,
                          .positive = positive,
                          .marginal = marginal}};
    cluster_temi t;

    numbers_fill(x, ROWS * odd.width, 1);
    for (uint32_t i = 0; i < 2 * BATCH; i++) {
        pairs[i] = (uint32_t)(numbers_uniform(2, i) * ROWS);
    }
    for (uint32_t i = 0; i < HEADS * odd.clusters; i++) {
        marginal[i] = 1.0 / odd.clusters;
    }
    o.shape =
        (cluster_head_shape){0, odd.hidden, odd.bottleneck, odd.clusters};
    o.heads = HEADS;
    o.batch = BATCH;
    o.beta = 0.7;
    o.loss = loss;
    o.positive = positive;
    open_temi(&t, &rows, NULL, &o, &w);
    disturb(&t);
    twin_step(&c, &t, &rows, pairs);
    cluster_temi_batch(&t, pairs, pairs + BATCH);
    check_heads(&t, &c);
    drop(&c);
    cluster_temi_close(&t);
}

/* Terms of 107 pairs cancel in a gradient: ten times the error of the golden
 * ones is allowed. */
static void test_losses(void **state)
{
    const cluster_kernels *kernels[NUMBERS_KERNELS_MAX];
    const uint32_t count = numbers_kernels(kernels);

    (void)state;
    for (uint32_t n = 0; n < count; n++) {
        check_loss(CLUSTER_LOSS_temi, TWIN_TEMI, false, kernels[n]);
        check_loss(CLUSTER_LOSS_temi, TWIN_TEMI, true, kernels[n]);
        check_loss(CLUSTER_LOSS_pmi, TWIN_PMI, false, kernels[n]);
        check_loss(CLUSTER_LOSS_wmi, TWIN_WMI, false, kernels[n]);
        check_loss(CLUSTER_LOSS_scan, TWIN_SCAN, false, kernels[n]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schedules),
        cmocka_unit_test(test_golden_schedules),
        cmocka_unit_test(test_golden_training),
        cmocka_unit_test(test_losses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
