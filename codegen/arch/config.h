/* SPDX-License-Identifier: MIT
 *
 * config.h - the constructor arguments of a network and its preconditioning,
 * read from the JSON that a checkpoint carries. */
#ifndef CEDM_CODEGEN_CONFIG_H
#define CEDM_CODEGEN_CONFIG_H

#include "codegen/codegen.h"

#define CG_MAX_LEVELS 8
#define CG_MAX_ATTENTION 8

enum cg_encoder { CG_ENCODER_STANDARD, CG_ENCODER_SKIP, CG_ENCODER_RESIDUAL };
enum cg_decoder { CG_DECODER_STANDARD, CG_DECODER_SKIP };

/* Names are those of the reference's constructors (FACTS: [EDM]). */
typedef struct cg_config {
    uint32_t img_resolution, img_channels, label_dim, augment_dim;
    uint32_t model_channels;
    uint32_t channel_mult[CG_MAX_LEVELS], levels;
    uint32_t channel_mult_emb, channel_mult_noise;
    uint32_t num_blocks;
    uint32_t attn_resolutions[CG_MAX_ATTENTION], attn_count;
    bool dhariwal; /* DhariwalUNet; else SongUNet */
    bool fourier;
    enum cg_encoder encoder;
    enum cg_decoder decoder;
    uint32_t taps;
    double resample_filter[CEDM_MAX_TAPS]; /* as given, not normalised */
    uint32_t precond;                      /* enum cedm_precond */
    double sigma_data, sigma_min, sigma_max;
    double beta_d, beta_min;
    uint32_t noise_steps;
} cg_config;

/* Parses and checks a configuration.  Unknown keys are refused: they could
 * mean another network.  Messages begin with `path`. */
bool cg_config_parse(cg_config *config, const char *path, const char *json,
                     cg_error *error);

#endif
