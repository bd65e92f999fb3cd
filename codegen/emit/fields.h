/* SPDX-License-Identifier: MIT
 *
 * fields.h - designated initialisers, wrapped at 79 columns: `.name = value`
 * for each kind of member that a descriptor has.  A count, and an activation,
 * that is zero is left out. */
#ifndef CEDM_EMIT_FIELDS_H
#define CEDM_EMIT_FIELDS_H

#include "codegen/emit/emit.h"

typedef struct cg_fields {
    cg_out *out;
    int column; /* 0: at the start of a line */
} cg_fields;

/* One member as it is written, without the comma. */
void cg_put(cg_fields *f, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Starts a new line where a reader would. */
void cg_put_row(cg_fields *f);

void cg_put_count(cg_fields *f, const char *name, uint32_t value);
void cg_put_counts(cg_fields *f, const char *name, const uint32_t value[2]);

/* The shortest decimal that is read back as the same float. */
void cg_put_real(cg_fields *f, const char *name, float value);

/* The same of a double, which ends its line; infinity, which C has no
 * constant for without math.h, becomes the largest round number. */
void cg_put_double(cg_fields *f, const char *name, double value);

void cg_put_ref(cg_fields *f, const char *name, cedm_ref value);
void cg_put_refs(cg_fields *f, const char *name, const cedm_ref value[2]);

/* Part of a vector that one linear op makes for all blocks. */
void cg_put_slice(cg_fields *f, const char *name, uint32_t index,
                  uint32_t stride, cedm_ref src);

void cg_put_weight(cg_fields *f, const char *name, cedm_weight value);
void cg_put_act(cg_fields *f, uint32_t value);

#endif
