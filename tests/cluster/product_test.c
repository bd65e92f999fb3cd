/* SPDX-License-Identifier: MIT
 *
 * product_test.c - packing and products of every instruction set against
 * sums in double precision, in odd sizes, with guards around the output. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cluster/panels.h"
#include "tests/cluster/numbers.h"

#define GUARD 12345.0f
#define MARGIN 32u

/* The sizes of a product: k is runs * length. */
typedef struct shape {
    uint32_t rows, columns, runs, length;
} shape;

static const shape shapes[] = {
    {1, 1, 1, 1},     {1, 16, 1, 3},    {5, 17, 2, 7},    {12, 32, 1, 64},
    {13, 100, 3, 16}, {97, 33, 1, 129}, {200, 10, 8, 16}, {191, 48, 1, 768},
};

typedef struct operands {
    shape s;
    uint32_t k, panels;
    size_t a_row, out_floats;
    float *a, *b, *packed, *init, *out;
} operands;

static float *floats(size_t n)
{
    float *p = malloc(n * sizeof *p);

    assert_non_null(p);
    return p;
}

static operands make(shape s)
{
    operands o = {
        .s = s, .k = s.runs * s.length, .panels = cluster_panels(s.columns)};

    o.a_row = (size_t)o.k + s.runs; /* runs are a float apart */
    o.out_floats = (size_t)s.rows * o.panels * CLUSTER_PANEL;
    o.a = floats(s.rows * o.a_row);
    o.b = floats((size_t)s.columns * o.k);
    o.packed = floats(cluster_packed(s.columns, o.k));
    o.init = floats(o.panels * (size_t)CLUSTER_PANEL);
    o.out = floats(o.out_floats + 2 * MARGIN);
    numbers_fill(o.a, s.rows * o.a_row, 1);
    numbers_fill(o.b, (size_t)s.columns * o.k, 2);
    numbers_fill(o.init, o.panels * (size_t)CLUSTER_PANEL, 3);
    cluster_pack(o.packed, o.b, o.k, s.columns, o.k);
    return o;
}

static void drop(operands *o)
{
    free(o->a);
    free(o->b);
    free(o->packed);
    free(o->init);
    free(o->out);
}

static void multiply(operands *o, const cluster_kernels *kernels)
{
    const cluster_product p = {
        .a = o->a,
        .a_row = o->a_row,
        .a_run = o->s.length + 1,
        .runs = o->s.runs,
        .length = o->s.length,
        .b = o->packed,
        .panels = o->panels,
        .init = o->init,
        .init_panel = CLUSTER_PANEL,
        .out = o->out + MARGIN,
        .out_row = CLUSTER_PANEL,
        .out_panel = (size_t)o->s.rows * CLUSTER_PANEL,
    };

    for (size_t i = 0; i < o->out_floats + 2 * MARGIN; i++) {
        o->out[i] = GUARD;
    }
    kernels->multiply(&p, o->s.rows);
}

/* A chain of n terms, rounded at most twice each, is off by at most
 * 2 n u / (1 - 2 n u) times the sum of the terms' sizes. */
static void check_value(const operands *o, const cluster_kernels *kernels,
                        uint32_t row, uint32_t column)
{
    const uint32_t panel = column / CLUSTER_PANEL, c = column % CLUSTER_PANEL;
    double sum = (double)o->init[column], size = fabs(sum);
    const double got =
        (double)o->out[MARGIN + c +
                       CLUSTER_PANEL * ((size_t)panel * o->s.rows + row)];

    for (uint32_t k = 0; column < o->s.columns && k < o->k; k++) {
        const double term =
            (double)o->a[row * o->a_row + k + k / o->s.length] *
            (double)o->b[(size_t)column * o->k + k];

        sum += term;
        size += fabs(term);
    }
    if (!(fabs(got - sum) <=
          1.01 * (o->k + 1.0) * (double)FLT_EPSILON * size)) {
        fail_msg("%s %ux%u k %u: [%u][%u]: got %.9g, wanted %.9g",
                 kernels->name, o->s.rows, o->s.columns, o->k, row, column,
                 got, sum);
    }
}

static void check_guards(const operands *o)
{
    for (size_t i = 0; i < MARGIN; i++) {
        assert_true(o->out[i] == GUARD);
        assert_true(o->out[MARGIN + o->out_floats + i] == GUARD);
    }
}

static void test_products(void **state)
{
    const cluster_kernels *kernels[NUMBERS_KERNELS_MAX];
    const uint32_t count = numbers_kernels(kernels);

    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        operands o = make(shapes[i]);

        for (uint32_t n = 0; n < count; n++) {
            multiply(&o, kernels[n]);
            check_guards(&o);
            for (uint32_t row = 0; row < o.s.rows; row++) {
                for (uint32_t c = 0; c < o.panels * CLUSTER_PANEL; c++) {
                    check_value(&o, kernels[n], row, c);
                }
            }
        }
        drop(&o);
    }
}

