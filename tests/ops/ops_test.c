/* SPDX-License-Identifier: MIT
 *
 * ops_test.c - every op of every backend, in every case:
 *
 *   twin      each output against the formula in double precision
 *   portable  dst against the portable backend's
 *   batch     each image alone, and a part of a batch: the same bits
 *   threads   2 and 3 workers, and tasks in reverse order: the same bits
 *   nan       a NaN in one image shows there, and there only
 *
 * and in all of these nothing but the outputs is written, no NaN of the
 * surrounding memory gets into them, and scratch is as large as announced.
 *
 * Tolerance of one value: an output is a sum of products, each of which
 * suffers a few roundings (product, a x + b, exp within 2 ulp, division) on
 * its way, 8 units of 2^-24 of its magnitude being enough for the lot; the
 * roundings of sums are relative to partial sums, which for independent
 * terms are far below the sum of magnitudes, so another 8 cover them.
 * Convolutions of avx512bf16 round both factors of a product, by up to 2^-8
 * of each: of sums of sixteen terms and more half of that is enough. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/ops/cases.h"
#include "tests/ops/sampler_ops.h"

#define ULP 0x1p-24
#define TOLERANCE (16 * ULP)
#define BF16_TOLERANCE 0x1p-8

/* Outputs of an op compared one by one; larger ones are sampled.  With a
 * sanitizer most of the time would go to the twin, in which it has nothing to
 * find: there are fewer.  Nor has it in comparisons of values that the same
 * calls have computed: of batches and threads it sees the ends. */
#ifdef __SANITIZE_ADDRESS__
#define ALL_BELOW 256u
#define SAMPLES 60u
#define SANITIZED true
#else
#define ALL_BELOW 4096u
#define SAMPLES 600u
#define SANITIZED false
#endif
#define EDGE 20u

typedef struct subject subject;
typedef void test_fn(const subject *t, const op_case *c);

struct subject {
    const cedm_backend *backend;
    const op_class *class;
    test_fn *test;
};

/* Output `number` of a run: 0 is dst, which every op places before any other
 * output; NULL if there are fewer. */
static const stage_tensor *output(const stage *s, int number)
{
    for (uint32_t i = 0; i < s->tensor_count; i++) {
        const stage_tensor *t = &s->tensors[i];

        if ((t->fill.output || t->written_over) && number-- == 0) {
            return t;
        }
    }
    return NULL;
}

static double tolerance(const subject *t)
{
    bool rounds =
        t->backend->factor_bits < 24 && strcmp(t->class->name, "conv") == 0;

    return rounds ? BF16_TOLERANCE : TOLERANCE;
}

static void describe(char *text, size_t size, const subject *t,
                     const op_case *c)
{
    snprintf(text, size, "%s %s, %s", t->backend->name, t->class->name,
             c->name);
}

static void run(stage *s, any_op *op, const subject *t, const op_case *c,
                const stage_setting *setting)
{
    char what[128];

    memset(s, 0, sizeof *s);
    *op = c->op;
    t->class->place(s, c, op);
    describe(what, sizeof what, t, c);
    stage_run(s, setting, t->backend, t->class->call, op, what);
}

static stage_setting whole(const op_case *c)
{
    return (stage_setting){.batch = c->images, .n = c->images, .workers = 1};
}

static void check_value(const subject *t, const op_case *c, const char *than,
                        int number, uint32_t image, size_t e, double got,
                        double wanted, double tolerance)
{
    char what[128];

    if (fabs(got - wanted) <= tolerance) {
        return; /* false for a NaN */
    }
    describe(what, sizeof what, t, c);
    fail_msg("%s: output %d, image %u, element %zu: got %.9g, %s %.9g, "
             "difference %.3g above %.3g",
             what, number, image, e, got, than, wanted, fabs(got - wanted),
             tolerance);
}

/* The elements to look at: all, or both ends and some between. */
static size_t sample_count(size_t elements)
{
    return elements <= ALL_BELOW ? elements : SAMPLES;
}

static size_t sample(size_t elements, size_t i)
{
    if (elements <= ALL_BELOW || i < EDGE) {
        return i;
    }
    if (i < 2 * EDGE) {
        return elements - 1 - (i - EDGE);
    }
    return (i * 2654435761u) % elements;
}

