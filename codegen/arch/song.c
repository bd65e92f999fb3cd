/* SPDX-License-Identifier: MIT
 *
 * song.c - SongUNet: DDPM++ and NCSN++ as EDM configures them [EDM], [SONG].
 *
 * Module names are the checkpoint's.  The order of requests is the order of
 * the reference's modules. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "arch/layers.h"
#include "error.h"

#define NORM_EPS 1e-6f
#define SQRT_HALF 0.70710678118654752f
/* (num_blocks + 1) entries a level */
#define MAX_SKIPS (CG_MAX_LEVELS * 33)

typedef struct song {
    cg_builder b;
    int emb; /* silu(map_layer1) */
    int skips[MAX_SKIPS];
    int skip_count;
    int x, aux;
    uint32_t channels;     /* of x */
    uint32_t aux_channels; /* of the image pyramid on the way down */
} song;

static bool attends(const cg_config *c, uint32_t resolution)
{
    for (uint32_t i = 0; i < c->attn_count; i++) {
        if (c->attn_resolutions[i] == resolution) {
            return true;
        }
    }
    return false;
}

static const char *module_name(song *s, const char *side, uint32_t resolution,
                               const char *leaf)
{
    const char *name = cg_format(s->b.graph->memory, "%s.%ux%u_%s", side,
                                 resolution, resolution, leaf);
    if (name == NULL) {
        s->b.graph->failed = true;
        return side;
    }
    return name;
}

static uint32_t filter_pad(const song *s)
{
    return (s->b.config->taps - 1) / 2;
}

/* A resampling inside a UNetBlock's convolution. */
static int moved(song *s, int x, const char *module, enum cg_move move)
{
    return cg_resample_layer(&s->b, x, cg_path(&s->b, module, "resample"),
                             move, filter_pad(s));
}

static int attention(song *s, int x, const char *name)
{
    cg_builder *b = &s->b;
    uint32_t channels = b->graph->nodes[x].channels;
    int h = cg_norm_layer(b, x, cg_path(b, name, "norm2"), NORM_EPS);
    h = cg_conv_layer(b, h, cg_path(b, name, "qkv"), 3 * channels, 1, 0,
                      CG_LAYOUT_QKV);
    h = cg_attention_layer(b, h, cg_path(b, name, "attention"));
    h = cg_conv_layer(b, h, cg_path(b, name, "proj"), channels, 1, 0,
                      CG_LAYOUT_PLAIN);
    h = cg_add_layer(b, h, x, CG_ADD);
    return cg_scale_layer(b, h, SQRT_HALF);
}

/* UNetBlock, FACTS 1.1: two convolutions, a residual, maybe attention. */
static int block(song *s, int x, const char *name, uint32_t out,
                 enum cg_move move, bool with_attention)
{
    cg_builder *b = &s->b;
    uint32_t in = b->graph->nodes[x].channels;
    const char *conv0 = cg_path(b, name, "conv0");
    const char *skip = cg_path(b, name, "skip");

    int h = cg_norm_layer(b, x, cg_path(b, name, "norm0"), NORM_EPS);
    h = cg_silu_layer(b, h);
    if (move != CG_STAY) {
        h = moved(s, h, conv0, move);
    }
    h = cg_conv_layer(b, h, conv0, out, 3, 1, CG_LAYOUT_CONV);
    if (move != CG_STAY) {
        cg_need_filter(b, conv0);
    }
    int vector = cg_linear_layer(b, s->emb, cg_path(b, name, "affine"), out);
    h = cg_add_layer(b, h, vector, CG_ADD_VECTOR);
    h = cg_norm_layer(b, h, cg_path(b, name, "norm1"), NORM_EPS);
    h = cg_silu_layer(b, h);
    h = cg_conv_layer(b, h, cg_path(b, name, "conv1"), out, 3, 1,
                      CG_LAYOUT_CONV);
    int residual = x;
    if (move != CG_STAY) {
        residual = moved(s, residual, skip, move);
    }
    if (move != CG_STAY || in != out) {
        residual = cg_conv_layer(b, residual, skip, out, 1, 0,
                                 CG_LAYOUT_PLAIN);
    }
    if (move != CG_STAY) {
        cg_need_filter(b, skip);
    }
    h = cg_scale_layer(b, cg_add_layer(b, h, residual, CG_ADD), SQRT_HALF);
    return with_attention ? attention(s, h, name) : h;
}

