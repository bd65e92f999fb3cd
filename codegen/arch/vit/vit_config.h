/* SPDX-License-Identifier: MIT
 *
 * vit_config.h - what a vision transformer is, read from the JSON that
 * describes it: a checkpoint has none, so infer.c writes it from the tensors'
 * shapes. */
#ifndef CEDM_CODEGEN_ARCH_VIT_CONFIG_H
#define CEDM_CODEGEN_ARCH_VIT_CONFIG_H

#include "codegen/arch/encoder/preprocess.h"

/* Whose names the tensors have. */
enum cg_vit_names {
    CG_VIT_OFFICIAL, /* DINO, DINOv2, timm */
    CG_VIT_HF_VIT,   /* transformers, ViTModel */
    CG_VIT_HF_DINOV2 /* transformers, Dinov2Model */
};

enum cg_vit_positions {
#define CG_VIT_POSITIONS_ENUM(name, word) CG_VIT_POSITIONS_##name,
    CG_POSITIONS_LIST(CG_VIT_POSITIONS_ENUM)
#undef CG_VIT_POSITIONS_ENUM
};

#define CG_VIT_PREFIX_BYTES 64

typedef struct cg_vit_config {
    char prefix[CG_VIT_PREFIX_BYTES]; /* of all names */
    enum cg_vit_names names;
    bool chunked; /* blocks.CHUNK.N instead of blocks.N */
    bool fc_gate; /* SwiGLU's layers are called fc1 and fc2 (timm) */
    uint32_t width, depth, heads, patch;
    uint32_t grid;  /* side of the stored table of positions */
    bool class_row; /* the table has a row for the class token */
    uint32_t registers;
    bool layer_scale, gated;
    uint32_t hidden; /* of the feed-forward layer; of one half if gated */
    double eps;
    enum cg_vit_positions positions;
    cg_preprocess preprocess;
} cg_vit_config;

/* Parses and checks a description. */
bool cg_vit_config_parse(cg_vit_config *config, const cg_reader *r);

/* The description of a file that holds a vision transformer, in the memory of
 * `memory`.  NULL if it holds none, without an error; NULL with *failed if it
 * holds one that cannot be used. */
const char *cg_vit_infer(const cg_file *file, const cg_encoder_choice *choice,
                         cg_memory *memory, bool *failed, cg_error *error);

#endif
