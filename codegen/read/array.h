/* SPDX-License-Identifier: MIT
 *
 * array.h - sizes of arrays (private to codegen/read). */
#ifndef CEDM_READ_ARRAY_H
#define CEDM_READ_ARRAY_H

#include "codegen.h"

/* Bytes of one element. */
unsigned cg_dtype_bytes(cg_dtype dtype);

#endif
