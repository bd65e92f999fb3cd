/* SPDX-License-Identifier: MIT
 *
 * match.h - which nodes become one op. */
#ifndef CEDM_CODEGEN_MATCH_H
#define CEDM_CODEGEN_MATCH_H

#include "codegen/ir/graph.h"

/* What is done to a map before an op reads it. */
typedef struct cg_prologue {
    int norm;      /* GROUP_NORM node, or CG_NO_NODE */
    uint32_t act;  /* enum cedm_act */
    bool up;       /* repeated pixels */
    int source[2]; /* maps that exist; the second CG_NO_NODE if absent */
} cg_prologue;

/* A convolution with everything around it (see cedm_conv). */
typedef struct cg_match {
    int root; /* the node whose value the op stores */
    int conv;
    cg_prologue main;
    int vector;   /* node of the added vector, or CG_NO_NODE */
    int residual; /* node of the added map, or CG_NO_NODE */
    int skip;     /* 1x1 convolution, or CG_NO_NODE */
    cg_prologue skip_main;
    float scale;
} cg_match;

/* The prologue of the op that reads node x.  with_up: the reader can enlarge
 * by repetition itself. */
cg_prologue cg_match_prologue(const cg_graph *graph, int x, bool with_up);

/* Matches the convolution that ends in `root`; false if there is none. */
bool cg_match_conv(const cg_graph *graph, int root, cg_match *match);

#endif
