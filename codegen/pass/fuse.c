/* SPDX-License-Identifier: MIT
 *
 * fuse.c - a graph becomes a program.
 *
 * First, backwards, every node that ends a pattern is found and the nodes
 * inside are marked; then, forwards, each end becomes one op (two with the
 * coefficients of its norm).  Refs are indices of tensors, weights indices of
 * params, until cg_place. */
#include <string.h>

#include "codegen/error.h"
#include "codegen/pass/lower.h"
#include "codegen/pass/match.h"
#include "codegen/pass/pass.h"

/* Statistics cover this many pixels, in whole rows: enough to amortise the
 * merge, few enough to stay in a level-1 cache with 16 channels. */
#define STAT_PIXELS 128u

static uint32_t stat_rows(uint32_t height, uint32_t width)
{
    uint32_t rows = STAT_PIXELS / width;
    rows = rows == 0 ? 1 : rows;
    return rows < height ? rows : height;
}

/* ---- marking ----------------------------------------------------------- */

static void mark(cg_fusion *f, int i)
{
    if (i != CG_NO_NODE) {
        f->inside[i] = true;
    }
}

/* Everything between node x and the maps of its prologue. */
static void mark_prologue(cg_fusion *f, int x, const cg_prologue *p)
{
    while (x != p->source[0]) {
        f->inside[x] = true;
        x = cg_node_at(f, x)->in[0];
    }
    for (int s = 0; s < 2 && p->norm != CG_NO_NODE; s++) {
        if (p->source[s] != CG_NO_NODE) {
            f->counted[p->source[s]] = true;
        }
    }
}

/* What is done last: a node on a pattern. */
static uint32_t post_of(const cg_node *node)
{
    return node->kind == CG_GELU   ? CEDM_POST_GELU
           : node->kind == CG_RELU ? CEDM_POST_RELU
                                   : CEDM_POST_NONE;
}

/* A convolution that ends in node i. */
static bool matches(const cg_fusion *f, int i, cg_match *match)
{
    const cg_node *node = cg_node_at(f, i);
    int x = post_of(node) == CEDM_POST_NONE ? i : node->in[0];
    if ((x != i && cg_uses(f->g, x) != 1) || !cg_match_conv(f->g, x, match)) {
        return false;
    }
    match->root = i;
    return true;
}

static void mark_conv(cg_fusion *f, const cg_match *m)
{
    int x = m->root;
    while (x != m->conv) { /* post, scale, add, add vector */
        x = cg_node_at(f, x)->in[0];
        f->inside[x] = true;
    }
    mark(f, m->skip);
    mark_prologue(f, cg_node_at(f, m->conv)->in[0], &m->main);
    if (m->skip != CG_NO_NODE) {
        mark_prologue(f, cg_node_at(f, m->skip)->in[0], &m->skip_main);
    }
}

static void mark_all(cg_fusion *f)
{
    for (int i = f->g->count - 1; i >= 0; i--) {
        cg_match match;
        if (f->inside[i]) {
            continue;
        }
        if (cg_node_at(f, i)->kind == CG_SILU &&
            (cg_node_at(f, cg_node_at(f, i)->in[0])->kind == CG_LINEAR ||
             cg_node_at(f, cg_node_at(f, i)->in[0])->kind == CG_EMBED)) {
            f->inside[cg_node_at(f, i)->in[0]] = true;
        } else if (cg_node_at(f, i)->kind == CG_RESAMPLE) {
            cg_prologue p =
                cg_match_prologue(f->g, cg_node_at(f, i)->in[0], false);
            mark_prologue(f, cg_node_at(f, i)->in[0], &p);
        } else if (matches(f, i, &match)) {
            mark_conv(f, &match);
        }
    }
}

static const char *named(cg_fusion *f, const char *module, const char *suffix)
{
    const char *name = cg_format(f->memory, "%s%s", module, suffix);
    f->failed = f->failed || name == NULL;
    return name;
}

/* ---- ops ---------------------------------------------------------------- */

