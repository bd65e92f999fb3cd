/* SPDX-License-Identifier: MIT
 *
 * net_run.c - running a training program: what is derived from parameters,
 * and both ways of a batch. */
#include <math.h>
#include <string.h>

#include "trainer/net.h"
#include "runtime/noise_level.h"

/* ---- walking over steps ------------------------------------------------- */

static void call_training(const cg_training_op *op, const train_ops *ops,
                          train_exec *exec)
{
    switch (op->kind) {
#define CALL(name)                                                           \
    case CG_TRAINING_##name: ops->name(exec, &op->u.name); break;
        CG_TRAINING_OPS(CALL)
#undef CALL
    case CG_TRAINING_COUNT: break;
    }
}

static void run_steps(train_net *net, uint32_t first, uint32_t end)
{
    for (uint32_t i = first; i < end; i++) {
        const cg_step *step = &net->training->steps[i];

        if (step->training) {
            call_training(&step->grad, net->ops, &net->exec);
        } else {
            cg_call(&step->op, net->backend->run, &net->exec.base);
        }
    }
}

/* ---- after the parameters changed --------------------------------------- */

static void derive_task(void *arg, uint32_t index, uint32_t worker)
{
    const train_net *net = arg;
    const cg_derived *d = &net->training->derived[index];
    size_t taps = (size_t)d->kernel * d->kernel;
    const float *from = net->data + d->from;
    float *to = net->data + d->to;

    (void)worker;
    for (size_t c = 0; c < d->count; c++) {
        for (size_t t = 0; t < taps; t++, to += d->outputs) {
            const float *row = from + (taps - 1 - t) * d->row + d->first + c;

            for (size_t o = 0; o < d->outputs; o++) {
                to[o] = d->scale * row[o * taps * d->row];
            }
        }
    }
}

void train_net_refresh(train_net *net)
{
    const cg_training *t = net->training;
    const cedm_exec *base = &net->exec.base;
    cedm_prepare_ctx prepare = {
        .data = net->data,
        .weights = net->block + (base->weights - net->block),
        .used = CEDM_ALIGN_UP(4u * (uint64_t)t->step_count),
        .parallel_for = base->workers > 1 ? base->parallel_for : NULL,
        .pool = base->pool,
    };

    cedm_for_each(prepare.parallel_for, prepare.pool, derive_task, net,
                  t->derived_count);
    for (uint32_t i = 0; net->backend->prepare != NULL && i < t->step_count;
         i++) {
        if (!t->steps[i].training) {
            cg_call(&t->steps[i].op, net->backend->prepare, &prepare);
        }
    }
}

void train_net_zero_grads(train_net *net)
{
    memset(net->exec.grads, 0, (size_t)net->memory.gradients);
}

/* ---- a batch ------------------------------------------------------------ */

train_scalings train_scalings_of(double sigma, double data)
{
    double sum = sigma * sigma + data * data;

    return (train_scalings){.skip = data * data / sum,
                            .out = sigma * data / sqrt(sum),
                            .in = 1.0 / sqrt(sum),
                            .noise = log(sigma) / 4.0,
                            .weight = sum / (sigma * data * sigma * data)};
}

static size_t pixels_of(const train_net *net)
{
    const cg_program *p = net->training->program;

    return (size_t)p->denoiser.resolution * p->denoiser.resolution *
           p->denoiser.channels;
}

/* What the network is told of image i beside its pixels. */
static void load_condition(train_net *net, uint32_t i, double c_noise,
                           const float *labels)
{
    const cg_training *t = net->training;
    const cg_program *p = t->program;
    const cedm_exec *base = &net->exec.base;

    cedm_noise_features(
        &p->denoiser.features, net->data, c_noise,
        cedm_at(base, t->features_ref, p->denoiser.features.channels, i));
    if (t->labels_ref != CEDM_NONE) {
        float *dst = cedm_at(base, t->labels_ref, t->augment_dim, i);
        size_t bytes = t->augment_dim * sizeof *dst;

        if (labels != NULL) {
            memcpy(dst, labels + (size_t)i * t->augment_dim, bytes);
        } else {
            memset(dst, 0, bytes);
        }
    }
}

