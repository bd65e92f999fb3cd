/* SPDX-License-Identifier: MIT
 *
 * build.c - from a checkpoint to a placed program: the passes in order. */
#include <cjson/cJSON.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "codegen/arch/arch.h"
#include "codegen/cluster_lists.h"
#include "codegen/error.h"
#include "codegen/measure/measure.h"
#include "codegen/pass/pass.h"

static bool no_config(const cg_file *file, cg_error *error)
{
    bool torch = file->size >= 2 && memcmp(file->bytes, "PK", 2) == 0;
    return cg_fail(error,
                   "%s:%s: no configuration; wanted cedm.config with "
                   "the network's constructor arguments as JSON, got "
                   "nothing; add it: %s",
                   file->path, torch ? "data.pkl" : "__metadata__",
                   torch ? "torch.save({\"ema\": sd, \"cedm.config\": json}, "
                           "path)"
                         : "save_file(sd, path, {\"cedm.config\": json})");
}

/* What the program has of the graph beside ops, tensors and params. */
static void describe(cg_program *p, const cg_graph *graph,
                     const cg_arch *arch, const cg_state *state)
{
    p->denoises = graph->denoises;
    p->denoiser = graph->denoiser;
    p->encodes = graph->encodes;
    p->encoder = graph->encoder;
    p->model_type = arch->name;
    p->macs = graph->macs;
    p->parameter_count = state->parameters;
}

static void name_sections(cg_program *p, const cg_arch *arch)
{
    for (uint32_t i = 0; i < p->op_count; i++) {
        p->ops[i].section = arch->section(p->ops[i].module);
    }
}

/* What cedm-train goes on from holds the network four times over. */
static bool no_state(const cg_file *file, cg_error *error)
{
    return cg_find_metadata(file, "cedm.counters") == NULL ||
           cg_fail(error,
                   "%s: the state of a training run; wanted a network; take "
                   "the snapshot-*.safetensors beside it",
                   file->path);
}

/* Up to the fused program; the graph has its params. */
static bool build(cg_program *p, const cg_file *file,
                  const cg_encoder_choice *choice, cg_graph *graph,
                  cg_error *error)
{
    cg_state state = {.file = file,
                      .path = file->path,
                      .memory = graph->memory,
                      .error = error};
    p->config = cg_find_metadata(file, "cedm.config");
    if (p->config == NULL) {
        bool failed = false;
        p->config =
            cg_arch_infer(file, choice, graph->memory, &failed, error);
        if (p->config == NULL) {
            return !failed && no_config(file, error);
        }
    }
    const cg_arch *arch = cg_arch_build(p->config, &state, graph);
    if (arch == NULL || !cg_no_extras(&state)) {
        return false;
    }
    describe(p, graph, arch, &state);
    cg_fold_residual(graph);
    if (!cg_read_clusters(file, p, error) || !cg_fuse(graph, p, error)) {
        return false;
    }
    name_sections(p, arch);
    return true;
}

static cg_program *new_program(const cg_file *checkpoint, cg_error *error)
{
    cg_memory *memory = cg_memory_new();
    cg_program *p =
        memory == NULL ? NULL : cg_take(memory, 1, sizeof(cg_program));
    if (p == NULL) {
        cg_memory_free(memory);
        (void)cg_fail(error, "%s: out of memory", checkpoint->path);
        return NULL;
    }
    p->memory = memory;
    return p;
}

/* The program if it is good, else NULL.  No pass asks for each piece of
 * memory whether it got it, so that is found out here. */
static cg_program *finish(cg_program *p, bool good, const char *path,
                          cg_error *error)
{
    if (cg_memory_exhausted(p->memory)) {
        good = cg_fail(error, "%s: out of memory", path);
    }
    if (!good) {
        cg_program_free(p);
        return NULL;
    }
    return p;
}

cg_program *cg_build(const cg_file *checkpoint, const cg_options *options,
                     cg_error *error)
{
    static const cg_options defaults;
    cg_program *p = new_program(checkpoint, error);
    if (p == NULL) {
        return NULL;
    }
    options = options != NULL ? options : &defaults;
    p->dtype = options->weights;
    cg_graph graph = {.memory = p->memory};
    bool good = no_state(checkpoint, error) &&
                build(p, checkpoint, &options->encoder, &graph, error) &&
                cg_lives(p, error) && cg_place(p, error);
    if (good) {
        cg_choose_algorithms(p, options);
        good = cg_measure(p, error);
    }
    return finish(p, good, checkpoint->path, error);
}

static bool trainable(const cg_program *p, const char *path, cg_error *error)
{
    if (!p->denoises || p->denoiser.precond != CEDM_PRECOND_EDM) {
        return cg_fail(error,
                       "%s:cedm.config: cannot be trained; wanted the "
                       "preconditioning EDMPrecond, got another; start from "
                       "a checkpoint that has it",
                       path);
    }
    return true;
}

cg_training *cg_build_training(const cg_file *checkpoint, bool dropout,
                               cg_error *error)
{
    cg_program *p = new_program(checkpoint, error);
    if (p == NULL) {
        return NULL;
    }
    cg_graph graph = {.memory = p->memory};
    cg_training *t = cg_take(p->memory, 1, sizeof(cg_training));
    bool good = false;
    if (t != NULL) {
        t->program = p;
        static const cg_encoder_choice none;
        good = build(p, checkpoint, &none, &graph, error) &&
               trainable(p, checkpoint->path, error) &&
               cg_differentiate(&graph, p, dropout, t, error);
    }
    if (good) {
        cg_choose_training_algorithms(t);
    }
    return finish(p, good, checkpoint->path, error) != NULL ? t : NULL;
}

void cg_training_free(cg_training *training)
{
    if (training != NULL) {
        cg_program_free(training->program); /* it lies in its memory */
    }
}

/* Parameters first, then buffers, each in order of request. */
static cg_spec *copy_specs(const cg_state *state)
{
    cg_spec *specs = calloc(state->count + 1, sizeof(cg_spec));
    size_t used = 0;
    for (int buffers = 0; specs != NULL && buffers < 2; buffers++) {
        for (size_t i = 0; i < state->count; i++) {
            if (state->specs[i].buffer != (buffers == 1)) {
                continue;
            }
            specs[used] = state->specs[i];
            specs[used].name = strdup(state->specs[i].name);
            if (specs[used++].name == NULL) {
                cg_expected_free(specs, used);
                return NULL;
            }
        }
    }
    return specs;
}

cg_spec *cg_expected(const char *config_json, size_t *count, cg_error *error)
{
    cg_spec *specs = NULL;
    cg_memory *memory = cg_memory_new();
    cg_graph graph = {.memory = memory};
    cg_state state = {
        .path = "configuration", .memory = memory, .error = error};
    /* Every other failure replaces this text. */
    (void)cg_fail(error, "configuration: out of memory");
    if (memory != NULL &&
        cg_arch_build(config_json, &state, &graph) != NULL) {
        specs = copy_specs(&state);
        *count = state.count;
    }
    if (memory != NULL && cg_memory_exhausted(memory)) {
        cg_expected_free(specs, specs == NULL ? 0 : *count);
        specs = NULL;
        (void)cg_fail(error, "%s: out of memory", state.path);
    }
    cg_memory_free(memory);
    return specs;
}

void cg_expected_free(cg_spec *specs, size_t count)
{
    for (size_t i = 0; specs != NULL && i < count; i++) {
        free(specs[i].name);
    }
    free(specs);
}
