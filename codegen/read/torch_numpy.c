/* SPDX-License-Identifier: MIT
 *
 * torch_numpy.c - arrays of numpy in a pickle. */
#include "codegen/read/array.h"
#include "codegen/read/torch.h"

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
