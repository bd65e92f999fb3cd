/* SPDX-License-Identifier: MIT
 *
 * fields.c - designated initialisers, see fields.h. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codegen/emit/fields.h"

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

void cg_put_counts(cg_fields *f, const char *name, const uint32_t value[2])
{
    if (value[1] != 0) {
        cg_put(f, ".%s = { %u, %u }", name, (unsigned)value[0],
               (unsigned)value[1]);
    } else if (value[0] != 0) {
        cg_put(f, ".%s = { %u }", name, (unsigned)value[0]);
    }
}

/* A decimal, which C takes for an int if it has no point. */
static void put_decimal(cg_fields *f, const char *name, const char *text,
                        const char *suffix)
{
    cg_put(f, ".%s = %s%s%s", name, text,
           strpbrk(text, ".e") == NULL ? ".0" : "", suffix);
}

void cg_put_real(cg_fields *f, const char *name, float value)
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

void cg_put_refs(cg_fields *f, const char *name, const cedm_ref value[2])
{
    operand a, b;

    ref_text(a, value[0]);
    ref_text(b, value[1]);
    cg_put(f, ".%s = { %s, %s }", name, a, b);
}

void cg_put_slice(cg_fields *f, const char *name, uint32_t index,
                  uint32_t stride, cedm_ref src)
{
    operand text;

    ref_text(text, src);
    if (index != 0) {
        cg_put(f, ".%s_index = %u", name, (unsigned)index);
    }
    if (stride != 0) {
        cg_put(f, ".%s_stride = %u", name, (unsigned)stride);
    }
    cg_put(f, ".%s_src = %s", name, text);
}

void cg_put_weight(cg_fields *f, const char *name, cedm_weight value)
{
    if (value == CEDM_NONE) {
        cg_put(f, ".%s = NONE", name);
    } else {
        cg_put(f, ".%s = %u", name, (unsigned)value);
    }
}

void cg_put_act(cg_fields *f, uint32_t value)
{
    static const char *const names[] = {"NONE", "AFFINE", "SILU"};

    if (value != CEDM_ACT_NONE) {
        if (value < 3) {
            cg_put(f, ".act = CEDM_ACT_%s", names[value]);
        } else {
            cg_put_count(f, "act", value);
        }
    }
}
