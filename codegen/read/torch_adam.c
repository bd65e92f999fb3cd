/* SPDX-License-Identifier: MIT
 *
 * torch_adam.c - what a training state of EDM [EDM] has beside its network:
 * Adam's moments of every parameter, which it knows by number in the order of
 * the modules, and how many updates there were. */
#include <stdio.h>
#include <string.h>

#include "codegen/read/torch.h"

bool cg_torch_note_parameter(cg_torch *t)
{
    const cg_file *file = &t->opened->file;
    if (!t->opened->moments) {
        return true;
    }
    if (t->parameters == NULL) {
        t->parameters = cg_keep(
            t->opened, CG_ARRAYS_MAX * sizeof *t->parameters, t->error);
    }
    if (t->parameters == NULL) {
        return false;
    }
    t->parameters[t->parameter_count++] =
        file->arrays[file->array_count - 1].name;
    return true;
}

/* The dict under a key, or NULL. */
static const cg_node *dict_of(const cg_torch *t, const cg_node *dict,
                              const char *key)
{
    cg_ref ref = cg_pickle_find(&t->pickle, dict, key);
    return ref != CG_NO_REF && t->pickle.nodes[ref].kind == CG_KIND_DICT
               ? &t->pickle.nodes[ref]
               : NULL;
}

static bool read_moment(cg_torch *t, const cg_node *entry, const char *moment,
                        const char *parameter)
{
    char name[CG_NAME_MAX_BYTES + 16];
    cg_ref ref = cg_pickle_find(&t->pickle, entry, moment);
    if (ref == CG_NO_REF || !cg_torch_is_tensor(&t->pickle.nodes[ref])) {
        return cg_torch_bad(&t->pickle, entry, "moments of Adam",
                            "the tensors exp_avg and exp_avg_sq");
    }
    (void)snprintf(name, sizeof name, "%s.%s", moment, parameter);
    return cg_torch_tensor(t, ref, name);
}

/* A number, or since PyTorch 1.12 a tensor. */
static bool read_updates(cg_torch *t, const cg_node *entry)
{
    const cg_pickle *p = &t->pickle;
    cg_ref ref = cg_pickle_find(p, entry, "step");
    unsigned char *bytes = cg_keep(t->opened, 8, t->error);
    const cg_array array = {.name = CG_ADAM_UPDATES,
                            .dtype = CG_F64,
                            .elements = 1,
                            .data = bytes};
    double step;
    if (bytes == NULL) {
        return false;
    }
    if (ref != CG_NO_REF && cg_torch_is_tensor(&p->nodes[ref])) {
        return cg_torch_tensor(t, ref, CG_ADAM_UPDATES);
    }
    if (ref == CG_NO_REF || !cg_torch_number(p, &p->nodes[ref], &step)) {
        return cg_torch_bad(p, entry, "moments of Adam", "a step");
    }
    cg_torch_store(bytes, step);
    return cg_torch_add(t, &array);
}

bool cg_torch_adam(cg_torch *t, const cg_node *root)
{
    const cg_pickle *p = &t->pickle;
    const cg_node *optimizer = dict_of(t, root, "optimizer_state");
    const cg_node *state =
        optimizer != NULL ? dict_of(t, optimizer, "state") : NULL;
    bool first = true;
    for (uint32_t i = state != NULL ? state->u.items.first : CG_NO_REF;
         i != CG_NO_REF;) {
        uint32_t second = p->items[i].next;
        const cg_node *key = &p->nodes[p->items[i].value];
        const cg_node *entry = &p->nodes[p->items[second].value];
        if (key->kind != CG_KIND_INTEGER || key->u.integer < 0 ||
            key->u.integer >= (int64_t)t->parameter_count ||
            entry->kind != CG_KIND_DICT) {
            return cg_torch_bad(p, key, "moments of Adam",
                                "a dict for the number of a parameter");
        }
        const char *parameter = t->parameters[key->u.integer];
        if ((first && !read_updates(t, entry)) ||
            !read_moment(t, entry, "exp_avg", parameter) ||
            !read_moment(t, entry, "exp_avg_sq", parameter)) {
            return false;
        }
        first = false;
        i = p->items[second].next;
    }
    return true;
}
