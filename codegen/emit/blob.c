/* SPDX-License-Identifier: MIT
 *
 * blob.c - NAME.cedm: the weights, permuted, in float32 or float16.
 *
 * Written front to back in one pass over the checkpoint: elements are read
 * from the mapped file, permuted, checked and sent through CRC-32C and
 * SHA-256 in small chunks.  The header is filled in last.  docs/FORMAT.md
 * describes the bytes. */
#include <float.h>
#include <math.h>
#include <sha2.h>
#include <stdlib.h>
#include <string.h>

#include "codegen/emit/emit.h"

#define CHUNK 4096u

typedef struct writer {
    cg_out *out;
    unsigned width; /* bytes of an element of the blob */
    bool half;      /* of the values of this tensor */
    SHA2_CTX sha;
    uint32_t crc;
    size_t used;
    bool finite;
    unsigned char bytes[CHUNK * 4u];
} writer;

static void put_u32(unsigned char *p, uint32_t v)
{
    for (int i = 0; i < 4; i++) {
        p[i] = (unsigned char)(v >> (8 * i));
    }
}

static void put_u64(unsigned char *p, uint64_t v)
{
    put_u32(p, (uint32_t)v);
    put_u32(p + 4, (uint32_t)(v >> 32));
}

static void drain(writer *w)
{
    w->crc = cedm_crc32c(w->crc, w->bytes, w->used);
    SHA256Update(&w->sha, w->bytes, w->used);
    cg_out_bytes(w->out, w->bytes, w->used);
    w->used = 0;
}

static void zeros(writer *w, uint64_t elements)
{
    static const unsigned char none[256];

    for (uint64_t left = elements * w->width; left > 0;) {
        size_t n = left < sizeof none ? (size_t)left : sizeof none;

        SHA256Update(&w->sha, none, n);
        cg_out_bytes(w->out, none, n);
        left -= n;
    }
}

static float load(const cg_part *part, uint64_t i)
{
    if (part->array == NULL) {
        return part->values[i];
    }
    if (part->row_factors != NULL) {
        uint64_t row = part->array->elements / part->array->shape[0];

        return (float)(cg_element(part->array, i) *
                       part->row_factors[i / row]);
    }
    if (part->array->dtype == CG_F32) {
        const unsigned char *p = part->array->data + 4u * i;
        uint32_t bits = p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
                        (uint32_t)p[3] << 24;
        float value;

        memcpy(&value, &bits, sizeof value);
        return value;
    }
    return (float)cg_element(part->array, i);
}

static void element(writer *w, const cg_part *part, uint64_t i)
{
    float value = load(part, i);
    uint32_t bits;

    if (w->half) {
        uint16_t half = cedm_half_from_float(value);

        w->finite = w->finite && isfinite(cedm_half_to_float(half));
        w->bytes[w->used++] = (unsigned char)half;
        w->bytes[w->used++] = (unsigned char)(half >> 8);
    } else {
        w->finite = w->finite && isfinite(value);
        memcpy(&bits, &value, sizeof bits);
        put_u32(w->bytes + w->used, bits);
        w->used += 4u;
    }
    if (w->used == sizeof w->bytes) {
        drain(w);
    }
}

/* [O][I][K] -> [O][K][I], K the pixels of a kernel. */
static void swap_inner(writer *w, const cg_part *part, uint64_t outer,
                       uint64_t channels, uint64_t pixels)
{
    for (uint64_t o = 0; o < outer; o++) {
        for (uint64_t k = 0; k < pixels; k++) {
            for (uint64_t i = 0; i < channels; i++) {
                element(w, part, (o * channels + i) * pixels + k);
            }
        }
    }
}