/* Emits the coefficients of a prologue's norm; their tensor, or NONE. */
static cedm_ref norm(cg_fusion *f, const cg_prologue *p)
{
    if (p->norm == CG_NO_NODE) {
        return CEDM_NONE;
    }
    const cg_node *node = cg_node_at(f, p->norm);
    const cg_node *map = cg_node_at(f, p->source[0]);
    cedm_norm_coeff d = {.height = map->height,
                         .width = map->width,
                         .groups = node->groups,
                         .eps = node->eps,
                         .stat_rows = stat_rows(map->height, map->width),
                         .adaptive_src = CEDM_NONE,
                         .gamma = (cedm_weight)node->weight,
                         .beta = (cedm_weight)node->bias};
    if (node->in[1] != CG_NO_NODE) {
        d.adaptive_src = (cedm_ref)f->affine;
        d.adaptive_index = f->row[node->in[1]];
        d.adaptive_stride = f->affine_width;
        f->failed = f->failed || f->affine < 0;
    }
    for (int s = 0; s < 2; s++) {
        int source = p->source[s];
        d.stats[s] = CEDM_NONE;
        if (source != CG_NO_NODE) {
            d.channels[s] = cg_node_at(f, source)->channels;
            d.stats[s] = (cedm_ref)f->stats[source];
            f->failed = f->failed || f->stats[source] < 0;
        }
    }
    int dst = cg_tensor_add(f, node->module, 1, 2, node->channels, true);
    d.dst = (cedm_ref)dst;
    cg_op_add(f, CG_OP_norm_coeff, node->module, 0)->u.norm_coeff = d;
    return (cedm_ref)dst;
}

static void conv_skip(cg_fusion *f, const cg_match *m, cedm_conv *d)
{
    d->skip_weight = d->skip_bias = CEDM_NONE;
    d->skip_src[0] = d->skip_src[1] = CEDM_NONE;
    if (m->skip == CG_NO_NODE) {
        return;
    }
    const cg_node *skip = cg_node_at(f, m->skip);
    d->skip_up = m->skip_main.up;
    d->skip_weight = (cedm_weight)skip->weight;
    d->skip_bias = (cedm_weight)skip->bias;
    for (int s = 0; s < 2; s++) {
        int source = m->skip_main.source[s];
        d->skip_src[s] = cg_value_of(f, source);
        d->skip_cin[s] =
            source == CG_NO_NODE ? 0 : cg_node_at(f, source)->channels;
    }
}

static void conv(cg_fusion *f, const cg_match *m)
{
    const cg_node *node = cg_node_at(f, m->conv);
    const cg_node *map = cg_node_at(f, m->main.source[0]);
    cedm_conv d = {.height = node->height,
                   .width = node->width,
                   .in_height = map->height,
                   .in_width = map->width,
                   .cout = node->channels,
                   .kernel = {node->kernel[0], node->kernel[1]},
                   .stride = node->stride,
                   .pad = {node->pad[0], node->pad[1]},
                   .up = m->main.up,
                   .act = m->main.act,
                   .post = post_of(cg_node_at(f, m->root)),
                   .scale = m->scale,
                   .emb_src = CEDM_NONE,
                   .stats = CEDM_NONE,
                   .weight = (cedm_weight)node->weight,
                   .bias = (cedm_weight)node->bias};
    for (int s = 0; s < 2; s++) {
        int source = m->main.source[s];
        d.src[s] = cg_value_of(f, source);
        d.cin[s] = source == CG_NO_NODE ? 0 : cg_node_at(f, source)->channels;
    }
    d.coeff = norm(f, &m->main);
    conv_skip(f, m, &d);
    d.residual = cg_value_of(f, m->residual);
    if (m->vector != CG_NO_NODE) {
        d.emb_src = (cedm_ref)f->affine;
        d.emb_index = f->row[m->vector];
        d.emb_stride = f->affine_width;
        f->failed = f->failed || f->affine < 0;
    }
    const cg_node *root = cg_node_at(f, m->root);
    d.dst = (cedm_ref)cg_value_add(f, m->root);
    d.dst_index = root->first;
    d.dst_stride = cg_stride_of(f, root);
    d.stat_rows = stat_rows(node->height, node->width);
    if (f->counted[m->root]) {
        uint32_t partials = (node->height + d.stat_rows - 1) / d.stat_rows;
        f->stats[m->root] = cg_tensor_add(f, named(f, node->module, ".stats"),
                                          partials, 2, node->channels, true);
        d.stats = (cedm_ref)f->stats[m->root];
    }
    uint64_t macs = node->macs;
    macs += m->skip == CG_NO_NODE ? 0 : cg_node_at(f, m->skip)->macs;
    cg_op *o = cg_op_add(f, CG_OP_conv, node->module, macs);
    o->u.conv = d;
    o->dropout = node->dropout;
}

