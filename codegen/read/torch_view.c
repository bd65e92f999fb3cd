/* SPDX-License-Identifier: MIT
 *
 * torch_view.c - shapes, elements in any order, and the list of a file's
 * arrays. */
#include <string.h>

#include "codegen/read/array.h"
#include "codegen/read/torch.h"

/* ---- shapes ------------------------------------------------------------- */

static bool bad(const cg_torch *t, const cg_node *node, const char *name,
                const char *what, const char *wanted)
{
    return cg_pickle_fail(&t->pickle, node->offset,
                          "%s: %s; wanted %s, got "
                          "%s; save the checkpoint again",
                          name, what, wanted, cg_kind_words(node));
}

bool cg_torch_size(const cg_torch *t, cg_ref ref, const char *name,
                   const char *what, uint64_t *size)
{
    const cg_node *node = &t->pickle.nodes[ref];
    if (node->kind != CG_KIND_INTEGER || node->u.integer < 0) {
        return bad(t, node, name, what, "an integer of at least 0");
    }
    *size = (uint64_t)node->u.integer;
    return true;
}

bool cg_torch_shape(const cg_torch *t, const cg_node *shape, cg_array *array)
{
    const cg_pickle *p = &t->pickle;
    if (shape->kind != CG_KIND_TUPLE || shape->count > CG_MAX_RANK) {
        return cg_pickle_fail(p, shape->offset,
                              "%s: unusable shape; wanted "
                              "a tuple of at most %d dimensions, got %s of "
                              "%u; save the checkpoint again",
                              array->name, CG_MAX_RANK, cg_kind_words(shape),
                              shape->count);
    }
    uint64_t most = (uint64_t)INT64_MAX / 8; /* of the widest type */
    uint32_t at = shape->u.items.first;
    array->rank = (int)shape->count;
    array->elements = 1;
    for (int i = 0; i < array->rank; i++, at = p->items[at].next) {
        uint64_t size = 0;
        if (!cg_torch_size(t, p->items[at].value, array->name,
                           "unusable dimension", &size)) {
            return false;
        }
        array->shape[i] = size;
        if (size > 0 && array->elements > most / size) {
            return cg_pickle_fail(p, shape->offset,
                                  "%s: the shape "
                                  "overflows; wanted at most 2^60 elements, "
                                  "got more; save the checkpoint again",
                                  array->name);
        }
        array->elements *= size;
    }
    return true;
}

/* ---- order -------------------------------------------------------------- */

/* Steps of axes of length 1 mean nothing. */
static bool is_row_major(const cg_array *array, const uint64_t *strides)
{
    uint64_t step = 1;
    for (int i = array->rank; i-- > 0;) {
        if (array->shape[i] != 1 && strides[i] != step) {
            return array->elements == 0;
        }
        step *= array->shape[i];
    }
    return true;
}

static void copy_element(unsigned char *out, const unsigned char *from,
                         unsigned width, bool swap)
{
    for (unsigned i = 0; i < width; i++) {
        out[i] = from[swap ? width - 1 - i : i];
    }
}

static void copy_view(const cg_array *array, const uint64_t *strides,
                      const unsigned char *base, bool swap,
                      unsigned char *out)
{
    unsigned width = cg_dtype_bytes(array->dtype);
    uint64_t index[CG_MAX_RANK] = {0}, from = 0;
    for (uint64_t e = 0; e < array->elements; e++, out += width) {
        copy_element(out, base + from * width, width, swap);
        for (int i = array->rank; i-- > 0;) {
            from += strides[i];
            if (++index[i] < array->shape[i]) {
                break;
            }
            from -= strides[i] * array->shape[i];
            index[i] = 0;
        }
    }
}

bool cg_torch_view(cg_torch *t, cg_array *array, const uint64_t *strides,
                   const unsigned char *base, bool swap)
{
    uint64_t bytes = cg_array_bytes(array);
    array->data = base;
    if (is_row_major(array, strides) &&
        (!swap || cg_dtype_bytes(array->dtype) == 1)) {
        return true;
    }
    /* An axis that repeats its elements would make a small file large. */
    if (bytes > t->opened->file.size - t->copied) {
        return cg_pickle_fail(&t->pickle, 0,
                              "%s: a view with more elements than the file "
                              "has; wanted at most %zu bytes, got %ju; save "
                              "it after contiguous()",
                              array->name, t->opened->file.size,
                              (uintmax_t)bytes);
    }
    unsigned char *copy = cg_keep(t->opened, (size_t)bytes + 1, t->error);
    if (copy == NULL) {
        return false;
    }
    copy_view(array, strides, base, swap, copy);
    t->copied += bytes;
    array->data = copy;
    return true;
}

/* ---- the list ----------------------------------------------------------- */

bool cg_torch_add(cg_torch *t, const cg_array *array)
{
    cg_file *file = &t->opened->file;
    cg_array named = *array;
    if (file->array_count >= CG_ARRAYS_MAX) {
        return cg_pickle_fail(&t->pickle, 0,
                              "too many tensors; wanted at "
                              "most %u, got more; check what file this is",
                              CG_ARRAYS_MAX);
    }
    /* Views of the same bytes cannot make a small file large. */
    t->elements += array->elements;
    if (t->elements > file->size) {
        return cg_pickle_fail(&t->pickle, 0,
                              "%s: more elements than the file has bytes; "
                              "wanted at most %zu, got %ju; save the tensors "
                              "after clone()",
                              array->name, file->size,
                              (uintmax_t)t->elements);
    }
    size_t size = strlen(array->name) + 1;
    char *name = cg_keep(t->opened, size, t->error);
    if (name == NULL) {
        return false;
    }
    named.name = memcpy(name, array->name, size);
    return cg_add_array(t->opened, &named, t->error);
}
