/* SPDX-License-Identifier: MIT
 *
 * rows.h - rows of an array as floats or doubles, whatever it holds. */
#ifndef CEDM_HOST_FILES_ROWS_H
#define CEDM_HOST_FILES_ROWS_H

#include "codegen/codegen.h"

/* Elements of one row: of all axes but the first; 1 for one axis or none. */
uint64_t host_row_width(const cg_array *array);

/* Both write rows first .. first + count - 1 to out[count][width], rounded
 * to the nearest where they must be.  The rows must exist: first + count is
 * at most shape[0].  `out` does not overlap the array.
 * Cost: one pass, which is fast for 32-bit floats. */
void host_rows_f32(const cg_array *array, uint64_t first, uint64_t count,
                   float *out);
void host_rows_f64(const cg_array *array, uint64_t first, uint64_t count,
                   double *out);

#endif
