/* SPDX-License-Identifier: MIT
 *
 * vit.c - a vision transformer as a graph [VIT]: patches, tokens, blocks of
 * attention and a feed-forward layer, a last norm.  Layers over tokens are
 * convolutions of one pixel.  LayerScale is multiplied into the weights and
 * biases before it. */
#include "codegen/arch/vit/vit.h"

#include <string.h>

#include "codegen/arch/vit/vit_config.h"
#include "codegen/arch/vit/positions.h"

typedef struct builder {
    const cg_vit_config *config;
    cg_state *state;
    cg_graph *graph;
    uint32_t rows, columns; /* of patches */
    uint32_t tokens;
    const char *block; /* of names, for the block that is being built */
} builder;

static const char *keep(builder *b, const char *text)
{
    b->graph->failed = b->graph->failed || text == NULL;
    return text == NULL ? "" : text;
}

/* ---- names -------------------------------------------------------------- */

/* Layers of a block by the three schemes. */
typedef enum layer {
    NORM1,
    QKV, /* HF: query, key, value apart */
    PROJ,
    SCALE1,
    NORM2,
    FC1,
    FC2,
    SCALE2,
    LAYERS
} layer;

static const char *const layer_names[][LAYERS] = {
    {"norm1", "attn.qkv", "attn.proj", "ls1.gamma", "norm2", "mlp.fc1",
     "mlp.fc2", "ls2.gamma"},
    {"layernorm_before", "attention.attention", "attention.output.dense", "",
     "layernorm_after", "intermediate.dense", "output.dense", ""},
    {"norm1", "attention.attention", "attention.output.dense",
     "layer_scale1.lambda1", "norm2", "mlp.fc1", "mlp.fc2",
     "layer_scale2.lambda1"},
};

static const char *const gate_names[][2] = {
    {"mlp.w12", "mlp.w3"},
    {"mlp.w12", "mlp.w3"},
    {"mlp.weights_in", "mlp.weights_out"},
};

static const char *layer_name(builder *b, layer l)
{
    const cg_vit_config *c = b->config;
    const char *name = layer_names[c->names][l];

    if (c->gated && !c->fc_gate && (l == FC1 || l == FC2)) {
        name = gate_names[c->names][l == FC2];
    }
    return keep(b, cg_format(b->graph->memory, "%s.%s", b->block, name));
}

static const char *outer_name(const builder *b, const char *official,
                              const char *hf)
{
    return b->config->names == CG_VIT_OFFICIAL ? official : hf;
}

/* ---- tensors ------------------------------------------------------------ */

static const cg_array *need(builder *b, const char *name,
                            const uint64_t shape[4])
{
    return cg_need(b->state, name, false, shape);
}

/* Factors of rows, from a LayerScale; NULL without one. */
static const double *factors(builder *b, layer scale)
{
    const cg_vit_config *c = b->config;
    const cg_array *gamma;
    double *by;

    if (!c->layer_scale) {
        return NULL;
    }
    gamma = need(b, layer_name(b, scale), (uint64_t[4]){c->width});
    by = cg_take(b->graph->memory, c->width, sizeof *by);
    if (by == NULL) {
        b->graph->failed = true;
        return NULL;
    }
    for (uint32_t i = 0; gamma != NULL && i < c->width; i++) {
        by[i] = cg_element(gamma, i);
    }
    return by;
}

static int add_param(builder *b, const char *name, const cg_part *parts,
                     uint32_t count)
{
    return cg_param_add(b->graph,
                        keep(b, cg_format(b->graph->memory, "%s", name)),
                        parts, count);
}

/* ---- layers ------------------------------------------------------------- */

/* weight and bias of the layers called names[0..count-1], one below the
 * other, [out][in] each. */
static void linear_params(builder *b, cg_node *node, const char *const *names,
                          uint32_t count, uint32_t in, uint32_t out,
                          const double *by)
{
    cg_part weight[3], bias[3];

    for (uint32_t i = 0; i < count; i++) {
        const char *w =
            keep(b, cg_format(b->graph->memory, "%s.weight", names[i]));
        const char *v =
            keep(b, cg_format(b->graph->memory, "%s.bias", names[i]));

        weight[i] = (cg_part){.array = need(b, w, (uint64_t[4]){out, in}),
                              .elements = in * out,
                              .row_factors = by};
        bias[i] = (cg_part){.array = need(b, v, (uint64_t[4]){out}),
                            .elements = out,
                            .row_factors = by};
    }
    node->weight = add_param(
        b, keep(b, cg_format(b->graph->memory, "%s.weight", node->module)),
        weight, count);
    node->bias = add_param(
        b, keep(b, cg_format(b->graph->memory, "%s.bias", node->module)),
        bias, count);
}

