/* SPDX-License-Identifier: MIT
 *
 * fields.h - designated initialisers, `.name = value`, wrapped at 79 columns,
 * for each kind of member that a descriptor has (codegen/op/op.h). */
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

/* A count unless it is 0, also for members that are no descriptor's. */
void cg_put_count(cg_fields *f, const char *name, uint32_t value);

/* All members of a descriptor: a line begins where tensors of the arena
 * follow numbers, and tensors of the blob those. */
void cg_put_descriptor(cg_fields *f, const cg_op *op);

/* A reference or an offset in the blob; `NONE` for CEDM_NONE. */
void cg_put_ref(cg_fields *f, const char *name, cedm_ref value);
void cg_put_weight(cg_fields *f, const char *name, cedm_weight value);

/* The shortest decimal that is read back as the same double; it ends its
 * line.  Infinity, which C has no constant for without math.h, becomes the
 * largest round number. */
void cg_put_double(cg_fields *f, const char *name, double value);

#endif