static void test_twin(const subject *t, const op_case *c)
{
    stage_setting setting = whole(c);
    const stage_tensor *o;
    stage s;
    any_op op;

    run(&s, &op, t, c, &setting);
    for (int k = 0; (o = output(&s, k)) != NULL; k++) {
        for (uint32_t image = 0; image < c->images; image++) {
            const float *got = stage_out(&s, o->ref, o->elements, image);

            for (size_t j = 0; j < sample_count(o->elements); j++) {
                size_t e = sample(o->elements, j);
                twin_value v = t->class->twin(&s, &op, image, k, e);

                check_value(t, c, "the twin", k, image, e, (double)got[e],
                            v.value, tolerance(t) * v.magnitude);
            }
        }
    }
    stage_close(&s);
}

/* All elements of dst, with the largest magnitude of a few: twice the
 * tolerance against the twin, as both err, and twice that, as others may be
 * larger.  (Statistics follow from dst, and the twin took them from it.) */
static void compare(const subject *t, const op_case *c, const stage *is,
                    const stage *wanted, const any_op *op)
{
    const stage_tensor *o = output(is, 0);
    double magnitude = 0;

    for (size_t j = 0; j < 100; j++) {
        size_t e = sample(o->elements, j) % o->elements;

        magnitude =
            fmax(magnitude, t->class->twin(is, op, 0, 0, e).magnitude);
    }
    for (uint32_t image = 0; image < c->images; image++) {
        const float *a = stage_out(is, o->ref, o->elements, image);
        const float *b = stage_out(wanted, o->ref, o->elements, image);

        for (size_t e = 0; e < o->elements; e++) {
            check_value(t, c, "portable", 0, image, e, (double)a[e],
                        (double)b[e], 4 * tolerance(t) * magnitude);
        }
    }
}

static void test_portable(const subject *t, const op_case *c)
{
    subject portable = {cedm_backend_portable(), t->class, NULL};
    stage_setting setting = whole(c);
    stage is, wanted;
    any_op op;

    run(&wanted, &op, &portable, c, &setting);
    run(&is, &op, t, c, &setting);
    compare(t, c, &is, &wanted, &op);
    stage_close(&is);
    stage_close(&wanted);
}

/* Image i of `is`, i >= from, must be image first + i of `all`, bit for
 * bit. */
static void same_bits(const subject *t, const op_case *c, const stage *is,
                      const stage *all, uint32_t from)
{
    const stage_setting *setting = &is->setting;
    const stage_tensor *o;

    for (int k = 0; (o = output(is, k)) != NULL; k++) {
        for (uint32_t i = from; i < setting->n; i++) {
            const float *a = stage_out(is, o->ref, o->elements, i);
            const float *b =
                stage_out(all, o->ref, o->elements, setting->first + i);

            for (size_t e = 0; e < o->elements; e++) {
                char what[128];

                if (memcmp(&a[e], &b[e], sizeof a[e]) == 0) {
                    continue;
                }
                describe(what, sizeof what, t, c);
                fail_msg("%s: output %d, image %u, element %zu depends on "
                         "the setting: %.9g with batch %u, n %u, first %u, "
                         "%u workers; %.9g with batch %u, one worker",
                         what, k, setting->first + i, e, (double)a[e],
                         setting->batch, setting->n, setting->first,
                         setting->workers, (double)b[e], all->setting.batch);
            }
        }
    }
}

static void same_as_whole(const subject *t, const op_case *c,
                          const stage *all, stage_setting setting)
{
    stage is;
    any_op op;

    run(&is, &op, t, c, &setting);
    same_bits(t, c, &is, all, 0);
    stage_close(&is);
}

/* The step of a loop over `last` + 1 values, all or both ends. */
static uint32_t ends_of(uint32_t last)
{
    return SANITIZED && last > 0 ? last : 1;
}

static void test_batch(const subject *t, const op_case *c)
{
    stage_setting setting = whole(c);
    stage all;
    any_op op;

    run(&all, &op, t, c, &setting);
    for (uint32_t first = 0; first < c->images;
         first += ends_of(c->images - 1)) {
        same_as_whole(t, c, &all,
                      (stage_setting){
                          .batch = 1, .n = 1, .first = first, .workers = 1});
    }
    for (uint32_t n = 1; n <= c->images; n += ends_of(c->images - 1)) {
        same_as_whole(t, c, &all,
                      (stage_setting){.batch = c->images + 1,
                                      .n = n,
                                      .first = c->images - n,
                                      .workers = 1});
    }
    stage_close(&all);
}

