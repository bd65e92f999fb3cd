/* SPDX-License-Identifier: MIT
 *
 * fold.c - reordering a convolution and the filter that follows it.
 *
 * With x the map, w the 3x3 weights, f the filter of n taps, p = (n-1)/2,
 * everything zero outside x, along one axis:
 *   c[q] = sum_j w[j] x[q - 1 + j]              -p <= q < H + p
 *   y[o] = sum_i f[i] c[2o - p + i]
 *        = sum_j w[j] g[2o - 1 + j],   g[q] = sum_i f[i] x[q - p + i]
 * and g is needed for -1 <= q <= H - 1 only: an (H+1) x (W+1) map.  The bias
 * passes the filter unchanged, whose taps sum to 1. */
#include "codegen/pass/pass.h"

static bool foldable(const cg_graph *g, int i)
{
    const cg_node *down = &g->nodes[i];
    if (down->kind != CG_RESAMPLE || down->mode != CEDM_RESAMPLE_DOWN ||
        down->pad[0] != 0 || down->in[0] != i - 1) {
        return false;
    }
    const cg_node *conv = &g->nodes[i - 1];
    return conv->kind == CG_CONV && conv->kernel[0] == 3 &&
           conv->stride == 1 && conv->pad[0] == 1 + (g->taps - 1) / 2 &&
           cg_uses(g, i - 1) == 1;
}

void cg_fold_residual(cg_graph *g)
{
    for (int i = 1; i < g->count; i++) {
        if (!foldable(g, i)) {
            continue;
        }
        cg_node conv = g->nodes[i - 1];
        cg_node filter = g->nodes[i];
        const cg_node *source = &g->nodes[conv.in[0]];

        conv.height = filter.height;
        conv.width = filter.width;
        conv.stride = 2;
        conv.pad[0] = conv.pad[1] = 0;

        filter.in[0] = conv.in[0];
        filter.mode = CEDM_RESAMPLE_SAME;
        filter.pad[0] = (g->taps - 1) / 2 + 1;
        filter.height = source->height + 1;
        filter.width = source->width + 1;
        filter.channels = source->channels;

        conv.in[0] = i - 1;
        g->nodes[i - 1] = filter;
        g->nodes[i] = conv;
    }
}
