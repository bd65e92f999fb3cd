/* SPDX-License-Identifier: MIT
 *
 * tiny_program.c - see tiny.h. */
#include "tests/gen/tiny_program.h"

#include <string.h>

#define F32(offset) ((cedm_ref)(offset) | CEDM_REF_F32)
#define NONE CEDM_NONE

/* Offsets into the blob, in elements: see `arrays`. */
enum {
    LABEL_W = 0,
    LABEL_B = 16,
    LINEAR_W = 32,
    CONV_W = 80,
    QKV_W = 272,
    NORM_G = 288,
    FILTER = 304
};

static const char bytes[] = "the bytes of a checkpoint";

double tiny_value(int k, uint64_t i)
{
    return (double)((int)((i * 7u + (uint64_t)k * 3u) % 61u) - 30) / 8.0;
}

/* The values are normal halfs or 0: the exponent is re-biased. */
static uint32_t half(uint32_t bits)
{
    uint32_t sign = bits >> 31 << 15;

    if ((bits & 0x7fffffffu) == 0) {
        return sign;
    }
    return sign | ((bits >> 23 & 0xffu) - 127u + 15u) << 10 |
           (bits >> 13 & 0x3ffu);
}

static void store(unsigned char *p, cg_dtype dtype, double value)
{
    float f = (float)value;
    uint32_t bits;

    if (dtype == CG_F64) {
        memcpy(p, &value, 8);
        return;
    }
    memcpy(&bits, &f, sizeof bits);
    if (dtype == CG_F32) {
        memcpy(p, &bits, 4);
        return;
    }
    bits = dtype == CG_F16 ? half(bits) : bits >> 16; /* or BF16 */
    p[0] = (unsigned char)bits;
    p[1] = (unsigned char)(bits >> 8);
}

static size_t width(cg_dtype dtype)
{
    return dtype == CG_F64 ? 8 : dtype == CG_F32 ? 4 : 2;
}

static void make_params(tiny *t)
{
    static const struct {
        const char *name;
        cg_dtype dtype;
        int rank;
        uint64_t shape[4];
        cg_layout layout;
        cedm_weight offset;
        /* clang-format off */
    } rows[TINY_PARAMS] = {
        { "model.map_label.weight", CG_F32, 2, { 8, 2 },
          CG_LAYOUT_TRANSPOSE, LABEL_W },
        { "model.map_label.bias", CG_F64, 1, { 8 }, CG_LAYOUT_PLAIN,
          LABEL_B },
        { "model.enc.4x4_block0.affine.weight", CG_BF16, 2, { 4, 8 },
          CG_LAYOUT_PLAIN, LINEAR_W },
        { "model.dec.4x4_block0.conv0.weight", CG_F32, 4, { 4, 5, 3, 3 },
          CG_LAYOUT_CONV, CONV_W },
        { "model.enc.4x4_block0.qkv.bias", CG_F16, 1, { 12 },
          CG_LAYOUT_QKV, QKV_W },
        { "model.enc.4x4_block0.norm0.weight", CG_F32, 1, { 4 },
          CG_LAYOUT_PLAIN, NORM_G },
        { "model.dec.4x4_up.conv0.resample_filter", CG_F32, 1, { 4 },
          CG_LAYOUT_PLAIN, FILTER }
    };
    /* clang-format on */

    cg_part *part = t->parts;

    t->values[0] = t->values[3] = 0.125f;
    t->values[1] = t->values[2] = 0.375f;
    for (int k = 0; k < TINY_PARAMS; k++) {
        cg_array *a = &t->arrays[k];
        cg_param *param = &t->params[k];

        a->name = rows[k].name;
        a->dtype = rows[k].dtype;
        a->rank = rows[k].rank;
        a->elements = 1;
        for (int i = 0; i < a->rank; i++) {
            a->shape[i] = rows[k].shape[i];
            a->elements *= a->shape[i];
        }
        for (uint64_t i = 0; i < a->elements; i++) {
            store(t->data[k] + i * width(a->dtype), a->dtype,
                  tiny_value(k, i));
        }
        a->data = t->data[k];
        param->name = a->name;
        param->offset = rows[k].offset;
        param->parts = part;
        if (k != TINY_FILTER) {
            *part++ = (cg_part){.array = a,
                                .elements = (uint32_t)a->elements,
                                .layout = rows[k].layout};
        }
        if (k == TINY_FILTER || k == TINY_TWO_PARTS) {
            *part++ = (cg_part){.values = t->values, .elements = 4};
        }
        param->part_count = (uint32_t)(part - param->parts);
        for (uint32_t i = 0; i < param->part_count; i++) {
            param->elements += param->parts[i].elements;
        }
    }
}

