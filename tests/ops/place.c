/* SPDX-License-Identifier: MIT
 *
 * place.c - which tensors and weights the descriptor of a case needs. */
#include <math.h>

#include "tests/ops/cases.h"

static stage_fill normal(float mean, float deviation)
{
    return (stage_fill){.mean = mean, .deviation = deviation};
}

static const stage_fill written = {.output = true};

static cedm_ref vector_if(stage *s, bool wanted, uint64_t elements,
                          stage_fill fill)
{
    return wanted ? stage_tensor_add(s, true, elements, fill) : CEDM_NONE;
}

static cedm_weight weight_if(stage *s, bool wanted, uint64_t elements)
{
    return wanted ? stage_weight_add(s, elements, normal(0.0f, 1.0f))
                  : CEDM_NONE;
}

/* Weights that keep outputs near the size of inputs. */
static cedm_weight matrix(stage *s, uint64_t rows, uint64_t columns)
{
    float deviation = (float)(1.0 / sqrt((double)columns));

    return stage_weight_add(s, rows * columns, normal(0.0f, deviation));
}

void place_embed(stage *s, const op_case *c, any_op *any)
{
    cedm_embed *op = &any->embed;

    op->features =
        stage_tensor_add(s, true, op->channels, normal(0.0f, 1.0f));
    op->dst = stage_tensor_add(s, true, op->channels, written);
    op->weight = weight_if(s, op->label_dim != 0,
                           (uint64_t)op->label_dim * op->channels);
    op->bias = weight_if(s, c->with & WITH_BIAS, op->channels);
}

void place_linear(stage *s, const op_case *c, any_op *any)
{
    cedm_linear *op = &any->linear;

    op->src =
        stage_tensor_add(s, true, op->in, normal(c->mean, c->deviation));
    op->dst = stage_tensor_add(s, true, op->out, written);
    op->weight = matrix(s, op->out, op->in);
    op->bias = weight_if(s, c->with & WITH_BIAS, op->out);
}

void place_norm_coeff(stage *s, const op_case *c, any_op *any)
{
    cedm_norm_coeff *op = &any->norm_coeff;
    uint32_t channels = op->channels[0] + op->channels[1];
    uint32_t partials = (op->height + op->stat_rows - 1) / op->stat_rows;
    uint32_t rows = op->height < op->stat_rows ? op->height : op->stat_rows;

    for (int k = 0; k < 2; k++) {
        stage_fill fill = normal(c->mean, c->deviation);

        fill.channels = op->channels[k];
        fill.m2 = (float)(rows * op->width) * c->deviation * c->deviation;
        op->stats[k] = vector_if(s, op->channels[k] != 0,
                                 2ul * partials * op->channels[k], fill);
    }
    op->adaptive_index = 3;
    op->adaptive_stride = 2 * channels + 8;
    op->adaptive_src = vector_if(s, c->with & WITH_ADAPTIVE,
                                 op->adaptive_stride, normal(0.0f, 1.0f));
    op->dst = stage_tensor_add(s, true, 2ul * channels, written);
    op->gamma = weight_if(s, true, channels);
    op->beta = weight_if(s, true, channels);
}

static cedm_ref map_if(stage *s, const op_case *c, uint32_t height,
                       uint32_t width, uint32_t channels)
{
    return channels == 0
               ? CEDM_NONE
               : stage_tensor_add(s, false,
                                  (uint64_t)height * width * channels,
                                  normal(c->mean, c->deviation));
}

static cedm_ref coeff_if(stage *s, uint32_t act, uint32_t channels)
{
    return vector_if(s, act != CEDM_ACT_NONE, 2ul * channels,
                     normal(0.25f, 1.0f));
}

/* Marks an input as the output, too. */
static cedm_ref place_over(stage *s, cedm_ref ref)
{
    for (uint32_t i = 0; i < s->tensor_count; i++) {
        if (s->tensors[i].ref == ref) {
            s->tensors[i].written_over = true;
        }
    }
    return ref;
}

/* A map, or a part of one whose other channels must stay: where the case says,
 * or at the front of one that is no multiple of eight channels wide. */
static cedm_ref place_dst(stage *s, const op_case *c, uint64_t pixels,
                          uint32_t channels, uint32_t *stride)
{
    if (!(c->with & IN_SLICE)) {
        return stage_tensor_add(s, false, pixels * channels, written);
    }
    *stride = *stride != 0 ? *stride : channels + 11;
    return place_over(
        s, stage_tensor_add(s, false, pixels * *stride, normal(0.0f, 1.0f)));
}

