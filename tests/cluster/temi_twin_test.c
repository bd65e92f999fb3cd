/* SPDX-License-Identifier: MIT
 *
 * temi_twin_test.c - the twin against losses and a training of TEMI's own
 * code in double precision: what comes later may lean on it. */
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
#include "tests/cluster/temi_twin.h"

#define EXACT 1e-12

static void equal(const char *what, const double *got, const double *wanted,
                  size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!(fabs(got[i] - wanted[i]) <= EXACT)) {
            fail_msg("%s[%zu]: got %.17g, wanted %.17g", what, i, got[i],
                     wanted[i]);
        }
    }
}

static void equal_to(const cg_file *file, const char *prefix,
                     const char *name, const double *got, size_t n)
{
    double *wanted = arrays_doubles(file, prefix, name);

    equal(name, got, wanted, n);
    free(wanted);
}

/* ---- losses ------------------------------------------------------------- */

typedef struct losses {
    cg_file *file;
    twin_batch b;
    double *student, *teacher, *marginal;
    double weights[64], losses[8], grad[8 * 64 * 16];
} losses;

static void open_losses(losses *l)
{
    l->file = arrays_open("temi/loss");
    l->b = (twin_batch){
        .H = (uint32_t)arrays_parameter(l->file, "H"),
        .B = (uint32_t)arrays_parameter(l->file, "B"),
        .C = (uint32_t)arrays_parameter(l->file, "C"),
        .temperature = arrays_parameter(l->file, "student_temp"),
        .weights = l->weights,
        .losses = l->losses,
        .grad = l->grad,
    };
    l->student = arrays_doubles(l->file, "", "student_logits");
    l->teacher = arrays_doubles(l->file, "", "teacher_logits");
    l->marginal = arrays_doubles(l->file, "", "pk_before");
    l->b.student = l->student;
    l->b.teacher = l->teacher;
    l->b.marginal = l->marginal;
}

static void close_losses(losses *l)
{
    free(l->student);
    free(l->teacher);
    free(l->marginal);
    cg_close(l->file);
}

static void check_temi(const char *prefix, double beta, bool positive)
{
    static losses l;
    double mean = 0.0;

    open_losses(&l);
    l.b.beta = beta;
    l.b.positive = positive;
    twin_losses(&l.b);
    equal_to(l.file, prefix, "pk_after", l.marginal, l.b.H * l.b.C);
    equal_to(l.file, prefix, "w", l.weights, l.b.B);
    equal_to(l.file, prefix, "head_losses", l.losses, l.b.H);
    equal_to(l.file, prefix, "grad_student_logits", l.grad,
             l.b.H * 2 * l.b.B * l.b.C);
    for (uint32_t i = 0; i < l.b.H; i++) {
        mean += l.losses[i] / l.b.H;
    }
    equal_to(l.file, prefix, "loss", &mean, 1);
    close_losses(&l);
}

static void test_temi(void **state)
{
    (void)state;
    check_temi("temi_b06.", 0.6, false);
    check_temi("temi_b1.", 1.0, false);
    check_temi("temi_b06_clip0.", 0.6, true);
}

/* Another step with another teacher, from the marginals that the first left. */
static void test_second_step(void **state)
{
    static losses l;
    double *teacher;

    (void)state;
    open_losses(&l);
    l.b.beta = 0.6;
    twin_losses(&l.b);
    teacher = arrays_doubles(l.file, "step2.", "teacher_logits");
    l.b.teacher = teacher;
    twin_losses(&l.b);
    equal_to(l.file, "step2.", "pk_after", l.marginal, l.b.H * l.b.C);
    equal_to(l.file, "step2.", "head_losses", l.losses, l.b.H);
    free(teacher);
    close_losses(&l);
}

/* The others, of the first head alone, from uniform marginals. */
static void test_others(void **state)
{
    static const struct {
        const char *prefix;
        twin_loss loss;
        double beta;
    } cases[] = {{"pmi.", TWIN_PMI, 0.6},
                 {"wmi.", TWIN_WMI, 0.6},
                 {"scan.", TWIN_SCAN, 1.0}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        static losses l;

        open_losses(&l);
        l.b.H = 1;
        l.b.loss = cases[i].loss;
        l.b.beta = cases[i].beta;
        for (uint32_t c = 0; c < l.b.C; c++) {
            l.marginal[c] = 1.0 / l.b.C;
        }
        twin_losses(&l.b);
        equal_to(l.file, cases[i].prefix, "loss", l.losses, 1);
        if (cases[i].loss != TWIN_SCAN) {
            equal_to(l.file, cases[i].prefix, "pk_after", l.marginal, l.b.C);
        }
        close_losses(&l);
    }
}