static void push(song *s)
{
    s->skips[s->skip_count++] = s->x;
}

/* What the skip and residual encoders add after a level's `down`. */
static void encoder_aux(song *s, uint32_t resolution)
{
    cg_builder *b = &s->b;
    if (b->config->encoder == CG_ENCODER_SKIP) {
        const char *down = module_name(s, "enc", resolution, "aux_down");
        cg_need_filter(b, down);
        s->aux = cg_resample_layer(b, s->aux, down, CG_DOWN, filter_pad(s));
        int h = cg_conv_layer(b, s->aux,
                              module_name(s, "enc", resolution, "aux_skip"),
                              s->channels, 1, 0, CG_LAYOUT_PLAIN);
        s->x = cg_add_layer(b, h, s->x, CG_ADD);
    } else if (b->config->encoder == CG_ENCODER_RESIDUAL) {
        /* Fused: the convolution at full size first, then the filter. */
        const char *name =
            module_name(s, "enc", resolution, "aux_residual");
        int h = cg_conv_layer(b, s->aux, name, s->channels, 3,
                              1 + filter_pad(s), CG_LAYOUT_CONV);
        cg_need_filter(b, name);
        h = cg_resample_layer(b, h, cg_path(b, name, "resample"), CG_DOWN,
                              0);
        h = cg_add_layer(b, h, s->x, CG_ADD);
        s->x = s->aux = cg_scale_layer(b, h, SQRT_HALF);
    } else {
        return;
    }
    s->skips[s->skip_count - 1] = s->x;
}

static void encoder(song *s, int image)
{
    const cg_config *c = s->b.config;
    s->aux = image;
    for (uint32_t level = 0; level < c->levels; level++) {
        uint32_t resolution = c->img_resolution >> level;
        if (level == 0) {
            s->channels = c->model_channels;
            s->x = cg_conv_layer(&s->b, image,
                                 module_name(s, "enc", resolution, "conv"),
                                 s->channels, 3, 1, CG_LAYOUT_CONV);
            push(s);
        } else {
            s->x = block(s, s->x, module_name(s, "enc", resolution, "down"),
                         s->channels, CG_DOWN, false);
            push(s);
            encoder_aux(s, resolution);
        }
        s->channels = c->model_channels * c->channel_mult[level];
        for (uint32_t i = 0; i < c->num_blocks; i++) {
            char leaf[24];
            (void)snprintf(leaf, sizeof leaf, "block%u", i);
            s->x = block(s, s->x, module_name(s, "enc", resolution, leaf),
                         s->channels, CG_STAY, attends(c, resolution));
            push(s);
        }
    }
}

/* The output at a level: convolution of the activated map, plus the
 * enlarged output of the level below where the decoder is of type skip. */
static void decoder_aux(song *s, uint32_t resolution, bool lowest)
{
    cg_builder *b = &s->b;
    int below = s->aux;
    if (!lowest && b->config->decoder == CG_DECODER_SKIP) {
        const char *up = module_name(s, "dec", resolution, "aux_up");
        cg_need_filter(b, up);
        below = cg_resample_layer(b, s->aux, up, CG_UP, filter_pad(s));
    }
    int h = cg_norm_layer(b, s->x,
                          module_name(s, "dec", resolution, "aux_norm"),
                          NORM_EPS);
    h = cg_conv_layer(b, cg_silu_layer(b, h),
                      module_name(s, "dec", resolution, "aux_conv"),
                      b->config->img_channels, 3, 1, CG_LAYOUT_CONV);
    if (!lowest && b->config->decoder == CG_DECODER_SKIP) {
        h = cg_add_layer(b, h, below, CG_ADD);
    }
    s->aux = h;
}

static void decoder(song *s)
{
    const cg_config *c = s->b.config;
    for (uint32_t level = c->levels; level-- > 0;) {
        uint32_t resolution = c->img_resolution >> level;
        bool lowest = level == c->levels - 1;
        if (lowest) {
            s->x = block(s, s->x, module_name(s, "dec", resolution, "in0"),
                         s->channels, CG_STAY, true);
            s->x = block(s, s->x, module_name(s, "dec", resolution, "in1"),
                         s->channels, CG_STAY, false);
        } else {
            s->x = block(s, s->x, module_name(s, "dec", resolution, "up"),
                         s->channels, CG_UP, false);
        }
        s->channels = c->model_channels * c->channel_mult[level];
        for (uint32_t i = 0; i <= c->num_blocks; i++) {
            char leaf[24];
            (void)snprintf(leaf, sizeof leaf, "block%u", i);
            int joined = cg_add_layer(&s->b, s->x,
                                      s->skips[--s->skip_count], CG_CONCAT);
            s->x = block(s, joined, module_name(s, "dec", resolution, leaf),
                         s->channels, CG_STAY,
                         i == c->num_blocks && attends(c, resolution));
        }
        if (c->decoder == CG_DECODER_SKIP || level == 0) {
            decoder_aux(s, resolution, lowest);
        }
    }
}

