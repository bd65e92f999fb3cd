/* SPDX-License-Identifier: MIT
 *
 * temi_run_test.c - whole trainings of TEMI: that they learn, which pairs are
 * drawn, and what must not change their bits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cluster/knn.h"
#include "cluster/scores.h"
#include "cluster/temi.h"
#include "tests/cluster/numbers.h"

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

#define POINTS 600u
#define DIMENSIONS 12u
#define GROUPS 6u

typedef struct world {
    float x[POINTS * DIMENSIONS];
    int32_t labels[POINTS];
    uint32_t neighbours[POINTS * 10];
    cluster_rows rows;
    cluster_temi_options options;
} world;

static void make_world(world *s, const cluster_workers *w)
{
    host_failure f = HOST_FAILURE_UNSAID;
    cluster_knn n;

    s->rows =
        (cluster_rows){.values = s->x, .count = POINTS, .width = DIMENSIONS};
    numbers_fill(s->x, POINTS * DIMENSIONS, 4);
    for (uint32_t i = 0; i < POINTS; i++) {
        float where[DIMENSIONS];

        s->labels[i] = (int32_t)(i % GROUPS);
        numbers_fill(where, DIMENSIONS, 50 + i % GROUPS);
        for (uint32_t c = 0; c < DIMENSIONS; c++) {
            s->x[i * DIMENSIONS + c] =
                0.5f * s->x[i * DIMENSIONS + c] + 2.0f * where[c];
        }
    }
    assert_true(cluster_knn_open(&n, &s->rows, 10, w, &f));
    cluster_knn_group(&n, 0, n.rows.count);
    for (uint32_t i = 0; i < POINTS * 10; i++) {
        s->neighbours[i] = n.found[i].index;
    }
    cluster_knn_close(&n);
    s->options = cluster_temi_options_default();
    s->options.shape = (cluster_head_shape){0, 32, 16, GROUPS};
    s->options.heads = 3;
    s->options.batch = 100;
    s->options.epochs = 30;
    s->options.warmup = 5;
    s->options.neighbours = 10;
    s->options.rate[0] = s->options.rate[1] = 2e-2;
    s->options.momentum[0] = s->options.momentum[1] = 0.9;
}

/* Separate groups are found, by one head or several. */
static void test_learns(void **state)
{
    static world s;
    cluster_workers w = numbers_workers(2, cluster_kernels_for(UINT32_MAX));

    (void)state;
    make_world(&s, &w);
    for (uint32_t heads = 1; heads <= 3; heads += 2) {
        int32_t ids[POINTS];
        host_failure f = HOST_FAILURE_UNSAID;
        cluster_agreement a;
        cluster_temi t;

        s.options.heads = heads;
        open_temi(&t, &s.rows, s.neighbours, &s.options, &w);
        while (cluster_temi_step(&t)) {
        }
        assert_int_equal(t.state.step, 30 * 6);
        assert_true(cluster_head_assign(&t.layout,
                                        cluster_temi_teacher(&t, t.best),
                                        &s.rows, &w, ids, &f));
        assert_true(cluster_agreement_of(&a, ids, s.labels, POINTS, &f));
        if (!(a.acc > 0.95)) {
            fail_msg("%u heads: accuracy %g", heads, a.acc);
        }
        cluster_temi_close(&t);
    }
    numbers_close(&w);
}

static void equal_states(const cluster_temi *a, const cluster_temi *b)
{
    const size_t bytes = a->options.heads * a->layout.floats * sizeof(float);

    assert_memory_equal(a->state.student, b->state.student, bytes);
    assert_memory_equal(a->state.teacher, b->state.teacher, bytes);
    assert_memory_equal(a->state.m, b->state.m, bytes);
    assert_memory_equal(a->state.v, b->state.v, bytes);
    assert_int_equal(a->best, b->best);
    for (uint32_t i = 0; i < a->options.heads; i++) {
        assert_true(a->head_loss[i] == b->head_loss[i]);
    }
}

/* Threads change nothing; sets that fuse give the same bits. */
static void test_threads(void **state)
{
    const cluster_kernels *kernels[NUMBERS_KERNELS_MAX];
    const uint32_t count = numbers_kernels(kernels);
    static world s;

    (void)state;
    for (uint32_t n = 0; n < count; n++) {
        cluster_workers one = numbers_workers(1, kernels[n]);
        cluster_workers four = numbers_workers(4, kernels[n]);
        cluster_temi a, b;

        make_world(&s, &one);
        open_temi(&a, &s.rows, s.neighbours, &s.options, &one);
        open_temi(&b, &s.rows, s.neighbours, &s.options, &four);
        for (uint32_t i = 0; i < 10; i++) {
            (void)cluster_temi_step(&a);
            (void)cluster_temi_step(&b);
        }
        equal_states(&a, &b);
        cluster_temi_close(&a);
        cluster_temi_close(&b);
        numbers_close(&four);
    }
}

