/* SPDX-License-Identifier: MIT
 *
 * npy.h - the header of a NumPy array file. */
#ifndef CEDM_HOST_FILES_NPY_H
#define CEDM_HOST_FILES_NPY_H

#include <stddef.h>
#include <stdint.h>

#define HOST_NPY_HEADER_BYTES 128u

/* Writes the header of an array [shape[0]][shape[1]]..., rank 1..4, whose
 * elements have NumPy's type `descr`, e.g. "<f8"; they follow it in row-major
 * order.  Always HOST_NPY_HEADER_BYTES, which keeps the data aligned to 64
 * bytes. */
void host_npy_header(unsigned char header[HOST_NPY_HEADER_BYTES],
                     const char *descr, const uint64_t *shape, int rank);

#endif
