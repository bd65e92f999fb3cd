/* SPDX-License-Identifier: MIT
 *
 * model.c - the end of NAME.c: the graph's ports and sizes, how it denoises,
 * and the model that the runtime gets. */
#include <inttypes.h>

#include "codegen/emit/fields.h"

static void ports(cg_out *out, const char *array, const cedm_port *port,
                  uint32_t count)
{
    cg_out_text(out, "static const cedm_port %s[] = {\n", array);
    for (uint32_t i = 0; i < count; i++, port++) {
        cg_out_text(out, "    { \"%s\", F32(%u), %u, %u, %u },\n", port->name,
                    (unsigned)CEDM_REF_OFFSET(port->ref),
                    (unsigned)port->height, (unsigned)port->width,
                    (unsigned)port->channels);
    }
    cg_out_text(out, "};\n");
}

/* ---- how it denoises --------------------------------------------------- */

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
static void precond(cg_out *out, const cedm_denoiser *d)
{
    static const char *const names[] = {"EDM", "VP", "VE", "IDDPM"};
    cg_fields f = {out, 0};

    cg_put(&f, ".precond = CEDM_PRECOND_%s", names[d->precond]);
    cg_put_row(&f);
    cg_put_double(&f, "sigma_data", d->sigma_data);
    cg_put_double(&f, "sigma_min", d->sigma_min);
    cg_put_double(&f, "sigma_max", d->sigma_max);
    if (d->precond == CEDM_PRECOND_VP) {
        cg_put_double(&f, "beta_d", d->beta_d);
        cg_put_double(&f, "beta_min", d->beta_min);
    }
    cg_put_count(&f, "noise_steps", d->noise_steps);
    if (d->precond == CEDM_PRECOND_IDDPM) {
        cg_put_weight(&f, "noise_levels", d->noise_levels);
    }
    cg_put_row(&f);
}

static void denoiser(cg_out *out, const cedm_denoiser *d)
{
    cg_fields f = {out, 0};

    cg_out_text(out, "\nstatic const cedm_denoiser denoiser = {\n");
    cg_put_count(&f, "resolution", d->resolution);
    cg_put_count(&f, "channels", d->channels);
    cg_put_count(&f, "label_dim", d->label_dim);
    cg_put_row(&f);
    precond(out, d);
    features(out, &d->features);
    cg_out_text(out, "};\n");
}

static void encoder(cg_out *out, const cedm_encoder *e)
{
    cg_fields f = {out, 0};

    cg_out_text(out, "\nstatic const cedm_encoder encoder = {\n");
    cg_put_count(&f, "height", e->height);
    cg_put_count(&f, "width", e->width);
    cg_put_count(&f, "channels", e->channels);
    cg_put_count(&f, "features", e->features);
    cg_put_row(&f);
    cg_out_text(out, "};\n");
}

/* ---- the model --------------------------------------------------------- */

static void graph(cg_out *out, const cg_program *program, const char *name)
{
    cg_out_text(out,
                "    .graph = {\n"
                "        .input_count = %u, .output_count = %u,\n"
                "        .inputs = inputs, .outputs = outputs,\n"
                "        .op_count = %u,\n"
                "        .act_elements = %u,\n"
                "        .f32_elements = %u,\n"
                "        .scratch_bytes = %" PRIu64 "u,\n"
                "        .weights_bytes = %" PRIu64 "u,\n",
                (unsigned)program->input_count,
                (unsigned)program->output_count, (unsigned)program->op_count,
                (unsigned)program->act.elements,
                (unsigned)program->f32.elements, program->scratch_bytes,
                program->weights_bytes);
    if (program->dtype == CEDM_DTYPE_F16) {
        cg_out_text(out, "        .dtype = CEDM_DTYPE_F16,\n");
    }
    cg_out_text(out,
                "        .tensor_count = %u,\n"
                "        .tensors = tensors,\n"
                "        .data_elements = %" PRIu64 "u,\n"
                "        .layout_hash = 0x%016" PRIx64 "u,\n"
                "        .eval = %s_eval,\n    },\n",
                (unsigned)program->param_count, program->data_elements,
                program->layout_hash, name);
}

void cg_emit_model(cg_out *out, const cg_emission *emission)
{
    const cg_program *program = emission->program;
    const char *name = emission->name;

    ports(out, "inputs", program->inputs, program->input_count);
    ports(out, "outputs", program->outputs, program->output_count);
    if (program->denoises) {
        denoiser(out, &program->denoiser);
    }
    if (program->encodes) {
        encoder(out, &program->encoder);
    }
    cg_out_text(out,
                "\n/* Declared for applications in %s.h. */\n"
                "extern const cedm_model cedm_%s_model;\n\n"
                "const cedm_model cedm_%s_model = {\n"
                "    .abi = CEDM_MODEL_ABI,\n"
                "    .size = sizeof(cedm_model),\n"
                "    .name = \"%s\",\n",
                name, name, name, name);
    graph(out, program, name);
    cg_out_text(out, "%s%s};\n",
                program->denoises ? "    .denoiser = &denoiser,\n" : "",
                program->encodes ? "    .encoder = &encoder,\n" : "");
}