static void resample(cg_fusion *f, int i)
{
    const cg_node *node = cg_node_at(f, i);
    cg_prologue p = cg_match_prologue(f->g, node->in[0], false);
    const cg_node *map = cg_node_at(f, p.source[0]);
    cedm_resample d = {.mode = node->mode,
                       .height = node->height,
                       .width = node->width,
                       .in_height = map->height,
                       .in_width = map->width,
                       .channels = node->channels,
                       .taps = f->g->taps,
                       .pad = node->pad[0],
                       .act = p.act,
                       .src = cg_value_of(f, p.source[0]),
                       .filter = (cedm_weight)node->weight};
    f->failed = f->failed || p.source[1] != CG_NO_NODE;
    d.coeff = norm(f, &p);
    d.dst = (cedm_ref)cg_value_add(f, i);
    cg_op_add(f, CG_OP_resample, node->module, 0)->u.resample = d;
}

static void linear(cg_fusion *f, int i, int layer, uint32_t act)
{
    const cg_node *node = cg_node_at(f, layer);
    cedm_linear d = {.in = cg_node_at(f, node->in[0])->channels,
                     .out = node->channels,
                     .act = act,
                     .src = cg_value_of(f, node->in[0]),
                     .weight = (cedm_weight)node->weight,
                     .bias = (cedm_weight)node->bias};
    d.dst = (cedm_ref)cg_value_add(f, i);
    cg_op_add(f, CG_OP_linear, node->module, node->macs)->u.linear = d;
}

static bool feeds_block(const cg_fusion *f, int i)
{
    for (int n = i + 1; n < f->g->count; n++) {
        if (cg_node_at(f, n)->in[1] == i) {
            return true;
        }
    }
    return false;
}

/* All affine layers as one: their rows one after the other.  An affine layer
 * is a linear one whose result is stored as it is and read by a block. */
static void affine(cg_fusion *f, int first)
{
    cg_graph *g = f->g;
    uint32_t count = 0;
    uint64_t macs = 0;
    cg_part *weights = cg_take(f->memory, (size_t)g->count, sizeof(cg_part));
    cg_part *biases = cg_take(f->memory, (size_t)g->count, sizeof(cg_part));
    if (weights == NULL || biases == NULL) {
        f->failed = true;
        return;
    }
    for (int i = first; i < g->count; i++) {
        const cg_node *node = cg_node_at(f, i);
        if (node->kind != CG_LINEAR || f->inside[i] || !feeds_block(f, i)) {
            continue;
        }
        weights[count] = g->params[node->weight].parts[0];
        biases[count++] = g->params[node->bias].parts[0];
        f->row[i] = f->affine_width;
        f->affine_width += node->channels;
        macs += node->macs;
    }
    int in = cg_node_at(f, first)->in[0];
    cedm_linear d = {.in = cg_node_at(f, in)->channels,
                     .out = f->affine_width,
                     .act = CEDM_ACT_NONE,
                     .src = cg_value_of(f, in)};
    d.weight = (cedm_weight)cg_param_add(g, "affine.weight", weights, count);
    d.bias = (cedm_weight)cg_param_add(g, "affine.bias", biases, count);
    f->affine = cg_tensor_add(f, "affine", 1, 1, f->affine_width, true);
    d.dst = (cedm_ref)f->affine;
    cg_op_add(f, CG_OP_linear, "affine", macs)->u.linear = d;
}

static void embed(cg_fusion *f, int i, int layer, uint32_t act)
{
    const cg_node *node = cg_node_at(f, layer);
    cedm_embed d = {.channels = node->channels,
                    .label_dim = node->labels,
                    .act = act,
                    .label_scale = node->scale,
                    .features = cg_value_of(f, node->in[0]),
                    .weight = (cedm_weight)node->weight,
                    .bias = (cedm_weight)node->bias};
    d.dst = (cedm_ref)cg_value_add(f, i);
    cg_op_add(f, CG_OP_embed, node->module, node->macs)->u.embed = d;
}

