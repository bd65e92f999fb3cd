/* SPDX-License-Identifier: MIT
 *
 * source.c - NAME.c: the graph as constant descriptors and one function.
 *
 * Members that are zero are left out, references and weights never are.
 * docs/GENERATED.md specifies the result. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "codegen/emit/fields.h"

static void put_embed(cg_fields *f, const cedm_embed *o)
{
    cg_put_count(f, "channels", o->channels);
    cg_put_count(f, "label_dim", o->label_dim);
    cg_put_act(f, o->act);
    cg_put_real(f, "label_scale", o->label_scale);
    cg_put_row(f);
    cg_put_ref(f, "features", o->features);
    cg_put_ref(f, "dst", o->dst);
    cg_put_row(f);
    cg_put_weight(f, "weight", o->weight);
    cg_put_weight(f, "bias", o->bias);
}

static void put_linear(cg_fields *f, const cedm_linear *o)
{
    cg_put_count(f, "in", o->in);
    cg_put_count(f, "out", o->out);
    cg_put_act(f, o->act);
    cg_put_row(f);
    cg_put_ref(f, "src", o->src);
    cg_put_ref(f, "dst", o->dst);
    cg_put_row(f);
    cg_put_weight(f, "weight", o->weight);
    cg_put_weight(f, "bias", o->bias);
}

static void put_norm_coeff(cg_fields *f, const cedm_norm_coeff *o)
{
    cg_put_count(f, "height", o->height);
    cg_put_count(f, "width", o->width);
    cg_put_counts(f, "channels", o->channels);
    cg_put_count(f, "groups", o->groups);
    cg_put_count(f, "stat_rows", o->stat_rows);
    cg_put_real(f, "eps", o->eps);
    cg_put_row(f);
    cg_put_refs(f, "stats", o->stats);
    cg_put_slice(f, "adaptive", o->adaptive_index, o->adaptive_stride,
                 o->adaptive_src);
    cg_put_ref(f, "dst", o->dst);
    cg_put_row(f);
    cg_put_weight(f, "gamma", o->gamma);
    cg_put_weight(f, "beta", o->beta);
}

static void algorithm(cg_fields *f, uint32_t value)
{
    if (value == CEDM_CONV_WINOGRAD4 || value == CEDM_CONV_WINOGRAD2) {
        cg_put(f, ".algorithm = CEDM_CONV_WINOGRAD%u",
               value == CEDM_CONV_WINOGRAD4 ? 4u : 2u);
    } else {
        cg_put_count(f, "algorithm", value);
    }
}

static void put_conv(cg_fields *f, const cedm_conv *o)
{
    cg_put_count(f, "height", o->height);
    cg_put_count(f, "width", o->width);
    cg_put_count(f, "in_height", o->in_height);
    cg_put_count(f, "in_width", o->in_width);
    cg_put_counts(f, "cin", o->cin);
    cg_put_count(f, "cout", o->cout);
    cg_put_row(f);
    algorithm(f, o->algorithm);
    cg_put_count(f, "kernel", o->kernel);
    cg_put_count(f, "stride", o->stride);
    cg_put_count(f, "pad", o->pad);
    cg_put_count(f, "up", o->up);
    cg_put_act(f, o->act);
    cg_put_counts(f, "skip_cin", o->skip_cin);
    cg_put_count(f, "skip_up", o->skip_up);
    cg_put_count(f, "stat_rows", o->stat_rows);
    cg_put_real(f, "scale", o->scale);
    cg_put_row(f);
    cg_put_refs(f, "src", o->src);
    cg_put_ref(f, "coeff", o->coeff);
    cg_put_refs(f, "skip_src", o->skip_src);
    cg_put_row(f);
    cg_put_slice(f, "emb", o->emb_index, o->emb_stride, o->emb_src);
    cg_put_ref(f, "residual", o->residual);
    cg_put_ref(f, "dst", o->dst);
    cg_put_ref(f, "stats", o->stats);
    cg_put_row(f);
    cg_put_weight(f, "weight", o->weight);
    cg_put_weight(f, "bias", o->bias);
    cg_put_weight(f, "skip_weight", o->skip_weight);
    cg_put_weight(f, "skip_bias", o->skip_bias);
}

static void put_resample(cg_fields *f, const cedm_resample *o)
{
    static const char *const modes[] = {"DOWN", "UP", "SAME"};

    if (o->mode < 3) {
        cg_put(f, ".mode = CEDM_RESAMPLE_%s", modes[o->mode]);
    } else {
        cg_put_count(f, "mode", o->mode);
    }
    cg_put_row(f);
    cg_put_count(f, "height", o->height);
    cg_put_count(f, "width", o->width);
    cg_put_count(f, "in_height", o->in_height);
    cg_put_count(f, "in_width", o->in_width);
    cg_put_count(f, "channels", o->channels);
    cg_put_row(f);
    cg_put_count(f, "taps", o->taps);
    cg_put_count(f, "pad", o->pad);
    cg_put_act(f, o->act);
    cg_put_row(f);
    cg_put_ref(f, "src", o->src);
    cg_put_ref(f, "coeff", o->coeff);
    cg_put_ref(f, "dst", o->dst);
    cg_put_weight(f, "filter", o->filter);
}

static void put_attention(cg_fields *f, const cedm_attention *o)
{
    cg_put_count(f, "tokens", o->tokens);
    cg_put_count(f, "channels", o->channels);
    cg_put_count(f, "heads", o->heads);
    cg_put_row(f);
    cg_put_ref(f, "src", o->src);
    cg_put_ref(f, "dst", o->dst);
}

static void put_op(cg_fields *f, const cg_op *op)
{
    switch (op->kind) {
#define CG_PUT(name)                                                         \
    case CG_OP_##name:                                                       \
        cg_put(f, ".id = %u", (unsigned)op->u.name.id);                      \
        put_##name(f, &op->u.name);                                          \
        break;
        CEDM_GRAPH_OPS(CG_PUT)
#undef CG_PUT
    case CG_OP_COUNT:
    default: break;
    }
}

static const char *const kind_names[CG_OP_COUNT] = {
#define CG_KIND_NAME(name) #name,
    CEDM_GRAPH_OPS(CG_KIND_NAME)
#undef CG_KIND_NAME
};

/* True if op i begins another module than the op before it. */
static bool starts_module(const cg_program *program, uint32_t i)
{
    const char *a, *b;
    const char *dot_a, *dot_b;
    size_t n;

    if (i == 0) {
        return false;
    }
    a = program->ops[i - 1].module;
    b = program->ops[i].module;
    dot_a = strrchr(a, '.');
    dot_b = strrchr(b, '.');
    n = dot_a != NULL ? (size_t)(dot_a - a) : 0;
    return n != (dot_b != NULL ? (size_t)(dot_b - b) : 0) ||
           strncmp(a, b, n) != 0;
}

