/* SPDX-License-Identifier: MIT
 *
 * learner_cpu.c - learning on the CPU: nothing is ever outstanding. */
#include <stdlib.h>
#include <string.h>

#include "trainer/learner.h"
#include "host/execution/ranks.h"

typedef struct cpu {
    train_learner base; /* first */
    train_net *net;
    train_adam adam;
    float *moments; /* m, v, average one after the other */
    double loss;    /* of the update under way */
} cpu;

static bool cpu_gradient(train_learner *l, const train_batch *batch,
                         host_failure *f)
{
    cpu *c = (cpu *)l;

    (void)f;
    c->loss += train_net_gradient(c->net, batch, NULL);
    return true;
}

static bool cpu_update(train_learner *l, const train_adam_update *update,
                       host_failure *f)
{
    cpu *c = (cpu *)l;

    (void)f;
    host_ranks_allreduce(HOST_RANKS_F32, c->adam.grads, c->adam.elements);
    l->counts.not_finite += train_adam_step(&c->adam, update);
    l->counts.updates = c->adam.updates;
    l->loss = c->loss;
    c->loss = 0.0;
    train_net_refresh(c->net);
    train_net_zero_grads(c->net);
    return true;
}

static bool cpu_settle(train_learner *l, host_failure *f)
{
    (void)f;
    l->loss = 0.0;
    return true;
}

static bool cpu_pull(train_learner *l, host_failure *f)
{
    (void)l;
    (void)f;
    return true;
}

static bool cpu_push(train_learner *l, host_failure *f)
{
    cpu *c = (cpu *)l;

    (void)f;
    c->adam.updates = l->counts.updates;
    train_net_refresh(c->net);
    return true;
}

static bool cpu_denoise(train_learner *l, uint32_t n, const double *x,
                        double sigma, const int32_t *cluster,
                        double *denoised, host_failure *f)
{
    (void)f;
    train_net_denoise(((cpu *)l)->net, n, x, sigma, cluster, denoised);
    return true;
}

static void cpu_close(train_learner *l)
{
    cpu *c = (cpu *)l;

    free(c->moments);
    train_net_close(c->net);
    free(c);
}

/* ---- opening ------------------------------------------------------------ */

static const train_learner_kind cpu_kind = {.gradient = cpu_gradient,
                                            .update = cpu_update,
                                            .settle = cpu_settle,
                                            .pull = cpu_pull,
                                            .push = cpu_push,
                                            .denoise = cpu_denoise,
                                            .close = cpu_close};

static void list_memory(cpu *c)
{
    const train_memory *m = &c->net->memory;
    const train_learner_memory parts[] = {
        {"parameters", m->parameters, false},
        {"gradients", m->gradients, false},
        {"optimiser, average", 3 * sizeof(float) * c->adam.elements, false},
        {"prepared weights", m->prepared, false},
        {"arena, both ways", m->arena, false},
        {"scratch of threads", m->scratch, false}};

    memcpy(c->base.memory, parts, sizeof parts);
    c->base.memory_count = sizeof parts / sizeof parts[0];
}

static bool open_adam(cpu *c, const train_net_options *options,
                      host_failure *f)
{
    uint64_t n = c->net->training->trained_elements;

    c->moments = calloc(3 * n, sizeof(float));
    if (c->moments == NULL) {
        return host_fail(f, "out of memory for the optimiser");
    }
    c->adam = (train_adam){.elements = n,
                           .params = c->net->data,
                           .grads = c->net->exec.grads,
                           .m = c->moments,
                           .v = c->moments + n,
                           .ema = c->moments + 2 * n,
                           .parallel_for = options->parallel_for,
                           .pool = options->pool,
                           .workers = options->workers};
    memcpy(c->adam.ema, c->adam.params, n * sizeof(float));
    return true;
}

train_learner *train_learner_cpu_open(const cg_file *checkpoint,
                                      const train_net_options *options,
                                      host_failure *f)
{
    cpu *c = calloc(1, sizeof *c);
    cg_error error = {""};

    if (c == NULL) {
        (void)host_fail(f, "out of memory");
        return NULL;
    }
    c->net = train_net_open(checkpoint, options, &error);
    if (c->net == NULL) {
        (void)host_fail(f, "%s", error.text);
    }
    if (c->net == NULL || !open_adam(c, options, f)) {
        cpu_close(&c->base);
        return NULL;
    }
    c->base = (train_learner){
        .kind = &cpu_kind,
        .training = c->net->training,
        .batch = c->net->exec.base.batch,
        .sets = {c->adam.params, c->adam.m, c->adam.v, c->adam.ema},
        .counts = {.scale = 1.0f}};
    list_memory(c);
    return &c->base;
}
