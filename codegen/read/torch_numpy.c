/* SPDX-License-Identifier: MIT
 *
 * torch_numpy.c - arrays of numpy in a pickle, and arrays of any kind whose
 * elements do not lie in row-major order. */
#include <string.h>

#include "codegen/read/array.h"
#include "codegen/read/torch.h"

/* ---- types -------------------------------------------------------------- */

static const struct {
    const char *kind; /* as numpy writes it: letter and bytes */
    cg_dtype dtype;
} kinds[] = {{"f8", CG_F64}, {"f4", CG_F32}, {"f2", CG_F16}, {"i8", CG_I64},
             {"i4", CG_I32}, {"i2", CG_I16}, {"i1", CG_I8},  {"u8", CG_U64},
             {"u4", CG_U32}, {"u2", CG_U16}, {"u1", CG_U8},  {"b1", CG_BOOL}};

/* dtype("i8", ...) with the state (3, "<", ...). */
bool cg_torch_dtype(const cg_pickle *p, const cg_node *node, cg_dtype *dtype,
                    bool *swap)
{
    cg_ref kind = CG_NO_REF, order[2];
    if (!cg_pickle_is_call(node, CG_CALL_DTYPE) ||
        !cg_pickle_tuple(p, node->u.call.arguments, 1, &kind) ||
        node->u.call.state == CG_NO_REF ||
        !cg_pickle_tuple(p, node->u.call.state, 2, order)) {
        return false;
    }
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (cg_pickle_is_text(&p->nodes[kind], kinds[i].kind)) {
            *dtype = kinds[i].dtype;
            *swap = cg_pickle_is_text(&p->nodes[order[1]], ">");
            return *swap || cg_pickle_is_text(&p->nodes[order[1]], "<") ||
                   cg_pickle_is_text(&p->nodes[order[1]], "|");
        }
    }
    return false;
}

/* ---- bytes -------------------------------------------------------------- */

/* Characters below 256 in UTF-8, one byte each; how many, or SIZE_MAX. */
static size_t decode_latin1(const unsigned char *text, size_t size,
                            unsigned char *out)
{
    size_t n = 0;
    for (size_t i = 0; i < size; i++) {
        unsigned c = text[i];
        if (c >= 0x80) {
            if ((c != 0xc2 && c != 0xc3) || i + 1 == size ||
                (text[i + 1] & 0xc0u) != 0x80) {
                return SIZE_MAX;
            }
            c = (c & 3u) << 6 | (text[++i] & 0x3fu);
        }
        out[n++] = (unsigned char)c;
    }
    return n;
}

bool cg_torch_bytes(cg_torch *t, cg_ref ref, const unsigned char **bytes,
                    size_t *size)
{
    const cg_pickle *p = &t->pickle;
    const cg_node *node = &p->nodes[ref];
    cg_ref items[2];
    if (node->kind == CG_KIND_BYTES) {
        *bytes = node->u.bytes.at;
        *size = node->u.bytes.size;
        return true;
    }
    if (!cg_pickle_is_call(node, CG_CALL_ENCODE) ||
        !cg_pickle_tuple(p, node->u.call.arguments, 2, items) ||
        p->nodes[items[0]].kind != CG_KIND_TEXT ||
        !cg_pickle_is_text(&p->nodes[items[1]], "latin1")) {
        return cg_pickle_fail(p, node->offset,
                              "unusable bytes; wanted bytes or their text in "
                              "latin1, got %s; save the file again",
                              cg_kind_words(node));
    }
    const cg_node *text = &p->nodes[items[0]];
    if (text->u.bytes.size > t->opened->file.size - t->decoded) {
        return cg_pickle_fail(p, node->offset,
                              "the same text is used for several arrays; "
                              "wanted one for each, got more; save them "
                              "again");
    }
    t->decoded += text->u.bytes.size;
    unsigned char *out = cg_keep(t->opened, text->u.bytes.size + 1, t->error);
    if (out == NULL) {
        return false;
    }
    *bytes = out;
    *size = decode_latin1(text->u.bytes.at, text->u.bytes.size, out);
    return *size != SIZE_MAX ||
           cg_pickle_fail(p, text->offset,
                          "unusable bytes; wanted characters below 256, got "
                          "others; save the file again");
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

/* ---- arrays ------------------------------------------------------------- */

static bool bad(const cg_torch *t, const cg_node *node, const char *name,
                const char *wanted)
{
    return cg_pickle_fail(&t->pickle, node->offset,
                          "%s: unusable array; wanted %s, got another; save "
                          "it as a tensor",
                          name, wanted);
}

/* The state: (1, shape, dtype, is it in Fortran's order?, bytes). */
bool cg_torch_numpy(cg_torch *t, cg_ref ref, const char *name)
{
    const cg_pickle *p = &t->pickle;
    const cg_node *node = &p->nodes[ref];
    cg_ref items[5];
    cg_array array = {.name = name};
    const unsigned char *bytes = NULL;
    size_t size = 0;
    bool swap = false;
    if (node->u.call.state == CG_NO_REF ||
        !cg_pickle_tuple(p, node->u.call.state, 5, items)) {
        return bad(t, node, name, "one with a state of five");
    }
    if (!cg_torch_dtype(p, &p->nodes[items[2]], &array.dtype, &swap)) {
        return bad(t, node, name, "one of plain numbers");
    }
    if (!cg_torch_shape(t, &p->nodes[items[1]], &array) ||
        !cg_torch_bytes(t, items[4], &bytes, &size)) {
        return false;
    }
    if (size != cg_array_bytes(&array) ||
        p->nodes[items[3]].kind != CG_KIND_TRUTH) {
        return bad(t, node, name, "as many bytes as its shape says");
    }
    bool fortran = p->nodes[items[3]].u.integer == 1;
    uint64_t strides[CG_MAX_RANK], step = 1;
    for (int i = 0; i < array.rank; i++) {
        int axis = fortran ? i : array.rank - 1 - i;
        strides[axis] = step;
        step *= array.shape[axis];
    }
    return cg_torch_view(t, &array, strides, bytes, swap) &&
           cg_torch_add(t, &array);
}
