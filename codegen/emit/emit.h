/* SPDX-License-Identifier: MIT
 *
 * emit.h - what the emitters share: output files, names, one emission.
 *
 * Every emitter is a function that appends to a cg_out.  Write errors stick
 * to the cg_out and come out once, in cg_out_finish, so that emitters read
 * as plain text.
 */
#ifndef CEDM_EMIT_H
#define CEDM_EMIT_H

#include "codegen/error.h"
#include "codegen/ir/names.h"

/* ---- files ------------------------------------------------------------- */

/* A file that exists under its own name only when it is complete. */
typedef struct cg_out {
    char path[1024];
    char temp[1024];
    char old[1024];
    int fd;         /* -1 when closed */
    int error;      /* errno of the first failure, 0 if none */
    bool pending;   /* the temporary file exists */
    bool kept;      /* `old` is the file that had the name before */
    bool linked;    /* and it still has it */
    bool published; /* the new file has the name */
    uint64_t total; /* bytes given so far */
    size_t used;
    unsigned char buffer[32768];
} cg_out;

/* Creates a directory and its parents; existing ones are fine. */
bool cg_make_directory(const char *path, cg_error *error);

/* Opens DIRECTORY/NAMESUFFIX for writing.  Whatever is returned, discard
 * must be called in the end. */
bool cg_out_open(cg_out *out, const char *directory, const char *name,
                 const char *suffix, cg_error *error);
/* Takes a finished file of the same file system as what is to be renamed. */
bool cg_out_adopt(cg_out *out, const char *file, const char *directory,
                  const char *name, const char *suffix, cg_error *error);
void cg_out_bytes(cg_out *out, const void *bytes, size_t size);
void cg_out_zeros(cg_out *out, uint64_t count);
/* At most 1000 bytes a call. */
void cg_out_text(cg_out *out, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Overwrites bytes that were written before. */
void cg_out_patch(cg_out *out, uint64_t offset, const void *bytes,
                  size_t size);
/* All bytes are on the disk and the file is closed, or an error. */
bool cg_out_finish(cg_out *out, cg_error *error);
/* The file that has the name, if any, is kept under a hidden one. */
bool cg_out_keep_old(cg_out *out, cg_error *error);
/* The file gets its name. */
bool cg_out_publish(cg_out *out, cg_error *error);
/* It shall keep it: the old file is removed. */
void cg_out_settle(cg_out *out);
/* Everything is as it was before what is not settled. */
void cg_out_discard(cg_out *out);

/* ---- names ------------------------------------------------------------- */

/* One distinct C identifier for each op, made from its module path; none is
 * a keyword, a macro or a name of `taken`.  To be freed; NULL: no memory. */
cg_name *cg_op_names(const cg_program *program, const char *taken);

/* ---- one emission ------------------------------------------------------ */

typedef struct cg_emission {
    const cg_program *program;
    const char *name; /* the model's */
    cg_name upper;    /* the same in capitals, for macros */
    cg_name source;   /* base name of the checkpoint */
    char source_sha256[65];
    const cg_name *op_names; /* [op_count] */
    char data_sha256[65];    /* filled by cg_emit_blob */
    uint64_t blob_bytes;     /* filled by cg_emit_blob */
} cg_emission;

bool cg_emit_blob(cg_out *out, cg_emission *emission, cg_error *error);
/* The JSON text at the end of the blob, to be freed; NULL on error. */
char *cg_trailer(const cg_emission *emission, cg_error *error);
void cg_emit_header(cg_out *out, const cg_emission *emission);
void cg_emit_source(cg_out *out, const cg_emission *emission);
/* Its last part. */
void cg_emit_model(cg_out *out, const cg_emission *emission);
void cg_emit_map(cg_out *out, const cg_emission *emission);
void cg_emit_svg(cg_out *out, const cg_emission *emission);
void cg_emit_csv(cg_out *out, const cg_emission *emission);

/* ---- the plan, as the pictures show it --------------------------------- */

/* What a buffer is for: the part of the network that writes it, or SKIP for
 * what an encoder writes and a decoder reads. */
typedef enum cg_role {
    CG_ROLE_ENCODER,
    CG_ROLE_DECODER,
    CG_ROLE_SKIP,
    CG_ROLE_OTHER
} cg_role;

cg_role cg_buffer_role(const cg_program *program, uint32_t buffer);
/* Sanitised name of the tensor that lives longest in a buffer. */
void cg_buffer_name(const cg_program *program, uint32_t buffer, cg_name safe);

#endif
