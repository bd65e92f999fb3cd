/* SPDX-License-Identifier: MIT
 *
 * arrays_write.h - files of arrays: several named ones as safetensors
 * [SAFETENSORS], one as NumPy's .npy [NPY].  They appear whole or not at
 * all. */
#ifndef CEDM_HOST_FILES_ARRAYS_WRITE_H
#define CEDM_HOST_FILES_ARRAYS_WRITE_H

#include "codegen/codegen.h"
#include "host/cli/failure.h"

/* One array: name (not used by .npy), dtype, rank, shape and data are; data
 * lies in memory as on a little-endian machine. */
typedef struct host_array {
    const char *name;
    cg_dtype dtype;
    int rank;
    uint64_t shape[CG_MAX_RANK];
    const void *data;
} host_array;

/* Arrays in the given order, with metadata. */
bool host_arrays_write(const char *path, const host_array *arrays,
                       size_t count, const cg_metadata *notes,
                       size_t note_count, host_failure *f);

/* An array of F32, F64, I32 or I64, of rank 1..4. */
bool host_array_write_npy(const char *path, const host_array *array,
                          host_failure *f);

#endif