/* A linear layer over tokens, in `count` pieces of `out` outputs. */
static int linear(builder *b, int x, const char *module,
                  const char *const *names, uint32_t count, uint32_t out,
                  const double *by)
{
    cg_node node = cg_node_after(b->graph, x, CG_CONV, module);
    uint32_t in = node.channels;

    node.kernel[0] = node.kernel[1] = node.stride = 1;
    node.pad[0] = node.pad[1] = 0;
    node.channels = count * out;
    node.macs = (uint64_t)b->tokens * in * node.channels;
    linear_params(b, &node, names, count, in, out, by);
    return cg_node_add(b->graph, &node);
}

static int norm(builder *b, int x, const char *module)
{
    cg_node node = cg_node_after(b->graph, x, CG_LAYER_NORM, module);
    const char *names[2] = {"weight", "bias"};
    int params[2];

    node.eps = (float)b->config->eps;
    for (int i = 0; i < 2; i++) {
        const char *name =
            keep(b, cg_format(b->graph->memory, "%s.%s", module, names[i]));
        cg_part part = {.array =
                            need(b, name, (uint64_t[4]){b->config->width}),
                        .elements = b->config->width};

        params[i] = add_param(b, name, &part, 1);
    }
    node.weight = params[0];
    node.bias = params[1];
    return cg_node_add(b->graph, &node);
}

static int sum(builder *b, int x, int residual)
{
    cg_node node =
        cg_node_after(b->graph, x, CG_ADD, b->graph->nodes[x].module);

    node.in[1] = residual;
    return cg_node_add(b->graph, &node);
}

static int attention(builder *b, int x)
{
    const cg_vit_config *c = b->config;
    const char *module = layer_name(b, QKV);
    const char *names[3] = {module, module, module};
    static const char *const leaves[] = {"query", "key", "value"};
    bool apart = c->names != CG_VIT_OFFICIAL;

    for (int i = 0; apart && i < 3; i++) {
        names[i] =
            keep(b, cg_format(b->graph->memory, "%s.%s", module, leaves[i]));
    }
    int qkv = linear(b, x, module, names, apart ? 3 : 1,
                     apart ? c->width : 3 * c->width, NULL);
    cg_node node = cg_node_after(b->graph, qkv, CG_ATTENTION, module);

    node.channels = c->width;
    node.heads = c->heads;
    node.macs = 2 * (uint64_t)b->tokens * b->tokens * c->width;
    return cg_node_add(b->graph, &node);
}

static int feed_forward(builder *b, int x, const char *first)
{
    const cg_vit_config *c = b->config;
    uint32_t out = c->gated ? 2 * c->hidden : c->hidden;
    int h = linear(b, x, first, &first, 1, out, NULL);
    cg_node node =
        cg_node_after(b->graph, h, c->gated ? CG_GATE : CG_GELU,
                      keep(b, cg_format(b->graph->memory, "%s.act", first)));

    node.channels = c->hidden;
    return cg_node_add(b->graph, &node);
}

static int block(builder *b, int x)
{
    const char *proj = layer_name(b, PROJ), *second = layer_name(b, FC2);
    int h = attention(b, norm(b, x, layer_name(b, NORM1)));

    h = linear(b, h, proj, &proj, 1, b->config->width, factors(b, SCALE1));
    x = sum(b, h, x);
    h = feed_forward(b, norm(b, x, layer_name(b, NORM2)), layer_name(b, FC1));
    h = linear(b, h, second, &second, 1, b->config->width,
               factors(b, SCALE2));
    return sum(b, h, x);
}

/* ---- the network -------------------------------------------------------- */

static int patches(builder *b, int x)
{
    const cg_vit_config *c = b->config;
    const char *module = outer_name(b, "patch_embed.proj",
                                    "embeddings.patch_embeddings.projection");
    const char *w = keep(b, cg_format(b->graph->memory, "%s.weight", module));
    const char *v = keep(b, cg_format(b->graph->memory, "%s.bias", module));
    uint64_t p = c->patch;
    cg_part weight = {.array = need(b, w, (uint64_t[4]){c->width, 3, p, p}),
                      .elements = (uint32_t)(c->width * 3 * p * p),
                      .layout = CG_LAYOUT_CONV};
    cg_part bias = {.array = need(b, v, (uint64_t[4]){c->width}),
                    .elements = c->width};
    cg_node node = cg_node_after(b->graph, x, CG_CONV, module);

    node.height = b->rows;
    node.width = b->columns;
    node.channels = c->width;
    node.kernel[0] = node.kernel[1] = node.stride = c->patch;
    node.pad[0] = node.pad[1] = 0;
    node.macs = (uint64_t)b->rows * b->columns * weight.elements;
    node.weight = add_param(b, w, &weight, 1);
    node.bias = add_param(b, v, &bias, 1);
    return cg_node_add(b->graph, &node);
}

