/* SPDX-License-Identifier: MIT
 *
 * torch_storage.c - the legacy stream of torch.save, one per storage of a
 * snapshot: five pickles (magic, version, machine, the storage's identifier,
 * the list of keys), the number of elements, the elements. */
#include <string.h>

#include "codegen/read/array.h"
#include "codegen/read/torch.h"

#define VERSION 1001
/* The five are 240 bytes; none of them grows with the tensor. */
#define PICKLES_MAX_BYTES 4096

static bool bad(const cg_pickle *p, const cg_node *node, const char *what,
                const char *wanted)
{
    return cg_pickle_fail(p, node->offset,
                          "a storage with an unusable %s; "
                          "wanted %s, got %s; save it with PyTorch on a "
                          "little-endian machine",
                          what, wanted, cg_kind_words(node));
}

/* What a persistent identifier says: type, key and elements. */
static bool read_identifier(const cg_pickle *p, cg_ref identifier,
                            cg_storage *storage, const cg_node **key)
{
    cg_ref items[5];
    const cg_node *node = &p->nodes[identifier];
    cg_ref arguments = node->kind == CG_KIND_PERSISTENT
                           ? node->u.call.arguments
                           : identifier;
    /* a sixth item describes a view of another storage: always None */
    if (node->kind != CG_KIND_PERSISTENT || p->nodes[arguments].count > 6 ||
        !cg_pickle_tuple(p, arguments, 5, items)) {
        return bad(p, node, "identifier", "a tuple of five");
    }
    const cg_node *type = &p->nodes[items[1]], *count = &p->nodes[items[4]];
    if (!cg_pickle_is_text(&p->nodes[items[0]], "storage") ||
        type->kind != CG_KIND_NAME || type->callable != CG_CALL_STORAGE) {
        return bad(p, type, "type", "one of torch's storages");
    }
    *key = &p->nodes[items[2]];
    if ((*key)->kind != CG_KIND_TEXT) {
        return bad(p, *key, "key", "a string");
    }
    if (count->kind != CG_KIND_INTEGER || count->u.integer < 0) {
        return bad(p, count, "size", "an integer of at least 0");
    }
    storage->dtype = (cg_dtype)type->dtype;
    storage->elements = (uint64_t)count->u.integer;
    return true;
}

static bool check_magic(const cg_pickle *p, cg_ref ref)
{
    static const unsigned char magic[10] = {0x6c, 0xfc, 0x9c, 0x46, 0xf9,
                                            0x20, 0x6a, 0xa8, 0x50, 0x19};
    const cg_node *node = &p->nodes[ref];
    return (node->kind == CG_KIND_LONG &&
            node->u.bytes.size == sizeof magic &&
            memcmp(node->u.bytes.at, magic, sizeof magic) == 0) ||
           bad(p, node, "magic number", "that of torch.save");
}

static bool is_version(const cg_pickle *p, cg_ref ref)
{
    return ref != CG_NO_REF && p->nodes[ref].kind == CG_KIND_INTEGER &&
           p->nodes[ref].u.integer == VERSION;
}

static bool check_machine(const cg_pickle *p, cg_ref ref)
{
    const cg_node *node = &p->nodes[ref];
    if (node->kind != CG_KIND_DICT ||
        !is_version(p, cg_pickle_find(p, node, "protocol_version"))) {
        return bad(p, node, "description", "version 1001");
    }
    cg_ref little = cg_pickle_find(p, node, "little_endian");
    return (little != CG_NO_REF && p->nodes[little].kind == CG_KIND_TRUTH &&
            p->nodes[little].u.integer == 1) ||
           bad(p, node, "byte order", "little-endian");
}

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
           bad(p, list, "list of keys", "the one key of the identifier");
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

static bool read_stream(cg_pickle *p, const cg_node *stream,
                        cg_storage *storage)
{
    const unsigned char *at = stream->u.bytes.at;
    const unsigned char *end = at + stream->u.bytes.size, *limit = end;
    const cg_node *key = NULL;
    cg_ref roots[5];
    cg_pickle_reset(p);
    if (end - at > PICKLES_MAX_BYTES) {
        limit = at + PICKLES_MAX_BYTES;
    }
    for (int i = 0; i < 5; i++) {
        /* each has its own memo, but all values stay */
        p->memo_count = p->memo_size = 0;
        if (!cg_pickle_load(p, &at, limit, &roots[i])) {
            return false;
        }
    }
    return check_magic(p, roots[0]) &&
           (is_version(p, roots[1]) ||
            bad(p, &p->nodes[roots[1]], "version", "1001")) &&
           check_machine(p, roots[2]) &&
           read_identifier(p, roots[3], storage, &key) &&
           check_keys(p, roots[4], key) && read_elements(p, at, end, storage);
}

bool cg_torch_storage(cg_torch *t, cg_ref ref, cg_storage *storage)
{
    const cg_pickle *p = &t->pickle;
    const cg_node *node = &p->nodes[ref], *key = NULL;
    cg_ref bytes = CG_NO_REF;
    if (node->kind == CG_KIND_PERSISTENT && t->archive != NULL) {
        return read_identifier(p, ref, storage, &key) &&
               cg_archive_storage(t, key, storage);
    }
    if (!cg_pickle_is_call(node, CG_CALL_LOAD_STORAGE) ||
        !cg_pickle_tuple(p, node->u.call.arguments, 1, &bytes) ||
        p->nodes[bytes].kind != CG_KIND_BYTES) {
        return bad(p, node, "content", "the bytes of torch.save");
    }
    return read_stream(&t->header, &p->nodes[bytes], storage);
}
