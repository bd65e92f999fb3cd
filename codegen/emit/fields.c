/* SPDX-License-Identifier: MIT
 *
 * fields.c - designated initialisers, see fields.h. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codegen/emit/fields.h"
#include "codegen/op/op.h"

void cg_put(cg_fields *f, const char *format, ...)
{
    char text[160];
    va_list arguments;
    int n;

    va_start(arguments, format);
    n = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (f->column + n + 2 > 78) {
        cg_put_row(f);
    }
    cg_out_text(f->out, "%s%s,", f->column == 0 ? "    " : " ", text);
    f->column += n + (f->column == 0 ? 5 : 2);
}

void cg_put_row(cg_fields *f)
{
    if (f->column > 0) {
        cg_out_text(f->out, "\n");
        f->column = 0;
    }
}

void cg_put_count(cg_fields *f, const char *name, uint32_t value)
{
    if (value != 0) {
        cg_put(f, ".%s = %u", name, (unsigned)value);
    }
}

/* ---- numbers ------------------------------------------------------------ */

/* A decimal, which C takes for an int if it has no point. */
static void put_decimal(cg_fields *f, const char *name, const char *text,
                        const char *suffix)
{
    cg_put(f, ".%s = %s%s%s", name, text,
           strpbrk(text, ".e") == NULL ? ".0" : "", suffix);
}

/* The shortest decimal that is read back as the same float. */
static void put_real(cg_fields *f, const char *name, float value)
{
    char text[32] = "";

    for (int digits = 1; digits <= 9; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, (double)value);
        if (strtof(text, NULL) == value) {
            break;
        }
    }
    put_decimal(f, name, text, "f");
}

void cg_put_double(cg_fields *f, const char *name, double value)
{
    char text[40] = "";

    if (value > 1e308) {
        value = 1e308;
    }
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value) {
            break;
        }
    }
    put_decimal(f, name, text, "");
    cg_put_row(f);
}

/* One number, or a pair whose second is not 0. */
static void put_counts(cg_fields *f, const cg_field *field,
                       const uint32_t *value)
{
    if (field->count == 1) {
        cg_put_count(f, field->name, value[0]);
    } else if (value[1] != 0) {
        cg_put(f, ".%s = { %u, %u }", field->name, (unsigned)value[0],
               (unsigned)value[1]);
    } else if (value[0] != 0) {
        cg_put(f, ".%s = { %u }", field->name, (unsigned)value[0]);
    }
}

/* ---- words --------------------------------------------------------------- */

/* The names of an enum's values; a value without one is a number. */
typedef struct words {
    const char *prefix;
    const char *of[4];
    bool always; /* 0 is written, too */
} words;

static const words acts = {"CEDM_ACT_", {"NONE", "AFFINE", "SILU"}, false};
static const words posts = {"CEDM_POST_", {"NONE", "RELU", "GELU"}, false};
static const words algorithms = {
    "CEDM_CONV_", {"DIRECT", "WINOGRAD4", "WINOGRAD2"}, false};
static const words modes = {"CEDM_RESAMPLE_", {"DOWN", "UP", "SAME"}, true};

static const words pools = {"CEDM_POOL_", {"MAX", "MEAN"}, true};

static void put_word(cg_fields *f, const char *name, uint32_t value,
                     const words *w)
{
    if (value == 0 && !w->always) {
        return;
    }
    if (value < sizeof w->of / sizeof w->of[0] && w->of[value] != NULL) {
        cg_put(f, ".%s = %s%s", name, w->prefix, w->of[value]);
    } else {
        cg_put_count(f, name, value);
    }
}

/* ---- tensors ------------------------------------------------------------- */

typedef char operand[24];

static void ref_text(operand text, cedm_ref ref)
{
    if (ref == CEDM_NONE) {
        snprintf(text, sizeof(operand), "NONE");
    } else {
        snprintf(text, sizeof(operand), "%s(%u)",
                 CEDM_REF_IS_F32(ref) ? "F32" : "ACT",
                 (unsigned)CEDM_REF_OFFSET(ref));
    }
}

void cg_put_ref(cg_fields *f, const char *name, cedm_ref value)
{
    operand text;

    ref_text(text, value);
    cg_put(f, ".%s = %s", name, text);
}

static void put_refs(cg_fields *f, const cg_field *field,
                     const cedm_ref *value)
{
    operand a, b;

    if (field->count == 1) {
        cg_put_ref(f, field->name, value[0]);
        return;
    }
    ref_text(a, value[0]);
    ref_text(b, value[1]);
    cg_put(f, ".%s = { %s, %s }", field->name, a, b);
}

void cg_put_weight(cg_fields *f, const char *name, cedm_weight value)
{
    if (value == CEDM_NONE) {
        cg_put(f, ".%s = NONE", name);
    } else {
        cg_put(f, ".%s = %u", name, (unsigned)value);
    }
}

/* ---- descriptors --------------------------------------------------------- */

static void put_field(cg_fields *f, const cg_field *field, const void *value)
{
    const uint32_t *number = value;
    float real;

    switch (field->kind) {
    case CG_FIELD_ID:
        cg_put(f, ".%s = %u", field->name, (unsigned)*number);
        break;
    case CG_FIELD_COUNT:
    case CG_FIELD_SLICE: put_counts(f, field, number); break;
    case CG_FIELD_REAL:
        memcpy(&real, value, sizeof real);
        put_real(f, field->name, real);
        break;
    case CG_FIELD_ACT: put_word(f, field->name, *number, &acts); break;
    case CG_FIELD_POST: put_word(f, field->name, *number, &posts); break;
    case CG_FIELD_POOL: put_word(f, field->name, *number, &pools); break;
    case CG_FIELD_ALGORITHM:
        put_word(f, field->name, *number, &algorithms);
        break;
    case CG_FIELD_MODE: put_word(f, field->name, *number, &modes); break;
    case CG_FIELD_READ:
    case CG_FIELD_WRITTEN: put_refs(f, field, number); break;
    case CG_FIELD_WEIGHT: cg_put_weight(f, field->name, *number); break;
    }
}

/* Numbers, tensors of the arena, or tensors of the blob. */
static int class_of(cg_field_kind kind)
{
    return kind >= CG_FIELD_WEIGHT ? 2 : kind >= CG_FIELD_SLICE ? 1 : 0;
}

void cg_put_descriptor(cg_fields *f, const cg_op *op)
{
    const cg_op_info *info = cg_op_info_of(op->kind);
    const unsigned char *descriptor = (const void *)&op->u;

    for (size_t i = 0; i < info->field_count; i++) {
        const cg_field *field = &info->fields[i];

        if (i > 0 && class_of(field->kind) != class_of(field[-1].kind)) {
            cg_put_row(f);
        }
        put_field(f, field, descriptor + field->offset);
    }
    cg_put_row(f);
}
