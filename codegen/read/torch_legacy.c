/* SPDX-License-Identifier: MIT
 *
 * torch_legacy.c - the file of torch.save before PyTorch 1.6: the pickles
 * magic, version, machine, value, list of keys; then for each key the number
 * of elements and the elements. */
#include <string.h>

#include "codegen/read/array.h"
#include "codegen/read/torch.h"

/* A network of full size has about 1700 with its moments; each is compared
 * with all keys. */
#define STORAGES_MAX 8192u

typedef struct entry {
    const cg_node *key;
    cg_storage storage;
} entry;

struct cg_legacy {
    entry *entries;
    uint32_t count;
};

static bool same_key(const cg_node *a, const cg_node *b)
{
    return a->kind == CG_KIND_TEXT && b->kind == CG_KIND_TEXT &&
           a->u.bytes.size == b->u.bytes.size &&
           memcmp(a->u.bytes.at, b->u.bytes.at, a->u.bytes.size) == 0;
}

static entry *find_entry(const cg_legacy *l, const cg_node *key)
{
    for (uint32_t i = 0; i < l->count; i++) {
        if (same_key(l->entries[i].key, key)) {
            return &l->entries[i];
        }
    }
    return NULL;
}

bool cg_legacy_storage(cg_torch *t, const cg_node *key, cg_storage *storage)
{
    const entry *e = find_entry(t->legacy, key);
    if (e == NULL || e->storage.data == NULL ||
        e->storage.dtype != storage->dtype ||
        e->storage.elements != storage->elements) {
        return cg_pickle_fail(&t->pickle, key->offset,
                              "a storage is missing or has two sizes; wanted "
                              "the elements of its key behind the pickles, "
                              "got none; " CG_GET_AGAIN);
    }
    *storage = e->storage;
    return true;
}

/* What the identifiers of the value say of each key. */
static bool read_identifiers(cg_torch *t)
{
    const cg_pickle *p = &t->pickle;
    cg_legacy *l = t->legacy;
    for (cg_ref i = 0; i < p->node_count; i++) {
        entry e = {0};
        if (p->nodes[i].kind != CG_KIND_PERSISTENT) {
            continue;
        }
        if (!cg_torch_identifier(p, i, &e.storage, &e.key)) {
            return false;
        }
        if (find_entry(l, e.key) != NULL) {
            continue;
        }
        if (l->count == STORAGES_MAX) {
            return cg_pickle_fail(p, p->nodes[i].offset,
                                  "too many storages; wanted at most %u, got "
                                  "more; check what file this is",
                                  STORAGES_MAX);
        }
        l->entries[l->count++] = e;
    }
    return true;
}

/* The elements of one key. */
static bool read_elements(cg_torch *t, const cg_node *key,
                          const unsigned char **at, const unsigned char *end)
{
    const cg_pickle *p = &t->pickle;
    entry *e = find_entry(t->legacy, key);
    uint64_t count = 0, left = (uint64_t)(end - *at);
    if (e == NULL || left < 8) {
        return cg_torch_bad(p, key, "list of keys of the file",
                            "the keys of its storages");
    }
    for (unsigned i = 0; i < 8; i++) {
        count |= (uint64_t)(*at)[i] << (8 * i);
    }
    unsigned width = cg_dtype_bytes(e->storage.dtype);
    if (count != e->storage.elements || count > (left - 8) / width) {
        return cg_pickle_fail(p, (size_t)(*at - p->base),
                              "the storage's sizes disagree, or the file is "
                              "cut short; wanted %ju elements of %u bytes, "
                              "got %ju in at most %ju bytes; " CG_GET_AGAIN,
                              (uintmax_t)e->storage.elements, width,
                              (uintmax_t)count, (uintmax_t)(left - 8));
    }
    e->storage.data = *at + 8;
    *at += 8 + count * width;
    return true;
}

static bool read_storages(cg_torch *t, cg_ref keys, const unsigned char *at,
                          const unsigned char *end)
{
    const cg_pickle *p = &t->pickle;
    if (p->nodes[keys].kind != CG_KIND_LIST) {
        return cg_torch_bad(p, &p->nodes[keys], "list of keys of the file",
                            "a list");
    }
    for (uint32_t i = p->nodes[keys].u.items.first; i != CG_NO_REF;
         i = p->items[i].next) {
        if (!read_elements(t, &p->nodes[p->items[i].value], &at, end)) {
            return false;
        }
    }
    return at == end ||
           cg_pickle_fail(p, (size_t)(at - p->base),
                          "bytes after the last storage; wanted the end of "
                          "the file, got %td bytes; " CG_GET_AGAIN,
                          end - at);
}

/* ---- the file ----------------------------------------------------------- */

bool cg_legacy_open(cg_torch *t, cg_ref *root)
{
    const cg_file *file = &t->opened->file;
    const unsigned char *at = file->bytes, *end = at + file->size;
    cg_pickle *p = &t->pickle;
    cg_legacy *l = cg_keep(t->opened, sizeof *l, t->error);
    cg_ref keys = CG_NO_REF;
    if (l == NULL) {
        return false;
    }
    *l = (cg_legacy){
        cg_keep(t->opened, STORAGES_MAX * sizeof *l->entries, t->error), 0};
    t->legacy = l;
    return l->entries != NULL && cg_legacy_head(p, &at, end) &&
           cg_legacy_load(p, &at, end, root) && read_identifiers(t) &&
           cg_legacy_load(p, &at, end, &keys) &&
           read_storages(t, keys, at, end);
}