/* Sets that fuse give the same bits; so does an interrupted chain. */
static void test_same_bits(void **state)
{
    const cluster_kernels *kernels[NUMBERS_KERNELS_MAX];
    const uint32_t count = numbers_kernels(kernels);

    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        operands o = make(shapes[i]);
        float *first = floats(o.out_floats);

        for (uint32_t n = 1; n < count; n++) {
            multiply(&o, kernels[n]);
            if (n == 1) {
                memcpy(first, o.out + MARGIN, o.out_floats * sizeof *first);
            }
            assert_memory_equal(first, o.out + MARGIN,
                                o.out_floats * sizeof *first);
        }
        free(first);
        drop(&o);
    }
}

static void test_chain_goes_on(void **state)
{
    const cluster_kernels *kernels[NUMBERS_KERNELS_MAX];
    const uint32_t count = numbers_kernels(kernels);
    float a[3 * 40], b[20 * 40], whole[3 * 32], halves[3 * 32];
    float packed[2][32 * 20], packed_whole[32 * 40];

    (void)state;
    numbers_fill(a, 3 * 40, 1);
    numbers_fill(b, 20 * 40, 2);
    cluster_pack(packed_whole, b, 40, 20, 40);
    cluster_pack(packed[0], b, 40, 20, 20);
    cluster_pack(packed[1], b + 20, 40, 20, 20);
    for (uint32_t n = 0; n < count; n++) {
        cluster_product p = {.a = a,
                             .a_row = 40,
                             .runs = 1,
                             .length = 40,
                             .b = packed_whole,
                             .panels = 2,
                             .out = whole,
                             .out_row = 32,
                             .out_panel = 16};

        kernels[n]->multiply(&p, 3);
        p.length = 20;
        p.b = packed[0];
        p.out = halves;
        kernels[n]->multiply(&p, 3);
        p.a = a + 20;
        p.b = packed[1];
        p.init = halves;
        p.init_row = 32;
        p.init_panel = 16;
        kernels[n]->multiply(&p, 3);
        assert_memory_equal(whole, halves, sizeof whole);
    }
}

static void test_transposed(void **state)
{
    enum { COLUMNS = 32, K = 21 };
    float b[COLUMNS * K], turned[K * COLUMNS], packed[COLUMNS * K];
    float to[32 * COLUMNS], wanted[32 * COLUMNS];

    (void)state;
    numbers_fill(b, COLUMNS * K, 1);
    for (uint32_t c = 0; c < COLUMNS; c++) {
        for (uint32_t k = 0; k < K; k++) {
            turned[k * COLUMNS + c] = b[c * K + k];
        }
    }
    cluster_pack(packed, b, K, COLUMNS, K);
    cluster_pack(wanted, turned, COLUMNS, K, COLUMNS);
    cluster_pack_transposed(to, packed, COLUMNS, K);
    assert_memory_equal(to, wanted, sizeof to);
}

static void test_reductions(void **state)
{
    enum { K = 37, PANELS = 5 };
    const cluster_kernels *kernels[NUMBERS_KERNELS_MAX];
    const uint32_t count = numbers_kernels(kernels);
    float panel[K * 16], sums[16], product[16], column[K];
    float values[PANELS * 16], most[PANELS];

    (void)state;
    numbers_fill(panel, K * 16, 1);
    numbers_fill(values, PANELS * 16, 2);
    for (uint32_t k = 0; k < K; k++) {
        column[k] = panel[k * 16 + 3];
    }
    for (uint32_t n = 0; n < count; n++) {
        const cluster_product p = {.a = column,
                                   .a_row = K,
                                   .runs = 1,
                                   .length = K,
                                   .b = panel,
                                   .panels = 1,
                                   .out = product,
                                   .out_row = 16};

        kernels[n]->squares(panel, K, sums);
        kernels[n]->multiply(&p, 1);
        assert_true(sums[3] == product[3]);
        kernels[n]->largest(values, NULL, PANELS, most);
        for (uint32_t i = 0; i < PANELS; i++) {
            float wanted = -2.0f;

            for (uint32_t c = 0; c < 16; c++) {
                wanted = fmaxf(wanted, values[i * 16 + c]);
            }
            assert_true(most[i] == wanted);
        }
        kernels[n]->largest(values, panel, PANELS, most);
        for (uint32_t i = 0; i < PANELS; i++) {
            float wanted = -3.0f;

            for (uint32_t c = 0; c < 16; c++) {
                wanted =
                    fmaxf(wanted, values[i * 16 + c] + panel[i * 16 + c]);
            }
            assert_true(most[i] == wanted);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_products),
        cmocka_unit_test(test_same_bits),
        cmocka_unit_test(test_chain_goes_on),
        cmocka_unit_test(test_transposed),
        cmocka_unit_test(test_reductions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
