/* SPDX-License-Identifier: MIT
 *
 * source.c - NAME.c: the graph as constant descriptors and one function.
 *
 * Members that are zero are left out, references and weights never are.
 * docs/GENERATED.md specifies the result. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emit.h"

/* Designated initialisers, wrapped at 79 columns. */
typedef struct fields {
    cg_out *out;
    int column; /* 0: at the start of a line */
} fields;

static void field(fields *f, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void field(fields *f, const char *format, ...)
{
    char text[160];
    va_list arguments;
    int n;

    va_start(arguments, format);
    n = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (f->column > 0 && f->column + n + 2 > 78) {
        cg_out_text(f->out, "\n");
        f->column = 0;
    }
    cg_out_text(f->out, "%s%s,", f->column == 0 ? "    " : " ", text);
    f->column += n + (f->column == 0 ? 5 : 2);
}

/* Starts a new line where a reader would. */
static void row(fields *f)
{
    if (f->column > 0) {
        cg_out_text(f->out, "\n");
        f->column = 0;
    }
}

static void count(fields *f, const char *name, uint32_t value)
{
    if (value != 0) {
        field(f, ".%s = %u", name, (unsigned)value);
    }
}

static void counts(fields *f, const char *name, const uint32_t value[2])
{
    if (value[1] != 0) {
        field(f, ".%s = { %u, %u }", name, (unsigned)value[0],
              (unsigned)value[1]);
    } else if (value[0] != 0) {
        field(f, ".%s = { %u }", name, (unsigned)value[0]);
    }
}

/* The shortest decimal that is read back as the same float. */
static void real(fields *f, const char *name, float value)
{
    char text[32] = "";

    for (int digits = 1; digits <= 9; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, (double)value);
        if (strtof(text, NULL) == value) {
            break;
        }
    }
    field(f, ".%s = %s%sf", name, text,
          strpbrk(text, ".e") == NULL ? ".0" : "");
}

typedef char operand[24];

static void ref_text(operand text, cedm_ref ref)
{
    if (ref == CEDM_NONE) {
        snprintf(text, sizeof(operand), "NONE");
    } else {
        snprintf(text, sizeof(operand), "%s(%u)",
                 CEDM_REF_IS_F32(ref) ? "F32" : "ACT",
                 (unsigned)CEDM_REF_OFFSET(ref));
    }
}

static void ref(fields *f, const char *name, cedm_ref value)
{
    operand text;

    ref_text(text, value);
    field(f, ".%s = %s", name, text);
}

static void refs(fields *f, const char *name, const cedm_ref value[2])
{
    operand a, b;

    ref_text(a, value[0]);
    ref_text(b, value[1]);
    field(f, ".%s = { %s, %s }", name, a, b);
}

/* Part of a vector that one linear op makes for all blocks. */
static void slice(fields *f, const char *name, uint32_t index,
                  uint32_t stride, cedm_ref src)
{
    operand text;

    ref_text(text, src);
    if (index != 0) {
        field(f, ".%s_index = %u", name, (unsigned)index);
    }
    if (stride != 0) {
        field(f, ".%s_stride = %u", name, (unsigned)stride);
    }
    field(f, ".%s_src = %s", name, text);
}

static void weight(fields *f, const char *name, cedm_weight value)
{
    if (value == CEDM_NONE) {
        field(f, ".%s = NONE", name);
    } else {
        field(f, ".%s = %u", name, (unsigned)value);
    }
}

static void act(fields *f, uint32_t value)
{
    static const char *const names[] = { "NONE", "AFFINE", "SILU" };

    if (value != CEDM_ACT_NONE) {
        if (value < 3) {
            field(f, ".act = CEDM_ACT_%s", names[value]);
        } else {
            count(f, "act", value);
        }
    }
}

static void put_embed(fields *f, const cedm_embed *o)
{
    count(f, "channels", o->channels);
    count(f, "label_dim", o->label_dim);
    act(f, o->act);
    real(f, "label_scale", o->label_scale);
    row(f);
    ref(f, "features", o->features);
    ref(f, "dst", o->dst);
    row(f);
    weight(f, "weight", o->weight);
    weight(f, "bias", o->bias);
}

static void put_linear(fields *f, const cedm_linear *o)
{
    count(f, "in", o->in);
    count(f, "out", o->out);
    act(f, o->act);
    row(f);
    ref(f, "src", o->src);
    ref(f, "dst", o->dst);
    row(f);
    weight(f, "weight", o->weight);
    weight(f, "bias", o->bias);
}

