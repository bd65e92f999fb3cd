/* SPDX-License-Identifier: MIT
 *
 * torch_module.c - modules to named tensors.
 *
 * A module's state is its __dict__; parameters, buffers and inner modules
 * are looked up by key, so that it does not matter which version of PyTorch
 * wrote the rest.  Names are those of state_dict(). */
#include "codegen/read/torch.h"

/* network, model, enc, block, conv: 5 */
#define DEPTH_MAX 16

typedef struct walk {
    cg_torch *t;
    cg_tensor_name name;
    int depth;
} walk;

/* ---- objects ----------------------------------------------------------- */

/* The dictionary that _reconstruct_persistent_obj is called with.  The
 * source text of the class in it is never looked at. */
static bool read_persistent(cg_torch *t, const cg_node *module,
                            const cg_node **state, const cg_node **class_name)
{
    const cg_pickle *p = &t->pickle;
    cg_ref meta = CG_NO_REF;
    if (!cg_pickle_tuple(p, module->u.call.arguments, 1, &meta) ||
        p->nodes[meta].kind != CG_KIND_DICT) {
        return cg_torch_bad(&t->pickle, module, "persistent object",
                            "a dict");
    }
    const cg_node *dict = &p->nodes[meta];
    cg_ref type = cg_pickle_find(p, dict, "type");
    cg_ref version = cg_pickle_find(p, dict, "version");
    cg_ref class_ref = cg_pickle_find(p, dict, "class_name");
    cg_ref state_ref = cg_pickle_find(p, dict, "state");
    if (type == CG_NO_REF || !cg_pickle_is_text(&p->nodes[type], "class")) {
        return cg_torch_bad(&t->pickle, dict, "persistent object",
                            "one of type 'class'");
    }
    if (version == CG_NO_REF || p->nodes[version].kind != CG_KIND_INTEGER ||
        p->nodes[version].u.integer != 6) {
        return cg_torch_bad(&t->pickle, dict, "persistent object",
                            "one of version 6");
    }
    if (class_ref == CG_NO_REF || state_ref == CG_NO_REF ||
        p->nodes[class_ref].kind != CG_KIND_TEXT) {
        return cg_torch_bad(&t->pickle, dict, "persistent object",
                            "class_name and state");
    }
    *class_name = &p->nodes[class_ref];
    *state = &p->nodes[state_ref];
    return true;
}

bool cg_torch_module(cg_torch *t, cg_ref module, const cg_node **state,
                     const cg_node **class_name)
{
    const cg_pickle *p = &t->pickle;
    const cg_node *node = &p->nodes[module];
    *class_name = NULL;
    if (cg_pickle_is_call(node, CG_CALL_PERSISTENT_OBJECT)) {
        if (!read_persistent(t, node, state, class_name)) {
            return false;
        }
    } else if (cg_pickle_is_call(node, CG_CALL_MODULE_DICT) &&
               node->u.call.state != CG_NO_REF) {
        *state = &p->nodes[node->u.call.state];
    } else {
        return cg_torch_bad(&t->pickle, node, "module",
                            "a persistent object or ModuleDict");
    }
    return (*state)->kind == CG_KIND_DICT ||
           cg_torch_bad(&t->pickle, *state, "state of a module", "a dict");
}

/* ---- walking ----------------------------------------------------------- */

/* Each dict is walked once: shared ones would make time and names grow with
 * the product of their sizes, and no network has them. */
static bool see(walk *w, cg_ref ref)
{
    cg_node *node = &w->t->pickle.nodes[ref];
    if (node->kind != CG_KIND_DICT) {
        return cg_torch_bad(&w->t->pickle, node, "part of a module",
                            "a dict");
    }
    if (node->seen) {
        return cg_torch_bad(&w->t->pickle, node, "module in two places",
                            "each module once");
    }
    node->seen = true;
    return true;
}

static bool walk_tensors(walk *w, cg_ref dict, bool parameters)
{
    const cg_pickle *p = &w->t->pickle;
    if (!see(w, dict)) {
        return false;
    }
    for (uint32_t i = p->nodes[dict].u.items.first; i != CG_NO_REF;) {
        uint32_t value = p->items[i].next;
        cg_ref tensor = p->items[value].value;
        size_t length = w->name.length;
        if (p->nodes[tensor].kind != CG_KIND_NONE) {
            if (!cg_torch_enter(w->t, &w->name,
                                &p->nodes[p->items[i].value]) ||
                !cg_torch_tensor(w->t, tensor, w->name.text) ||
                (parameters && !cg_torch_note_parameter(w->t))) {
                return false;
            }
            cg_torch_leave(&w->name, length);
        }
        i = p->items[value].next;
    }
    return true;
}

static bool walk_module(walk *w, cg_ref module);

static bool walk_modules(walk *w, cg_ref dict)
{
    const cg_pickle *p = &w->t->pickle;
    if (!see(w, dict)) {
        return false;
    }
    for (uint32_t i = p->nodes[dict].u.items.first; i != CG_NO_REF;) {
        uint32_t value = p->items[i].next;
        cg_ref module = p->items[value].value;
        size_t length = w->name.length;
        if (p->nodes[module].kind != CG_KIND_NONE) {
            if (!cg_torch_enter(w->t, &w->name,
                                &p->nodes[p->items[i].value]) ||
                !walk_module(w, module)) {
                return false;
            }
            cg_torch_leave(&w->name, length);
        }
        i = p->items[value].next;
    }
    return true;
}

static bool walk_module(walk *w, cg_ref module)
{
    const cg_pickle *p = &w->t->pickle;
    const cg_node *state = NULL, *class_name = NULL;
    if (w->depth == DEPTH_MAX) {
        return cg_pickle_fail(p, p->nodes[module].offset,
                              "modules inside "
                              "modules too deep; wanted at most %d, got "
                              "more; check what file this is",
                              DEPTH_MAX);
    }
    if (!cg_torch_module(w->t, module, &state, &class_name) ||
        !see(w, (cg_ref)(state - p->nodes))) {
        return false;
    }
    cg_ref parameters = cg_pickle_find(p, state, "_parameters");
    cg_ref buffers = cg_pickle_find(p, state, "_buffers");
    cg_ref modules = cg_pickle_find(p, state, "_modules");
    if (parameters == CG_NO_REF || buffers == CG_NO_REF ||
        modules == CG_NO_REF) {
        return cg_torch_bad(&w->t->pickle, state, "state of a module",
                            "_parameters, _buffers and _modules");
    }
    w->depth++;
    bool ok = walk_tensors(w, parameters, true) &&
              walk_tensors(w, buffers, false) && walk_modules(w, modules);
    w->depth--;
    return ok;
}

bool cg_torch_walk(cg_torch *t, cg_ref module)
{
    walk w = {.t = t};
    return walk_module(&w, module);
}
