/* SPDX-License-Identifier: MIT
 *
 * blob.c - does a blob belong to a model, and is it whole?
 *
 * The layout is not read from the blob: it is known from the model, and the
 * blob must agree with it.  So no offset taken from the blob is ever used
 * before it was found equal to a computed one. */
#include <stdbool.h>
#include <string.h>

#include "runtime/model_check.h"

#define HEADER_BYTES sizeof(cedm_blob_header)

_Static_assert(sizeof(cedm_blob_header) == 96, "the header has 96 bytes");
_Static_assert(offsetof(cedm_blob_header, header_crc) == 92,
               "the header's CRC is its last word");

/* Where the parts of a model's blob lie, in bytes. */
typedef struct layout {
    uint64_t table, data, data_end, trailer;
} layout;

static uint64_t element_bytes(const cedm_model *model)
{
    return model->graph.dtype == CEDM_DTYPE_F16 ? 2u : 4u;
}

static layout layout_of(const cedm_model *model)
{
    layout l;

    l.table = HEADER_BYTES;
    l.data =
        CEDM_ALIGN_UP(l.table + 4u * (uint64_t)model->graph.tensor_count);
    l.data_end = l.data + element_bytes(model) * model->graph.data_elements;
    l.trailer = CEDM_ALIGN_UP(l.data_end);
    return l;
}

static bool all_zero(const unsigned char *bytes, uint64_t from, uint64_t to)
{
    unsigned char any = 0;

    for (uint64_t i = from; i < to; i++) {
        any |= bytes[i];
    }
    return any == 0;
}

/* ---- header ------------------------------------------------------------ */

/* Numbers of a blob are used where they lie, so their order is the
 * processor's. */
static bool is_little_endian(void)
{
    const uint16_t one = 1;
    unsigned char first;

    memcpy(&first, &one, 1);
    return first == 1;
}

/* Is this a header at all, as it was written? */
static cedm_status check_header(const cedm_blob_header *h)
{
    if (memcmp(h->magic, CEDM_BLOB_MAGIC, sizeof h->magic) != 0) {
        return CEDM_E_BLOB_MAGIC;
    }
    if (h->version != CEDM_BLOB_VERSION) {
        return CEDM_E_BLOB_VERSION;
    }
    if (h->header_crc !=
        cedm_crc32c(0, h, offsetof(cedm_blob_header, header_crc))) {
        return CEDM_E_BLOB_HEADER;
    }
    for (int i = 0; i < 4; i++) {
        if (h->reserved[i] != 0) {
            return CEDM_E_BLOB_HEADER;
        }
    }
    return CEDM_OK;
}

/* The beginning of a blob as its header, checked by itself. */
static cedm_status read_header(cedm_blob_header *h, const void *bytes,
                               size_t size)
{
    if (size < sizeof *h) {
        return CEDM_E_BLOB_SHORT;
    }
    if (!is_little_endian()) {
        return CEDM_E_BLOB_ORDER;
    }
    memcpy(h, bytes, sizeof *h);
    return check_header(h);
}

/* Does the trailer end the blob, and is that as long as it says? */
static cedm_status check_length(const cedm_blob_header *h, uint64_t size)
{
    if (h->total_bytes < h->trailer_offset ||
        h->total_bytes - h->trailer_offset != h->trailer_bytes) {
        return CEDM_E_BLOB_HEADER;
    }
    if (size < h->total_bytes) {
        return CEDM_E_BLOB_SHORT;
    }
    return size > h->total_bytes ? CEDM_E_BLOB_TRAILER : CEDM_OK;
}

/* Is it this model's header, and is the blob as long as it says? */
static cedm_status check_layout(const cedm_blob_header *h,
                                const cedm_model *model, uint64_t size)
{
    layout l = layout_of(model);

    if (h->dtype != model->graph.dtype ||
        h->layout_hash != model->graph.layout_hash ||
        h->tensor_count != model->graph.tensor_count ||
        h->data_offset != l.data || h->data_bytes != l.data_end - l.data) {
        return CEDM_E_BLOB_LAYOUT;
    }
    return h->trailer_offset == l.trailer ? check_length(h, size)
                                          : CEDM_E_BLOB_HEADER;
}

/* ---- contents ---------------------------------------------------------- */

