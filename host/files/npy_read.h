/* SPDX-License-Identifier: MIT
 *
 * npy_read.h - the array in a NumPy file (.npy), read without copying it.
 *
 *     host_npy npy;
 *     if (host_npy_open(&npy, "features.npy", &f)) {
 *         ... npy.array.shape, .dtype; host_rows_f32(&npy.array, ...) ...
 *     }
 *     host_npy_close(&npy);
 *
 * The array is a cg_array of codegen.h, the same as arrays of safetensors
 * and of PyTorch are.  Its elements are little-endian and may be unaligned:
 * they are read with host_rows_f32, host_rows_f64 (rows.h) or cg_element.
 *
 * Taken are format versions 1.0, 2.0 and 3.0 [NPY]; floats of 8, 4 and 2
 * bytes, integers of 1 to 8 bytes, bool; rows one after another ("C order");
 * up to CG_MAX_RANK axes, any of which may be 0.  The file must end where
 * the array ends.  Refused with the reason are other types (big-endian,
 * complex, text, objects: nothing is ever unpickled), columns one after
 * another ("Fortran order") of two axes and more, headers that are not
 * exactly the dictionary that NumPy writes, and sizes that do not fit.
 */
#ifndef CEDM_HOST_FILES_NPY_READ_H
#define CEDM_HOST_FILES_NPY_READ_H

#include "codegen/codegen.h"
#include "host/files/map.h"

typedef struct host_npy {
    cg_array array; /* name is NULL; data lies in the map */
    cg_map map;     /* private */
} host_npy;

/* Maps a file and checks its header: the cost does not depend on the size.
 * On error *npy is zeroed. */
bool host_npy_open(host_npy *npy, const char *path, host_failure *f);

/* Harmless on a zeroed or closed one. */
void host_npy_close(host_npy *npy);

/* The same for a file whose bytes are in memory, such as an entry of an
 * archive: array->data points into them.  `name` stands in messages. */
bool host_npy_parse(cg_array *array, const unsigned char *bytes, size_t size,
                    const char *name, host_failure *f);

#endif
