/* SPDX-License-Identifier: MIT
 *
 * safetensors.c - reading a safetensors file, or refusing it.
 *
 * A file is the length of the header (8 bytes, little-endian), the header
 * (a JSON object: name -> dtype, shape, data_offsets) and the data.  Every
 * rule of the format is enforced [SAFETENSORS]; the decisive one is that the
 * tensors tile the data exactly, so that nothing overlaps and no byte is
 * outside a tensor.  Time is O(n log n), memory a small multiple of the
 * header, whatever the file says. */
#include "codegen/error.h"
#include "codegen/read/array.h"
#include "codegen/read/header.h"

#define LENGTH_BYTES 8u
#define HEADER_MAX 100000000u /* the format's own limit */

static bool check_tiling(cg_reader *r)
{
    const cg_file *file = r->file;
    uint64_t expected = 0;
    for (size_t i = 0; i < file->array_count; i++) {
        const cg_array *array = &file->arrays[i];
        uint64_t begin = (uint64_t)(array->data - r->data);
        if (begin != expected) {
            return cg_fail(r->error,
                           "%s:%s: %s; wanted it to begin at %ju, "
                           "got %ju; " CG_REWRITE,
                           r->file->path, array->name,
                           begin < expected
                               ? "the tensor overlaps the one before it"
                               : "there is a gap before the tensor",
                           (uintmax_t)expected, (uintmax_t)begin);
        }
        expected = begin + cg_array_bytes(array);
    }
    if (expected != r->data_bytes) {
        return cg_fail(r->error,
                       "%s:%zu: bytes after the last tensor; wanted "
                       "%ju bytes of data, got %ju; get the file again",
                       r->file->path,
                       (size_t)(r->data - r->file->bytes) + (size_t)expected,
                       (uintmax_t)expected, (uintmax_t)r->data_bytes);
    }
    return true;
}

/* Finds header and data in the file. */
static bool find_parts(cg_reader *r)
{
    const cg_file *file = r->file;
    uint64_t length = 0;
    if (file->size < LENGTH_BYTES + 2) {
        return cg_fail(r->error,
                       "%s:0: the file is too short; wanted at "
                       "least %u bytes, got %zu; get the file again",
                       file->path, LENGTH_BYTES + 2, file->size);
    }
    for (unsigned i = 0; i < LENGTH_BYTES; i++) {
        length |= (uint64_t)file->bytes[i] << (8 * i);
    }
    uint64_t most = file->size - LENGTH_BYTES;
    most = most < HEADER_MAX ? most : HEADER_MAX;
    if ((length < 2 || length > most) && file->bytes[LENGTH_BYTES] != '{') {
        return cg_fail(r->error,
                       "%s:0: not a checkpoint; wanted safetensors, a "
                       "snapshot of EDM's training (.pkl) or a file of "
                       "torch.save (.pt), got another kind of file; name a "
                       "checkpoint",
                       file->path);
    }
    if (length < 2 || length > most) {
        return cg_fail(r->error,
                       "%s:0: a safetensors file that was cut short; "
                       "wanted a header of 2 to %ju bytes, got %ju; check "
                       "what file this is",
                       file->path, (uintmax_t)most, (uintmax_t)length);
    }
    r->json.at = file->bytes + LENGTH_BYTES;
    r->json.end = r->json.at + length;
    r->data = r->json.end;
    r->data_bytes = file->size - LENGTH_BYTES - length;
    if (*r->json.at != '{') {
        return cg_fail(
            r->error,
            "%s:%u: not a safetensors file; wanted the "
            "header to begin with '{', got byte 0x%02x; check what "
            "file this is",
            file->path, LENGTH_BYTES, *r->json.at);
    }
    return true;
}

bool cg_read_safetensors(cg_opened *o, cg_error *error)
{
    cg_reader r = {.opened = o, .file = &o->file, .error = error};
    if (!find_parts(&r)) {
        return false;
    }
    r.text = cg_keep(o, (size_t)(r.json.end - r.json.at), error);
    if (r.text == NULL || !cg_read_header(&r)) {
        return false;
    }
    cg_sort_by_place(r.file);
    return check_tiling(&r);
}
