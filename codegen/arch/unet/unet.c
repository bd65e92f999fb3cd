/* SPDX-License-Identifier: MIT
 *
 * unet.c - from a configuration to the graph of a U-Net that denoises. */
#include "codegen/arch/unet/unet.h"

#include <string.h>

#include "codegen/arch/unet/layers.h"
#include "codegen/error.h"

/* The table u that iDDPM's preconditioning keeps beside the network: its ends
 * are the range of noise levels, and it must fall. */
static void noise_levels(cg_builder *b)
{
    cedm_denoiser *d = &b->graph->denoiser;
    d->noise_levels = CEDM_NONE;
    if (d->precond != CEDM_PRECOND_IDDPM) {
        return;
    }
    const cg_array *u = cg_need_top(b->state, "u", d->noise_steps + 1);
    cg_part part = {.array = u, .elements = d->noise_steps + 1};
    d->noise_levels = (cedm_weight)cg_param_add(b->graph, "u", &part, 1);
    for (uint32_t j = 1; u != NULL && j <= d->noise_steps; j++) {
        if (!(cg_element(u, j) < cg_element(u, j - 1))) {
            b->state->failed = true;
            (void)cg_fail(b->state->error,
                          "%s:u: unusable table of noise levels; wanted "
                          "falling values, got %g after %g at %u; take "
                          "another checkpoint",
                          b->state->path, cg_element(u, j),
                          cg_element(u, j - 1), j);
            return;
        }
    }
    if (u != NULL) {
        d->sigma_max = cg_element(u, 0);
        d->sigma_min = cg_element(u, d->noise_steps - 1);
    }
}

/* Each network is built by its own function, which names its features. */
static bool build(const cg_reader *reader,
                  const cg_unet_constructor *constructor,
                  void (*network)(cg_builder *b), cg_state *state,
                  cg_graph *graph)
{
    cg_unet_config c;
    if (!cg_unet_config_parse(&c, reader, constructor)) {
        return false;
    }
    cg_builder b = {.config = &c, .state = state, .graph = graph};
    graph->denoises = true;
    graph->denoiser = c.denoiser;
    graph->augment = -1;
    graph->taps = c.taps;
    graph->nearest =
        c.taps == 2 && c.resample_filter[0] == c.resample_filter[1];
    /* The one layer without a node: augmentation labels are 0 here. */
    graph->macs =
        (uint64_t)c.augment_dim * c.model_channels * c.channel_mult_noise;
    cg_filter_param(&b);
    noise_levels(&b);
    network(&b);
    return true;
}

static bool build_song(const cg_reader *reader, cg_state *state,
                       cg_graph *graph)
{
    static const char *const keys[] = {"channel_mult_noise", "embedding_type",
                                       "encoder_type",       "decoder_type",
                                       "resample_filter",    NULL};
    static const cg_unet_constructor song = {
        .keys = keys, .model_channels = 128, .num_blocks = 4};
    return build(reader, &song, cg_song_build, state, graph);
}

static bool build_dhariwal(const cg_reader *reader, cg_state *state,
                           cg_graph *graph)
{
    static const char *const keys[] = {NULL};
    static const cg_unet_constructor dhariwal = {
        .keys = keys, .model_channels = 192, .num_blocks = 3};
    return build(reader, &dhariwal, cg_dhariwal_build, state, graph);
}

static cg_section section(const char *module)
{
    return strncmp(module, "enc.", 4) == 0   ? CG_SECTION_ENCODER
           : strncmp(module, "dec.", 4) == 0 ? CG_SECTION_DECODER
                                             : CG_SECTION_OTHER;
}

const cg_arch cg_arch_song = {"SongUNet", build_song, section, NULL};
const cg_arch cg_arch_dhariwal = {"DhariwalUNet", build_dhariwal, section,
                                  NULL};
