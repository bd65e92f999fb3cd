/* SPDX-License-Identifier: MIT
 *
 * array.h - sizes of arrays (private to codegen/read). */
#ifndef CEDM_READ_ARRAY_H
#define CEDM_READ_ARRAY_H

#include "codegen/codegen.h"

/* Bytes of one element. */
unsigned cg_dtype_bytes(cg_dtype dtype);

/* Bytes of all of them. */
uint64_t cg_array_bytes(const cg_array *array);

#endif