/* SCAN's derivative, which the files do not have, by differences: the loss is
 * smooth, so central ones are off by step^2 and rounding by 1e-16 / step. */
static void test_scan_derivative(void **state)
{
    static losses l;
    const double step = 1e-5;

    (void)state;
    open_losses(&l);
    l.b.H = 1;
    l.b.loss = TWIN_SCAN;
    twin_losses(&l.b);
    double *grad = malloc(2 * l.b.B * l.b.C * sizeof *grad);

    memcpy(grad, l.grad, 2 * l.b.B * l.b.C * sizeof *grad);
    l.b.grad = NULL;
    for (uint32_t i = 0; i < 2 * l.b.B * l.b.C; i += 7) {
        const double kept = l.student[i];
        double up;

        l.student[i] = kept + step;
        twin_losses(&l.b);
        up = l.losses[0];
        l.student[i] = kept - step;
        twin_losses(&l.b);
        l.student[i] = kept;
        assert_true(fabs((up - l.losses[0]) / (2.0 * step) - grad[i]) < 1e-7);
    }
    free(grad);
    close_losses(&l);
}

/* ---- training ----------------------------------------------------------- */

#define HEADS 3u

/* A training in the twin. */
typedef struct training {
    cg_file *file;
    twin_shape shape;
    twin_places places;
    uint32_t batch, steps_per_epoch;
    double *x; /* all rows */
    double *student[HEADS], *teacher[HEADS], *grads[HEADS];
    double *m[HEADS], *v[HEADS];
    double *marginal, *lr, *momentum, *decay;
    int32_t *rows, *partners;
} training;

/* "heads.I.", of tensors in the twin's order. */
static const char *const names[TWIN_TENSORS] = {
    "mlp.0.weight", "mlp.0.bias",          "mlp.2.weight",
    "mlp.2.bias",   "last_layer.weight_v", "last_layer.weight_g",
};

static void read_head(const training *t, const char *prefix, uint32_t head,
                      double *out)
{
    for (uint32_t i = 0; i < TWIN_TENSORS; i++) {
        const size_t n = t->places.at[i + 1] - t->places.at[i];
        char name[128];
        double *values;

        (void)snprintf(name, sizeof name, "heads.%u.%s", head, names[i]);
        values = arrays_doubles(t->file, prefix, name);
        memcpy(out + t->places.at[i], values, n * sizeof *out);
        free(values);
    }
}

static void check_heads(const training *t, const char *prefix,
                        double *const heads[HEADS])
{
    const size_t n = t->places.at[TWIN_TENSORS];
    double *wanted = malloc(n * sizeof *wanted);

    for (uint32_t i = 0; i < HEADS; i++) {
        read_head(t, prefix, i, wanted);
        equal(prefix, heads[i], wanted, n);
    }
    free(wanted);
}

static void open_training(training *t)
{
    t->file = arrays_open("temi/train");
    t->shape = (twin_shape){
        (uint32_t)arrays_parameter(t->file, "dim"),
        (uint32_t)arrays_parameter(t->file, "hidden"),
        (uint32_t)arrays_parameter(t->file, "bottleneck"),
        (uint32_t)arrays_parameter(t->file, "C"),
    };
    t->places = twin_places_of(t->shape);
    t->batch = (uint32_t)arrays_parameter(t->file, "B");
    t->steps_per_epoch =
        (uint32_t)arrays_parameter(t->file, "iters_per_epoch");
    t->x = arrays_doubles(t->file, "", "X");
    t->lr = arrays_doubles(t->file, "", "lr");
    t->momentum = arrays_doubles(t->file, "", "momentum");
    t->decay = arrays_doubles(t->file, "", "weight_decay");
    t->rows = arrays_integers(t->file, "", "idx");
    t->partners = arrays_integers(t->file, "", "pair");
    t->marginal = malloc(HEADS * t->shape.clusters * sizeof *t->marginal);
    for (uint32_t i = 0; i < HEADS * t->shape.clusters; i++) {
        t->marginal[i] = 1.0 / t->shape.clusters;
    }
    for (uint32_t i = 0; i < HEADS; i++) {
        const size_t n = t->places.at[TWIN_TENSORS];

        t->student[i] = calloc(n, sizeof(double));
        t->teacher[i] = calloc(n, sizeof(double));
        t->grads[i] = calloc(n, sizeof(double));
        t->m[i] = calloc(n, sizeof(double));
        t->v[i] = calloc(n, sizeof(double));
        read_head(t, "init.", i, t->student[i]);
        read_head(t, "init.", i, t->teacher[i]);
    }
}

