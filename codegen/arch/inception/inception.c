/* SPDX-License-Identifier: MIT
 *
 * inception.c - the Inception network of FID as a graph: its blocks, the mean
 * over the last map, and a classifier.
 *
 * Batch normalisation after a convolution is a factor and a sum per channel:
 * the factor gamma / sqrt(variance + eps) goes into the weights, the sum
 * beta - mean * factor is the bias.  Joined layers write their channels into
 * one map, so nothing is concatenated. */
#include "codegen/arch/inception/inception.h"

#include <math.h>

#include "codegen/arch/inception/blocks.h"
#include "codegen/arch/inception/inception_config.h"
#include "codegen/error.h"

/* Of batch normalisation [FID]. */
#define EPS 1e-3

/* 1000 classes of ImageNet and eight that were never used [FID]. */
#define CLASSES 1008u

/* 94 convolutions of these have a counter of steps each. */
#define MAX_COUNTERS 128u

typedef struct builder {
    const cg_inception_config *config;
    cg_state *state;
    cg_graph *graph;
    const cg_inception_block *block; /* that is being built */
    int result;                      /* its map, where layers join */
    uint32_t joined;                 /* channels of it so far */
    const char *
        *counters; /* tensors that no inference reads; ends with NULL */
    uint32_t counter_count;
} builder;

/* ---- names ------------------------------------------------------------- */

static const char *join(builder *b, const char *before, const char *name)
{
    const char *text =
        before == NULL ? name
                       : cg_format(b->graph->memory, "%s.%s", before, name);

    b->graph->failed = b->graph->failed || text == NULL;
    return text == NULL ? "" : text;
}

/* Tensors of a layer by both schemes; NVIDIA's network has no gamma. */
enum tensor { WEIGHT, GAMMA, BETA, MEAN, VARIANCE };

static const char *const leaves[][2] = {
    [WEIGHT] = {"conv.weight", "weight"},
    [GAMMA] = {"bn.weight", NULL},
    [BETA] = {"bn.bias", "beta"},
    [MEAN] = {"bn.running_mean", "mean"},
    [VARIANCE] = {"bn.running_var", "var"},
};

/* ---- tensors ----------------------------------------------------------- */

static const cg_array *need(builder *b, const char *layer, enum tensor t,
                            const uint64_t shape[4])
{
    const char *leaf = leaves[t][b->config->names];

    return leaf == NULL ? NULL
                        : cg_need(b->state, join(b, layer, leaf),
                                  t == MEAN || t == VARIANCE, shape);
}

/* How many batches there were is an integer, in newer files. */
static void ignore_counter(builder *b, const char *layer)
{
    if (b->config->names == CG_INCEPTION_TORCHVISION &&
        b->counter_count + 1 < MAX_COUNTERS) {
        b->counters[b->counter_count++] =
            join(b, layer, "bn.num_batches_tracked");
    }
}

static void refuse_variance(builder *b, const char *layer, double value)
{
    if (!b->state->failed) {
        b->state->failed = true;
        (void)cg_fail(b->state->error,
                      "%s:%s: a variance is negative; wanted at least 0, got "
                      "%g; get the file again",
                      b->state->path,
                      join(b, layer, leaves[VARIANCE][b->config->names]),
                      value);
    }
}

/* Factor and bias of every channel of a batch normalisation. */
static void fold(builder *b, const char *layer, uint32_t channels,
                 double *factor, float *bias)
{
    uint64_t shape[4] = {channels};
    const cg_array *gamma = need(b, layer, GAMMA, shape);
    const cg_array *beta = need(b, layer, BETA, shape);
    const cg_array *mean = need(b, layer, MEAN, shape);
    const cg_array *variance = need(b, layer, VARIANCE, shape);

    ignore_counter(b, layer);
    if (beta == NULL || mean == NULL || variance == NULL) {
        return; /* no file, or an error that is known */
    }
    for (uint32_t c = 0; c < channels; c++) {
        double square = cg_element(variance, c);

        if (square < 0.0) {
            refuse_variance(b, layer, square);
            return;
        }
        factor[c] =
            (gamma != NULL ? cg_element(gamma, c) : 1.0) / sqrt(square + EPS);
        bias[c] =
            (float)(cg_element(beta, c) - cg_element(mean, c) * factor[c]);
    }
}

