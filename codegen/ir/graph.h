/* SPDX-License-Identifier: MIT
 *
 * graph.h - a network as the papers draw it: one node per layer, in order of
 * evaluation.  The architecture builds it, passes turn it into a program. */
#ifndef CEDM_CODEGEN_GRAPH_H
#define CEDM_CODEGEN_GRAPH_H

#include "codegen/codegen.h"
#include "codegen/ir/memory.h"

typedef enum cg_node_kind {
    CG_INPUT,      /* of the graph: `port` */
    CG_EMBED,      /* in[0] + scale * label embedding */
    CG_LINEAR,     /* weight in[0] + bias */
    CG_SILU,       /* in[0] */
    CG_GROUP_NORM, /* in[0], groups, eps; in[1]: ADM's scale and shift */
    CG_CONV,       /* in[0], kernel, stride, pad */
    CG_RESAMPLE,   /* in[0], mode, pad, filter */
    CG_ADD_VECTOR, /* map in[0] + vector in[1] per channel */
    CG_ADD,        /* in[0] + in[1] */
    CG_SCALE,      /* in[0] * scale */
    CG_CONCAT,     /* channels of in[0], then of in[1] */
    CG_ATTENTION,  /* in[0] is q, k, v */
    CG_PREPROCESS, /* image in[0]; kernel: taps; weight, bias, normal: tables */
    CG_TOKENS,     /* patches in[0] below what comes before them, + weight */
    CG_LAYER_NORM, /* in[0], eps */
    CG_GELU,       /* in[0] */
    CG_RELU,       /* in[0] */
    CG_GATE,       /* silu of half of in[0] * the other half */
    CG_POOL,       /* in[0], mode, kernel, stride, pad */
    CG_JOIN        /* a map whose channels are the values of the nodes that
                      are `into` it, which follow it */
} cg_node_kind;

#define CG_NO_NODE (-1)

typedef struct cg_node {
    cg_node_kind kind;
    int in[2];                        /* CG_NO_NODE where unused */
    uint32_t height, width, channels; /* of the result; vectors are 1 x 1 */
    const char *module;
    uint64_t macs;
    uint32_t kernel[2], stride, pad[2];
    uint32_t mode; /* enum cedm_resample_mode, enum cedm_pool_mode */
    uint32_t groups, heads;
    uint32_t port;   /* of an input */
    uint32_t labels; /* of an embedding */
    float eps, scale;
    bool dropout;     /* of in[0], when training */
    bool fixed;       /* of a preprocess: 8 bits */
    int weight, bias; /* params, or -1; for a resample the filter */
    int normal;       /* param of a preprocess */
    int into;         /* a join, or 0; the value is its channels from */
    uint32_t first;   /* this one on */
} cg_node;

typedef struct cg_graph {
    cg_memory *memory;
    cg_node *nodes;
    int count, capacity;
    const char *input_names[CG_MAX_PORTS], *output_names[CG_MAX_PORTS];
    int outputs[CG_MAX_PORTS]; /* nodes */
    uint32_t input_count, output_count;
    cg_param *params;
    uint32_t param_count, param_capacity;
    bool denoises, encodes;
    cedm_denoiser denoiser; /* weights are params, or CEDM_NONE */
    cedm_encoder encoder;
    int augment; /* param of map_augment, which no node reads, or -1 */
    uint32_t augment_dim;
    uint64_t macs; /* of layers that no node stands for */
    uint32_t taps;
    bool nearest;    /* the filter is [1, 1]: up-sampling repeats pixels */
    bool failed;     /* out of memory; sticky */
    cg_node no_node; /* nodes[0] when there was no memory for any */
} cg_graph;

/* Appends a node like `node`, with its result's shape; its index, or that of
 * any node after a failure, so that builders need not ask each time. */
int cg_node_add(cg_graph *graph, const cg_node *node);

/* A node that reads node x alone and has no weights; its result has the shape
 * of x until the builder says otherwise.  To be appended. */
cg_node cg_node_after(const cg_graph *graph, int x, cg_node_kind kind,
                      const char *module);

/* Appends the input of a port; its node. */
int cg_input_add(cg_graph *graph, uint32_t port, const char *name,
                 const cg_node *node);

/* Makes a node's value the next output. */
void cg_output_add(cg_graph *graph, const char *name, int node);

/* Appends a tensor of the blob made of `count` parts; its index. */
int cg_param_add(cg_graph *graph, const char *name, const cg_part *parts,
                 uint32_t count);

/* Nodes that read node i; an output is read once more. */
int cg_uses(const cg_graph *graph, int i);

#endif