/* The model's own table: in order, aligned, inside the data. */
static bool tensors_fit(const cedm_model *model)
{
    uint64_t at = 0;

    for (uint32_t t = 0; t < model->graph.tensor_count; t++) {
        const cedm_tensor *tensor = &model->graph.tensors[t];

        if (tensor->offset < at || tensor->offset % CEDM_WEIGHT_ALIGN != 0) {
            return false;
        }
        at = (uint64_t)tensor->offset + tensor->elements;
    }
    /* 2^33: offsets and lengths have 32 bits, so no more can be meant. */
    return at <= model->graph.data_elements &&
           model->graph.data_elements < 1ull << 33;
}

static cedm_status check_data(const unsigned char *bytes,
                              const cedm_model *model)
{
    layout l = layout_of(model);
    uint64_t at = l.data, width = element_bytes(model);

    for (uint32_t t = 0; t < model->graph.tensor_count; t++) {
        const cedm_tensor *tensor = &model->graph.tensors[t];
        uint64_t from = l.data + width * tensor->offset;
        uint64_t length = width * tensor->elements;
        uint32_t crc;

        memcpy(&crc, bytes + l.table + 4u * (uint64_t)t, sizeof crc);
        if (!all_zero(bytes, at, from) ||
            crc != cedm_crc32c(0, bytes + from, (size_t)length)) {
            return CEDM_E_BLOB_DATA;
        }
        at = from + length;
    }
    return all_zero(bytes, at, l.trailer) ? CEDM_OK : CEDM_E_BLOB_DATA;
}

static cedm_status check_trailer(const unsigned char *bytes,
                                 const cedm_blob_header *h)
{
    uint32_t crc =
        cedm_crc32c(0, bytes + h->trailer_offset, (size_t)h->trailer_bytes);

    return h->trailer_crc == crc ? CEDM_OK : CEDM_E_BLOB_TRAILER;
}

static cedm_status check_contents(const unsigned char *bytes,
                                  const cedm_blob_header *h,
                                  const cedm_model *model)
{
    layout l = layout_of(model);
    size_t table_bytes = 4u * (size_t)model->graph.tensor_count;
    cedm_status status;

    if (h->table_crc != cedm_crc32c(0, bytes + l.table, table_bytes) ||
        !all_zero(bytes, l.table + table_bytes, l.data)) {
        return CEDM_E_BLOB_HEADER;
    }
    status = check_data(bytes, model);
    return status == CEDM_OK ? check_trailer(bytes, h) : status;
}

static cedm_status check(const cedm_model *model, const void *bytes,
                         size_t size, cedm_blob_header *h)
{
    cedm_status status = cedm_model_check(model);

    if (status != CEDM_OK) {
        return status;
    }
    if ((uintptr_t)bytes % CEDM_ALIGN != 0) {
        return CEDM_E_ALIGN;
    }
    if (!tensors_fit(model)) {
        return CEDM_E_BLOB_LAYOUT;
    }
    status = read_header(h, bytes, size);
    if (status == CEDM_OK) {
        status = check_layout(h, model, size);
    }
    if (status == CEDM_OK) {
        status = check_contents(bytes, h, model);
    }
    return status;
}

cedm_status cedm_bind(cedm_blob *blob, const cedm_model *model,
                      const void *bytes, size_t size)
{
    const unsigned char *at = bytes;
    cedm_blob_header h;
    cedm_status status;
    const void *data;

    if (blob == NULL) {
        return CEDM_E_NULL;
    }
    memset(blob, 0, sizeof *blob);
    if (bytes == NULL) {
        return CEDM_E_NULL;
    }
    status = check(model, bytes, size, &h);
    if (status != CEDM_OK) {
        return status;
    }
    data = at + h.data_offset;
    blob->model = model;
    blob->data = data;
    blob->trailer = (const char *)(at + h.trailer_offset);
    blob->trailer_bytes = (size_t)h.trailer_bytes;
    return CEDM_OK;
}

cedm_status cedm_inspect(cedm_blob_header *header, const void *bytes,
                         size_t size)
{
    cedm_status status;

    if (header == NULL) {
        return CEDM_E_NULL;
    }
    memset(header, 0, sizeof *header);
    if (bytes == NULL) {
        return CEDM_E_NULL;
    }
    status = read_header(header, bytes, size);
    if (status == CEDM_OK) {
        status = check_length(header, size);
    }
    if (status == CEDM_OK) {
        status = check_trailer(bytes, header);
    }
    if (status != CEDM_OK) {
        memset(header, 0, sizeof *header);
    }
    return status;
}