static void put_norm_coeff(fields *f, const cedm_norm_coeff *o)
{
    count(f, "height", o->height);
    count(f, "width", o->width);
    counts(f, "channels", o->channels);
    count(f, "groups", o->groups);
    count(f, "stat_rows", o->stat_rows);
    real(f, "eps", o->eps);
    row(f);
    refs(f, "stats", o->stats);
    slice(f, "adaptive", o->adaptive_index, o->adaptive_stride,
          o->adaptive_src);
    ref(f, "dst", o->dst);
    row(f);
    weight(f, "gamma", o->gamma);
    weight(f, "beta", o->beta);
}

static void algorithm(fields *f, uint32_t value)
{
    if (value == CEDM_CONV_WINOGRAD4 || value == CEDM_CONV_WINOGRAD2) {
        field(f, ".algorithm = CEDM_CONV_WINOGRAD%u",
              value == CEDM_CONV_WINOGRAD4 ? 4u : 2u);
    } else {
        count(f, "algorithm", value);
    }
}

static void put_conv(fields *f, const cedm_conv *o)
{
    count(f, "height", o->height);
    count(f, "width", o->width);
    count(f, "in_height", o->in_height);
    count(f, "in_width", o->in_width);
    counts(f, "cin", o->cin);
    count(f, "cout", o->cout);
    row(f);
    algorithm(f, o->algorithm);
    count(f, "kernel", o->kernel);
    count(f, "stride", o->stride);
    count(f, "pad", o->pad);
    count(f, "up", o->up);
    act(f, o->act);
    counts(f, "skip_cin", o->skip_cin);
    count(f, "skip_up", o->skip_up);
    count(f, "stat_rows", o->stat_rows);
    real(f, "scale", o->scale);
    row(f);
    refs(f, "src", o->src);
    ref(f, "coeff", o->coeff);
    refs(f, "skip_src", o->skip_src);
    row(f);
    slice(f, "emb", o->emb_index, o->emb_stride, o->emb_src);
    ref(f, "residual", o->residual);
    ref(f, "dst", o->dst);
    ref(f, "stats", o->stats);
    row(f);
    weight(f, "weight", o->weight);
    weight(f, "bias", o->bias);
    weight(f, "skip_weight", o->skip_weight);
    weight(f, "skip_bias", o->skip_bias);
}

static void put_resample(fields *f, const cedm_resample *o)
{
    static const char *const modes[] = { "DOWN", "UP", "SAME" };

    if (o->mode < 3) {
        field(f, ".mode = CEDM_RESAMPLE_%s", modes[o->mode]);
    } else {
        count(f, "mode", o->mode);
    }
    row(f);
    count(f, "height", o->height);
    count(f, "width", o->width);
    count(f, "in_height", o->in_height);
    count(f, "in_width", o->in_width);
    count(f, "channels", o->channels);
    row(f);
    count(f, "taps", o->taps);
    count(f, "pad", o->pad);
    act(f, o->act);
    row(f);
    ref(f, "src", o->src);
    ref(f, "coeff", o->coeff);
    ref(f, "dst", o->dst);
    weight(f, "filter", o->filter);
}

static void put_attention(fields *f, const cedm_attention *o)
{
    count(f, "tokens", o->tokens);
    count(f, "channels", o->channels);
    count(f, "heads", o->heads);
    row(f);
    ref(f, "src", o->src);
    ref(f, "dst", o->dst);
}

static void put_op(fields *f, const cg_op *op)
{
    switch (op->kind) {
#define CG_PUT(name)                                                         \
    case CG_OP_##name:                                                       \
        field(f, ".id = %u", (unsigned)op->u.name.id);                       \
        put_##name(f, &op->u.name);                                          \
        break;
        CEDM_GRAPH_OPS(CG_PUT)
#undef CG_PUT
    case CG_OP_COUNT:
    default:
        break;
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
    fields f = { out, 0 };

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
        row(&f);
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
                    (unsigned)param->offset, (unsigned)param->elements,
                    safe);
    }
    cg_out_text(out, "};\n\n");
}

static void eval(cg_out *out, const cg_emission *emission)
{
    const cg_program *program = emission->program;

    cg_out_text(out, "static void %s_eval(const cedm_ops *ops, void *ctx)\n"
                "{\n", emission->name);
    for (uint32_t i = 0; i < program->op_count; i++) {
        cg_out_text(out, "%s    ops->%s(ctx, &%s);\n",
                    starts_module(program, i) ? "\n" : "",
                    kind_names[program->ops[i].kind], emission->op_names[i]);
    }
    cg_out_text(out, "}\n\n");
}