/* Rows c * 3 + j -> j * C + c: q, k and v as three blocks. */
static void split_qkv(writer *w, const cg_part *part, uint64_t rows,
                      uint64_t length)
{
    for (uint64_t j = 0; j < 3; j++) {
        for (uint64_t c = 0; c < rows / 3u; c++) {
            for (uint64_t i = 0; i < length; i++) {
                element(w, part, (c * 3u + j) * length + i);
            }
        }
    }
}

/* A part is all of its array or, where rows stay together, the first rows:
 * then it has whole rows and no more than there are. */
static bool fits(const cg_part *part)
{
    const cg_array *a = part->array;
    bool rows =
        part->layout == CG_LAYOUT_PLAIN || part->layout == CG_LAYOUT_CONV;

    if (a == NULL || a->elements == part->elements) {
        return true;
    }
    return rows && a->rank >= 1 && part->elements < a->elements &&
           part->elements % (a->elements / a->shape[0]) == 0;
}

/* True if the part's shape fits its layout and its number of elements. */
static bool write_part(writer *w, const cg_part *part)
{
    const cg_array *a = part->array;
    uint64_t n = part->elements;

    if (!fits(part)) {
        return false;
    }
    switch (part->layout) {
    case CG_LAYOUT_PLAIN:
        for (uint64_t i = 0; i < n; i++) {
            element(w, part, i);
        }
        return true;
    case CG_LAYOUT_CONV:
        if (a == NULL || a->rank != 4) {
            return false;
        }
        swap_inner(w, part, n / (a->elements / a->shape[0]), a->shape[1],
                   a->shape[2] * a->shape[3]);
        return true;
    case CG_LAYOUT_QKV:
        if (a == NULL || a->rank < 1 || a->shape[0] % 3u != 0) {
            return false;
        }
        split_qkv(w, part, a->shape[0], n / a->shape[0]);
        return true;
    case CG_LAYOUT_TRANSPOSE:
        if (a == NULL || a->rank != 2) {
            return false;
        }
        swap_inner(w, part, 1, a->shape[0], a->shape[1]);
        return true;
    default: return false;
    }
}

static bool write_param(writer *w, const cg_param *param,
                        const cg_emission *emission, cg_error *error)
{
    w->crc = 0;
    w->finite = true;
    w->half = w->width == 2 && !param->exact;
    for (uint32_t p = 0; p < param->part_count; p++) {
        if (!write_part(w, &param->parts[p])) {
            return cg_fail(error,
                           "%s:%s: the shape does not fit its "
                           "layout; this is a defect of the converter",
                           emission->source, param->name);
        }
    }
    drain(w);
    if (!w->finite) {
        return cg_fail(error,
                       "%s:%s: a value is not finite in float%d; "
                       "wanted at most %g; %s",
                       emission->source, param->name, w->half ? 16 : 32,
                       w->half ? 65504.0 : (double)FLT_MAX,
                       w->half ? "freeze the checkpoint as f32"
                               : "export the tensor again");
    }
    return true;
}

/* All tensors at their offsets, zeros between them; crcs is the table. */
static bool write_data(writer *w, const cg_emission *emission,
                       unsigned char *crcs, cg_error *error)
{
    const cg_program *program = emission->program;
    uint64_t at = 0;

    for (uint32_t i = 0; i < program->param_count; i++) {
        const cg_param *param = &program->params[i];

        if (param->offset < at) {
            return cg_fail(error,
                           "%s:%s: weights overlap in the blob; this "
                           "is a defect of the converter",
                           emission->source, param->name);
        }
        zeros(w, param->offset - at);
        if (!write_param(w, param, emission, error)) {
            return false;
        }
        put_u32(crcs + 4u * i, w->crc);
        at = (uint64_t)param->offset + param->elements;
    }
    if (program->data_elements < at) {
        return cg_fail(error,
                       "%s: weights reach beyond the blob's data; "
                       "this is a defect of the converter",
                       emission->source);
    }
    zeros(w, program->data_elements - at);
    return true;
}

