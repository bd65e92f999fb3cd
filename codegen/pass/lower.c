/* SPDX-License-Identifier: MIT
 *
 * lower.c - tensors and ops of a program, and the nodes that become one op
 * each, without a pattern around them. */
#include "codegen/pass/lower.h"

/* ---- tensors ------------------------------------------------------------ */

int cg_tensor_add(cg_fusion *f, const char *name, uint32_t height,
                  uint32_t width, uint32_t channels, bool f32)
{
    cg_tensor *t = &f->p->tensors[f->p->tensor_count];
    t->name = name;
    t->height = height;
    t->width = width;
    t->channels = channels;
    t->elements = height * width * channels;
    t->f32 = f32;
    t->first = t->last = t->buffer = -1;
    return (int)f->p->tensor_count++;
}

static bool is_output(const cg_fusion *f, int i)
{
    for (uint32_t k = 0; k < f->g->output_count; k++) {
        if (f->g->outputs[k] == i) {
            return true;
        }
    }
    return false;
}

/* The stored value of a node, or the map that it is a part of.  Vectors and
 * image-like maps stay float, but that of an attention has the type of what it
 * reads. */
int cg_value_add(cg_fusion *f, int i)
{
    const cg_node *node = cg_node_at(f, i);
    bool vector = node->height == 1 && node->width == 1;
    bool f32 = vector || is_output(f, i) ||
               (node->channels <= 4 && node->kind != CG_ATTENTION);
    f->tensor[i] = node->into != 0
                       ? f->tensor[node->into]
                       : cg_tensor_add(f, node->module, node->height,
                                       node->width, node->channels, f32);
    return f->tensor[i];
}

cedm_ref cg_value_of(cg_fusion *f, int i)
{
    if (i == CG_NO_NODE) {
        return CEDM_NONE;
    }
    if (f->tensor[i] < 0) {
        f->failed = true; /* a reader before its writer */
        return CEDM_NONE;
    }
    return (cedm_ref)f->tensor[i];
}

cg_op *cg_op_add(cg_fusion *f, cg_op_kind kind, const char *module,
                 uint64_t macs)
{
    cg_op *o = &f->p->ops[f->p->op_count++];
    o->kind = kind;
    o->module = module;
    o->macs = macs;
    f->p->macs += macs;
    return o;
}

uint32_t cg_stride_of(const cg_fusion *f, const cg_node *node)
{
    return node->into != 0 ? cg_node_at(f, node->into)->channels : 0;
}

/* ---- nodes -------------------------------------------------------------- */

static void attention(cg_fusion *f, int i)
{
    const cg_node *node = cg_node_at(f, i);
    cedm_attention d = {.tokens = node->height * node->width,
                        .channels = node->channels,
                        .heads = node->heads,
                        .src = cg_value_of(f, node->in[0])};
    d.dst = (cedm_ref)cg_value_add(f, i);
    cg_op_add(f, CG_OP_attention, node->module, node->macs)->u.attention = d;
}

static void preprocess(cg_fusion *f, int i)
{
    const cg_node *node = cg_node_at(f, i);
    const cg_node *image = cg_node_at(f, node->in[0]);
    cedm_preprocess d = {.height = node->height,
                         .width = node->width,
                         .in_height = image->height,
                         .in_width = image->width,
                         .channels = node->channels,
                         .taps = {node->kernel[0], node->kernel[1]},
                         .fixed = node->fixed,
                         .src = cg_value_of(f, node->in[0]),
                         .down = (cedm_weight)node->weight,
                         .across = (cedm_weight)node->bias,
                         .normal = (cedm_weight)node->normal};
    d.dst = (cedm_ref)cg_value_add(f, i);
    cg_op_add(f, CG_OP_preprocess, node->module, 0)->u.preprocess = d;
}

static void tokens(cg_fusion *f, int i)
{
    const cg_node *node = cg_node_at(f, i);
    const cg_node *patches = cg_node_at(f, node->in[0]);
    cedm_tokens d = {.tokens = node->height,
                     .first = node->height - patches->height * patches->width,
                     .channels = node->channels,
                     .src = cg_value_of(f, node->in[0]),
                     .table = (cedm_weight)node->weight};
    d.dst = (cedm_ref)cg_value_add(f, i);
    cg_op_add(f, CG_OP_tokens, node->module, 0)->u.tokens = d;
}

static void layer_norm(cg_fusion *f, int i)
{
    const cg_node *node = cg_node_at(f, i);
    cedm_layer_norm d = {.tokens = node->height * node->width,
                         .channels = node->channels,
                         .eps = node->eps,
                         .src = cg_value_of(f, node->in[0]),
                         .gamma = (cedm_weight)node->weight,
                         .beta = (cedm_weight)node->bias};
    d.dst = (cedm_ref)cg_value_add(f, i);
    cg_op_add(f, CG_OP_layer_norm, node->module, 0)->u.layer_norm = d;
}

static void gate(cg_fusion *f, int i)
{
    const cg_node *node = cg_node_at(f, i);
    cedm_gate d = {.tokens = node->height * node->width,
                   .channels = node->channels,
                   .src = cg_value_of(f, node->in[0])};
    d.dst = (cedm_ref)cg_value_add(f, i);
    cg_op_add(f, CG_OP_gate, node->module, 0)->u.gate = d;
}

static void pool(cg_fusion *f, int i)
{
    const cg_node *node = cg_node_at(f, i);
    const cg_node *map = cg_node_at(f, node->in[0]);
    cedm_pool d = {.mode = node->mode,
                   .height = node->height,
                   .width = node->width,
                   .in_height = map->height,
                   .in_width = map->width,
                   .channels = node->channels,
                   .kernel = node->kernel[0],
                   .stride = node->stride,
                   .pad = node->pad[0],
                   .src = cg_value_of(f, node->in[0]),
                   .dst_index = node->first,
                   .dst_stride = cg_stride_of(f, node)};
    d.dst = (cedm_ref)cg_value_add(f, i);
    cg_op_add(f, CG_OP_pool, node->module, 0)->u.pool = d;
}

void cg_lower_plain(cg_fusion *f, int i)
{
    switch (cg_node_at(f, i)->kind) {
    case CG_INPUT:
    case CG_JOIN: (void)cg_value_add(f, i); break;
    case CG_ATTENTION: attention(f, i); break;
    case CG_PREPROCESS: preprocess(f, i); break;
    case CG_TOKENS: tokens(f, i); break;
    case CG_LAYER_NORM: layer_norm(f, i); break;
    case CG_GATE: gate(f, i); break;
    case CG_POOL: pool(f, i); break;
    case CG_EMBED:
    case CG_LINEAR:
    case CG_SILU:
    case CG_GROUP_NORM:
    case CG_CONV:
    case CG_RESAMPLE:
    case CG_ADD_VECTOR:
    case CG_ADD:
    case CG_SCALE:
    case CG_CONCAT:
    case CG_GELU:
    case CG_RELU: f->failed = true; break; /* part of a pattern */
    }
}
