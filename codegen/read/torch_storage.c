/* SPDX-License-Identifier: MIT
 *
 * torch_storage.c - the storage of a tensor, wherever it is; in a snapshot each
 * is a stream of torch.save's old format: five pickles (magic, version,
 * machine, the storage's identifier, the list of keys), the number of elements,
 * the elements. */
#include <string.h>

#include "codegen/read/array.h"
#include "codegen/read/torch.h"

/* The five are 240 bytes; none of them grows with the tensor. */
#define PICKLES_MAX_BYTES 4096

static bool check_keys(const cg_pickle *p, cg_ref ref, const cg_node *key)
{
    const cg_node *list = &p->nodes[ref], *only = NULL;
    if (list->kind == CG_KIND_LIST && list->count == 1) {
        only = &p->nodes[p->items[list->u.items.first].value];
    }
    return (only != NULL && only->kind == CG_KIND_TEXT &&
            only->u.bytes.size == key->u.bytes.size &&
            memcmp(only->u.bytes.at, key->u.bytes.at, key->u.bytes.size) ==
                0) ||
           cg_torch_bad(p, list, "list of keys of a storage",
                        "the one key of the identifier");
}

/* Elements and their number behind the pickles: they fill the rest. */
static bool read_elements(const cg_pickle *p, const unsigned char *at,
                          const unsigned char *end, cg_storage *storage)
{
    size_t offset = (size_t)(at - p->base);
    uint64_t count = 0;
    if (end - at < 8) {
        return cg_pickle_fail(p, offset,
                              "the storage is cut short; wanted "
                              "8 bytes, got %td; " CG_GET_AGAIN,
                              end - at);
    }
    for (unsigned i = 0; i < 8; i++) {
        count |= (uint64_t)at[i] << (8 * i);
    }
    unsigned width = cg_dtype_bytes(storage->dtype);
    uint64_t bytes = (uint64_t)(end - at) - 8;
    if (count != storage->elements || bytes % width != 0 ||
        bytes / width != count) {
        return cg_pickle_fail(p, offset,
                              "the storage's sizes disagree; "
                              "wanted %ju elements of %u bytes, got %ju in "
                              "%ju bytes; " CG_GET_AGAIN,
                              (uintmax_t)storage->elements, width,
                              (uintmax_t)count, (uintmax_t)bytes);
    }
    storage->data = at + 8;
    return true;
}

static bool read_stream(cg_pickle *p, const unsigned char *at, size_t size,
                        cg_storage *storage)
{
    const unsigned char *end = at + size, *limit = end;
    const cg_node *key = NULL;
    cg_ref identifier = CG_NO_REF, keys = CG_NO_REF;
    cg_pickle_reset(p);
    if (end - at > PICKLES_MAX_BYTES) {
        limit = at + PICKLES_MAX_BYTES;
    }
    return cg_legacy_head(p, &at, limit) &&
           cg_legacy_load(p, &at, limit, &identifier) &&
           cg_legacy_load(p, &at, limit, &keys) &&
           cg_torch_identifier(p, identifier, storage, &key) &&
           check_keys(p, keys, key) && read_elements(p, at, end, storage);
}

/* Where the file keeps the storages that its pickle only names. */
static bool find_storage(cg_torch *t, cg_ref ref, cg_storage *storage)
{
    const cg_node *key = NULL;
    return cg_torch_identifier(&t->pickle, ref, storage, &key) &&
           (t->archive != NULL ? cg_archive_storage(t, key, storage)
                               : cg_legacy_storage(t, key, storage));
}

bool cg_torch_storage(cg_torch *t, cg_ref ref, cg_storage *storage)
{
    const cg_pickle *p = &t->pickle;
    const cg_node *node = &p->nodes[ref];
    cg_ref content = CG_NO_REF;
    const unsigned char *bytes = NULL;
    size_t size = 0;
    if (node->kind == CG_KIND_PERSISTENT &&
        (t->archive != NULL || t->legacy != NULL)) {
        return find_storage(t, ref, storage);
    }
    if (!cg_pickle_is_call(node, CG_CALL_LOAD_STORAGE) ||
        !cg_pickle_tuple(p, node->u.call.arguments, 1, &content)) {
        return cg_torch_bad(p, node, "content of a storage",
                            "the bytes of torch.save");
    }
    return cg_torch_bytes(t, content, &bytes, &size) &&
           read_stream(&t->header, bytes, size, storage);
}
