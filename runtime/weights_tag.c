/* SPDX-License-Identifier: MIT
 *
 * weights_tag.c - what prepared weights were made of, and for what.
 *
 * A region that was never prepared, or was for another model, other weights
 * or another backend, would give images like any other, and wrong ones. */
#include "runtime/weights_tag.h"

#include <string.h>

/* The description in a blob holds the hash of its data. */
typedef struct tag {
    char magic[8];
    uint64_t layout_hash, bytes;
    uint32_t description, backend; /* CRC-32C */
} tag;

_Static_assert(sizeof(tag) <= CEDM_WEIGHTS_TAG_BYTES, "a tag has its place");

static uint32_t crc_of_name(const char *name)
{
    size_t length = 0;

    while (name != NULL && name[length] != '\0') {
        length++;
    }
    return cedm_crc32c(0, name, length);
}

static tag make(const cedm_blob *blob, const cedm_backend *backend,
                uint64_t bytes)
{
    tag t = {
        .magic = {'C', 'E', 'D', 'M', 'P', 'R', 'E', 'P'},
        .layout_hash = blob->model->graph.layout_hash,
        .bytes = bytes,
        .description = cedm_crc32c(0, blob->trailer, blob->trailer_bytes),
        .backend = crc_of_name(backend->name),
    };

    return t;
}

void cedm_weights_tag_write(unsigned char *end, const cedm_blob *blob,
                            const cedm_backend *backend, uint64_t bytes)
{
    tag t = make(blob, backend, bytes);

    memset(end, 0, CEDM_WEIGHTS_TAG_BYTES);
    memcpy(end, &t, sizeof t);
}

bool cedm_weights_tag_fits(const unsigned char *end, const cedm_blob *blob,
                           const cedm_backend *backend, uint64_t bytes)
{
    tag t = make(blob, backend, bytes);

    return memcmp(end, &t, sizeof t) == 0;
}