static void test_threads(const subject *t, const op_case *c)
{
    stage_setting setting = whole(c);
    stage all;
    any_op op;

    run(&all, &op, t, c, &setting);
    setting.workers = 3;
    same_as_whole(t, c, &all, setting);
    if (!SANITIZED) {
        setting.threads = true;
        same_as_whole(t, c, &all, setting);
        setting.workers = 2;
        same_as_whole(t, c, &all, setting);
    }
    stage_close(&all);
}

/* A NaN must not get lost, or nobody would learn of it, nor reach images
 * beside it.  Some element of every dst depends on element 0 of the
 * input. */
static void test_nan(const subject *t, const op_case *c)
{
    stage_setting setting = whole(c);
    stage all, is;
    any_op op;
    char what[128];

    run(&all, &op, t, c, &setting);
    setting.nan = true;
    run(&is, &op, t, c, &setting);
    describe(what, sizeof what, t, c);
    for (int k = 0; output(&is, k) != NULL; k++) {
        const stage_tensor *o = output(&is, k);
        const float *first = stage_out(&is, o->ref, o->elements, 0);
        size_t e = 0;

        while (e < o->elements && !isnan(first[e])) {
            e++;
        }
        if (e == o->elements) {
            fail_msg("%s: output %d has no NaN of the input's", what, k);
        }
    }
    same_bits(t, c, &is, &all, 1);
    stage_close(&is);
    stage_close(&all);
}

/* ---- the list of tests ------------------------------------------------ */

/* Of sizes that plain C makes by the same loops the sanitizer sees no more. */
static bool is_left_out(const subject *t, const op_case *c)
{
    return SANITIZED && t->backend == cedm_backend_portable() &&
           op_case_is_large(t->class, c);
}

static void test_cases(void **state)
{
    const subject *t = *state;

    for (size_t i = 0; i < t->class->count; i++) {
        if (!is_left_out(t, &t->class->cases[i])) {
            t->test(t, &t->class->cases[i]);
        }
    }
}

#define BACKENDS 8
#define KINDS 5
#define CLASSES 16

static size_t backends(const cedm_backend *list[BACKENDS])
{
    size_t count = 0;

    list[count++] = cedm_backend_portable();
#define ADD(name, bit)                                                       \
    if (cedm_isa_available() & (bit)) {                                      \
        list[count++] = cedm_backend_cpu(bit);                               \
    } else {                                                                 \
        print_message("skipped: no " #name " here\n");                       \
    }
    CEDM_ISA_LIST(ADD)
#undef ADD
    return count;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        test_fn *test;
        bool values; /* it compares what the calls of others compute, too */
    } kinds[KINDS] = {
        {"twin", test_twin, false},   {"portable", test_portable, true},
        {"batch", test_batch, false}, {"threads", test_threads, false},
        {"nan", test_nan, true},
    };
    static subject subjects[BACKENDS * CLASSES * KINDS];
    static char names[BACKENDS * CLASSES * KINDS][64];
    static struct CMUnitTest tests[BACKENDS * CLASSES * KINDS];
    const cedm_backend *list[BACKENDS];
    size_t count = backends(list), used = 0;

    for (size_t i = 0; i < count * op_class_count; i++) {
        const cedm_backend *backend = list[i / op_class_count];
        const op_class *class = &op_classes[i % op_class_count];

        for (size_t k = 0; k < KINDS; k++) {
            if (kinds[k].values && SANITIZED) {
                continue;
            }
            if (kinds[k].test == test_portable && i < op_class_count) {
                continue; /* the portable backend against itself */
            }
            snprintf(names[used], sizeof names[used], "%s %s %s",
                     backend->name, class->name, kinds[k].name);
            subjects[used] = (subject){backend, class, kinds[k].test};
            tests[used] = (struct CMUnitTest){
                .name = names[used],
                .test_func = test_cases,
                .initial_state = &subjects[used],
            };
            used++;
        }
    }
    if (argc > 1) {
        cmocka_set_test_filter(argv[1]); /* e.g. "avx2 conv*" */
    }
    return _cmocka_run_group_tests("ops", tests, used, NULL, NULL) +
           sampler_ops_test(list, count);
}
