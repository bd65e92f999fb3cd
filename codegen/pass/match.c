/* SPDX-License-Identifier: MIT
 *
 * match.c - patterns, read backwards from the value that is stored:
 *   [scale] [add map | add 1x1 conv] [add vector] conv [up] [silu] [norm]
 * A node inside a pattern must have no other reader, or its value would be
 * needed twice. */
#include "codegen/pass/match.h"

static const cg_node *at(const cg_graph *g, int i)
{
    return &g->nodes[i];
}

static bool only_here(const cg_graph *g, int i)
{
    return cg_uses(g, i) == 1;
}

cg_prologue cg_match_prologue(const cg_graph *g, int x, bool with_up)
{
    cg_prologue p = {CG_NO_NODE, CEDM_ACT_NONE, false, {x, CG_NO_NODE}};
    const cg_node *node = at(g, x);
    if (with_up && node->kind == CG_RESAMPLE &&
        node->mode == CEDM_RESAMPLE_UP && g->nearest && only_here(g, x)) {
        p.up = true;
        x = node->in[0];
        node = at(g, x);
    }
    if (node->kind == CG_SILU && only_here(g, x) &&
        at(g, node->in[0])->kind == CG_GROUP_NORM) {
        p.act = CEDM_ACT_SILU;
        x = node->in[0];
        node = at(g, x);
    }
    if (node->kind == CG_GROUP_NORM && only_here(g, x)) {
        p.act = p.act == CEDM_ACT_NONE ? CEDM_ACT_AFFINE : p.act;
        p.norm = x;
        x = node->in[0];
        node = at(g, x);
    }
    p.source[0] = x;
    if (node->kind == CG_CONCAT) {
        p.source[0] = node->in[0];
        p.source[1] = node->in[1];
    }
    return p;
}

static bool is_main(const cg_graph *g, int i)
{
    cg_node_kind kind = at(g, i)->kind;
    return (kind == CG_CONV || kind == CG_ADD_VECTOR) && only_here(g, i);
}

/* A 1x1 convolution of a map that exists, as extra input channels. */
static bool is_skip(const cg_graph *g, int i, cg_match *match)
{
    const cg_node *node = at(g, i);
    if (node->kind != CG_CONV || node->kernel[0] != 1 || !only_here(g, i)) {
        return false;
    }
    cg_prologue p = cg_match_prologue(g, node->in[0], true);
    if (p.act != CEDM_ACT_NONE) {
        return false;
    }
    match->skip = i;
    match->skip_main = p;
    return true;
}

bool cg_match_conv(const cg_graph *g, int root, cg_match *match)
{
    match->root = root;
    match->vector = match->residual = match->skip = CG_NO_NODE;
    match->scale = 1.0f;
    int x = root;
    if (at(g, x)->kind == CG_SCALE && only_here(g, at(g, x)->in[0])) {
        match->scale = at(g, x)->scale;
        x = at(g, x)->in[0];
    }
    if (at(g, x)->kind == CG_ADD) {
        int main = at(g, x)->in[0];
        int other = at(g, x)->in[1];
        if (!is_main(g, main)) {
            return false;
        }
        if (!is_skip(g, other, match)) {
            match->residual = other;
        }
        x = main;
    }
    if (at(g, x)->kind == CG_ADD_VECTOR && only_here(g, at(g, x)->in[0])) {
        match->vector = at(g, x)->in[1];
        x = at(g, x)->in[0];
    }
    if (at(g, x)->kind != CG_CONV) {
        return false;
    }
    match->conv = x;
    match->main =
        cg_match_prologue(g, at(g, x)->in[0],
                          at(g, x)->kernel[0] == 3 && at(g, x)->stride == 1);
    return true;
}
