/* SPDX-License-Identifier: MIT
 *
 * algorithm_test.c - which convolutions are made by Winograd's tiles, as the
 * options of cg_build say; nothing else of a program depends on them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "codegen/codegen.h"

static cg_program *build(cg_file *file, cg_cpu_conv way, uint64_t memory)
{
    cg_options options = {.cpu_conv = way, .conv_memory = memory};
    cg_error error = {""};
    cg_program *p = cg_build(file, &options, &error);
    if (p == NULL) {
        fail_msg("%s", error.text);
    }
    return p;
}

static const cedm_conv *conv_of(const cg_program *p, uint32_t i)
{
    return p->ops[i].kind == CG_OP_conv ? &p->ops[i].u.conv : NULL;
}

static bool is_possible(const cedm_conv *op)
{
    return op->kernel[0] == 3 && op->kernel[1] == 3 && op->stride == 1 &&
           op->pad[0] <= 1 && op->pad[1] == op->pad[0] &&
           op->cin[0] % 16 == 0 && op->cin[1] % 16 == 0 && op->cout % 16 == 0;
}

/* Bytes of the transformed weights of one convolution. */
static uint64_t bytes_of(const cedm_conv *op)
{
    uint64_t points = op->algorithm == CEDM_CONV_DIRECT      ? 0
                      : op->algorithm == CEDM_CONV_WINOGRAD4 ? 36
                                                             : 16;
    return points * (op->cin[0] + op->cin[1]) * op->cout * 4;
}

static uint64_t all_bytes(const cg_program *p)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < p->op_count; i++) {
        const cedm_conv *op = conv_of(p, i);
        sum += op != NULL ? bytes_of(op) : 0;
    }
    return sum;
}

/* Every file that is tested with; opened and closed around a check. */
static void for_each_file(void (*check)(cg_file *file))
{
    static const char *const paths[] = {
        "tests/golden/fashion.safetensors",
        "tests/golden/ddpmpp-tiny.safetensors",
        "tests/golden/ncsnpp-tiny.safetensors",
        "tests/golden/skipskip-tiny.safetensors",
    };
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        cg_error error = {""};
        cg_file *file = cg_open(paths[i], &error);
        if (file == NULL) {
            fail_msg("%s", error.text);
        }
        check(file);
        cg_close(file);
    }
}

static void check_direct(cg_file *file)
{
    cg_program *p = build(file, CG_CPU_CONV_DIRECT, 0);
    assert_int_equal(all_bytes(p), 0);
    cg_program_free(p);
}

static void direct_has_no_tiles(void **unused)
{
    (void)unused;
    for_each_file(check_direct);
}

static void check_winograd(cg_file *file)
{
    cg_program *p = build(file, CG_CPU_CONV_WINOGRAD, 0);
    uint32_t impossible = 0;
    for (uint32_t i = 0; i < p->op_count; i++) {
        const cedm_conv *op = conv_of(p, i);
        if (op == NULL) {
            continue;
        }
        if (is_possible(op) != (op->algorithm != CEDM_CONV_DIRECT)) {
            fail_msg("%s, %s: algorithm %u", file->path, p->ops[i].module,
                     op->algorithm);
        }
        impossible += !is_possible(op);
    }
    assert_true(impossible > 0 && all_bytes(p) > 0);
    cg_program_free(p);
}

static void winograd_is_everywhere_possible(void **unused)
{
    (void)unused;
    for_each_file(check_winograd);
}

/* Auto leaves some of what is possible; no options mean auto. */
static void check_auto(cg_file *file)
{
    cg_error error = {""};
    cg_program *all = build(file, CG_CPU_CONV_WINOGRAD, 0);
    cg_program *some = build(file, CG_CPU_CONV_AUTO, 0);
    cg_program *none_said = cg_build(file, NULL, &error);
    assert_non_null(none_said);
    for (uint32_t i = 0; i < some->op_count; i++) {
        const cedm_conv *a = conv_of(some, i);
        if (a != NULL) {
            const cedm_conv *b = conv_of(all, i);
            const cedm_conv *c = conv_of(none_said, i);
            assert_true(a->algorithm == CEDM_CONV_DIRECT ||
                        (b != NULL && a->algorithm == b->algorithm));
            assert_true(c != NULL && a->algorithm == c->algorithm);
        }
    }
    cg_program_free(all);
    cg_program_free(some);
    cg_program_free(none_said);
}

static void auto_is_a_part_of_winograd(void **unused)
{
    (void)unused;
    for_each_file(check_auto);
}

/* From no memory to all that is wanted: never more than allowed, what is
 * left would not do for any first choice that was not taken, and the layout
 * of activations stays. */
static void check_memory(cg_file *file)
{
    cg_program *all = build(file, CG_CPU_CONV_WINOGRAD, 0);
    uint64_t wanted = all_bytes(all), used = 0;
    for (uint64_t part = 1; part <= 8; part++) {
        uint64_t limit = wanted * part / 8;
        cg_program *p = build(file, CG_CPU_CONV_WINOGRAD, limit);
        used = all_bytes(p);
        if (used > limit) {
            fail_msg("%s: %llu bytes of %llu", file->path,
                     (unsigned long long)used, (unsigned long long)limit);
        }
        for (uint32_t i = 0; i < p->op_count; i++) {
            const cedm_conv *op = conv_of(p, i), *best = conv_of(all, i);
            if (op != NULL && best != NULL &&
                op->algorithm != best->algorithm) {
                assert_true(bytes_of(best) > limit - used);
            }
        }
        assert_int_equal(p->act.elements, all->act.elements);
        assert_int_equal(p->layout_hash, all->layout_hash);
        cg_program_free(p);
    }
    assert_int_equal(used, wanted);
    cg_program_free(all);
}

static void memory_is_a_limit(void **unused)
{
    (void)unused;
    for_each_file(check_memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(direct_has_no_tiles),
        cmocka_unit_test(winograd_is_everywhere_possible),
        cmocka_unit_test(auto_is_a_part_of_winograd),
        cmocka_unit_test(memory_is_a_limit),
    };
    return cmocka_run_group_tests_name("algorithm", tests, NULL, NULL);
}