/* Weight and bias of a convolution and the normalisation behind it. */
static void conv_params(builder *b, cg_node *node, const char *layer,
                        uint64_t in)
{
    uint64_t shape[4] = {node->channels, in, node->kernel[0],
                         node->kernel[1]};
    cg_memory *memory = b->graph->memory;
    double *factor = cg_take(memory, node->channels, sizeof *factor);
    float *bias = cg_take(memory, node->channels, sizeof *bias);
    cg_part weight = {
        .array = need(b, layer, WEIGHT, shape),
        .row_factors = factor,
        .elements = (uint32_t)(shape[0] * shape[1] * shape[2] * shape[3]),
        .layout = CG_LAYOUT_CONV};
    cg_part sum = {.values = bias, .elements = node->channels};

    if (factor == NULL || bias == NULL) {
        b->graph->failed = true;
        return;
    }
    fold(b, layer, node->channels, factor, bias);
    node->weight =
        cg_param_add(b->graph, join(b, node->module, "weight"), &weight, 1);
    node->bias =
        cg_param_add(b->graph, join(b, node->module, "bias"), &sum, 1);
}

/* ---- layers ------------------------------------------------------------ */

/* Pads and shrinks: windows of a layer over the map that it reads. */
static void place_windows(cg_node *node, const cg_inception_layer *layer)
{
    uint32_t *size[2] = {&node->height, &node->width};

    node->stride = layer->windows == CG_INCEPTION_HALF ? 2 : 1;
    for (int axis = 0; axis < 2; axis++) {
        uint32_t kernel = layer->kernel[axis];

        node->kernel[axis] = kernel;
        if (layer->windows == CG_INCEPTION_SAME) {
            node->pad[axis] = kernel / 2;
        } else {
            *size[axis] = (*size[axis] - kernel) / node->stride + 1;
        }
    }
}

/* Appends a layer's result: the next part of the block's, or a map of its
 * own. */
static int add_result(builder *b, cg_node *node,
                      const cg_inception_layer *layer)
{
    if (layer->joins) {
        node->into = b->result;
        node->first = b->joined;
        b->joined += node->channels;
    }
    return cg_node_add(b->graph, node);
}

static int conv_layer(builder *b, int x, const cg_inception_layer *layer)
{
    const cg_inception_block *block = b->block;
    cg_node node = cg_node_after(b->graph, x, CG_CONV,
                                 join(b, block->name, layer->name));
    const char *names = b->config->names == CG_INCEPTION_NVIDIA
                            ? join(b, block->nvidia, layer->nvidia)
                            : node.module;
    uint32_t in = node.channels;

    place_windows(&node, layer);
    node.channels = layer->channels > 0 ? layer->channels : block->width;
    node.macs = (uint64_t)node.height * node.width * node.kernel[0] *
                node.kernel[1] * in * node.channels;
    conv_params(b, &node, names, in);

    cg_node relu = cg_node_after(b->graph, cg_node_add(b->graph, &node),
                                 CG_RELU, node.module);

    return add_result(b, &relu, layer);
}

static int pool_layer(builder *b, int x, const cg_inception_layer *layer)
{
    cg_node node = cg_node_after(b->graph, x, CG_POOL,
                                 join(b, b->block->name, layer->name));

    node.mode = b->block->pool;
    place_windows(&node, layer);
    return add_result(b, &node, layer);
}

/* ---- blocks ------------------------------------------------------------ */

/* The map that joined layers are parts of comes before them; its shape is
 * known after them. */
