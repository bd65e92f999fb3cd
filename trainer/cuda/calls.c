/* SPDX-License-Identifier: MIT
 *
 * calls.c - what an open net is asked to do.
 *
 * The host runs ahead: a micro-batch waits in one of two stagings until the
 * device has fetched it, and an update's losses are told while the next one
 * is under way. */
#include <cuda_runtime_api.h>
#include <string.h>

#include "trainer/cuda/device_net.h"

static cedm_status launch(const train_cuda_net *net, void *graph)
{
    return cedm_cuda_check(
        net->config.fault, "cudaGraphLaunch",
        (int)cudaGraphLaunch(graph, net->exec.base.stream));
}

static cedm_status record(const train_cuda_net *net, void *event)
{
    return cedm_cuda_check(
        net->config.fault, "cudaEventRecord",
        (int)cudaEventRecord(event, net->exec.base.stream));
}

static cedm_status wait(const train_cuda_net *net, void *event)
{
    return net->ranks != NULL
               ? train_cuda_wait_ranks(net, event)
               : cedm_cuda_check(net->config.fault, "cudaEventSynchronize",
                                 (int)cudaEventSynchronize(event));
}

/* ---- a micro-batch ------------------------------------------------------ */

static void stage(const train_cuda_net *net,
                  const train_cuda_inputs_places *p,
                  const train_cuda_inputs *in)
{
    train_cuda_widths w = train_cuda_widths_of(net->training);
    size_t n = net->config.batch;
    void *labels = train_cuda_staging(net, p->labels);
    size_t label_bytes = n * w.labels * sizeof(float);

    memcpy(train_cuda_staging(net, p->images), in->images,
           n * w.pixels * sizeof(float));
    memcpy(train_cuda_staging(net, p->noise), in->noise,
           n * w.pixels * sizeof(float));
    memcpy(train_cuda_staging(net, p->scalings), in->scalings,
           n * sizeof *in->scalings);
    memcpy(train_cuda_staging(net, p->features), in->features,
           n * w.features * sizeof(float));
    if (in->labels != NULL) {
        memcpy(labels, in->labels, label_bytes);
    } else {
        memset(labels, 0, label_bytes);
    }
    memcpy(train_cuda_staging(net, p->cluster), in->cluster,
           n * sizeof *in->cluster);
    memcpy(train_cuda_staging(net, p->index), in->index,
           n * sizeof *in->index);
    memcpy(train_cuda_staging(net, p->step), &in->step, sizeof in->step);
}

/* What the network is told of an image beside its pixels. */
static void send_conditions(train_cuda_transfer *t,
                            const train_cuda_inputs_places *from)
{
    const train_cuda_net *net = t->net;
    const cg_training *training = net->training;
    train_cuda_widths w = train_cuda_widths_of(training);
    uint64_t n = net->config.batch;

    train_cuda_move(t, cedm_cuda_at(&net->exec.base, training->features_ref),
                    train_cuda_staging(net, from->features),
                    n * w.features * sizeof(float));
    if (w.labels > 0) {
        train_cuda_move(t,
                        cedm_cuda_at(&net->exec.base, training->labels_ref),
                        train_cuda_staging(net, from->labels),
                        n * w.labels * sizeof(float));
    }
    train_cuda_move(t, train_cuda_memory(net, net->places.on.cluster),
                    train_cuda_staging(net, from->cluster),
                    n * sizeof(int32_t));
}

static void send_part(train_cuda_transfer *t, uint64_t to, uint64_t from,
                      uint64_t bytes)
{
    train_cuda_move(t, train_cuda_memory(t->net, to),
                    train_cuda_staging(t->net, from), bytes);
}

static cedm_status send(const train_cuda_net *net,
                        const train_cuda_inputs_places *from)
{
    const train_cuda_inputs_places *to = &net->places.on;
    uint64_t n = net->config.batch;
    uint64_t map = n * net->batch.elements * sizeof(float);
    train_cuda_transfer t = {.net = net};

    send_part(&t, to->images, from->images, map);
    send_part(&t, to->noise, from->noise, map);
    send_part(&t, to->scalings, from->scalings,
              n * sizeof(train_cuda_scalings));
    send_part(&t, to->index, from->index, n * sizeof(uint64_t));
    send_part(&t, to->step, from->step, sizeof(uint32_t));
    send_conditions(&t, from);
    return t.status;
}

/* The losses of the evaluation that was queued last, to their place. */
static cedm_status fetch_losses(const train_cuda_net *net)
{
    uint64_t bytes = net->config.batch * sizeof(double);
    uint64_t to = net->places.in_losses[net->side] + net->evaluation * bytes;
    train_cuda_transfer t = {.net = net, .to_host = true};

    train_cuda_move(&t, train_cuda_staging(net, to), net->batch.loss, bytes);
    return t.status;
}

static cedm_status gradient(train_cuda_net *net,
                            const train_cuda_inputs *inputs)
{
    const train_cuda_inputs_places *slot = &net->places.in[net->slot];
    void *staged = net->staged[net->slot];
    cedm_status status = wait(net, staged);

    if (status == CEDM_OK) {
        stage(net, slot, inputs);
        status = send(net, slot);
    }
    if (status == CEDM_OK) {
        status = record(net, staged);
    }
    if (status == CEDM_OK) {
        status = launch(net, net->batch_graph);
    }
    if (status == CEDM_OK) {
        status = fetch_losses(net);
    }
    net->slot = 1 - net->slot;
    net->evaluation++;
    return status;
}

