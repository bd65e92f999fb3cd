/* SPDX-License-Identifier: MIT
 *
 * torch_root.c - what the value of a file may be: a snapshot's network, or one
 * alone, a state dict, an object of TorchScript, a single tensor, a list of
 * numbers, labels. */
#include <string.h>

#include "codegen/read/torch.h"

static bool holds_tensors(const cg_pickle *p, const cg_node *dict)
{
    for (uint32_t i = dict->u.items.first; i != CG_NO_REF;) {
        uint32_t value = p->items[i].next;
        if (cg_torch_is_tensor(&p->nodes[p->items[value].value])) {
            return true;
        }
        i = p->items[value].next;
    }
    return false;
}

/* A string of the file with a zero behind it; NULL on error. */
static const char *keep_text(cg_torch *t, const cg_node *node)
{
    size_t size = node->u.bytes.size;
    if (memchr(node->u.bytes.at, 0, size) != NULL) {
        (void)cg_torch_bad(&t->pickle, node, "text", "no zero bytes in it");
        return NULL;
    }
    char *text = cg_keep(t->opened, size + 1, t->error);
    if (text != NULL) {
        memcpy(text, node->u.bytes.at, size);
        text[size] = '\0';
    }
    return text;
}

/* cedm.config and cedm.cluster_freq, which a state dict cannot hold, may
 * stand beside it. */
static bool is_metadata(const cg_node *key, const cg_node *value)
{
    return key->kind == CG_KIND_TEXT && value->kind == CG_KIND_TEXT &&
           key->u.bytes.size > 5 && memcmp(key->u.bytes.at, "cedm.", 5) == 0;
}

static bool read_dict(cg_torch *t, const cg_node *dict, bool tensors)
{
    const cg_pickle *p = &t->pickle;
    cg_tensor_name tensor = {0};
    for (uint32_t i = dict->u.items.first; i != CG_NO_REF;) {
        uint32_t second = p->items[i].next;
        const cg_node *key = &p->nodes[p->items[i].value];
        const cg_node *value = &p->nodes[p->items[second].value];
        if (is_metadata(key, value)) {
            const char *name = keep_text(t, key);
            const char *text = name == NULL ? NULL : keep_text(t, value);
            if (text == NULL ||
                !cg_add_metadata(t->opened, name, text, t->error)) {
                return false;
            }
        } else if (tensors) {
            if (!cg_torch_enter(t, &tensor, key) ||
                !cg_torch_tensor(t, p->items[second].value, tensor.text)) {
                return false;
            }
            cg_torch_leave(&tensor, 0);
        }
        i = p->items[second].next;
    }
    return true;
}

static bool read_root_dict(cg_torch *t, const cg_node *dict)
{
    /* "net" is in a training state of EDM, beside the optimizer's; "teacher"
     * in DINO's and TEMI's, beside the student, which is worse. */
    static const char *const keys[] = {"ema", "teacher", "state_dict",
                                       "model", "net"};
    const cg_pickle *p = &t->pickle;
    if (holds_tensors(p, dict)) {
        return read_dict(t, dict, true);
    }
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        cg_ref inner = cg_pickle_find(p, dict, keys[i]);
        const cg_node *node = inner == CG_NO_REF ? dict : &p->nodes[inner];
        if (cg_pickle_is_call(node, CG_CALL_PERSISTENT_OBJECT)) {
            return read_dict(t, dict, false) && cg_torch_walk(t, inner) &&
                   cg_torch_config(t, inner) &&
                   (!t->opened->moments || cg_torch_adam(t, dict));
        }
        if (node->kind == CG_KIND_DICT && holds_tensors(p, node)) {
            return read_dict(t, dict, false) && read_dict(t, node, true);
        }
    }
    return cg_torch_bad(&t->pickle, dict, "checkpoint",
                        "a network under 'ema', or tensors by "
                        "name, maybe under 'ema', 'teacher', 'state_dict', "
                        "'model' or 'net'");
}

/* {0: label, 1: label, ...}, in any order, as C-EDM's sampler leaves them. */
static bool is_label_dict(const cg_pickle *p, const cg_node *dict)
{
    cg_ref first = dict->u.items.first;
    return first != CG_NO_REF &&
           p->nodes[p->items[first].value].kind == CG_KIND_INTEGER;
}

static bool read_labels(cg_torch *t, const cg_node *dict)
{
    const cg_pickle *p = &t->pickle;
    unsigned char *labels =
        cg_keep(t->opened, dict->count * sizeof(double), t->error);
    bool *seen = cg_keep(t->opened, dict->count * sizeof *seen, t->error);
    cg_array array = {.name = "tensor",
                      .dtype = CG_F64,
                      .rank = 1,
                      .shape = {dict->count},
                      .elements = dict->count,
                      .data = labels};
    if (labels == NULL || seen == NULL) {
        return false;
    }
    memset(seen, 0, dict->count * sizeof *seen);
    for (uint32_t i = dict->u.items.first; i != CG_NO_REF;) {
        uint32_t second = p->items[i].next;
        const cg_node *key = &p->nodes[p->items[i].value];
        double label = 0.0;
        if (key->kind != CG_KIND_INTEGER || key->u.integer < 0 ||
            key->u.integer >= dict->count || seen[key->u.integer] ||
            !cg_torch_number(p, &p->nodes[p->items[second].value], &label)) {
            return cg_torch_bad(&t->pickle, key, "labels",
                                "the numbers from 0 on, once each");
        }
        cg_torch_store(labels + 8 * key->u.integer, label);
        seen[key->u.integer] = true;
        i = p->items[second].next;
    }
    return cg_torch_add(t, &array);
}

/* What clustering by scikit-learn found, of which the labels are wanted. */
static bool read_kmeans(cg_torch *t, const cg_node *node)
{
    const cg_pickle *p = &t->pickle;
    cg_ref state = node->u.call.state;
    cg_ref labels = state != CG_NO_REF && p->nodes[state].kind == CG_KIND_DICT
                        ? cg_pickle_find(p, &p->nodes[state], "labels_")
                        : CG_NO_REF;
    return labels != CG_NO_REF && cg_torch_is_tensor(&p->nodes[labels])
               ? cg_torch_tensor(t, labels, "tensor")
               : cg_torch_bad(&t->pickle, node, "clustering",
                              "labels_ in it");
}

bool cg_torch_root(cg_torch *t, cg_ref root)
{
    const cg_node *node = &t->pickle.nodes[root];
    if (cg_torch_is_tensor(node)) {
        return cg_torch_tensor(t, root, "tensor");
    }
    if (cg_pickle_is_call(node, CG_CALL_KMEANS)) {
        return read_kmeans(t, node);
    }
    if (cg_pickle_is_call(node, CG_CALL_SCRIPT)) {
        return cg_torch_script(t, root);
    }
    if (cg_pickle_is_call(node, CG_CALL_PERSISTENT_OBJECT)) {
        return cg_torch_walk(t, root);
    }
    if (node->kind == CG_KIND_DICT) {
        return is_label_dict(&t->pickle, node) ? read_labels(t, node)
                                               : read_root_dict(t, node);
    }
    if ((node->kind == CG_KIND_LIST || node->kind == CG_KIND_TUPLE) &&
        node->count > 0) {
        return cg_torch_list(t, root, "tensor");
    }
    return cg_torch_bad(&t->pickle, node, "checkpoint",
                        "a dict, a module, a tensor or a list of "
                        "numbers");
}
