/* SPDX-License-Identifier: MIT
 *
 * config.h - the constructor arguments of EDM's U-Nets and of their
 * preconditioning, read from the JSON that a checkpoint carries. */
#ifndef CEDM_CODEGEN_ARCH_UNET_CONFIG_H
#define CEDM_CODEGEN_ARCH_UNET_CONFIG_H

#include "codegen/arch/reader.h"

#define CG_UNET_LEVELS 8
#define CG_UNET_ATTENTION 8

enum cg_unet_encoder {
    CG_ENCODER_STANDARD,
    CG_ENCODER_SKIP,
    CG_ENCODER_RESIDUAL
};
enum cg_unet_decoder { CG_DECODER_STANDARD, CG_DECODER_SKIP };

/* What tells the constructors of networks apart. */
typedef struct cg_unet_constructor {
    const char *const *keys; /* beside those of all; ends with NULL */
    uint32_t model_channels, num_blocks; /* by default */
} cg_unet_constructor;

/* Names are those of the reference's constructors [EDM]. */
typedef struct cg_unet_config {
    cedm_denoiser denoiser; /* but for features and noise levels */
    uint32_t augment_dim;
    uint32_t model_channels;
    uint32_t channel_mult[CG_UNET_LEVELS], levels;
    uint32_t channel_mult_emb, channel_mult_noise;
    uint32_t num_blocks;
    uint32_t attn_resolutions[CG_UNET_ATTENTION], attn_count;
    bool fourier;
    enum cg_unet_encoder encoder;
    enum cg_unet_decoder decoder;
    uint32_t taps;
    double resample_filter[CEDM_MAX_TAPS]; /* as given, not normalised */
} cg_unet_config;

/* Parses and checks what that constructor is given. */
bool cg_unet_config_parse(cg_unet_config *config, const cg_reader *r,
                          const cg_unet_constructor *constructor);

#endif