static void finish_sha(writer *w, char hex[65])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char hash[SHA256_DIGEST_LENGTH];

    SHA256Final(hash, &w->sha);
    for (int i = 0; i < 32; i++) {
        hex[2 * i] = digits[hash[i] >> 4];
        hex[2 * i + 1] = digits[hash[i] & 15];
    }
    hex[64] = '\0';
}

static unsigned element_bytes(const cg_program *program)
{
    return program->dtype == CEDM_DTYPE_F16 ? 2 : 4;
}

static void write_header(cg_out *out, const cg_program *program,
                         const unsigned char *crcs, uint64_t data_offset,
                         uint64_t trailer_offset, const char *trailer)
{
    unsigned char h[sizeof(cedm_blob_header)] = {0};
    size_t table = 4u * (size_t)program->param_count;
    size_t length = strlen(trailer);

    memcpy(h, CEDM_BLOB_MAGIC, 8);
    put_u32(h + offsetof(cedm_blob_header, version), CEDM_BLOB_VERSION);
    put_u32(h + offsetof(cedm_blob_header, dtype), program->dtype);
    put_u64(h + offsetof(cedm_blob_header, layout_hash),
            program->layout_hash);
    put_u64(h + offsetof(cedm_blob_header, total_bytes),
            trailer_offset + length);
    put_u64(h + offsetof(cedm_blob_header, data_offset), data_offset);
    put_u64(h + offsetof(cedm_blob_header, data_bytes),
            program->data_elements * element_bytes(program));
    put_u64(h + offsetof(cedm_blob_header, trailer_offset), trailer_offset);
    put_u64(h + offsetof(cedm_blob_header, trailer_bytes), length);
    put_u32(h + offsetof(cedm_blob_header, tensor_count),
            program->param_count);
    put_u32(h + offsetof(cedm_blob_header, trailer_crc),
            cedm_crc32c(0, trailer, length));
    put_u32(h + offsetof(cedm_blob_header, table_crc),
            cedm_crc32c(0, crcs, table));
    put_u32(h + offsetof(cedm_blob_header, header_crc),
            cedm_crc32c(0, h, offsetof(cedm_blob_header, header_crc)));
    cg_out_patch(out, 0, h, sizeof h);
    cg_out_patch(out, sizeof h, crcs, table);
}

static bool emit(writer *w, unsigned char *crcs, cg_emission *emission,
                 cg_error *error)
{
    const cg_program *program = emission->program;
    uint64_t head = sizeof(cedm_blob_header) + 4u * program->param_count;
    uint64_t data_offset = CEDM_ALIGN_UP(head);
    uint64_t data_end =
        data_offset + program->data_elements * element_bytes(program);
    uint64_t trailer_offset = CEDM_ALIGN_UP(data_end);
    char *trailer;

    SHA256Init(&w->sha);
    cg_out_zeros(w->out, data_offset);
    if (!write_data(w, emission, crcs, error)) {
        return false;
    }
    finish_sha(w, emission->data_sha256);
    trailer = cg_trailer(emission, error);
    if (trailer == NULL) {
        return false;
    }
    cg_out_zeros(w->out, trailer_offset - data_end);
    cg_out_bytes(w->out, trailer, strlen(trailer));
    write_header(w->out, program, crcs, data_offset, trailer_offset, trailer);
    emission->blob_bytes = w->out->total;
    free(trailer);
    return true;
}

bool cg_emit_blob(cg_out *out, cg_emission *emission, cg_error *error)
{
    writer *w = calloc(1, sizeof *w);
    unsigned char *crcs = calloc(emission->program->param_count + 1u, 4);
    bool good = false;

    if (w == NULL || crcs == NULL) {
        cg_fail(error, "%s.cedm: out of memory; free some and try again",
                emission->name);
    } else {
        w->out = out;
        w->width = element_bytes(emission->program);
        good = emit(w, crcs, emission, error);
    }
    free(crcs);
    free(w);
    return good;
}
