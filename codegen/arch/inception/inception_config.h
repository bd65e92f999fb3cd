/* SPDX-License-Identifier: MIT
 *
 * inception_config.h - what little a description says of an Inception network:
 * whose names its tensors have, and how images come to its input. */
#ifndef CEDM_CODEGEN_INCEPTION_CONFIG_H
#define CEDM_CODEGEN_INCEPTION_CONFIG_H

#include "codegen/arch/encoder/preprocess.h"

/* The network sees images of this height and width. */
#define CG_INCEPTION_SIDE 299u

/* Whose names the tensors have. */
enum cg_inception_names {
    CG_INCEPTION_TORCHVISION, /* pytorch-fid, torch-fidelity [PTFID] */
    CG_INCEPTION_NVIDIA       /* StyleGAN, EDM, clean-fid; without gamma */
};

typedef struct cg_inception_config {
    enum cg_inception_names names;
    cg_preprocess preprocess;
} cg_inception_config;

/* Parses and checks a description. */
bool cg_inception_config_parse(cg_inception_config *config,
                               const cg_reader *r);

/* The description of a file that holds this network; see cg_arch. */
const char *cg_inception_infer(const cg_file *file,
                               const cg_encoder_choice *choice,
                               cg_memory *memory, bool *failed,
                               cg_error *error);

#endif
