/* SPDX-License-Identifier: MIT
 *
 * layers.c - layers to nodes.  Shapes are inferred here and nowhere else. */
#include "codegen/arch/unet/layers.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "codegen/error.h"

static void refuse(cg_builder *b, const char *module, const char *what,
                   const char *wanted, uint64_t got)
{
    if (!b->state->failed) {
        b->state->failed = true;
        (void)cg_fail(b->state->error,
                      "%s:model.%s: %s; wanted %s, got %llu; change the "
                      "configuration",
                      b->state->path, module, what, wanted,
                      (unsigned long long)got);
    }
}

/* The first `rows` of a tensor of that shape. */
static int param_rows(cg_builder *b, const char *module, const char *leaf,
                      const uint64_t shape[4], uint64_t rows,
                      cg_layout layout)
{
    const char *name = cg_path(b, module, leaf);
    const cg_array *array = cg_need(b->state, name, false, shape);
    uint64_t elements = rows;
    for (int i = 1; i < 4 && shape[i] != 0; i++) {
        elements *= shape[i];
    }
    cg_part part = {
        .array = array, .elements = (uint32_t)elements, .layout = layout};
    char *full = cg_format(b->graph->memory, "model.%s", name);
    if (full == NULL) {
        b->graph->failed = true;
    }
    return cg_param_add(b->graph, full, &part, 1);
}

static int param(cg_builder *b, const char *module, const char *leaf,
                 const uint64_t shape[4], cg_layout layout)
{
    return param_rows(b, module, leaf, shape, shape[0], layout);
}

const char *cg_path(cg_builder *b, const char *parent, const char *child)
{
    const char *path = cg_format(b->graph->memory, "%s.%s", parent, child);
    if (path == NULL) {
        b->graph->failed = true;
        return parent;
    }
    return path;
}

int cg_linear_layer(cg_builder *b, int x, const char *module, uint32_t out)
{
    cg_node node = cg_node_after(b->graph, x, CG_LINEAR, module);
    uint64_t in = node.channels;
    node.channels = out;
    node.macs = in * out;
    node.weight =
        param(b, module, "weight", (uint64_t[4]){out, in}, CG_LAYOUT_PLAIN);
    node.bias = param(b, module, "bias", (uint64_t[4]){out}, CG_LAYOUT_PLAIN);
    return cg_node_add(b->graph, &node);
}

int cg_silu_layer(cg_builder *b, int x)
{
    cg_node node =
        cg_node_after(b->graph, x, CG_SILU, b->graph->nodes[x].module);
    return cg_node_add(b->graph, &node);
}

int cg_norm_layer(cg_builder *b, int x, const char *module)
{
    cg_node node = cg_node_after(b->graph, x, CG_GROUP_NORM, module);
    node.groups = node.channels / 4 < 32 ? node.channels / 4 : 32;
    node.eps = b->style.eps;
    if (node.groups == 0 || node.channels % node.groups != 0) {
        refuse(b, module, "channels do not divide into groups",
               "a multiple of min(32, C/4)", node.channels);
        return x;
    }
    uint64_t shape[4] = {node.channels};
    node.weight = param(b, module, "weight", shape, CG_LAYOUT_PLAIN);
    node.bias = param(b, module, "bias", shape, CG_LAYOUT_PLAIN);
    return cg_node_add(b->graph, &node);
}

/* A convolution whose tensors have `rows` output channels, `out` used. */
static int convolution(cg_builder *b, int x, const char *module,
                       uint32_t rows, uint32_t out, uint32_t kernel,
                       uint32_t pad, cg_layout layout)
{
    cg_node node = cg_node_after(b->graph, x, CG_CONV, module);
    uint64_t in = node.channels;
    node.kernel[0] = node.kernel[1] = kernel;
    node.stride = 1;
    node.pad[0] = node.pad[1] = pad;
    node.height = node.height + 2 * pad + 1 - kernel;
    node.width = node.width + 2 * pad + 1 - kernel;
    node.channels = out;
    node.macs =
        (uint64_t)node.height * node.width * kernel * kernel * in * rows;
    node.weight =
        param_rows(b, module, "weight",
                   (uint64_t[4]){rows, in, kernel, kernel}, out, layout);
    node.bias =
        param_rows(b, module, "bias", (uint64_t[4]){rows}, out,
                   layout == CG_LAYOUT_QKV ? layout : CG_LAYOUT_PLAIN);
    return cg_node_add(b->graph, &node);
}

int cg_conv_layer(cg_builder *b, int x, const char *module, uint32_t out,
                  uint32_t kernel, uint32_t pad, cg_layout layout)
{
    return convolution(b, x, module, out, out, kernel, pad, layout);
}

int cg_output_layer(cg_builder *b, int x, const char *module)
{
    uint32_t out = b->config->denoiser.channels;
    uint32_t rows =
        b->config->denoiser.precond == CEDM_PRECOND_IDDPM ? 2 * out : out;
    return convolution(b, x, module, rows, out, 3, 1, CG_LAYOUT_CONV);
}

int cg_image_input(cg_builder *b)
{
    const cedm_denoiser *d = &b->config->denoiser;
    cg_node node = {.in = {CG_NO_NODE, CG_NO_NODE},
                    .height = d->resolution,
                    .width = d->resolution,
                    .channels = d->channels,
                    .module = "image",
                    .weight = -1,
                    .bias = -1};
    return cg_input_add(b->graph, CEDM_INPUT_IMAGE, "image", &node);
}

