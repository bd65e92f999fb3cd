/* SPDX-License-Identifier: MIT
 *
 * torch_name.c - the name of a tensor, key by key, as state_dict() joins
 * them.  Keys are identifiers or nearly so: no byte outside printable
 * ASCII. */
#include <string.h>

#include "codegen/read/torch.h"

bool cg_torch_enter(const cg_torch *t, cg_tensor_name *name,
                    const cg_node *key)
{
    const unsigned char *text = key->u.bytes.at;
    size_t dot = name->length > 0;
    if (key->kind != CG_KIND_TEXT || key->u.bytes.size == 0) {
        return cg_pickle_fail(&t->pickle, key->offset,
                              "unusable name of a tensor or module; wanted "
                              "a string that is not empty, got %s; check "
                              "what file this is",
                              cg_kind_words(key));
    }
    size_t size = key->u.bytes.size;
    if (size > CG_NAME_MAX_BYTES - name->length - dot) {
        return cg_pickle_fail(&t->pickle, key->offset,
                              "the name of a "
                              "tensor is too long; wanted at most %u bytes, "
                              "got %zu; rename it",
                              CG_NAME_MAX_BYTES, name->length + dot + size);
    }
    for (size_t i = 0; i < size; i++) {
        if (text[i] <= 0x20 || text[i] >= 0x7f) {
            return cg_pickle_fail(&t->pickle, key->offset,
                                  "bad name of a "
                                  "tensor or module; wanted printable ASCII, "
                                  "got byte 0x%02x; rename it",
                                  text[i]);
        }
    }
    if (dot > 0) {
        name->text[name->length++] = '.';
    }
    memcpy(name->text + name->length, text, size);
    name->length += size;
    name->text[name->length] = '\0';
    return true;
}

void cg_torch_leave(cg_tensor_name *name, size_t length)
{
    name->length = length;
    name->text[length] = '\0';
}
