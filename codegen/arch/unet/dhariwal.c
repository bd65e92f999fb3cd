/* SPDX-License-Identifier: MIT
 *
 * dhariwal.c - DhariwalUNet, the ADM network as EDM configures it [EDM],
 * [ADM]: adaptive group norm, attention in heads of 64 channels, plain skips.
 */
#include "codegen/arch/unet/layers.h"

/* Noise level and cluster to the vector that every block takes.  The label
 * joins after the second layer, without a bias. */
static void mapping(cg_builder *b)
{
    const cg_unet_config *c = b->config;
    uint32_t width = c->model_channels * c->channel_mult_emb;
    int e = cg_features_input(b, c->model_channels, false);
    cg_need_augment(b, c->model_channels);
    e = cg_silu_layer(b, cg_linear_layer(b, e, "map_layer0", width));
    e = cg_linear_layer(b, e, "map_layer1", width);
    if (c->denoiser.label_dim > 0) {
        e = cg_label_layer(b, e, false);
    }
    b->emb = cg_silu_layer(b, e);
}

static int encoder(cg_builder *b)
{
    const cg_unet_config *c = b->config;
    int x = cg_image_input(b);
    for (uint32_t level = 0; level < c->levels; level++) {
        uint32_t resolution = c->denoiser.resolution >> level;
        if (level == 0) {
            b->channels = c->model_channels * c->channel_mult[0];
            x = cg_conv_layer(b, x, cg_module(b, "enc", resolution, "conv"),
                              b->channels, 3, 1, CG_LAYOUT_CONV);
        } else {
            x = cg_unet_block(b, x, cg_module(b, "enc", resolution, "down"),
                              b->channels, CG_DOWN, false);
        }
        b->skips[b->skip_count++] = x;
        x = cg_encoder_level(b, x, level);
    }
    return x;
}

void cg_dhariwal_build(cg_builder *b)
{
    const cg_unet_config *c = b->config;
    b->style = (cg_style){.eps = 1e-5f,
                          .skip_scale = 1.0f,
                          .adaptive = true,
                          .head_channels = 64};
    mapping(b);
    int x = encoder(b);
    for (uint32_t level = c->levels; level-- > 0;) {
        x = cg_decoder_level(b, x, level, true);
    }
    x = cg_silu_layer(b, cg_norm_layer(b, x, "out_norm"));
    cg_output_add(b->graph, "image", cg_output_layer(b, x, "out_conv"));
}
