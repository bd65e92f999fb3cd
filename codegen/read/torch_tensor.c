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

/* One for each axis, in elements. */
static bool read_strides(const cg_torch *t, const cg_node *strides,
                         const cg_array *array, uint64_t *steps)
{
    const cg_pickle *p = &t->pickle;
    if (strides->kind != CG_KIND_TUPLE ||
        strides->count != (uint32_t)array->rank) {
        return bad(t, strides, array->name, "unusable strides",
                   "a tuple as long as the shape");
    }
    uint32_t at = strides->u.items.first;
    for (int i = 0; i < array->rank; i++, at = p->items[at].next) {
        if (!cg_torch_size(t, p->items[at].value, array->name,
                           "unusable stride", &steps[i])) {
            return false;
        }
    }
    return true;
}

/* Elements from the first to behind the last one; UINT64_MAX if that is
 * beyond all storages. */
static uint64_t reach(const cg_array *array, const uint64_t *steps)
{
    uint64_t last = 0;
    for (int i = 0; i < array->rank && array->elements > 0; i++) {
        uint64_t more = array->shape[i] - 1;
        if (more > 0 && steps[i] > (UINT64_MAX / 2 - last) / more) {
            return UINT64_MAX;
        }
        last += more * steps[i];
    }
    return array->elements == 0 ? 0 : last + 1;
}

bool cg_torch_is_tensor(const cg_node *node)
{
    return cg_pickle_is_call(node, CG_CALL_TENSOR) ||
           cg_pickle_is_call(node, CG_CALL_TENSOR_TYPED) ||
           cg_pickle_is_call(node, CG_CALL_PARAMETER) ||
           cg_pickle_is_call(node, CG_CALL_ARRAY);
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
           cg_pickle_is_call(node, CG_CALL_TENSOR_TYPED) ||
           bad(t, node, name, "not a tensor", "a tensor");
}

/* A storage of bytes becomes one of the type that the tensor has. */
static bool set_type(const cg_torch *t, const cg_node *node, const char *name,
                     cg_storage *storage)
{
    const cg_pickle *p = &t->pickle;
    cg_ref items[7]; /* the four, gradient, hooks, type */
    if (cg_pickle_is_call(node, CG_CALL_TENSOR)) {
        return true;
    }
    if (!cg_pickle_tuple(p, node->u.call.arguments, 7, items) ||
        p->nodes[items[6]].kind != CG_KIND_NAME ||
        p->nodes[items[6]].callable != CG_CALL_TORCH_DTYPE) {
        return bad(t, node, name, "unusable tensor", "one with a type");
    }
    storage->elements *= cg_dtype_bytes(storage->dtype);
    storage->dtype = (cg_dtype)p->nodes[items[6]].dtype;
    storage->elements /= cg_dtype_bytes(storage->dtype);
    return true;
}

/* All elements lie in the storage, and are no more than it has. */
static bool check_reach(const cg_torch *t, const cg_node *node,
                        const cg_array *array, const cg_storage *storage,
                        uint64_t offset, const uint64_t *steps)
{
    uint64_t wanted = reach(array, steps);
    if (offset > storage->elements || wanted > storage->elements - offset) {
        return cg_pickle_fail(&t->pickle, node->offset,
                              "%s: the storage is too "
                              "short; wanted %ju elements from %ju on, got "
                              "%ju in all; " CG_GET_AGAIN,
                              array->name, (uintmax_t)wanted,
                              (uintmax_t)offset,
                              (uintmax_t)storage->elements);
    }
    return array->elements <= storage->elements ||
           cg_pickle_fail(&t->pickle, node->offset,
                          "%s: a view with more elements than its "
                          "storage; wanted at most %ju, got %ju; save it "
                          "after clone()",
                          array->name, (uintmax_t)storage->elements,
                          (uintmax_t)array->elements);
}

static bool add_view(cg_torch *t, const cg_node *node, const char *name)
{
    const cg_pickle *p = &t->pickle;
    cg_ref items[4]; /* storage, offset, shape, strides */
    cg_array array = {.name = name};
    cg_storage storage = {0};
    uint64_t offset = 0, steps[CG_MAX_RANK];
    if (!cg_pickle_tuple(p, node->u.call.arguments, 4, items)) {
        return bad(t, node, name, "unusable tensor",
                   "storage, offset, shape and strides");
    }
    if (!cg_torch_storage(t, items[0], &storage) ||
        !set_type(t, node, name, &storage) ||
        !cg_torch_size(t, items[1], name, "unusable offset", &offset) ||
        !cg_torch_shape(t, &p->nodes[items[2]], &array) ||
        !read_strides(t, &p->nodes[items[3]], &array, steps) ||
        !check_reach(t, node, &array, &storage, offset, steps)) {
        return false;
    }
    array.dtype = storage.dtype;
    return cg_torch_view(t, &array, steps,
                         storage.data +
                             offset * cg_dtype_bytes(storage.dtype),
                         false) &&
           cg_torch_add(t, &array);
}

bool cg_torch_tensor(cg_torch *t, cg_ref ref, const char *name)
{
    if (cg_pickle_is_call(&t->pickle.nodes[ref], CG_CALL_ARRAY)) {
        return cg_torch_numpy(t, ref, name);
    }
    return unwrap(t, name, &ref) && add_view(t, &t->pickle.nodes[ref], name);
}

/* ---- numbers without a storage ----------------------------------------- */

/* A scalar of numpy: skip_scale is one, and so may arguments be.  Only bytes
 * as protocol 4 has them; what protocol 2 writes is a text. */
static bool read_scalar(const cg_pickle *p, const cg_node *node,
                        double *value)
{
    cg_ref items[2];
    cg_array one = {.elements = 1};
    bool swap = false;
    if (!cg_pickle_is_call(node, CG_CALL_SCALAR) ||
        !cg_pickle_tuple(p, node->u.call.arguments, 2, items) ||
        !cg_torch_dtype(p, &p->nodes[items[0]], &one.dtype, &swap) || swap) {
        return false;
    }
    const cg_node *bytes = &p->nodes[items[1]];
    if (bytes->kind != CG_KIND_BYTES ||
        bytes->u.bytes.size != cg_dtype_bytes(one.dtype)) {
        return false;
    }
    one.data = bytes->u.bytes.at;
    *value = cg_element(&one, 0);
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

void cg_torch_store(unsigned char bytes[8], double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    for (unsigned k = 0; k < 8; k++) {
        bytes[k] = (unsigned char)(bits >> (8 * k));
    }
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
        if (!cg_torch_number(p, item, &value)) {
            return bad(t, item, name, "unusable item of a list", "a number");
        }
        cg_torch_store(bytes, value);
        bytes += 8;
    }
    return cg_torch_add(t, &array);
}
