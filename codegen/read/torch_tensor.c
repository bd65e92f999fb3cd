/* SPDX-License-Identifier: MIT
 *
 * torch_tensor.c - tensors: views of storages that are checked to be whole
 * and in row-major order, and used in place; and numbers that stand in a
 * pickle by themselves. */
#include <string.h>

#include "codegen/read/array.h"
#include "codegen/read/torch.h"

static bool bad(const cg_torch *t, const cg_node *node, const char *name,
                const char *what, const char *wanted)
{
    return cg_pickle_fail(&t->pickle, node->offset,
                          "%s: %s; wanted %s, got "
                          "%s; save the checkpoint again",
                          name, what, wanted, cg_kind_words(node));
}

/* A dimension, stride or offset: an integer of at least 0. */
static bool read_size(const cg_torch *t, cg_ref ref, const char *name,
                      const char *what, uint64_t *size)
{
    const cg_node *node = &t->pickle.nodes[ref];
    if (node->kind != CG_KIND_INTEGER || node->u.integer < 0) {
        return bad(t, node, name, what, "an integer of at least 0");
    }
    *size = (uint64_t)node->u.integer;
    return true;
}

static bool read_shape(const cg_torch *t, const cg_node *shape,
                       cg_array *array)
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
        if (!read_size(t, p->items[at].value, array->name,
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

/* Steps of row-major order; those of axes of length 1 mean nothing. */
static bool check_strides(const cg_torch *t, const cg_node *strides,
                          const cg_array *array)
{
    const cg_pickle *p = &t->pickle;
    uint64_t wanted[CG_MAX_RANK], step = 1;
    if (strides->kind != CG_KIND_TUPLE ||
        strides->count != (uint32_t)array->rank) {
        return bad(t, strides, array->name, "unusable strides",
                   "a tuple as long as the shape");
    }
    for (int i = array->rank; i-- > 0;) {
        wanted[i] = step;
        step *= array->shape[i];
    }
    uint32_t at = strides->u.items.first;
    for (int i = 0; i < array->rank; i++, at = p->items[at].next) {
        uint64_t stride = 0;
        if (!read_size(t, p->items[at].value, array->name, "unusable stride",
                       &stride)) {
            return false;
        }
        if (stride != wanted[i] && array->shape[i] != 1 &&
            array->elements > 0) {
            return cg_pickle_fail(p, strides->offset,
                                  "%s: not in row-major "
                                  "order; wanted stride %ju of axis %d, got "
                                  "%ju; save the tensor after contiguous()",
                                  array->name, (uintmax_t)wanted[i], i,
                                  (uintmax_t)stride);
        }
    }
    return true;
}

bool cg_torch_is_tensor(const cg_node *node)
{
    return cg_pickle_is_call(node, CG_CALL_TENSOR) ||
           cg_pickle_is_call(node, CG_CALL_PARAMETER);
}

/* The name is the caller's and is copied. */
static bool add(cg_torch *t, cg_array *array)
{
    if (t->opened->file.array_count >= CG_ARRAYS_MAX) {
        return cg_pickle_fail(&t->pickle, 0,
                              "too many tensors; wanted at "
                              "most %u, got more; check what file this is",
                              CG_ARRAYS_MAX);
    }
    size_t size = strlen(array->name) + 1;
    char *name = cg_keep(t->opened, size, t->error);
    if (name == NULL) {
        return false;
    }
    array->name = memcpy(name, array->name, size);
    return cg_add_array(t->opened, array, t->error);
}

/* A parameter is a tensor and a flag. */
static bool unwrap(const cg_torch *t, const char *name, cg_ref *ref)
{
    const cg_pickle *p = &t->pickle;
    const cg_node *node = &p->nodes[*ref];
    if (cg_pickle_is_call(node, CG_CALL_PARAMETER) &&
        !cg_pickle_tuple(p, node->u.call.arguments, 1, ref)) {
        return bad(t, node, name, "unusable parameter", "a tensor in it");
    }
    node = &p->nodes[*ref];
    return cg_pickle_is_call(node, CG_CALL_TENSOR) ||
           bad(t, node, name, "not a tensor", "a tensor");
}

bool cg_torch_tensor(cg_torch *t, cg_ref ref, const char *name)
{
    const cg_pickle *p = &t->pickle;
    cg_ref items[4]; /* storage, offset, shape, strides */
    cg_array array = {.name = name};
    cg_storage storage = {0};
    uint64_t offset = 0;
    if (!unwrap(t, name, &ref)) {
        return false;
    }
    const cg_node *node = &p->nodes[ref];
    if (!cg_pickle_tuple(p, node->u.call.arguments, 4, items)) {
        return bad(t, node, name, "unusable tensor",
                   "storage, offset, shape and strides");
    }
    if (!cg_torch_storage(t, items[0], &storage) ||
        !read_size(t, items[1], name, "unusable offset", &offset) ||
        !read_shape(t, &p->nodes[items[2]], &array) ||
        !check_strides(t, &p->nodes[items[3]], &array)) {
        return false;
    }
    if (offset > storage.elements ||
        array.elements > storage.elements - offset) {
        return cg_pickle_fail(p, node->offset,
                              "%s: the storage is too "
                              "short; wanted %ju elements from %ju on, got "
                              "%ju in all; " CG_GET_AGAIN,
                              name, (uintmax_t)array.elements,
                              (uintmax_t)offset, (uintmax_t)storage.elements);
    }
    array.dtype = storage.dtype;
    array.data = storage.data + offset * cg_dtype_bytes(storage.dtype);
    return add(t, &array);
}

/* ---- numbers without a storage ----------------------------------------- */

/* numpy's float64: skip_scale is one, and so may arguments be. */
static bool read_scalar(const cg_pickle *p, const cg_node *node,
                        double *value)
{
    cg_ref items[2], kind = CG_NO_REF, order[2];
    if (!cg_pickle_is_call(node, CG_CALL_SCALAR) ||
        !cg_pickle_tuple(p, node->u.call.arguments, 2, items)) {
        return false;
    }
    const cg_node *type = &p->nodes[items[0]], *bytes = &p->nodes[items[1]];
    if (!cg_pickle_is_call(type, CG_CALL_DTYPE) ||
        !cg_pickle_tuple(p, type->u.call.arguments, 1, &kind) ||
        !cg_pickle_is_text(&p->nodes[kind], "f8") ||
        type->u.call.state == CG_NO_REF ||
        !cg_pickle_tuple(p, type->u.call.state, 2, order) ||
        !cg_pickle_is_text(&p->nodes[order[1]], "<") ||
        bytes->kind != CG_KIND_BYTES || bytes->u.bytes.size != 8) {
        return false;
    }
    uint64_t bits = 0;
    for (unsigned i = 0; i < 8; i++) {
        bits |= (uint64_t)bytes->u.bytes.at[i] << (8 * i);
    }
    memcpy(value, &bits, sizeof *value);
    return true;
}

bool cg_torch_number(const cg_pickle *p, const cg_node *node, double *value)
{
    if (node->kind == CG_KIND_INTEGER) {
        *value = (double)node->u.integer;
        return true;
    }
    if (node->kind == CG_KIND_REAL) {
        *value = node->u.real;
        return true;
    }
    return read_scalar(p, node, value);
}

bool cg_torch_list(cg_torch *t, cg_ref ref, const char *name)
{
    const cg_pickle *p = &t->pickle;
    const cg_node *list = &p->nodes[ref];
    cg_array array = {.name = name,
                      .dtype = CG_F64,
                      .rank = 1,
                      .shape = {list->count},
                      .elements = list->count};
    unsigned char *bytes =
        cg_keep(t->opened, list->count * sizeof(double), t->error);
    if (bytes == NULL) {
        return false;
    }
    array.data = bytes;
    for (uint32_t i = list->u.items.first; i != CG_NO_REF;
         i = p->items[i].next) {
        const cg_node *item = &p->nodes[p->items[i].value];
        double value = 0.0;
        uint64_t bits;
        if (!cg_torch_number(p, item, &value)) {
            return bad(t, item, name, "unusable item of a list", "a number");
        }
        memcpy(&bits, &value, sizeof bits);
        for (unsigned k = 0; k < 8; k++) {
            *bytes++ = (unsigned char)(bits >> (8 * k));
        }
    }
    return add(t, &array);
}
