/* SPDX-License-Identifier: MIT
 *
 * torch_script.c - TorchScript archives to named tensors.
 *
 * The archive of torch.jit.save is that of torch.save, whose value is an
 * object of a class that the archive defines in code/.  The code is never
 * looked at: an object's state is a dict of its attributes, where tensors and
 * inner objects are taken by name and everything else is left alone. */
#include "codegen/read/torch.h"

/* network, layers, block, tower, convolution: 5 */
#define DEPTH_MAX 16

typedef struct walk {
    cg_torch *t;
    cg_tensor_name name;
    int depth;
} walk;

static bool walk_object(walk *w, cg_ref object);

/* An attribute: its name was entered. */
static bool walk_value(walk *w, cg_ref value)
{
    const cg_node *node = &w->t->pickle.nodes[value];
    if (cg_torch_is_tensor(node)) {
        return cg_torch_tensor(w->t, value, w->name.text);
    }
    return !cg_pickle_is_call(node, CG_CALL_SCRIPT) || walk_object(w, value);
}

static bool walk_state(walk *w, const cg_node *state)
{
    const cg_pickle *p = &w->t->pickle;
    for (uint32_t i = state->u.items.first; i != CG_NO_REF;) {
        uint32_t second = p->items[i].next;
        size_t length = w->name.length;
        if (!cg_torch_enter(w->t, &w->name, &p->nodes[p->items[i].value]) ||
            !walk_value(w, p->items[second].value)) {
            return false;
        }
        cg_torch_leave(&w->name, length);
        i = p->items[second].next;
    }
    return true;
}

/* Each object once: shared ones would make time and names grow with the
 * product of their sizes, and no network has them. */
static bool walk_object(walk *w, cg_ref object)
{
    cg_pickle *p = &w->t->pickle;
    cg_node *node = &p->nodes[object];
    cg_ref state = node->u.call.state;
    if (w->depth == DEPTH_MAX) {
        return cg_pickle_fail(p, node->offset,
                              "objects inside objects too deep; wanted at "
                              "most %d, got more; check what file this is",
                              DEPTH_MAX);
    }
    if (node->seen) {
        return cg_torch_bad(&w->t->pickle, node, "object in two places",
                            "each object once");
    }
    if (state == CG_NO_REF || p->nodes[state].kind != CG_KIND_DICT) {
        return cg_torch_bad(&w->t->pickle, node, "object",
                            "one whose state is a dict");
    }
    node->seen = true;
    w->depth++;
    bool ok = walk_state(w, &p->nodes[state]);
    w->depth--;
    return ok;
}

bool cg_torch_script(cg_torch *t, cg_ref object)
{
    walk w = {.t = t};
    return walk_object(&w, object);
}