static void make_ops(tiny *t)
{
    /* clang-format off */
    static const cg_op ops[TINY_OPS] = {
        { .kind = CG_OP_embed, .module = "map_label", .u.embed = {
            .id = 0, .channels = 8, .label_dim = 2,
            .label_scale = 1.41421356f, .features = F32(0), .dst = F32(32),
            .weight = LABEL_W, .bias = LABEL_B } },
        { .kind = CG_OP_linear, .module = "enc.4x4_block0.affine",
          .u.linear = { .id = 1, .in = 8, .out = 4, .act = CEDM_ACT_SILU,
            .src = F32(32), .dst = F32(0), .weight = LINEAR_W,
            .bias = NONE }, .macs = 32 },
        { .kind = CG_OP_conv, .module = "enc.4x4_conv", .u.conv = {
            .id = 2, .height = 4, .width = 4, .in_height = 4, .in_width = 4,
            .cin = { 1, 0 }, .cout = 4, .kernel = {3, 3}, .stride = 1,
            .pad = {1, 1},
            .stat_rows = 2, .scale = 1.0f, .src = { F32(64), NONE },
            .coeff = NONE, .skip_src = { NONE, NONE }, .emb_src = NONE,
            .residual = NONE, .dst = 0, .stats = F32(96), .weight = CONV_W,
            .bias = NONE, .skip_weight = NONE, .skip_bias = NONE },
          .macs = 576 },
        { .kind = CG_OP_norm_coeff, .module = "enc.4x4_block0.norm0",
          .u.norm_coeff = { .id = 3, .height = 4, .width = 4,
            .channels = { 4, 0 }, .groups = 1, .stat_rows = 2, .eps = 1e-6f,
            .stats = { F32(96), NONE }, .adaptive_src = NONE,
            .dst = F32(128), .gamma = NORM_G, .beta = NORM_G } },
        { .kind = CG_OP_conv, .module = "enc.4x4_block0.conv0", .u.conv = {
            .id = 4, .height = 4, .width = 4, .in_height = 4, .in_width = 4,
            .cin = { 4, 0 }, .cout = 4, .kernel = {3, 3}, .stride = 1,
            .pad = {1, 1},
            .act = CEDM_ACT_SILU, .scale = 0.70710677f, .src = { 0, NONE },
            .coeff = F32(128), .skip_src = { NONE, NONE }, .emb_index = 0,
            .emb_stride = 4, .emb_src = F32(0), .residual = 0, .dst = 64,
            .stats = NONE, .weight = CONV_W, .bias = NONE,
            .skip_weight = NONE, .skip_bias = NONE }, .macs = 2304 },
        { .kind = CG_OP_conv, .module = "enc.4x4_block0.qkv", .u.conv = {
            .id = 5, .height = 4, .width = 4, .in_height = 4, .in_width = 4,
            .cin = { 4, 0 }, .cout = 12, .kernel = {1, 1}, .stride = 1,
            .act = CEDM_ACT_AFFINE, .scale = 1.0f, .src = { 64, NONE },
            .coeff = F32(128), .skip_src = { NONE, NONE }, .emb_src = NONE,
            .residual = NONE, .dst = 128, .stats = NONE, .weight = CONV_W,
            .bias = QKV_W, .skip_weight = NONE, .skip_bias = NONE },
          .macs = 768 },
        { .kind = CG_OP_attention, .module = "enc.4x4_block0.attention",
          .u.attention = { .id = 6, .tokens = 16, .channels = 4, .heads = 1,
            .src = 128, .dst = 320 }, .macs = 2048 },
        { .kind = CG_OP_resample, .module = "dec.4x4_up.conv0",
          .u.resample = { .id = 7, .mode = CEDM_RESAMPLE_SAME, .height = 4,
            .width = 4, .in_height = 4, .in_width = 4, .channels = 4,
            .taps = 4, .pad = 2, .src = 320, .coeff = NONE, .dst = 128,
            .filter = FILTER } },
        { .kind = CG_OP_conv, .module = "dec.4x4_block0.conv0", .u.conv = {
            .id = 8, .height = 4, .width = 4, .in_height = 4, .in_width = 4,
            .cin = { 4, 1 }, .cout = 4, .kernel = {3, 3}, .stride = 1,
            .pad = {1, 1},
            .skip_cin = { 4, 4 }, .scale = 1.0f, .src = { 128, 64 },
            .coeff = NONE, .skip_src = { 64, 0 }, .emb_src = NONE,
            .residual = NONE, .dst = 192, .stats = NONE, .weight = CONV_W,
            .bias = NONE, .skip_weight = LINEAR_W, .skip_bias = NONE },
          .macs = 2880 },
        { .kind = CG_OP_conv, .module = "dec.4x4_aux_conv", .u.conv = {
            .id = 9, .height = 4, .width = 4, .in_height = 4, .in_width = 4,
            .cin = { 4, 0 }, .cout = 1, .kernel = {3, 3}, .stride = 1,
            .pad = {1, 1},
            .scale = 1.0f, .src = { 192, NONE }, .coeff = NONE,
            .skip_src = { NONE, NONE }, .emb_src = NONE, .residual = NONE,
            .dst = F32(64), .stats = NONE, .weight = CONV_W, .bias = NONE,
            .skip_weight = NONE, .skip_bias = NONE }, .macs = 576 }
    };
    /* clang-format on */

    memcpy(t->ops, ops, sizeof ops);
    for (uint32_t i = 0; i < TINY_OPS; i++) {
        const char *module = t->ops[i].module;

        t->ops[i].section =
            strncmp(module, "enc.", 4) == 0   ? CG_SECTION_ENCODER
            : strncmp(module, "dec.", 4) == 0 ? CG_SECTION_DECODER
                                              : CG_SECTION_OTHER;
    }
}

