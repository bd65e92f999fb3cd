/* SPDX-License-Identifier: MIT
 *
 * text.h - the line that says what an op does, put together piece by piece.
 * Shapes are channels x height x width, as papers write them. */
#ifndef CEDM_CODEGEN_OP_TEXT_H
#define CEDM_CODEGEN_OP_TEXT_H

#include "codegen/codegen.h"

#define CG_SUMMARY_MAX 256

typedef struct cg_text {
    char bytes[CG_SUMMARY_MAX]; /* what does not fit is cut */
    size_t used;
} cg_text;

void cg_text_add(cg_text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* 64, or (64+32) for two maps that are read as one. */
void cg_text_channels(cg_text *text, const uint32_t channels[2]);

/* What `op` does to its source: the norm by the last part of its module. */
void cg_text_activation(cg_text *text, const cg_program *program, uint32_t op,
                        uint32_t act, cedm_ref coeff);

/* "s" unless there is one. */
static inline const char *cg_plural(uint32_t count)
{
    return count == 1 ? "" : "s";
}

#endif