void place_conv(stage *s, const op_case *c, any_op *any)
{
    cedm_conv *op = &any->conv;
    uint32_t cin = op->cin[0] + op->cin[1];
    uint32_t skip_cin = op->skip_cin[0] + op->skip_cin[1];
    uint32_t partials = (op->height + op->stat_rows - 1) / op->stat_rows;
    uint32_t k2 = op->kernel[0] * op->kernel[1];

    for (int k = 0; k < 2; k++) {
        op->src[k] = map_if(s, c, op->in_height, op->in_width, op->cin[k]);
        op->skip_src[k] = map_if(s, c, op->height >> op->skip_up,
                                 op->width >> op->skip_up, op->skip_cin[k]);
    }
    op->coeff = coeff_if(s, op->act, cin);
    op->emb_index = 5;
    op->emb_stride = op->cout + 9;
    op->emb_src =
        vector_if(s, c->with & WITH_EMB, op->emb_stride, normal(0.0f, 1.0f));
    op->residual = c->with & WITH_RESIDUAL
                       ? map_if(s, c, op->height, op->width, op->cout)
                       : CEDM_NONE;
    if (c->with & OVER_RESIDUAL) {
        op->dst = place_over(s, op->residual);
    } else if (c->with & OVER_SKIP0) {
        op->dst = place_over(s, op->skip_src[0]);
    } else if (c->with & OVER_SKIP1) {
        op->dst = place_over(s, op->skip_src[1]);
    } else {
        op->dst = place_dst(s, c, (uint64_t)op->height * op->width, op->cout,
                            &op->dst_stride);
    }
    op->stats = vector_if(s, c->with & WITH_STATS, 2ul * partials * op->cout,
                          written);
    op->weight = matrix(s, op->cout, k2 * cin);
    op->bias = weight_if(s, c->with & WITH_BIAS, op->cout);
    op->skip_weight =
        skip_cin == 0 ? CEDM_NONE : matrix(s, op->cout, skip_cin);
    op->skip_bias =
        weight_if(s, skip_cin != 0 && c->with & WITH_SKIP_BIAS, op->cout);
}

void place_resample(stage *s, const op_case *c, any_op *any)
{
    cedm_resample *op = &any->resample;

    op->src = map_if(s, c, op->in_height, op->in_width, op->channels);
    op->coeff = coeff_if(s, op->act, op->channels);
    op->dst = stage_tensor_add(
        s, false, (uint64_t)op->height * op->width * op->channels, written);
    op->filter = weight_if(s, true, op->taps);
}

void place_attention(stage *s, const op_case *c, any_op *any)
{
    cedm_attention *op = &any->attention;

    op->src = map_if(s, c, op->tokens, 3, op->channels);
    op->dst = stage_tensor_add(s, false, (uint64_t)op->tokens * op->channels,
                               written);
}

/* Weights that sum up to about 1, as multiples of 2^-22 if fixed. */
static stage_fill table(const cedm_preprocess *op, int axis)
{
    uint32_t size = axis == 0 ? op->in_height : op->in_width;
    float unit = (op->fixed ? 4194304.0f : 1.0f) / (float)op->taps[axis];

    return (stage_fill){.mean = unit,
                        .deviation = 0.3f * unit,
                        .row = 1 + op->taps[axis],
                        .most = size - op->taps[axis]};
}

void place_preprocess(stage *s, const op_case *c, any_op *any)
{
    cedm_preprocess *op = &any->preprocess;

    (void)c;
    op->src = stage_tensor_add(
        s, true, (uint64_t)op->in_height * op->in_width * op->channels,
        (stage_fill){.bytes = true});
    op->dst = stage_tensor_add(
        s, true, (uint64_t)op->height * op->width * op->channels, written);
    op->down = stage_weight_add(s, (uint64_t)op->height * (1 + op->taps[0]),
                                table(op, 0));
    op->across = stage_weight_add(s, (uint64_t)op->width * (1 + op->taps[1]),
                                  table(op, 1));
    op->normal = weight_if(s, true, 2ul * op->channels);
}

void place_tokens(stage *s, const op_case *c, any_op *any)
{
    cedm_tokens *op = &any->tokens;

    op->src = map_if(s, c, op->tokens - op->first, 1, op->channels);
    op->dst = stage_tensor_add(s, false, (uint64_t)op->tokens * op->channels,
                               written);
    op->table = weight_if(s, true, (uint64_t)op->tokens * op->channels);
}

void place_layer_norm(stage *s, const op_case *c, any_op *any)
{
    cedm_layer_norm *op = &any->layer_norm;

    op->src = map_if(s, c, op->tokens, 1, op->channels);
    op->dst = stage_tensor_add(s, false, (uint64_t)op->tokens * op->channels,
                               written);
    op->gamma = weight_if(s, true, op->channels);
    op->beta = weight_if(s, true, op->channels);
}

void place_gate(stage *s, const op_case *c, any_op *any)
{
    cedm_gate *op = &any->gate;

    op->src = map_if(s, c, op->tokens, 2, op->channels);
    op->dst = stage_tensor_add(s, false, (uint64_t)op->tokens * op->channels,
                               written);
}

void place_pool(stage *s, const op_case *c, any_op *any)
{
    cedm_pool *op = &any->pool;

    op->src = map_if(s, c, op->in_height, op->in_width, op->channels);
    op->dst = place_dst(s, c, (uint64_t)op->height * op->width, op->channels,
                        &op->dst_stride);
}
