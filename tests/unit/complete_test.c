/* SPDX-License-Identifier: MIT
 *
 * complete_test.c - nothing that was forgotten is silent: tables have no
 * holes, lists of members cover their structures, and what is placed has no
 * index left. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "cedm.h"
#include "codegen/op/op.h"

/* ---- tables -------------------------------------------------------------- */

/* All members of a table are pointers to functions. */
static void no_holes(const char *backend, const char *what, const void *table,
                     size_t size)
{
    const unsigned char *bytes = table;
    void (*entry)(void), (*const null)(void) = NULL;

    assert_non_null(table);
    for (size_t i = 0; i < size / sizeof entry; i++) {
        if (memcmp(bytes + i * sizeof entry, &null, sizeof entry) == 0) {
            fail_msg("%s: entry %zu of %s is NULL", backend, i, what);
        }
    }
}

static void tables_have_no_holes(void **state)
{
    const uint32_t masks[] = {
#define MASK(name, bit) bit,
        CEDM_ISA_LIST(MASK)
#undef MASK
            0};

    (void)state;
    for (size_t i = 0; i < sizeof masks / sizeof masks[0]; i++) {
        const cedm_backend *b = cedm_backend_cpu(masks[i]);

        no_holes(b->name, "run", b->run, sizeof *b->run);
        no_holes(b->name, "sizes", b->sizes, sizeof *b->sizes);
        no_holes(b->name, "sampler", b->sampler, sizeof *b->sampler);
        if (b != cedm_backend_portable()) {
            no_holes(b->name, "prepare", b->prepare, sizeof *b->prepare);
        }
        assert_true(b->factor_bits == 24 || b->factor_bits == 8);
    }
}

/* ---- members ------------------------------------------------------------- */

static void check_fields(const cg_op_info *info)
{
    size_t at = 0, written = 0;

    for (size_t i = 0; i < info->field_count; i++) {
        const cg_field *f = &info->fields[i];

        if (f->offset != at) {
            fail_msg("%s.%s lies at %zu; the one before it ends at %zu",
                     info->name, f->name, f->offset, at);
        }
        at += f->count * sizeof(uint32_t);
        written += f->kind == CG_FIELD_WRITTEN;
    }
    assert_string_equal(info->fields[0].name, "id");
    assert_int_equal(info->fields[0].kind, CG_FIELD_ID);
    if (info->summary != NULL) {
        assert_true(written > 0);
    }
}

static void members_tile_their_structures(void **state)
{
    (void)state;
    for (int k = 0; k < CG_OP_COUNT; k++) {
        check_fields(cg_op_info_of((cg_op_kind)k));
        assert_non_null(cg_op_info_of((cg_op_kind)k)->summary);
    }
    for (int k = 0; k < CG_TRAINING_COUNT; k++) {
        check_fields(cg_training_info_of((cg_training_kind)k));
    }
}

/* ---- placement ----------------------------------------------------------- */

static void check_ref(const cg_program *p, const char *where, cedm_ref ref)
{
    uint32_t end = CEDM_REF_IS_F32(ref) ? p->f32.elements : p->act.elements;

    if (ref != CEDM_NONE && (CEDM_REF_OFFSET(ref) % CEDM_REF_ALIGN != 0 ||
                             CEDM_REF_OFFSET(ref) >= end)) {
        fail_msg("%s: %u is no place in a segment of %u", where,
                 CEDM_REF_OFFSET(ref), end);
    }
}

static void check_op(const cg_program *p, const cg_op *op)
{
    const cg_op_info *info = cg_op_info_of(op->kind);
    const unsigned char *bytes = (const void *)&op->u;

    for (size_t i = 0; i < info->field_count; i++) {
        const cg_field *f = &info->fields[i];
        uint32_t value[2];

        memcpy(value, bytes + f->offset, f->count * sizeof value[0]);
        for (size_t k = 0; k < f->count; k++) {
            if (f->kind == CG_FIELD_READ || f->kind == CG_FIELD_WRITTEN) {
                check_ref(p, f->name, value[k]);
            } else if (f->kind == CG_FIELD_WEIGHT && value[k] != CEDM_NONE) {
                assert_int_equal(value[k] % CEDM_WEIGHT_ALIGN, 0);
                assert_in_range(value[k], 0, p->data_elements - 1);
            }
        }
    }
}

static void no_index_survives_placement(void **state)
{
    static const char *const files[] = {
        "tests/golden/ncsnpp-tiny.safetensors",
        "tests/golden/adm-tiny.safetensors",
        "tests/golden/iddpm-tiny.safetensors"};

    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        cg_error error;
        cg_file *file = cg_open(files[i], &error);
        cg_program *p = file == NULL ? NULL : cg_build(file, NULL, &error);

        if (p == NULL) {
            fail_msg("%s", error.text);
            return;
        }
        for (uint32_t k = 0; k < p->op_count; k++) {
            check_op(p, &p->ops[k]);
        }
        for (uint32_t k = 0; k < p->input_count; k++) {
            check_ref(p, p->inputs[k].name, p->inputs[k].ref);
        }
        check_ref(p, p->outputs[0].name, p->outputs[0].ref);
        cg_program_free(p);
        cg_close(file);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_have_no_holes),
        cmocka_unit_test(members_tile_their_structures),
        cmocka_unit_test(no_index_survives_placement),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