static void close_training(training *t)
{
    for (uint32_t i = 0; i < HEADS; i++) {
        free(t->student[i]);
        free(t->teacher[i]);
        free(t->grads[i]);
        free(t->m[i]);
        free(t->v[i]);
    }
    free(t->x);
    free(t->lr);
    free(t->momentum);
    free(t->decay);
    free(t->rows);
    free(t->partners);
    free(t->marginal);
    cg_close(t->file);
}

/* Losses of the heads and gradients of their parameters. */
static void differentiate(training *t, uint32_t step,
                          double losses_out[HEADS])
{
    const uint32_t B = t->batch, C = t->shape.clusters, d = t->shape.width;
    const size_t logits = 2 * (size_t)B * C;
    double *x = malloc(2 * (size_t)B * d * sizeof *x);
    double *s = malloc(HEADS * logits * sizeof *s);
    double *q = malloc(HEADS * logits * sizeof *q);
    double *grad = malloc(HEADS * logits * sizeof *grad);
    twin_batch b = {.H = HEADS,
                    .B = B,
                    .C = C,
                    .beta = 0.6,
                    .temperature = 0.1,
                    .student = s,
                    .teacher = q,
                    .marginal = t->marginal,
                    .losses = losses_out,
                    .grad = grad};

    for (uint32_t i = 0; i < B; i++) {
        const size_t row = (size_t)t->rows[step * B + i];
        const size_t partner = (size_t)t->partners[step * B + i];

        memcpy(x + i * d, t->x + row * d, d * sizeof *x);
        memcpy(x + (B + i) * d, t->x + partner * d, d * sizeof *x);
    }
    for (uint32_t i = 0; i < HEADS; i++) {
        twin_forward(t->shape, t->student[i], x, 2 * B, s + i * logits);
        twin_forward(t->shape, t->teacher[i], x, 2 * B, q + i * logits);
    }
    twin_losses(&b);
    for (uint32_t i = 0; i < HEADS; i++) {
        twin_backward(t->shape, t->student[i], x, 2 * B, grad + i * logits,
                      t->grads[i]);
    }
    free(x);
    free(s);
    free(q);
    free(grad);
}

static void update(training *t, uint32_t step)
{
    const uint32_t rest = t->steps_per_epoch; /* of the last layer */

    for (uint32_t i = 0; i < HEADS; i++) {
        for (uint32_t k = 0; k < TWIN_TENSORS; k++) {
            const bool last = k == TWIN_V || k == TWIN_G;
            const bool bias = k == TWIN_B1 || k == TWIN_B2;

            for (size_t j = t->places.at[k];
                 j < t->places.at[k + 1] && !(last && step < rest); j++) {
                twin_adam(&t->student[i][j], &t->m[i][j], &t->v[i][j],
                          t->grads[i][j], t->lr[step],
                          bias ? 0.0 : t->decay[step],
                          last ? step - rest + 1 : step + 1);
            }
        }
        for (size_t j = 0; j < t->places.at[TWIN_TENSORS]; j++) {
            t->teacher[i][j] = t->momentum[step] * t->teacher[i][j] +
                               (1.0 - t->momentum[step]) * t->student[i][j];
        }
    }
}

static void test_training(void **state)
{
    static const uint32_t checked[] = {0, 3, 11};
    training t;
    double *wanted;

    (void)state;
    open_training(&t);
    wanted = arrays_doubles(t.file, "", "head_losses");
    for (uint32_t step = 0; step < 12; step++) {
        double losses_now[HEADS];

        differentiate(&t, step, losses_now);
        equal("loss", losses_now, wanted + step * HEADS, HEADS);
        if (step == 0) {
            check_heads(&t, "step0.grad.", t.grads);
        }
        update(&t, step);
        for (size_t i = 0; i < sizeof checked / sizeof *checked; i++) {
            char prefix[32];

            if (checked[i] == step) {
                (void)snprintf(prefix, sizeof prefix, "after%u.student.",
                               step);
                check_heads(&t, prefix, t.student);
                (void)snprintf(prefix, sizeof prefix, "after%u.teacher.",
                               step);
                check_heads(&t, prefix, t.teacher);
            }
        }
    }
    equal_to(t.file, "", "pk_final", t.marginal, HEADS * t.shape.clusters);
    free(wanted);
    close_training(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_temi),
        cmocka_unit_test(test_second_step),
        cmocka_unit_test(test_others),
        cmocka_unit_test(test_scan_derivative),
        cmocka_unit_test(test_training),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