/* Frequencies of Fourier features are a tensor of the checkpoint. */
static cedm_weight fourier_freqs(cg_builder *b, uint32_t channels)
{
    const cg_array *freqs = cg_need(b->state, "map_noise.freqs", true,
                                    (uint64_t[4]){channels / 2});
    cg_part part = {.array = freqs, .elements = channels / 2};
    return (cedm_weight)cg_param_add(b->graph, "model.map_noise.freqs", &part,
                                     1);
}

int cg_features_input(cg_builder *b, uint32_t channels, bool song)
{
    bool fourier = b->config->fourier;
    cg_node node = {.in = {CG_NO_NODE, CG_NO_NODE},
                    .height = 1,
                    .width = 1,
                    .channels = channels,
                    .module = "map_noise",
                    .weight = -1,
                    .bias = -1};
    b->graph->denoiser.features = (cedm_features){
        .kind = fourier ? CEDM_FEATURES_FOURIER : CEDM_FEATURES_POSITIONAL,
        .channels = channels,
        .endpoint = song,
        .swap = song,
        .freqs = fourier ? fourier_freqs(b, channels) : CEDM_NONE};
    return cg_input_add(b->graph, CEDM_INPUT_FEATURES, "features", &node);
}

void cg_need_augment(cg_builder *b, uint32_t channels)
{
    if (b->config->augment_dim > 0) {
        uint32_t dim = b->config->augment_dim;
        b->graph->augment =
            param(b, "map_augment", "weight", (uint64_t[4]){channels, dim},
                  CG_LAYOUT_PLAIN);
        b->graph->augment_dim = dim;
    }
}

int cg_label_layer(cg_builder *b, int x, bool song)
{
    cg_node node = cg_node_after(b->graph, x, CG_EMBED, "map_label");
    uint64_t labels = b->config->denoiser.label_dim;
    uint64_t channels = node.channels;
    node.scale = song ? (float)sqrt((double)labels) : 1.0f;
    node.macs = channels * labels;
    node.labels = (uint32_t)labels;
    node.weight = param(b, node.module, "weight",
                        (uint64_t[4]){channels, labels}, CG_LAYOUT_TRANSPOSE);
    if (song) {
        node.bias = param(b, node.module, "bias", (uint64_t[4]){channels},
                          CG_LAYOUT_PLAIN);
    }
    return cg_node_add(b->graph, &node);
}

int cg_resample_layer(cg_builder *b, int x, const char *module,
                      enum cg_move move, uint32_t pad)
{
    cg_node node = cg_node_after(b->graph, x, CG_RESAMPLE, module);
    uint32_t taps = b->graph->taps;
    node.pad[0] = pad;
    node.weight = b->filter;
    if (move == CG_UP) {
        node.mode = CEDM_RESAMPLE_UP;
        node.height *= 2;
        node.width *= 2;
    } else {
        node.mode = CEDM_RESAMPLE_DOWN;
        node.height = (node.height + 2 * pad - taps) / 2 + 1;
        node.width = (node.width + 2 * pad - taps) / 2 + 1;
    }
    return cg_node_add(b->graph, &node);
}

int cg_attention_layer(cg_builder *b, int qkv, const char *module,
                       uint32_t heads)
{
    cg_node node = cg_node_after(b->graph, qkv, CG_ATTENTION, module);
    uint64_t tokens = (uint64_t)node.height * node.width;
    node.channels /= 3;
    node.heads = heads;
    node.macs = 2 * tokens * tokens * node.channels;
    if (tokens > CEDM_MAX_TOKENS) {
        refuse(b, module, "attention over too many pixels", "at most 4096",
               tokens);
    }
    if (node.channels % heads != 0) {
        refuse(b, module, "channels do not divide into heads",
               "a multiple of the heads", node.channels);
    }
    return cg_node_add(b->graph, &node);
}

int cg_add_layer(cg_builder *b, int x, int y, cg_node_kind kind)
{
    cg_node node =
        cg_node_after(b->graph, x, kind, b->graph->nodes[x].module);
    node.in[1] = y;
    if (kind == CG_CONCAT) {
        node.channels += b->graph->nodes[y].channels;
    }
    return cg_node_add(b->graph, &node);
}

int cg_scale_layer(cg_builder *b, int x, float scale)
{
    cg_node node =
        cg_node_after(b->graph, x, CG_SCALE, b->graph->nodes[x].module);
    node.scale = scale;
    return cg_node_add(b->graph, &node);
}

void cg_need_filter(cg_builder *b, const char *module)
{
    const cg_unet_config *c = b->config;
    uint64_t n = c->taps;
    const char *name = cg_path(b, module, "resample_filter");
    const cg_array *array =
        cg_need(b->state, name, true, (uint64_t[4]){1, 1, n, n});
    double sum = 0.0;
    for (uint64_t i = 0; i < n; i++) {
        sum += c->resample_filter[i];
    }
    for (uint64_t i = 0; array != NULL && i < n * n; i++) {
        double wanted = c->resample_filter[i / n] *
                        c->resample_filter[i % n] / (sum * sum);
        double got = cg_element(array, i);
        if (!(fabs(got - wanted) <= 1e-6) && !b->state->failed) {
            b->state->failed = true;
            (void)cg_fail(b->state->error,
                          "%s:model.%s: not the configured filter; wanted "
                          "%g at element %llu, got %g; change the "
                          "configuration",
                          b->state->path, name, wanted, (unsigned long long)i,
                          got);
        }
    }
}
