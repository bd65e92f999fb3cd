/* SPDX-License-Identifier: MIT
 *
 * block.c - what both architectures share: the UNetBlock and the levels that
 * it is stacked into [EDM]. */
#include <stdio.h>

#include "codegen/arch/unet/layers.h"

const char *cg_module(cg_builder *b, const char *side, uint32_t resolution,
                      const char *leaf)
{
    const char *name = cg_format(b->graph->memory, "%s.%ux%u_%s", side,
                                 resolution, resolution, leaf);
    if (name == NULL) {
        b->graph->failed = true;
        return side;
    }
    return name;
}

uint32_t cg_filter_pad(const cg_builder *b)
{
    return (b->config->taps - 1) / 2;
}

void cg_filter_param(cg_builder *b)
{
    const cg_unet_config *c = b->config;
    float *values = cg_take(b->graph->memory, c->taps, sizeof(float));
    if (values == NULL) {
        b->graph->failed = true;
        return;
    }
    double sum = 0.0;
    for (uint32_t i = 0; i < c->taps; i++) {
        sum += c->resample_filter[i];
    }
    for (uint32_t i = 0; i < c->taps; i++) {
        values[i] = (float)(c->resample_filter[i] / sum);
    }
    cg_part part = {.values = values, .elements = c->taps};
    b->filter = cg_param_add(b->graph, "resample_filter", &part, 1);
}

static bool attends(const cg_unet_config *c, uint32_t resolution)
{
    for (uint32_t i = 0; i < c->attn_count; i++) {
        if (c->attn_resolutions[i] == resolution) {
            return true;
        }
    }
    return false;
}

static int scaled(cg_builder *b, int x)
{
    float scale = b->style.skip_scale;
    return scale == 1.0f ? x : cg_scale_layer(b, x, scale);
}

/* A resampling inside a UNetBlock's convolution. */
static int moved(cg_builder *b, int x, const char *module, enum cg_move move)
{
    return cg_resample_layer(b, x, cg_path(b, module, "resample"), move,
                             cg_filter_pad(b));
}

/* Too few channels for one head: the block does not attend. */
static uint32_t heads_of(const cg_builder *b, uint32_t channels)
{
    uint32_t per_head = b->style.head_channels;
    return per_head == 0 ? 1 : channels / per_head;
}

static int attention(cg_builder *b, int x, const char *name)
{
    uint32_t channels = b->graph->nodes[x].channels;
    uint32_t heads = heads_of(b, channels);
    int h = cg_norm_layer(b, x, cg_path(b, name, "norm2"));
    h = cg_conv_layer(b, h, cg_path(b, name, "qkv"), 3 * channels, 1, 0,
                      CG_LAYOUT_QKV);
    h = cg_attention_layer(b, h, cg_path(b, name, "attention"), heads);
    h = cg_conv_layer(b, h, cg_path(b, name, "proj"), channels, 1, 0,
                      CG_LAYOUT_PLAIN);
    return scaled(b, cg_add_layer(b, h, x, CG_ADD));
}

/* norm1 with the block's vector: added before, or scale and shift after. */
static int conditioned(cg_builder *b, int h, const char *name, uint32_t out)
{
    const char *affine = cg_path(b, name, "affine");
    const char *norm1 = cg_path(b, name, "norm1");
    if (b->style.adaptive) {
        int vector = cg_linear_layer(b, b->emb, affine, 2 * out);
        h = cg_norm_layer(b, h, norm1);
        b->graph->nodes[h].in[1] = vector;
    } else {
        int vector = cg_linear_layer(b, b->emb, affine, out);
        h = cg_add_layer(b, h, vector, CG_ADD_VECTOR);
        h = cg_norm_layer(b, h, norm1);
    }
    return cg_silu_layer(b, h);
}

int cg_unet_block(cg_builder *b, int x, const char *name, uint32_t out,
                  enum cg_move move, bool with_attention)
{
    uint32_t in = b->graph->nodes[x].channels;
    const char *conv0 = cg_path(b, name, "conv0");
    const char *skip = cg_path(b, name, "skip");

    int h = cg_norm_layer(b, x, cg_path(b, name, "norm0"));
    h = cg_silu_layer(b, h);
    if (move != CG_STAY) {
        h = moved(b, h, conv0, move);
    }
    h = cg_conv_layer(b, h, conv0, out, 3, 1, CG_LAYOUT_CONV);
    if (move != CG_STAY) {
        cg_need_filter(b, conv0);
    }
    h = conditioned(b, h, name, out);
    h = cg_conv_layer(b, h, cg_path(b, name, "conv1"), out, 3, 1,
                      CG_LAYOUT_CONV);
    b->graph->nodes[h].dropout = true;
    int residual = x;
    if (move != CG_STAY) {
        residual = moved(b, residual, skip, move);
    }
    if (in != out || (move != CG_STAY && b->style.project)) {
        residual =
            cg_conv_layer(b, residual, skip, out, 1, 0, CG_LAYOUT_PLAIN);
    }
    if (move != CG_STAY) {
        cg_need_filter(b, skip);
    }
    h = scaled(b, cg_add_layer(b, h, residual, CG_ADD));
    bool attend = with_attention && heads_of(b, out) > 0;
    return attend ? attention(b, h, name) : h;
}

int cg_encoder_level(cg_builder *b, int x, uint32_t level)
{
    const cg_unet_config *c = b->config;
    uint32_t resolution = c->denoiser.resolution >> level;
    b->channels = c->model_channels * c->channel_mult[level];
    for (uint32_t i = 0; i < c->num_blocks; i++) {
        char leaf[24];
        (void)snprintf(leaf, sizeof leaf, "block%u", i);
        x = cg_unet_block(b, x, cg_module(b, "enc", resolution, leaf),
                          b->channels, CG_STAY, attends(c, resolution));
        b->skips[b->skip_count++] = x;
    }
    return x;
}

int cg_decoder_level(cg_builder *b, int x, uint32_t level, bool attend_all)
{
    const cg_unet_config *c = b->config;
    uint32_t resolution = c->denoiser.resolution >> level;
    if (level == c->levels - 1) {
        x = cg_unet_block(b, x, cg_module(b, "dec", resolution, "in0"),
                          b->channels, CG_STAY, true);
        x = cg_unet_block(b, x, cg_module(b, "dec", resolution, "in1"),
                          b->channels, CG_STAY, false);
    } else {
        x = cg_unet_block(b, x, cg_module(b, "dec", resolution, "up"),
                          b->channels, CG_UP, false);
    }
    b->channels = c->model_channels * c->channel_mult[level];
    for (uint32_t i = 0; i <= c->num_blocks; i++) {
        char leaf[24];
        bool attend =
            attends(c, resolution) && (attend_all || i == c->num_blocks);
        (void)snprintf(leaf, sizeof leaf, "block%u", i);
        x = cg_add_layer(b, x, b->skips[--b->skip_count], CG_CONCAT);
        x = cg_unet_block(b, x, cg_module(b, "dec", resolution, leaf),
                          b->channels, CG_STAY, attend);
    }
    return x;
}