static const cg_array *need_registers(builder *b)
{
    const cg_vit_config *c = b->config;
    const char *name =
        outer_name(b, "register_tokens", "embeddings.register_tokens");

    if (c->registers == 0) {
        return NULL;
    }
    if (c->names == CG_VIT_OFFICIAL && cg_has(b->state, "reg_token")) {
        name = "reg_token"; /* timm */
    }
    return need(b, name, (uint64_t[4]){1, c->registers, c->width});
}

static int tokens(builder *b, int x)
{
    const cg_vit_config *c = b->config;
    uint64_t stored = (uint64_t)c->grid * c->grid + c->class_row;
    const cg_array *class_token =
        need(b, outer_name(b, "cls_token", "embeddings.cls_token"),
             (uint64_t[4]){1, 1, c->width});
    const cg_array *registers = need_registers(b);
    const cg_array *table =
        need(b, outer_name(b, "pos_embed", "embeddings.position_embeddings"),
             (uint64_t[4]){1, stored, c->width});
    cg_node node = cg_node_after(b->graph, x, CG_TOKENS, "tokens");
    float *values = cg_take(b->graph->memory, (size_t)b->tokens * c->width,
                            sizeof *values);
    cg_part part = {.values = values, .elements = b->tokens * c->width};

    node.height = b->tokens;
    node.width = 1;
    b->graph->failed = b->graph->failed || values == NULL;
    if (!b->state->failed && !b->graph->failed && table != NULL) {
        cg_vit_table(c, class_token, registers, table, b->rows, b->columns,
                     values);
    }
    node.weight = add_param(b, "tokens.table", &part, 1);
    return cg_node_add(b->graph, &node);
}

/* blocks.N, or blocks.CHUNK.N of whichever chunk has block N. */
static const char *block_name(builder *b, const char *all, uint32_t n)
{
    for (uint32_t chunk = 0; b->config->chunked && chunk < b->config->depth;
         chunk++) {
        const char *name =
            keep(b, cg_format(b->graph->memory, "%s.%u.%u", all, chunk, n));

        if (cg_has(b->state, keep(b, cg_format(b->graph->memory,
                                               "%s.norm1.weight", name)))) {
            return name;
        }
    }
    return keep(b, cg_format(b->graph->memory, "%s.%u", all, n));
}

static void network(builder *b)
{
    const cg_vit_config *c = b->config;
    const char *all = outer_name(b, "blocks", "encoder.layer");
    int x = cg_preprocess_add(b->graph, &c->preprocess);

    x = tokens(b, patches(b, x));
    for (uint32_t i = 0; i < c->depth; i++) {
        b->block = block_name(b, all, i);
        x = block(b, x);
    }
    cg_output_add(b->graph, "tokens",
                  norm(b, x, outer_name(b, "norm", "layernorm")));
}

static bool build(const cg_reader *reader, cg_state *state, cg_graph *graph)
{
    static const char *const ignored[] = {
        "mask_token", "embeddings.mask_token", "head.", "pooler.", NULL};
    cg_vit_config c;

    if (!cg_vit_config_parse(&c, reader)) {
        return false;
    }
    builder b = {.config = &c,
                 .state = state,
                 .graph = graph,
                 .rows = c.preprocess.window[0] / c.patch,
                 .columns = c.preprocess.window[1] / c.patch};

    b.tokens = 1 + c.registers + b.rows * b.columns;
    state->prefix = cg_format(state->memory, "%s", c.prefix);
    state->ignored = ignored;
    graph->encodes = true;
    graph->encoder = (cedm_encoder){.height = c.preprocess.image[0],
                                    .width = c.preprocess.image[1],
                                    .channels = 3,
                                    .features = c.width};
    graph->augment = -1;
    network(&b);
    return true;
}

static cg_section section(const char *module)
{
    (void)module;
    return CG_SECTION_OTHER;
}

const cg_arch cg_arch_vit = {"VisionTransformer", build, section,
                             cg_vit_infer};
