/* SPDX-License-Identifier: MIT
 *
 * names.h - names of a checkpoint made harmless. */
#ifndef CEDM_CODEGEN_IR_NAMES_H
#define CEDM_CODEGEN_IR_NAMES_H

#define CG_NAME_MAX 96 /* bytes of a sanitised name with its zero */

typedef char cg_name[CG_NAME_MAX];

/* A name for comments and pictures: bytes outside [A-Za-z0-9_.] become '_',
 * what is too long is cut; NULL is the empty name. */
void cg_safe_name(cg_name safe, const char *name);

#endif
