/* SPDX-License-Identifier: MIT
 *
 * arch.c - a configuration to its graph. */
#include "codegen/error.h"
#include "codegen/arch/layers.h"

/* The table u that iDDPM's preconditioning keeps beside the network. */
static void noise_levels(cg_builder *b)
{
    uint32_t count = b->config->noise_steps + 1;
    b->graph->noise_levels = -1;
    if (b->config->precond == CEDM_PRECOND_IDDPM) {
        cg_part part = {cg_need_top(b->state, "u", count), NULL, count,
                        CG_LAYOUT_PLAIN};
        b->graph->noise_levels = cg_param_add(b->graph, "u", &part, 1);
    }
}

bool cg_arch_build(const cg_config *c, cg_state *state, cg_graph *graph)
{
    cg_builder b = {.config = c, .state = state, .graph = graph};
    graph->augment = -1;
    graph->taps = c->taps;
    graph->nearest =
        c->taps == 2 && c->resample_filter[0] == c->resample_filter[1];
    cg_filter_param(&b);
    noise_levels(&b);
    if (c->dhariwal) {
        cg_dhariwal_build(&b);
    } else {
        cg_song_build(&b);
    }
    if (graph->failed && !state->failed) {
        state->failed = true;
        (void)cg_fail(state->error, "%s: out of memory", state->path);
    }
    return !state->failed;
}
