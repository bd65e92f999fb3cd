/* SPDX-License-Identifier: MIT
 *
 * song.c - SongUNet: DDPM++ and NCSN++ as EDM configures them [EDM], [SONG].
 *
 * Module names are the checkpoint's.  The order of requests is the order of
 * the reference's modules. */
#include "codegen/arch/unet/layers.h"

#define SQRT_HALF 0.70710678118654752f

typedef struct song {
    cg_builder b;
    int x;   /* the map that is being worked on */
    int aux; /* the image pyramid: input on the way down, output up */
} song;

/* What the skip and residual encoders add after a level's `down`. */
static void encoder_aux(song *s, uint32_t resolution)
{
    cg_builder *b = &s->b;
    if (b->config->encoder == CG_ENCODER_SKIP) {
        const char *down = cg_module(b, "enc", resolution, "aux_down");
        cg_need_filter(b, down);
        s->aux =
            cg_resample_layer(b, s->aux, down, CG_DOWN, cg_filter_pad(b));
        int h = cg_conv_layer(b, s->aux,
                              cg_module(b, "enc", resolution, "aux_skip"),
                              b->channels, 1, 0, CG_LAYOUT_PLAIN);
        s->x = cg_add_layer(b, h, s->x, CG_ADD);
    } else if (b->config->encoder == CG_ENCODER_RESIDUAL) {
        /* Fused: the convolution at full size first, then the filter. */
        const char *name = cg_module(b, "enc", resolution, "aux_residual");
        int h = cg_conv_layer(b, s->aux, name, b->channels, 3,
                              1 + cg_filter_pad(b), CG_LAYOUT_CONV);
        cg_need_filter(b, name);
        h = cg_resample_layer(b, h, cg_path(b, name, "resample"), CG_DOWN, 0);
        h = cg_add_layer(b, h, s->x, CG_ADD);
        s->x = s->aux = cg_scale_layer(b, h, SQRT_HALF);
    } else {
        return;
    }
    b->skips[b->skip_count - 1] = s->x;
}

static void encoder(song *s)
{
    cg_builder *b = &s->b;
    const cg_unet_config *c = b->config;
    s->aux = cg_image_input(b);
    for (uint32_t level = 0; level < c->levels; level++) {
        uint32_t resolution = c->denoiser.resolution >> level;
        if (level == 0) {
            b->channels = c->model_channels;
            s->x = cg_conv_layer(b, s->aux,
                                 cg_module(b, "enc", resolution, "conv"),
                                 b->channels, 3, 1, CG_LAYOUT_CONV);
            b->skips[b->skip_count++] = s->x;
        } else {
            s->x = cg_unet_block(b, s->x,
                                 cg_module(b, "enc", resolution, "down"),
                                 b->channels, CG_DOWN, false);
            b->skips[b->skip_count++] = s->x;
            encoder_aux(s, resolution);
        }
        s->x = cg_encoder_level(b, s->x, level);
    }
}

/* The output at a level: convolution of the activated map, plus the
 * enlarged output of the level below where the decoder is of type skip. */
static void decoder_aux(song *s, uint32_t resolution, bool lowest)
{
    cg_builder *b = &s->b;
    int below = s->aux;
    bool sum = !lowest && b->config->decoder == CG_DECODER_SKIP;
    if (sum) {
        const char *up = cg_module(b, "dec", resolution, "aux_up");
        cg_need_filter(b, up);
        below = cg_resample_layer(b, s->aux, up, CG_UP, cg_filter_pad(b));
    }
    int h =
        cg_norm_layer(b, s->x, cg_module(b, "dec", resolution, "aux_norm"));
    h = cg_output_layer(b, cg_silu_layer(b, h),
                        cg_module(b, "dec", resolution, "aux_conv"));
    s->aux = sum ? cg_add_layer(b, h, below, CG_ADD) : h;
}

static void decoder(song *s)
{
    const cg_unet_config *c = s->b.config;
    for (uint32_t level = c->levels; level-- > 0;) {
        s->x = cg_decoder_level(&s->b, s->x, level, false);
        if (c->decoder == CG_DECODER_SKIP || level == 0) {
            decoder_aux(s, c->denoiser.resolution >> level,
                        level == c->levels - 1);
        }
    }
}

/* Noise level and cluster to the vector that every block takes. */
static void mapping(cg_builder *b)
{
    const cg_unet_config *c = b->config;
    uint32_t noise = c->model_channels * c->channel_mult_noise;
    uint32_t width = c->model_channels * c->channel_mult_emb;
    int e = cg_features_input(b, noise, true);
    if (c->denoiser.label_dim > 0) {
        e = cg_label_layer(b, e, true);
    }
    cg_need_augment(b, noise);
    e = cg_silu_layer(b, cg_linear_layer(b, e, "map_layer0", width));
    b->emb = cg_silu_layer(b, cg_linear_layer(b, e, "map_layer1", width));
}

void cg_song_build(cg_builder *builder)
{
    song s = {.b = *builder};
    s.b.style =
        (cg_style){.eps = 1e-6f, .skip_scale = SQRT_HALF, .project = true};
    mapping(&s.b);
    encoder(&s);
    decoder(&s);
    cg_output_add(s.b.graph, "image", s.aux);
}