static void test_resumed(void **state)
{
    static world s;
    cluster_workers w = numbers_workers(1, cluster_kernels_for(UINT32_MAX));
    cluster_temi a, b;

    (void)state;
    make_world(&s, &w);
    open_temi(&a, &s.rows, s.neighbours, &s.options, &w);
    open_temi(&b, &s.rows, s.neighbours, &s.options, &w);
    for (uint32_t i = 0; i < 9; i++) { /* within the second epoch */
        (void)cluster_temi_step(&a);
    }
    const size_t bytes = a.options.heads * a.layout.floats * sizeof(float);

    memcpy(b.state.student, a.state.student, bytes);
    memcpy(b.state.teacher, a.state.teacher, bytes);
    memcpy(b.state.m, a.state.m, bytes);
    memcpy(b.state.v, a.state.v, bytes);
    memcpy(b.state.marginal, a.state.marginal,
           a.options.heads * GROUPS * sizeof(double));
    memcpy(b.state.loss, a.state.loss, a.options.heads * sizeof(double));
    b.state.step = a.state.step;
    b.state.updates = a.state.updates;
    b.state.last_updates = a.state.last_updates;
    for (uint32_t i = 0; i < 10; i++) {
        (void)cluster_temi_step(&a);
        (void)cluster_temi_step(&b);
    }
    equal_states(&a, &b);
    cluster_temi_close(&a);
    cluster_temi_close(&b);
}

/* Every row is a first of at most one pair of an epoch, and its partner one
 * of its neighbours. */
static void test_pairs(void **state)
{
    static world s;
    cluster_workers w = numbers_workers(1, cluster_kernels_for(UINT32_MAX));
    cluster_temi t;
    uint32_t seen[POINTS] = {0}, different = 0;

    (void)state;
    make_world(&s, &w);
    open_temi(&t, &s.rows, s.neighbours, &s.options, &w);
    for (uint32_t step = 0; step < 6; step++) {
        (void)cluster_temi_step(&t);
        for (uint32_t i = 0; i < 100; i++) {
            const uint32_t row = t.arrays.pairs[i];
            const uint32_t partner = t.arrays.pairs[100 + i];
            uint32_t k = 0;

            while (k < 10 && s.neighbours[row * 10 + k] != partner) {
                k++;
            }
            assert_true(k < 10);
            different += k > 0;
            seen[row]++;
        }
    }
    for (uint32_t i = 0; i < POINTS; i++) {
        assert_int_equal(seen[i], 1); /* 600 rows are six batches */
    }
    /* All ten alike: 540 of 600 are not the first, give or take 4 x 7.3. */
    assert_in_range(different, 510, 570);
    cluster_temi_close(&t);
}

/* What fills panels is 0 and stays so. */
static void test_padding(void **state)
{
    static world s;
    cluster_workers w = numbers_workers(1, cluster_kernels_for(UINT32_MAX));
    cluster_temi t;

    (void)state;
    make_world(&s, &w);
    s.options.shape = (cluster_head_shape){0, 20, 5, GROUPS};
    open_temi(&t, &s.rows, s.neighbours, &s.options, &w);
    for (uint32_t i = 0; i < 12; i++) {
        (void)cluster_temi_step(&t);
    }
    for (uint32_t k = 0; k < CLUSTER_HEAD_COUNT; k++) {
        const cluster_head_place *p = &t.layout.tensors[k];
        float *tensor = malloc((size_t)p->rows * p->columns * sizeof *tensor);
        float *again = calloc(t.layout.floats, sizeof *again);

        cluster_head_get(p, t.state.student, tensor);
        cluster_head_set(p, again, tensor);
        assert_memory_equal(again + p->at, t.state.student + p->at,
                            p->floats * sizeof *again);
        free(tensor);
        free(again);
    }
    cluster_temi_close(&t);
}

static void test_too_large(void **state)
{
    static world s;
    cluster_workers w = numbers_workers(1, cluster_kernels_for(0));
    host_failure f = HOST_FAILURE_UNSAID;
    cluster_temi t;

    (void)state;
    make_world(&s, &w);
    s.options.batch = POINTS + 1;
    assert_false(
        cluster_temi_open(&t, &s.rows, s.neighbours, &s.options, &w, &f));
    assert_string_equal(f.text,
                        "wanted batches of 1 to 600 rows, all of them "
                        "at most, got 601; give a smaller --batch");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_learns),  cmocka_unit_test(test_threads),
        cmocka_unit_test(test_resumed), cmocka_unit_test(test_pairs),
        cmocka_unit_test(test_padding), cmocka_unit_test(test_too_large),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
