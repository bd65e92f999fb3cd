/* SPDX-License-Identifier: MIT
 *
 * learner_cpu.c - learning on the CPU: nothing is ever outstanding. */
#include <stdlib.h>
#include <string.h>

#include "trainer/learner.h"
#include "host/execution/ranks.h"

typedef struct cpu {
    learner base; /* first */
    train_net *net;
    adam adam;
    float *moments; /* m, v, average one after the other */
    double loss;    /* of the update under way */
} cpu;

static bool cpu_gradient(learner *l, const train_batch *batch, failure *f)
{
    cpu *c = (cpu *)l;

    (void)f;
    c->loss += train_net_gradient(c->net, batch, NULL);
    return true;
}

static bool cpu_update(learner *l, const adam_update *update, failure *f)
{
    cpu *c = (cpu *)l;

    (void)f;
    ranks_allreduce(RANKS_F32, c->adam.grads, c->adam.elements);
    l->counts.not_finite += adam_step(&c->adam, update);
    l->counts.updates = c->adam.updates;
    l->loss = c->loss;
    c->loss = 0.0;
    train_net_refresh(c->net);
    train_net_zero_grads(c->net);
    return true;
}

static bool cpu_settle(learner *l, failure *f)
{
    (void)f;
    l->loss = 0.0;
    return true;
}

static bool cpu_pull(learner *l, failure *f)
{
    (void)l;
    (void)f;
    return true;
}

static bool cpu_push(learner *l, failure *f)
{
    cpu *c = (cpu *)l;

    (void)f;
    c->adam.updates = l->counts.updates;
    train_net_refresh(c->net);
    return true;
}

static bool cpu_denoise(learner *l, uint32_t n, const double *x, double sigma,
                        const int32_t *cluster, double *denoised, failure *f)
{
    (void)f;
    train_net_denoise(((cpu *)l)->net, n, x, sigma, cluster, denoised);
    return true;
}

static void cpu_close(learner *l)
{
    cpu *c = (cpu *)l;

    free(c->moments);
    train_net_close(c->net);
    free(c);
}

/* ---- opening ------------------------------------------------------------ */

static const learner_kind cpu_kind = {
    .gradient = cpu_gradient, .update = cpu_update, .settle = cpu_settle,
    .pull = cpu_pull,         .push = cpu_push,     .denoise = cpu_denoise,
    .close = cpu_close};

static void list_memory(cpu *c)
{
    const train_memory *m = &c->net->memory;
    const learner_memory parts[] = {
        {"parameters", m->parameters, false},
        {"gradients", m->gradients, false},
        {"optimiser, average", 3 * sizeof(float) * c->adam.elements, false},
        {"prepared weights", m->prepared, false},
        {"arena, both ways", m->arena, false},
        {"scratch of threads", m->scratch, false}};

    memcpy(c->base.memory, parts, sizeof parts);
    c->base.memory_count = sizeof parts / sizeof parts[0];
}

static bool open_adam(cpu *c, const train_net_options *options, failure *f)
{
    uint64_t n = c->net->training->trained_elements;

    c->moments = calloc(3 * n, sizeof(float));
    if (c->moments == NULL) {
        return failed(f, "out of memory for the optimiser");
    }
    c->adam = (adam){.elements = n, .params = c->net->data,
                     .grads = c->net->exec.grads, .m = c->moments,
                     .v = c->moments + n, .ema = c->moments + 2 * n,
                     .parallel_for = options->parallel_for,
                     .pool = options->pool, .workers = options->workers};
    memcpy(c->adam.ema, c->adam.params, n * sizeof(float));
    return true;
}

learner *learner_cpu_open(const cg_file *checkpoint,
                          const train_net_options *options, failure *f)
{
    cpu *c = calloc(1, sizeof *c);
    cg_error error = {""};

    if (c == NULL) {
        (void)failed(f, "out of memory");
        return NULL;
    }
    c->net = train_net_open(checkpoint, options, &error);
    if (c->net == NULL) {
        (void)failed(f, "%s", error.text);
    }
    if (c->net == NULL || !open_adam(c, options, f)) {
        cpu_close(&c->base);
        return NULL;
    }
    c->base = (learner){.kind = &cpu_kind, .training = c->net->training,
                        .batch = c->net->exec.base.batch,
                        .sets = {c->adam.params, c->adam.m, c->adam.v,
                                 c->adam.ema},
                        .counts = {.scale = 1.0f}};
    list_memory(c);
    return &c->base;
}