static void load_image(train_net *net, const train_batch *batch, uint32_t i)
{
    const cg_training *t = net->training;
    size_t pixels = pixels_of(net);
    train_scalings s =
        train_scalings_of(batch->sigma[i], t->program->denoiser.sigma_data);
    float *input = cedm_at(&net->exec.base, t->input_ref, pixels, i);
    const float *image = batch->images + i * pixels;
    const float *noise = batch->noise + i * pixels;

    for (size_t e = 0; e < pixels; e++) {
        input[e] = (float)(s.in * ((double)image[e] +
                                   batch->sigma[i] * (double)noise[e]));
    }
    load_condition(net, i, s.noise, batch->labels);
}

/* The image's loss; its gradient by the network's output. */
static double image_loss(train_net *net, const train_batch *batch, uint32_t i,
                         double *denoised)
{
    const cg_training *t = net->training;
    const cedm_exec *base = &net->exec.base;
    size_t pixels = pixels_of(net);
    train_scalings s =
        train_scalings_of(batch->sigma[i], t->program->denoiser.sigma_data);
    const float *output = cedm_at(base, t->output_ref, pixels, i);
    float *grad = cedm_at(base, t->output_grad_ref, pixels, i);
    double loss = 0.0;

    for (size_t e = 0; e < pixels; e++) {
        double y = (double)batch->images[i * pixels + e];
        double x = y + batch->sigma[i] * (double)batch->noise[i * pixels + e];
        double d = s.skip * x + s.out * (double)output[e];

        loss += s.weight * (d - y) * (d - y);
        grad[e] = (float)(2.0 * batch->share * s.weight * s.out * (d - y));
        if (denoised != NULL) {
            denoised[i * pixels + e] = d;
        }
    }
    return loss;
}

double train_net_gradient(train_net *net, const train_batch *batch,
                          double *denoised)
{
    const cg_training *t = net->training;
    double loss = 0.0;

    net->exec.base.n = batch->n;
    net->exec.base.cluster = batch->cluster;
    net->exec.images = batch->index;
    net->exec.seed = batch->seed;
    net->exec.step = batch->step;
    net->exec.dropout = batch->dropout;
    for (uint32_t i = 0; i < batch->n; i++) {
        load_image(net, batch, i);
    }
    run_steps(net, 0, t->forward_count);
    for (uint32_t i = 0; i < batch->n; i++) {
        loss += image_loss(net, batch, i, denoised);
    }
    run_steps(net, t->forward_count, t->step_count);
    return loss * batch->share;
}

void train_net_denoise(train_net *net, uint32_t n, const double *x,
                       double sigma, const int32_t *cluster, double *denoised)
{
    const cg_training *t = net->training;
    cedm_exec *base = &net->exec.base;
    size_t pixels = pixels_of(net);
    train_scalings s =
        train_scalings_of(sigma, t->program->denoiser.sigma_data);

    base->n = n;
    base->cluster = cluster;
    net->exec.images = NULL;
    net->exec.dropout = 0.0f;
    for (uint32_t i = 0; i < n; i++) {
        float *input = cedm_at(base, t->input_ref, pixels, i);

        for (size_t e = 0; e < pixels; e++) {
            input[e] = (float)(s.in * x[i * pixels + e]);
        }
        load_condition(net, i, s.noise, NULL);
    }
    run_steps(net, 0, t->forward_count);
    for (uint32_t i = 0; i < n; i++) {
        const float *output = cedm_at(base, t->output_ref, pixels, i);

        for (size_t e = 0; e < pixels; e++) {
            denoised[i * pixels + e] =
                s.skip * x[i * pixels + e] + s.out * (double)output[e];
        }
    }
}