static void descriptors(cg_out *out, const cg_emission *emission)
{
    const cg_program *program = emission->program;
    cg_fields f = {out, 0};

    for (uint32_t i = 0; i < program->op_count; i++) {
        char summary[CG_SUMMARY_MAX];
        cg_name module;

        cg_safe_name(module, program->ops[i].module);
        cg_op_summary(program, i, summary);
        if (strlen(module) + strlen(summary) > 69) {
            cg_out_text(out, "/* %s\n * %s */\n", module, summary);
        } else {
            cg_out_text(out, "/* %s  %s */\n", module, summary);
        }
        cg_out_text(out, "static const cedm_%s %s = {\n",
                    kind_names[program->ops[i].kind], emission->op_names[i]);
        put_op(&f, &program->ops[i]);
        cg_put_row(&f);
        cg_out_text(out, "};\n\n");
    }
}

static void tensor_table(cg_out *out, const cg_program *program)
{
    cg_out_text(out, "/* The blob: offset and number of elements of each "
                     "tensor. */\nstatic const cedm_tensor tensors[] = {\n");
    for (uint32_t i = 0; i < program->param_count; i++) {
        const cg_param *param = &program->params[i];
        cg_name safe;

        cg_safe_name(safe, param->name);
        cg_out_text(out, "    { %u, %u }, /* %s */\n",
                    (unsigned)param->offset, (unsigned)param->elements, safe);
    }
    cg_out_text(out, "};\n\n");
}

static void eval(cg_out *out, const cg_emission *emission)
{
    const cg_program *program = emission->program;

    cg_out_text(out,
                "static void %s_eval(const cedm_ops *ops, void *ctx)\n"
                "{\n",
                emission->name);
    for (uint32_t i = 0; i < program->op_count; i++) {
        cg_out_text(out, "%s    ops->%s(ctx, &%s);\n",
                    starts_module(program, i) ? "\n" : "",
                    kind_names[program->ops[i].kind], emission->op_names[i]);
    }
    cg_out_text(out, "}\n\n");
}

static void features(cg_out *out, const cedm_features *value)
{
    cg_fields f = {out, 0};

    cg_out_text(out, "    .features = {\n    ");
    cg_put(&f, ".kind = CEDM_FEATURES_%s",
           value->kind == CEDM_FEATURES_FOURIER ? "FOURIER" : "POSITIONAL");
    cg_put_count(&f, "channels", value->channels);
    cg_put_row(&f);
    cg_out_text(out, "    ");
    cg_put_count(&f, "endpoint", value->endpoint);
    cg_put_count(&f, "swap", value->swap);
    cg_put_weight(&f, "freqs", value->freqs);
    cg_put_row(&f);
    cg_out_text(out, "    },\n");
}