static void make_plan(tiny *t)
{
    /* clang-format off */
    static const cg_tensor tensors[TINY_TENSORS] = {
        { "features", 1, 1, 8, 8, true, 0, 0, 0 },
        { "image", 4, 4, 1, 16, true, 0, 9, 1 },
        { "enc.4x4_conv", 4, 4, 4, 64, false, 2, 8, 2 },
        /* Two tensors in one place; the longer life names it. */
        { "enc.4x4_block0.sum", 4, 4, 4, 64, false, 4, 5, 3 },
        { "enc.4x4_block0.conv0", 4, 4, 4, 64, false, 5, 8, 3 },
        { "enc.4x4_block0.qkv", 4, 4, 12, 192, false, 5, 6, 4 },
        { "enc.4x4_block0.attention", 4, 4, 4, 64, false, 6, 7, 5 },
        { "dec.4x4_up.conv0", 4, 4, 4, 64, false, 7, 8, 6 },
        { "dec.4x4_block0.conv0", 4, 4, 4, 64, false, 8, 9, 7 }
    };
    static const cg_buffer buffers[TINY_BUFFERS] = {
        { 32, true, 0, 0, 0 },    { 32, true, 0, 9, 64 },
        { 64, false, 2, 8, 0 },   { 64, false, 4, 8, 64 },
        { 192, false, 5, 6, 128 }, { 64, false, 6, 7, 320 },
        { 64, false, 7, 8, 128 }, { 64, false, 8, 9, 192 }
    };
    /* clang-format on */
    cg_program *p = &t->program;

    memcpy(t->tensors, tensors, sizeof tensors);
    memcpy(t->buffers, buffers, sizeof buffers);
    p->act = (cg_plan_report){384, 384, 512, "by size"};
    p->f32 = (cg_plan_report){160, 128, 192, "by size"};
}

void tiny_make(tiny *t)
{
    cg_program *p = &t->program;

    memset(t, 0, sizeof *t);
    make_params(t);
    make_ops(t);
    make_plan(t);
    p->ops = t->ops;
    p->op_count = TINY_OPS;
    p->tensors = t->tensors;
    p->tensor_count = TINY_TENSORS;
    p->buffers = t->buffers;
    p->buffer_count = TINY_BUFFERS;
    p->params = t->params;
    p->param_count = TINY_PARAMS;
    p->parameter_count = 248;
    p->macs = 9184;
    p->input_count = 2;
    p->inputs[CEDM_INPUT_IMAGE] = (cedm_port){"image", F32(64), 4, 4, 1};
    p->inputs[CEDM_INPUT_FEATURES] = (cedm_port){"features", F32(0), 1, 1, 8};
    p->output_count = 1;
    p->outputs[0] = (cedm_port){"image", F32(64), 4, 4, 1};
    p->denoises = true;
    p->denoiser.features =
        (cedm_features){CEDM_FEATURES_POSITIONAL, 8, 1, 1, NONE};
    p->denoiser.resolution = 4;
    p->denoiser.channels = 1;
    p->denoiser.label_dim = 2;
    p->denoiser.sigma_data = 0.5;
    p->denoiser.sigma_max = 1e308;
    p->config = "{\"model_type\": \"SongUNet\", \"img_resolution\": 4}";
    p->model_type = "SongUNet";
    t->freq[0] = 12;
    t->freq[1] = 34;
    p->freq = t->freq;
    t->ids[0] = 3;
    t->ids[1] = 5;
    p->ids = t->ids;
    p->data_elements = TINY_DATA;
    p->layout_hash = 0x0123456789abcdefu;
    p->scratch_bytes = 4096;
    p->weights_bytes = 8192;
    t->file.path = "/somewhere/else/tiny-1.safetensors";
    t->file.arrays = t->arrays;
    t->file.array_count = TINY_PARAMS;
    t->file.bytes = (const unsigned char *)bytes;
    t->file.size = sizeof bytes - 1;
}
