/* SPDX-License-Identifier: MIT
 *
 * torch_bytes.c - types of numpy, and bytes that stand in a pickle as text. */
#include <string.h>

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
