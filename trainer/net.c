/* SPDX-License-Identifier: MIT
 *
 * net.c - from a checkpoint to a training program in memory of its own. */
#include "trainer/net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trainer/cpu/train_cpu.h"
#include "host/execution/region.h"

/* ---- parameters --------------------------------------------------------- */

void train_params_load(const cg_training *training, float *data)
{
    const cg_program *p = training->program;

    for (uint32_t i = 0; i < p->param_count; i++) {
        float *dst = data + p->params[i].offset;

        for (uint32_t k = 0; k < p->params[i].part_count; k++) {
            const cg_part *part = &p->params[i].parts[k];

            for (uint64_t e = 0; e < part->elements; e++) {
                if (part->array != NULL) {
                    dst[e] = (float)cg_element(part->array,
                                               cg_part_source(part, e));
                } else if (part->values != NULL) {
                    dst[e] = part->values[e];
                }
            }
            dst += part->elements;
        }
    }
}

/* ---- memory ------------------------------------------------------------- */

static void size_training(const cg_training_op *op, cedm_sizes *sizes)
{
    switch (op->kind) {
#define CALL(name)                                                           \
    case CG_TRAINING_##name: train_sizes_all.name(sizes, &op->u.name); break;
        CG_TRAINING_OPS(CALL)
#undef CALL
    case CG_TRAINING_COUNT: break;
    }
}

/* A segment's bytes for a number of images. */
static uint64_t segment(uint32_t elements, uint32_t batch)
{
    return CEDM_ALIGN_UP(4u * (uint64_t)batch * elements);
}

/* Images of an evaluation: all, or a divisor whose arena fits. */
static uint32_t capacity(const cg_training *t, uint32_t batch, uint64_t limit)
{
    uint32_t d = batch;

    while (
        d > 1 && limit != 0 &&
        (batch % d != 0 ||
         segment(t->act.elements, d) + segment(t->f32.elements, d) > limit)) {
        d--;
    }
    return d;
}

static void measure(train_net *net, const train_net_options *options)
{
    const cg_training *t = net->training;
    train_memory *m = &net->memory;
    uint32_t batch = net->exec.base.batch;
    cedm_sizes sizes = {0, 0};

    sizes.weights = CEDM_ALIGN_UP(4u * (uint64_t)t->step_count);
    for (uint32_t i = 0; i < t->step_count; i++) {
        if (t->steps[i].training) {
            size_training(&t->steps[i].grad, &sizes);
            train_cpu_size(&sizes, &t->steps[i].grad);
        } else {
            cg_call(&t->steps[i].op, net->backend->sizes, &sizes);
        }
    }
    net->exec.base.scratch_stride = (size_t)CEDM_ALIGN_UP(sizes.scratch);
    m->parameters = CEDM_ALIGN_UP(4u * t->data_elements);
    m->gradients = CEDM_ALIGN_UP(4u * t->trained_elements);
    m->prepared = CEDM_ALIGN_UP(sizes.weights);
    m->arena =
        segment(t->act.elements, batch) + segment(t->f32.elements, batch);
    m->scratch = (uint64_t)options->workers * CEDM_ALIGN_UP(sizes.scratch);
}

/* Cuts the one block into its regions. */
static bool place(train_net *net, cg_error *error)
{
    const cg_training *t = net->training;
    const train_memory *m = &net->memory;
    uint32_t batch = net->exec.base.batch;
    cedm_exec *base = &net->exec.base;
    uint64_t total =
        m->parameters + m->gradients + m->prepared + m->arena + m->scratch;
    unsigned char *at;
    void *pieces[6];
    const uint64_t sizes[6] = {m->parameters,
                               m->gradients,
                               m->prepared,
                               segment(t->act.elements, batch),
                               segment(t->f32.elements, batch),
                               m->scratch};

    net->block = host_region_new(total);
    if (net->block == NULL) {
        (void)snprintf(error->text, sizeof error->text,
                       "not enough memory; wanted %llu MiB, got none; use a "
                       "smaller --micro-batch",
                       (unsigned long long)(total >> 20));
        return false;
    }
    memset(net->block, 0, (size_t)(m->parameters + m->gradients));
    at = net->block;
    for (int i = 0; i < 6; i++) {
        pieces[i] = at;
        at += sizes[i];
    }
    net->data = pieces[0];
    net->exec.grads = pieces[1];
    base->data = net->data;
    base->weights = pieces[2];
    base->act = pieces[3];
    base->f32 = pieces[4];
    base->scratch = pieces[5];
    return true;
}

/* ---- opening ------------------------------------------------------------ */

train_net *train_net_open(const cg_file *checkpoint,
                          const train_net_options *options, cg_error *error)
{
    train_net *net = calloc(1, sizeof *net);

    if (net == NULL) {
        (void)snprintf(error->text, sizeof error->text, "out of memory");
        return NULL;
    }
    net->backend = options->isa == 0 ? cedm_backend_portable()
                                     : cedm_backend_cpu(options->isa);
    net->ops = train_cpu_ops(options->isa);
    net->training = cg_build_training(checkpoint, options->dropout, error);
    if (net->training == NULL) {
        train_net_close(net);
        return NULL;
    }
    net->exec.base.batch =
        capacity(net->training, options->batch, options->limit);
    net->exec.base.workers = options->workers;
    net->exec.base.parallel_for = options->parallel_for;
    net->exec.base.pool = options->pool;
    measure(net, options);
    if (!place(net, error)) {
        train_net_close(net);
        return NULL;
    }
    train_params_load(net->training, net->data);
    train_net_refresh(net);
    return net;
}

void train_net_close(train_net *net)
{
    if (net != NULL) {
        cg_training_free(net->training);
        free(net->block);
        free(net);
    }
}
