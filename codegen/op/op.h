/* SPDX-License-Identifier: MIT
 *
 * op.h - what codegen knows of an op beside its descriptor: the members of
 * the descriptor, and what it says of itself.
 *
 * A file of this folder names the members of one descriptor once, in the
 * order of its structure:
 *
 *     #define FIELDS(X, T) X(T, ID, id) X(T, COUNT, channels) ...
 *     CG_DEFINE_OP(embed)
 *
 * Operands, placement and generated code follow from that list.  A list that
 * lacks a member does not compile; tests/check/fields.sh compares the kinds
 * with the types in the headers. */
#ifndef CEDM_CODEGEN_OP_H
#define CEDM_CODEGEN_OP_H

#include <stddef.h>

#include "codegen/op/text.h"
#include "codegen/training.h"

/* What a member is; all have four bytes, or are arrays of such. */
typedef enum cg_field_kind {
    /* numbers, of which generated code leaves out what is 0 */
    CG_FIELD_ID, /* but this one */
    CG_FIELD_COUNT,
    CG_FIELD_REAL, /* and this one */
    CG_FIELD_ACT,  /* enum cedm_act, and so on */
    CG_FIELD_ALGORITHM,
    CG_FIELD_POST,
    CG_FIELD_MODE, /* always written */
    CG_FIELD_POOL, /* and this one */
    /* tensors of the arena */
    CG_FIELD_SLICE,   /* which part of the next one is meant */
    CG_FIELD_READ,    /* cedm_ref */
    CG_FIELD_WRITTEN, /* cedm_ref; it may be read, too */
    /* tensors of the blob */
    CG_FIELD_WEIGHT /* cedm_weight */
} cg_field_kind;

typedef struct cg_field {
    const char *name;
    size_t offset, count; /* in the descriptor; elements, 1 or 2 */
    cg_field_kind kind;
} cg_field;

typedef struct cg_op_info {
    const char *name; /* the descriptor is a cedm_<name> or a cg_<name> */
    const cg_field *fields;
    size_t field_count;
    /* Appends shapes and fused parts of op `op`; NULL in training. */
    void (*summary)(cg_text *text, const cg_program *program, uint32_t op);
} cg_op_info;

/* What is known of a kind, which must be one of the list. */
const cg_op_info *cg_op_info_of(cg_op_kind kind);
const cg_op_info *cg_training_info_of(cg_training_kind kind);

/* ---- for the files of this folder --------------------------------------- */

#define CG_FIELD_ROW(T, kind, member)                                        \
    {#member, offsetof(T, member),                                           \
     sizeof((T *)0)->member / sizeof(uint32_t), CG_FIELD_##kind},
#define CG_FIELD_BYTES(T, kind, member) +sizeof((T *)0)->member

/* Defines fields_<name> from the macro FIELDS. */
#define CG_DEFINE_FIELDS(prefix, name)                                       \
    static const cg_field fields_##name[] = {                                \
        FIELDS(CG_FIELD_ROW, prefix##name)};                                 \
    _Static_assert((0 FIELDS(CG_FIELD_BYTES, prefix##name)) ==               \
                       sizeof(prefix##name),                                 \
                   "FIELDS lacks a member of " #prefix #name)
#define CG_FIELD_COUNT_OF(name)                                              \
    (sizeof fields_##name / sizeof fields_##name[0])

/* Defines cg_info_<name> from FIELDS and the function `summary`. */
#define CG_DEFINE_OP(name)                                                   \
    CG_DEFINE_FIELDS(cedm_, name);                                           \
    const cg_op_info cg_info_##name = {#name, fields_##name,                 \
                                       CG_FIELD_COUNT_OF(name), summary}

#endif