/* 17 digits bring a double back; infinity, which C has no constant for
 * without math.h, becomes the largest round number. */
static void real64(cg_out *out, const char *name, double value)
{
    char text[40] = "";

    if (value > 1e308) {
        value = 1e308;
    }
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value) {
            break;
        }
    }
    cg_out_text(out, "    .%s = %s%s,\n", name, text,
                strpbrk(text, ".e") == NULL ? ".0" : "");
}

static void features(cg_out *out, const cedm_features *value)
{
    fields f = { out, 0 };

    cg_out_text(out, "    .features = {\n    ");
    field(&f, ".kind = CEDM_FEATURES_%s",
          value->kind == CEDM_FEATURES_FOURIER ? "FOURIER" : "POSITIONAL");
    count(&f, "channels", value->channels);
    row(&f);
    cg_out_text(out, "    ");
    count(&f, "endpoint", value->endpoint);
    count(&f, "swap", value->swap);
    weight(&f, "freqs", value->freqs);
    row(&f);
    cg_out_text(out, "    },\n");
}

/* The preconditioning with the members that it uses. */
static void precond(cg_out *out, const cg_program *program)
{
    static const char *const names[] = { "EDM", "VP", "VE", "IDDPM" };
    fields f = { out, 0 };

    field(&f, ".precond = CEDM_PRECOND_%s", names[program->precond]);
    row(&f);
    real64(out, "sigma_data", program->sigma_data);
    real64(out, "sigma_min", program->sigma_min);
    real64(out, "sigma_max", program->sigma_max);
    if (program->precond == CEDM_PRECOND_VP) {
        real64(out, "beta_d", program->beta_d);
        real64(out, "beta_min", program->beta_min);
    }
    count(&f, "noise_steps", program->noise_steps);
    if (program->precond == CEDM_PRECOND_IDDPM) {
        weight(&f, "noise_levels", program->noise_levels);
    }
    row(&f);
}

static void model(cg_out *out, const cg_emission *emission)
{
    const cg_program *program = emission->program;
    const char *name = emission->name;
    fields f = { out, 0 };

    cg_out_text(out, "/* Declared for applications in %s.h. */\n"
                "extern const cedm_model cedm_%s_model;\n\n"
                "const cedm_model cedm_%s_model = {\n"
                "    .abi = CEDM_MODEL_ABI,\n"
                "    .size = sizeof(cedm_model),\n"
                "    .name = \"%s\",\n", name, name, name, name);
    count(&f, "resolution", program->resolution);
    count(&f, "channels", program->channels);
    count(&f, "label_dim", program->label_dim);
    row(&f);
    precond(out, program);
    features(out, &program->features);
    ref(&f, "features_ref", program->features_ref);
    ref(&f, "input_ref", program->input_ref);
    ref(&f, "output_ref", program->output_ref);
    row(&f);
    cg_out_text(out, "    .op_count = %u,\n    .act_elements = %u,\n"
                "    .f32_elements = %u,\n", (unsigned)program->op_count,
                (unsigned)program->act.elements,
                (unsigned)program->f32.elements);
    if (program->dtype == CEDM_DTYPE_F16) {
        cg_out_text(out, "    .dtype = CEDM_DTYPE_F16,\n");
    }
    cg_out_text(out, "    .scratch_bytes = %" PRIu64 "u,\n"
                "    .weights_bytes = %" PRIu64 "u,\n"
                "    .data_elements = %" PRIu64 "u,\n"
                "    .layout_hash = 0x%016" PRIx64 "u,\n",
                program->scratch_bytes, program->weights_bytes,
                program->data_elements, program->layout_hash);
    cg_out_text(out, "    .tensor_count = %u,\n    .tensors = tensors,\n"
                "    .eval = %s_eval,\n};\n", (unsigned)program->param_count,
                name);
}

void cg_emit_source(cg_out *out, const cg_emission *emission)
{
    const char *name = emission->name;

    cg_out_text(out, "/* %s.c - the graph of the frozen model \"%s\".\n *\n"
                " * Generated by cedm " CEDM_VERSION
                " from %s\n * (sha256 %s).\n", name, name, emission->source,
                emission->source_sha256);
    cg_out_text(out, " * Do not edit: freeze the checkpoint again.\n *\n"
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
    cg_out_text(out, "\n#ifdef CEDM_MODEL_SHARED\n"
                "cedm_model_entry_fn cedm_model_entry;\n\n"
                "const cedm_model *cedm_model_entry(void)\n{\n"
                "    return &cedm_%s_model;\n}\n#endif\n", name);
}
