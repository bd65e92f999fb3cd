/* SPDX-License-Identifier: MIT
 *
 * trailer.c - the JSON description at the end of a blob.
 *
 * Tools read it; the runtime never does.  Members are in a fixed order and
 * numbers depend on the program only, so that the bytes do too. */
#include <cjson/cJSON.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "codegen/emit/emit.h"

static cJSON *add_object(cJSON *parent, const char *name)
{
    return cJSON_AddObjectToObject(parent, name);
}

/* cJSON leaves out what it has no memory for; cg_trailer finds out. */
static void add_item(cJSON *parent, const char *name, cJSON *item)
{
    if (!cJSON_AddItemToObject(parent, name, item)) {
        cJSON_Delete(item);
    }
}

static void add_number(cJSON *parent, const char *name, double value)
{
    /* JSON has no infinity. */
    if (isfinite(value)) {
        cJSON_AddNumberToObject(parent, name, value);
    } else {
        cJSON_AddNullToObject(parent, name);
    }
}

static void add_count(cJSON *parent, const char *name, uint64_t value)
{
    cJSON_AddNumberToObject(parent, name, (double)value);
}

/* A double has no integers beyond 2^53, and readers of JSON have no others;
 * cJSON would print 15 digits of some below. */
static cJSON *id_item(int64_t id)
{
    const int64_t limit = INT64_C(1) << 53;
    char text[32];

    snprintf(text, sizeof text, "%" PRId64, id);
    return id >= -limit && id <= limit ? cJSON_CreateRaw(text)
                                       : cJSON_CreateString(text);
}

static void add_ids(cJSON *clusters, const cg_program *program)
{
    cJSON *ids;

    if (program->ids == NULL) {
        cJSON_AddNullToObject(clusters, "ids");
        return;
    }
    ids = cJSON_AddArrayToObject(clusters, "ids");
    for (uint32_t i = 0; i < program->denoiser.label_dim; i++) {
        cJSON *item = id_item(program->ids[i]);

        if (!cJSON_AddItemToArray(ids, item)) {
            cJSON_Delete(item);
        }
    }
}

static void add_clusters(cJSON *root, const cg_emission *emission)
{
    const cg_program *program = emission->program;
    cJSON *clusters = add_object(root, "clusters");

    add_count(clusters, "count", program->denoiser.label_dim);
    if (program->freq != NULL) {
        add_item(clusters, "freq",
                 cJSON_CreateDoubleArray(program->freq,
                                         (int)program->denoiser.label_dim));
    } else {
        cJSON_AddNullToObject(clusters, "freq");
    }
    add_ids(clusters, program);
    if (program->cluster_source != NULL) {
        add_item(clusters, "source", cJSON_Parse(program->cluster_source));
    }
}

static void add_sampler(cJSON *root)
{
    cedm_sampler_params p = cedm_sampler_params_default();
    cJSON *sampler = add_object(root, "sampler");

    add_count(sampler, "steps", p.steps);
    add_number(sampler, "sigma_min", p.sigma_min);
    add_number(sampler, "sigma_max", p.sigma_max);
    add_number(sampler, "rho", p.rho);
    add_number(sampler, "S_churn", p.S_churn);
    add_number(sampler, "S_min", p.S_min);
    add_number(sampler, "S_max", p.S_max);
    add_number(sampler, "S_noise", p.S_noise);
}

static void add_encoder(cJSON *root, const cedm_encoder *e)
{
    cJSON *encoder = add_object(root, "encoder");

    add_count(encoder, "height", e->height);
    add_count(encoder, "width", e->width);
    add_count(encoder, "channels", e->channels);
    add_count(encoder, "features", e->features);
}

static void add_ops(cJSON *root, const cg_program *program)
{
    cJSON *ops = cJSON_AddArrayToObject(root, "ops");

    for (uint32_t i = 0; i < program->op_count; i++) {
        cJSON *op = cJSON_CreateObject();
        cg_name module;

        cg_safe_name(module, program->ops[i].module);
        cJSON_AddStringToObject(op, "kind", cg_op_name(program->ops[i].kind));
        cJSON_AddStringToObject(op, "module", module);
        add_count(op, "macs", program->ops[i].macs);
        if (!cJSON_AddItemToArray(ops, op)) {
            cJSON_Delete(op);
        }
    }
}

/* Whose errors to expect: see docs/NUMERICS.md. */
static const char *cpu_conv(const cg_program *program)
{
    for (uint32_t i = 0; i < program->op_count; i++) {
        const cg_op *op = &program->ops[i];

        if (op->kind == CG_OP_conv &&
            op->u.conv.algorithm != CEDM_CONV_DIRECT) {
            return "winograd";
        }
    }
    return "direct";
}

static void add_memory(cJSON *root, const cg_program *program)
{
    cJSON *memory = add_object(root, "memory");

    add_count(memory, "act_elements", program->act.elements);
    add_count(memory, "f32_elements", program->f32.elements);
    add_count(memory, "scratch_bytes", program->scratch_bytes);
    add_count(memory, "weights_bytes", program->weights_bytes);
    add_count(memory, "act_bound", program->act.lower_bound);
    add_count(memory, "f32_bound", program->f32.lower_bound);
}

static char *no_memory(const cg_emission *emission, cg_error *error)
{
    cg_fail(error, "%s.cedm: out of memory; free some and try again",
            emission->name);
    return NULL;
}

char *cg_trailer(const cg_emission *emission, cg_error *error)
{
    const cg_program *program = emission->program;
    cJSON *network, *root, *source;
    char *text;

    errno = 0;
    network = cJSON_Parse(program->config);
    if (network == NULL && errno == ENOMEM) {
        return no_memory(emission, error);
    }
    if (network == NULL) {
        cg_fail(error,
                "%s: the network's description is not JSON; wanted "
                "an object; export the checkpoint again",
                emission->source);
        return NULL;
    }
    root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "format", "cedm");
    cJSON_AddStringToObject(root, "name", emission->name);
    cJSON_AddStringToObject(root, "generator", "cedm " CEDM_VERSION);
    add_item(root, "network", network);
    add_count(root, "parameters", program->parameter_count);
    add_count(root, "macs", program->macs);
    if (program->encodes) {
        add_encoder(root, &program->encoder);
    } else {
        add_clusters(root, emission);
        add_sampler(root);
    }
    source = add_object(root, "source");
    cJSON_AddStringToObject(source, "file", emission->source);
    cJSON_AddStringToObject(source, "sha256", emission->source_sha256);
    cJSON_AddStringToObject(root, "data_sha256", emission->data_sha256);
    cJSON_AddStringToObject(root, "cpu_conv", cpu_conv(program));
    add_ops(root, program);
    add_memory(root, program);
    text = cJSON_PrintUnformatted(root);
    cJSON_Delete(root);
    if (text == NULL || errno == ENOMEM) {
        cJSON_free(text);
        return no_memory(emission, error);
    }
    return text;
}
