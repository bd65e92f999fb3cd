/* SPDX-License-Identifier: MIT
 *
 * lower.h - what the files that turn nodes into ops share: a program that
 * grows, and which tensor each node's value is. */
#ifndef CEDM_CODEGEN_LOWER_H
#define CEDM_CODEGEN_LOWER_H

#include "codegen/ir/graph.h"

typedef struct cg_fusion {
    cg_graph *g;
    cg_program *p;
    cg_memory *memory;
    bool *inside;  /* node is part of another node's op */
    int *tensor;   /* of each node, or -1 */
    int *stats;    /* tensor of each node's statistics, or -1 */
    bool *counted; /* node's statistics are read by a norm */
    uint32_t *row; /* of each affine layer: where its vector begins */
    int affine;    /* tensor of all affine vectors, or -1 */
    uint32_t affine_width;
    bool failed;
} cg_fusion;

static inline const cg_node *cg_node_at(const cg_fusion *f, int i)
{
    return &f->g->nodes[i];
}

/* Appends a tensor; its index. */
int cg_tensor_add(cg_fusion *f, const char *name, uint32_t height,
                  uint32_t width, uint32_t channels, bool f32);

/* The tensor of a node's value, which is new. */
int cg_value_add(cg_fusion *f, int i);

/* The tensor of a node that has a value, CEDM_NONE for CG_NO_NODE. */
cedm_ref cg_value_of(cg_fusion *f, int i);

/* Appends an op; its descriptor is zero. */
cg_op *cg_op_add(cg_fusion *f, cg_op_kind kind, const char *module,
                 uint64_t macs);

/* Channels of the map that a node's value is a part of, 0 if of none. */
uint32_t cg_stride_of(const cg_fusion *f, const cg_node *node);

/* Lowers a node that is no part of a pattern: one op, or only a tensor. */
void cg_lower_plain(cg_fusion *f, int i);

#endif
