/* SPDX-License-Identifier: MIT
 *
 * npy.c - the header of a NumPy array file, format version 1.0: magic,
 * version, length of the rest, a Python dict padded with spaces, newline. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "host/files/npy.h"

#define PREFIX_BYTES 10u /* magic (6), version (2), length (2) */

void host_npy_header(unsigned char header[HOST_NPY_HEADER_BYTES],
                     const char *descr, const uint64_t *shape, int rank)
{
    /* Four numbers of 20 digits and the fixed text are below 118 bytes
     * whenever the array fits in 64 bits. */
    char dict[HOST_NPY_HEADER_BYTES];
    size_t used = (size_t)snprintf(
        dict, sizeof dict,
        "{'descr': '%s', 'fortran_order': False, 'shape': (", descr);
    for (int i = 0; i < rank; i++) {
        used += (size_t)snprintf(
            dict + used, sizeof dict - used,
            i + 1 < rank ? "%" PRIu64 ", " : "%" PRIu64 ",", shape[i]);
    }
    used += (size_t)snprintf(dict + used, sizeof dict - used, "), }");
    memset(header, ' ', HOST_NPY_HEADER_BYTES);
    memcpy(header, "\x93NUMPY\x01\x00", 8);
    header[8] = HOST_NPY_HEADER_BYTES - PREFIX_BYTES;
    header[9] = 0;
    memcpy(header + PREFIX_BYTES, dict, used);
    header[HOST_NPY_HEADER_BYTES - 1] = '\n';
}
