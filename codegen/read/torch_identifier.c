/* SPDX-License-Identifier: MIT
 *
 * torch_identifier.c - what a pickle says of a storage that is elsewhere. */
#include "codegen/read/torch.h"

bool cg_torch_identifier(const cg_pickle *p, cg_ref identifier,
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
        return cg_torch_bad(p, node, "identifier of a storage",
                            "a tuple of five");
    }
    const cg_node *type = &p->nodes[items[1]], *count = &p->nodes[items[4]];
    if (!cg_pickle_is_text(&p->nodes[items[0]], "storage") ||
        type->kind != CG_KIND_NAME || type->callable != CG_CALL_STORAGE) {
        return cg_torch_bad(p, type, "type of a storage",
                            "one of torch's storages");
    }
    *key = &p->nodes[items[2]];
    if ((*key)->kind != CG_KIND_TEXT) {
        return cg_torch_bad(p, *key, "key of a storage", "a string");
    }
    if (count->kind != CG_KIND_INTEGER || count->u.integer < 0) {
        return cg_torch_bad(p, count, "size of a storage",
                            "an integer of at least 0");
    }
    storage->dtype = (cg_dtype)type->dtype;
    storage->elements = (uint64_t)count->u.integer;
    return true;
}