/* Noise level and cluster to the vector that every block takes. */
static void mapping(song *s)
{
    cg_builder *b = &s->b;
    const cg_config *c = b->config;
    uint32_t noise = c->model_channels * c->channel_mult_noise;
    uint32_t width = c->model_channels * c->channel_mult_emb;
    cg_node node = {.kind = CG_FEATURES, .in = {CG_NO_NODE, CG_NO_NODE},
                    .height = 1, .width = 1, .channels = noise,
                    .module = "map_noise", .weight = -1, .bias = -1};
    if (c->fourier) {
        const cg_array *freqs = cg_need(b->state, "map_noise.freqs", true,
                                        (uint64_t[4]){noise / 2});
        cg_part part = {freqs, NULL, noise / 2, CG_LAYOUT_PLAIN};
        node.weight = cg_param_add(b->graph, "model.map_noise.freqs", &part,
                                   1);
    }
    int e = cg_node_add(b->graph, &node);
    if (c->label_dim > 0) {
        const cg_array *weight =
            cg_need(b->state, "map_label.weight", false,
                    (uint64_t[4]){noise, c->label_dim});
        const cg_array *bias = cg_need(b->state, "map_label.bias", false,
                                       (uint64_t[4]){noise});
        cg_part parts[2] = {{weight, NULL, noise * c->label_dim,
                             CG_LAYOUT_TRANSPOSE},
                            {bias, NULL, noise, CG_LAYOUT_PLAIN}};
        node.kind = CG_EMBED;
        node.module = "map_label";
        node.in[0] = e;
        node.macs = (uint64_t)noise * c->label_dim;
        node.weight = cg_param_add(b->graph, "model.map_label.weight",
                                   &parts[0], 1);
        node.bias = cg_param_add(b->graph, "model.map_label.bias", &parts[1],
                                 1);
        e = cg_node_add(b->graph, &node);
    }
    if (c->augment_dim > 0) { /* augmentation labels are 0 when sampling */
        (void)cg_need(b->state, "map_augment.weight", false,
                      (uint64_t[4]){noise, c->augment_dim});
    }
    e = cg_silu_layer(b, cg_linear_layer(b, e, "map_layer0", width));
    s->emb = cg_silu_layer(b, cg_linear_layer(b, e, "map_layer1", width));
}

/* The taps with sum 1, a tensor of the blob that no checkpoint holds. */
static int filter_param(cg_graph *graph, const cg_config *c)
{
    float *values = cg_take(graph->memory, c->taps, sizeof(float));
    if (values == NULL) {
        graph->failed = true;
        return -1;
    }
    double sum = 0.0;
    for (uint32_t i = 0; i < c->taps; i++) {
        sum += c->resample_filter[i];
    }
    for (uint32_t i = 0; i < c->taps; i++) {
        values[i] = (float)(c->resample_filter[i] / sum);
    }
    cg_part part = {NULL, values, c->taps, CG_LAYOUT_PLAIN};
    return cg_param_add(graph, "resample_filter", &part, 1);
}

bool cg_song_build(const cg_config *c, cg_state *state, cg_graph *graph)
{
    song s = {.b = {c, state, graph, 0}};
    graph->taps = c->taps;
    graph->nearest = c->taps == 2 &&
                     c->resample_filter[0] == c->resample_filter[1];
    s.b.filter = filter_param(graph, c);
    mapping(&s);
    cg_node image = {.kind = CG_IMAGE, .in = {CG_NO_NODE, CG_NO_NODE},
                     .height = c->img_resolution, .width = c->img_resolution,
                     .channels = c->img_channels, .module = "image",
                     .weight = -1, .bias = -1};
    encoder(&s, cg_node_add(graph, &image));
    decoder(&s);
    graph->output = s.aux;
    if (graph->failed && !state->failed) {
        state->failed = true;
        (void)cg_fail(state->error, "%s: out of memory", state->path);
    }
    return !state->failed;
}