static void begin_result(builder *b, int x)
{
    const cg_inception_block *block = b->block;

    b->joined = 0;
    b->result = CG_NO_NODE;
    for (uint32_t i = 0; i < block->count; i++) {
        if (block->layers[i].joins && b->result == CG_NO_NODE) {
            cg_node node = cg_node_after(b->graph, x, CG_JOIN, block->name);

            node.in[0] = CG_NO_NODE;
            b->result = cg_node_add(b->graph, &node);
        }
    }
}

static int end_result(builder *b, int last)
{
    cg_node *nodes = b->graph->nodes;

    if (b->result == CG_NO_NODE) {
        return last;
    }
    nodes[b->result].height = nodes[last].height;
    nodes[b->result].width = nodes[last].width;
    nodes[b->result].channels = b->joined;
    return b->result;
}

static int block(builder *b, int x, const cg_inception_block *block)
{
    int values[CG_INCEPTION_LAYERS + 1] = {x}; /* input, then the layers' */

    b->block = block;
    begin_result(b, x);
    for (uint32_t i = 0; i < block->count; i++) {
        const cg_inception_layer *layer = &block->layers[i];
        int source = values[layer->back == 0 ? 0 : i + 1 - layer->back];

        values[i + 1] = layer->nvidia == NULL ? pool_layer(b, source, layer)
                                              : conv_layer(b, source, layer);
    }
    return end_result(b, values[block->count]);
}

/* ---- the network ------------------------------------------------------- */

/* The inception score is of logits without the bias [FID]; it is looked for,
 * and not used. */
static int classifier(builder *b, int x)
{
    bool nvidia = b->config->names == CG_INCEPTION_NVIDIA;
    cg_node node = cg_node_after(b->graph, x, CG_LINEAR, "fc");
    uint64_t in = node.channels;
    cg_part weight = {.array = cg_need(b->state,
                                       nvidia ? "output.weight" : "fc.weight",
                                       false, (uint64_t[4]){CLASSES, in}),
                      .elements = (uint32_t)(CLASSES * in)};

    (void)cg_need(b->state, nvidia ? "output.bias" : "fc.bias", false,
                  (uint64_t[4]){CLASSES});
    node.channels = CLASSES;
    node.macs = in * CLASSES;
    node.weight = cg_param_add(b->graph, "fc.weight", &weight, 1);
    return cg_node_add(b->graph, &node);
}

static void network(builder *b)
{
    int x = cg_preprocess_add(b->graph, &b->config->preprocess);

    for (uint32_t i = 0; i < CG_INCEPTION_BLOCKS; i++) {
        x = block(b, x, &cg_inception_blocks[i]);
    }
    cg_node mean = cg_node_after(b->graph, x, CG_POOL, "avgpool");

    mean.mode = CEDM_POOL_MEAN; /* kernel 0: of the whole map */
    mean.height = mean.width = 1;
    b->graph->encoder.features = mean.channels;
    x = cg_node_add(b->graph, &mean);
    cg_output_add(b->graph, "features", x);
    cg_output_add(b->graph, "logits", classifier(b, x));
}

static bool build(const cg_reader *reader, cg_state *state, cg_graph *graph)
{
    cg_inception_config c;
    builder b = {.config = &c, .state = state, .graph = graph};

    if (!cg_inception_config_parse(&c, reader)) {
        return false;
    }
    b.counters = cg_take(graph->memory, MAX_COUNTERS, sizeof *b.counters);
    if (b.counters == NULL) {
        graph->failed = true;
        return true;
    }
    state->prefix = "";
    state->ignored = b.counters;
    graph->encodes = true;
    graph->encoder = (cedm_encoder){.height = c.preprocess.image[0],
                                    .width = c.preprocess.image[1],
                                    .channels = 3};
    graph->augment = -1;
    network(&b);
    return true;
}

static cg_section section(const char *module)
{
    (void)module;
    return CG_SECTION_OTHER;
}

const cg_arch cg_arch_inception = {"FIDInception", build, section,
                                   cg_inception_infer};
