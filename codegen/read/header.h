/* SPDX-License-Identifier: MIT
 *
 * header.h - the header of a safetensors file (private to codegen/read). */
#ifndef CEDM_READ_HEADER_H
#define CEDM_READ_HEADER_H

#include "codegen/codegen.h"
#include "codegen/read/json.h"
#include "codegen/read/contents.h"

#define CG_REWRITE "write the file again with a safetensors library"

typedef struct cg_reader {
    cg_opened *opened;
    cg_file *file; /* gains arrays and metadata in the header's order */
    cg_error *error;
    cg_json json;              /* the header that is still to be read */
    char *text;                /* where the next string goes; the header's
                                  length is room enough for all of them */
    const unsigned char *data; /* what offsets count from */
    uint64_t data_bytes;
    const char *tensor; /* being read, or NULL */
    bool metadata_seen;
} cg_reader;

/* Reads the header.  Each tensor by itself is right afterwards: known type,
 * size that fits its shape, inside the data. */
bool cg_read_header(cg_reader *reader);

#endif