/* The preconditioning with the members that it uses. */
static void precond(cg_out *out, const cg_program *program)
{
    static const char *const names[] = {"EDM", "VP", "VE", "IDDPM"};
    cg_fields f = {out, 0};

    cg_put(&f, ".precond = CEDM_PRECOND_%s", names[program->precond]);
    cg_put_row(&f);
    cg_put_double(&f, "sigma_data", program->sigma_data);
    cg_put_double(&f, "sigma_min", program->sigma_min);
    cg_put_double(&f, "sigma_max", program->sigma_max);
    if (program->precond == CEDM_PRECOND_VP) {
        cg_put_double(&f, "beta_d", program->beta_d);
        cg_put_double(&f, "beta_min", program->beta_min);
    }
    cg_put_count(&f, "noise_steps", program->noise_steps);
    if (program->precond == CEDM_PRECOND_IDDPM) {
        cg_put_weight(&f, "noise_levels", program->noise_levels);
    }
    cg_put_row(&f);
}

static void model(cg_out *out, const cg_emission *emission)
{
    const cg_program *program = emission->program;
    const char *name = emission->name;
    cg_fields f = {out, 0};

    cg_out_text(out,
                "/* Declared for applications in %s.h. */\n"
                "extern const cedm_model cedm_%s_model;\n\n"
                "const cedm_model cedm_%s_model = {\n"
                "    .abi = CEDM_MODEL_ABI,\n"
                "    .size = sizeof(cedm_model),\n"
                "    .name = \"%s\",\n",
                name, name, name, name);
    cg_put_count(&f, "resolution", program->resolution);
    cg_put_count(&f, "channels", program->channels);
    cg_put_count(&f, "label_dim", program->label_dim);
    cg_put_row(&f);
    precond(out, program);
    features(out, &program->features);
    cg_put_ref(&f, "features_ref", program->features_ref);
    cg_put_ref(&f, "input_ref", program->input_ref);
    cg_put_ref(&f, "output_ref", program->output_ref);
    cg_put_row(&f);
    cg_out_text(out,
                "    .op_count = %u,\n    .act_elements = %u,\n"
                "    .f32_elements = %u,\n",
                (unsigned)program->op_count, (unsigned)program->act.elements,
                (unsigned)program->f32.elements);
    if (program->dtype == CEDM_DTYPE_F16) {
        cg_out_text(out, "    .dtype = CEDM_DTYPE_F16,\n");
    }
    cg_out_text(out,
                "    .scratch_bytes = %" PRIu64 "u,\n"
                "    .weights_bytes = %" PRIu64 "u,\n"
                "    .data_elements = %" PRIu64 "u,\n"
                "    .layout_hash = 0x%016" PRIx64 "u,\n",
                program->scratch_bytes, program->weights_bytes,
                program->data_elements, program->layout_hash);
    cg_out_text(out,
                "    .tensor_count = %u,\n    .tensors = tensors,\n"
                "    .eval = %s_eval,\n};\n",
                (unsigned)program->param_count, name);
}

void cg_emit_source(cg_out *out, const cg_emission *emission)
{
    const char *name = emission->name;

    cg_out_text(out,
                "/* %s.c - the graph of the frozen model \"%s\".\n *\n"
                " * Generated by cedm " CEDM_VERSION
                " from %s\n * (sha256 %s).\n",
                name, name, emission->source, emission->source_sha256);
    cg_out_text(out,
                " * Do not edit: freeze the checkpoint again.\n *\n"
                " * Each op stands under its module in the checkpoint; maps "
                "are channels x\n * height x width.  ACT and F32 are offsets "
                "in elements into the two segments\n * of the arena, weights "
                "are offsets into the blob's data. */\n"
                "#include \"cedm_model.h\"\n\n");
    cg_out_text(out, "#define ACT(offset) offset##u\n"
                     "#define F32(offset) (offset##u | CEDM_REF_F32)\n"
                     "#define NONE CEDM_NONE\n\n");
    descriptors(out, emission);
    tensor_table(out, emission->program);
    eval(out, emission);
    model(out, emission);
    cg_out_text(out,
                "\n#ifdef CEDM_MODEL_SHARED\n"
                "cedm_model_entry_fn cedm_model_entry;\n\n"
                "const cedm_model *cedm_model_entry(void)\n{\n"
                "    return &cedm_%s_model;\n}\n#endif\n",
                name);
}