cedm_status train_cuda_gradient(train_cuda_net *net,
                                const train_cuda_inputs *inputs)
{
    cedm_status status = train_cuda_begin(net);

    if (status != CEDM_OK) {
        return status;
    }
    return net->evaluation < net->config.evaluations
               ? train_cuda_end(net, gradient(net, inputs))
               : CEDM_E_STATE;
}

/* ---- an update ---------------------------------------------------------- */

/* Those of the update before, once it is done. */
static cedm_status tell_losses(train_cuda_net *net, double *loss)
{
    uint32_t side = 1 - net->side;
    uint64_t count = (uint64_t)net->config.batch * net->config.evaluations;
    const double *losses =
        train_cuda_staging(net, net->places.in_losses[side]);
    cedm_status status;

    *loss = 0.0;
    if (!net->untold) {
        return CEDM_OK;
    }
    net->untold = false;
    status = wait(net, net->done[side]);
    for (uint64_t i = 0; status == CEDM_OK && i < count; i++) {
        *loss += losses[i];
    }
    return status;
}

static cedm_status update(train_cuda_net *net, const train_cuda_rates *rates,
                          double *loss)
{
    uint64_t staged = net->places.in_rates[net->side];
    train_cuda_transfer t = {.net = net};
    cedm_status status;

    memcpy(train_cuda_staging(net, staged), rates, sizeof *rates);
    send_part(&t, net->places.rates, staged, sizeof *rates);
    status = t.status;
    if (status == CEDM_OK && net->ranks != NULL) {
        status = train_cuda_queue_sum(net);
    }
    if (status == CEDM_OK) {
        status = launch(net, net->update_graph);
    }
    if (status == CEDM_OK) {
        status = record(net, net->done[net->side]);
    }
    if (status == CEDM_OK) { /* of the one before, while this one runs */
        status = tell_losses(net, loss);
    }
    net->untold = true;
    net->side = 1 - net->side;
    net->evaluation = 0;
    return status;
}

cedm_status train_cuda_update(train_cuda_net *net,
                              const train_cuda_rates *rates, double *loss)
{
    cedm_status status = train_cuda_begin(net);

    if (status != CEDM_OK) {
        return status;
    }
    return net->evaluation == net->config.evaluations
               ? train_cuda_end(net, update(net, rates, loss))
               : CEDM_E_STATE;
}

cedm_status train_cuda_settle(train_cuda_net *net, double *loss,
                              train_cuda_state *state)
{
    train_cuda_transfer t = {
        .net = net, .to_host = true, .status = train_cuda_begin(net)};
    void *staged;

    if (t.status != CEDM_OK) {
        return t.status;
    }
    staged = train_cuda_staging(net, net->places.in_state);
    t.status = tell_losses(net, loss); /* of an update that waits for ranks */
    train_cuda_move(&t, staged, net->adam.state, sizeof *state);
    t.status = train_cuda_wait(&t);
    memcpy(state, staged, sizeof *state);
    return train_cuda_end(net, t.status);
}

/* ---- drawing ------------------------------------------------------------ */

static cedm_status denoise(train_cuda_net *net, const float *input,
                           const float *features, const int32_t *cluster,
                           float *output)
{
    const train_cuda_inputs_places *slot = &net->places.in[net->slot];
    train_cuda_widths w = train_cuda_widths_of(net->training);
    size_t n = net->config.batch, map = n * w.pixels * sizeof(float);
    void *staged = train_cuda_staging(net, slot->images);
    train_cuda_transfer t = {.net = net};

    memcpy(staged, input, map);
    memcpy(train_cuda_staging(net, slot->features), features,
           n * w.features * sizeof *features);
    memset(train_cuda_staging(net, slot->labels), 0,
           n * w.labels * sizeof(float));
    memcpy(train_cuda_staging(net, slot->cluster), cluster,
           n * sizeof *cluster);
    train_cuda_move(&t, cedm_cuda_at(&net->exec.base, net->batch.input),
                    staged, map);
    send_conditions(&t, slot);
    if (t.status == CEDM_OK) {
        t.status = train_cuda_queue_forward(net);
    }
    t.to_host = true;
    train_cuda_move(&t, staged,
                    cedm_cuda_at(&net->exec.base, net->batch.output), map);
    t.status = train_cuda_wait(&t);
    memcpy(output, staged, map);
    return t.status;
}

cedm_status train_cuda_denoise(train_cuda_net *net, const float *input,
                               const float *features, const int32_t *cluster,
                               float *output)
{
    train_cuda_transfer all = {.net = net, .status = train_cuda_begin(net)};

    if (all.status != CEDM_OK) {
        return all.status;
    }
    all.status = train_cuda_wait(&all); /* staging may be on its way */
    return train_cuda_end(net,
                          all.status == CEDM_OK
                              ? denoise(net, input, features, cluster, output)
                              : all.status);
}
