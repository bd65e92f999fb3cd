/* SPDX-License-Identifier: MIT
 *
 * arrays_write.c - headers of arrays, and their bytes as they are. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/files/arrays_write.h"
#include "host/files/npy.h"
#include "host/files/output.h"
#include "host/files/safetensors_header.h"

static const char *const words[CG_DTYPE_COUNT] = {
#define WORD(name, bytes, word) word,
    CG_DTYPE_LIST(WORD)
#undef WORD
};

static const size_t widths[CG_DTYPE_COUNT] = {
#define WIDTH(name, bytes, word) bytes,
    CG_DTYPE_LIST(WIDTH)
#undef WIDTH
};

static size_t bytes_of(const host_array *a)
{
    size_t bytes = widths[a->dtype];

    for (int i = 0; i < a->rank; i++) {
        bytes *= (size_t)a->shape[i];
    }
    return bytes;
}

/* ---- safetensors -------------------------------------------------------- */

/* To be freed, NULL: no memory. */
static char *make_header(const host_array *arrays, size_t count,
                         const cg_metadata *notes, size_t note_count)
{
    uint64_t at = 0;
    cJSON *header = host_safetensors_new();
    cJSON *metadata = host_safetensors_metadata(header);

    for (size_t i = 0; i < note_count; i++) {
        cJSON_AddStringToObject(metadata, notes[i].key, notes[i].value);
    }
    for (size_t i = 0; i < count; i++) {
        const host_array *a = &arrays[i];

        host_safetensors_add(header, a->name, words[a->dtype], a->shape,
                             a->rank, bytes_of(a), &at);
    }
    return host_safetensors_text(header);
}

static bool write_all(host_output *out, const char *header,
                      const host_array *arrays, size_t count, host_failure *f)
{
    bool good = host_safetensors_write(out, header, f);

    for (size_t i = 0; good && i < count; i++) {
        good =
            host_output_write(out, arrays[i].data, bytes_of(&arrays[i]), f);
    }
    return good;
}

bool host_arrays_write(const char *path, const host_array *arrays,
                       size_t count, const cg_metadata *notes,
                       size_t note_count, host_failure *f)
{
    char *header = make_header(arrays, count, notes, note_count);
    host_output out;
    bool good = header != NULL ||
                host_fail(f, "%s: out of memory for a header", path);

    if (good && host_output_open(&out, path, f)) {
        good = write_all(&out, header, arrays, count, f) &&
               host_output_commit(&out, f);
        host_output_abort(&out);
    } else {
        good = false;
    }
    free(header);
    return good;
}

/* ---- .npy --------------------------------------------------------------- */

static const char *npy_type(cg_dtype dtype)
{
    return dtype == CG_F32   ? "<f4"
           : dtype == CG_F64 ? "<f8"
           : dtype == CG_I32 ? "<i4"
                             : "<i8";
}

bool host_array_write_npy(const char *path, const host_array *array,
                          host_failure *f)
{
    unsigned char header[HOST_NPY_HEADER_BYTES];
    host_output out;

    host_npy_header(header, npy_type(array->dtype), array->shape,
                    array->rank);
    if (!host_output_open(&out, path, f)) {
        return false;
    }
    const bool good =
        host_output_write(&out, header, sizeof header, f) &&
        host_output_write(&out, array->data, bytes_of(array), f) &&
        host_output_commit(&out, f);

    host_output_abort(&out);
    return good;
}