/* The op of node i, which ends a pattern. */
static void lower(cg_fusion *f, int i)
{
    cg_match match;
    switch (cg_node_at(f, i)->kind) {
    case CG_EMBED: embed(f, i, i, CEDM_ACT_NONE); break;
    case CG_LINEAR:
        if (feeds_block(f, i)) {
            if (f->affine < 0) {
                affine(f, i);
            }
        } else {
            linear(f, i, i, CEDM_ACT_NONE);
        }
        break;
    case CG_SILU:
        if (cg_node_at(f, cg_node_at(f, i)->in[0])->kind == CG_EMBED) {
            embed(f, i, cg_node_at(f, i)->in[0], CEDM_ACT_SILU);
        } else {
            linear(f, i, cg_node_at(f, i)->in[0], CEDM_ACT_SILU);
        }
        break;
    case CG_RESAMPLE: resample(f, i); break;
    case CG_CONV:
    case CG_ADD_VECTOR:
    case CG_ADD:
    case CG_SCALE:
    case CG_GELU:
    case CG_RELU:
        if (matches(f, i, &match)) {
            conv(f, &match);
            break;
        }
        f->failed = true;
        break;
    case CG_GROUP_NORM:
    case CG_CONCAT:
        f->failed = true; /* always part of an op */
        break;
    case CG_INPUT:
    case CG_JOIN:
    case CG_ATTENTION:
    case CG_PREPROCESS:
    case CG_TOKENS:
    case CG_LAYER_NORM:
    case CG_GATE:
    case CG_POOL: cg_lower_plain(f, i); break;
    }
}

static bool start(cg_fusion *f)
{
    size_t count = (size_t)f->g->count;
    /* A node makes at most one value, one statistics, one pair of
     * coefficients, and two ops. */
    f->p->tensors = cg_take(f->memory, 3 * count + 1, sizeof(cg_tensor));
    f->p->ops = cg_take(f->memory, 2 * count, sizeof(cg_op));
    f->inside = cg_take(f->memory, count, sizeof(bool));
    f->counted = cg_take(f->memory, count, sizeof(bool));
    f->tensor = cg_take(f->memory, count, sizeof(int));
    f->stats = cg_take(f->memory, count, sizeof(int));
    f->row = cg_take(f->memory, count, sizeof(uint32_t));
    if (f->p->tensors == NULL || f->p->ops == NULL || f->inside == NULL ||
        f->counted == NULL || f->tensor == NULL || f->stats == NULL ||
        f->row == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        f->tensor[i] = f->stats[i] = -1;
    }
    return true;
}

static cedm_port port(cg_fusion *f, const char *name, int node)
{
    const cg_node *n = cg_node_at(f, node);

    return (cedm_port){.name = name,
                       .ref = cg_value_of(f, node),
                       .height = n->height,
                       .width = n->width,
                       .channels = n->channels};
}

static void ports(cg_fusion *f)
{
    const cg_graph *g = f->g;
    cg_program *p = f->p;

    p->input_count = g->input_count;
    for (int i = 0; i < g->count; i++) {
        if (cg_node_at(f, i)->kind == CG_INPUT) {
            uint32_t k = cg_node_at(f, i)->port;

            p->inputs[k] = port(f, g->input_names[k], i);
        }
    }
    p->output_count = g->output_count;
    for (uint32_t k = 0; k < g->output_count; k++) {
        p->outputs[k] = port(f, g->output_names[k], g->outputs[k]);
    }
}

bool cg_fuse(cg_graph *graph, cg_program *program, cg_error *error)
{
    cg_fusion f = {
        .g = graph, .p = program, .memory = graph->memory, .affine = -1};
    if (!start(&f)) {
        return cg_fail(error, "out of memory while fusing");
    }
    mark_all(&f);
    for (int i = 0; i < graph->count && !f.failed; i++) {
        if (!f.inside[i]) {
            lower(&f, i);
        }
    }
    if (f.failed || graph->failed) {
        return cg_fail(error, "the network has a pattern of layers that no "
                              "op covers; please report its configuration");
    }
    for (uint32_t i = 0; i < program->op_count; i++) {
        /* id is the first member of every descriptor */
        program->ops[i].u.embed.id = i;
    }
    ports(&f);
    program->params = graph->params;
    program->param_count = graph->param_count;
    return true;
}
