/* SPDX-License-Identifier: MIT
 *
 * layers.h - the layers that EDM networks are made of: each asks the
 * checkpoint for its tensors and appends its nodes. */
#ifndef CEDM_CODEGEN_LAYERS_H
#define CEDM_CODEGEN_LAYERS_H

#include "arch/arch.h"

typedef struct cg_builder {
    const cg_config *config;
    cg_state *state;
    cg_graph *graph;
    int filter; /* param: the normalised taps, shared by all resamples */
} cg_builder;

enum cg_move { CG_STAY, CG_DOWN, CG_UP };

/* Each returns the node of its result; module is the checkpoint's path. */
int cg_linear_layer(cg_builder *b, int x, const char *module, uint32_t out);
int cg_silu_layer(cg_builder *b, int x);
int cg_norm_layer(cg_builder *b, int x, const char *module, float eps);
int cg_conv_layer(cg_builder *b, int x, const char *module, uint32_t out,
                  uint32_t kernel, uint32_t pad, cg_layout layout);
int cg_resample_layer(cg_builder *b, int x, const char *module,
                      enum cg_move move, uint32_t pad);
int cg_attention_layer(cg_builder *b, int qkv, const char *module);
int cg_add_layer(cg_builder *b, int x, int y, cg_node_kind kind);
int cg_scale_layer(cg_builder *b, int x, float scale);

/* Checks `module`.resample_filter against the configuration. */
void cg_need_filter(cg_builder *b, const char *module);

/* A module path in the program's memory. */
const char *cg_path(cg_builder *b, const char *parent, const char *child);

#endif
