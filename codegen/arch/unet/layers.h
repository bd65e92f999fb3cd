/* SPDX-License-Identifier: MIT
 *
 * layers.h - the layers that EDM networks are made of: each asks the
 * checkpoint for its tensors and appends its nodes. */
#ifndef CEDM_CODEGEN_ARCH_UNET_LAYERS_H
#define CEDM_CODEGEN_ARCH_UNET_LAYERS_H

#include "codegen/arch/arch.h"
#include "codegen/arch/unet/config.h"

/* What distinguishes the blocks of the two architectures. */
typedef struct cg_style {
    float eps;              /* of the norms */
    float skip_scale;       /* of a block's sum */
    bool adaptive;          /* the vector scales and shifts norm1 */
    bool project;           /* a resampled skip has a 1x1 convolution */
    uint32_t head_channels; /* of attention; 0: one head */
} cg_style;

/* (num_blocks + 1) entries a level */
#define CG_MAX_SKIPS (CG_UNET_LEVELS * 33)

typedef struct cg_builder {
    const cg_unet_config *config;
    cg_state *state;
    cg_graph *graph;
    cg_style style;
    int filter; /* param: the normalised taps, shared by all resamples */
    int emb;    /* the vector that every block takes */
    int skips[CG_MAX_SKIPS];
    int skip_count;
    uint32_t channels; /* of the map that is being worked on */
} cg_builder;

enum cg_move { CG_STAY, CG_DOWN, CG_UP };

/* The inputs of a network: the image, and features of the noise level, of
 * which `song` says which of two ways they are made in. */
int cg_image_input(cg_builder *b);
int cg_features_input(cg_builder *b, uint32_t channels, bool song);

/* Asks for map_augment, which only training reads. */
void cg_need_augment(cg_builder *b, uint32_t channels);

/* Each returns the node of its result; module is the checkpoint's path. */
int cg_linear_layer(cg_builder *b, int x, const char *module, uint32_t out);
int cg_silu_layer(cg_builder *b, int x);
int cg_norm_layer(cg_builder *b, int x, const char *module);
int cg_conv_layer(cg_builder *b, int x, const char *module, uint32_t out,
                  uint32_t kernel, uint32_t pad, cg_layout layout);
/* The label's embedding added to vector x: SongUNet scales it by
 * sqrt(label_dim) and has a bias, DhariwalUNet neither. */
int cg_label_layer(cg_builder *b, int x, bool song);
/* The last convolution: image channels, whatever else the checkpoint's has
 * (iDDPM networks also predict a variance, which EDM ignores). */
int cg_output_layer(cg_builder *b, int x, const char *module);
int cg_resample_layer(cg_builder *b, int x, const char *module,
                      enum cg_move move, uint32_t pad);
int cg_attention_layer(cg_builder *b, int qkv, const char *module,
                       uint32_t heads);
int cg_add_layer(cg_builder *b, int x, int y, cg_node_kind kind);
int cg_scale_layer(cg_builder *b, int x, float scale);

/* Checks `module`.resample_filter against the configuration. */
void cg_need_filter(cg_builder *b, const char *module);

/* A module path in the program's memory. */
const char *cg_path(cg_builder *b, const char *parent, const char *child);

/* `side`.`resolution`x`resolution`_`leaf`. */
const char *cg_module(cg_builder *b, const char *side, uint32_t resolution,
                      const char *leaf);

/* The pad of a resample inside a convolution: (taps - 1) / 2. */
uint32_t cg_filter_pad(const cg_builder *b);

/* Adds the param of the normalised taps; before any resample. */
void cg_filter_param(cg_builder *b);

/* UNetBlock [EDM]: two convolutions, a residual, maybe attention. */
int cg_unet_block(cg_builder *b, int x, const char *name, uint32_t out,
                  enum cg_move move, bool with_attention);

/* Blocks 0 .. num_blocks-1 of an encoder level, each kept as a skip. */
int cg_encoder_level(cg_builder *b, int x, uint32_t level);

/* A decoder level: in0 and in1, or up; then blocks on x with the skips.
 * attend_all: every block attends at a resolution of the list, else the
 * last. */
int cg_decoder_level(cg_builder *b, int x, uint32_t level, bool attend_all);

/* The two architectures; the builder is ready but for its style. */
void cg_song_build(cg_builder *builder);
void cg_dhariwal_build(cg_builder *builder);

#endif
