/* SPDX-License-Identifier: MIT
 *
 * arrays.c - between host and device: copies, and the arrays of a run. */
#include <cuda_runtime_api.h>

#include "trainer/cuda/device_net.h"

/* ---- calls and copies --------------------------------------------------- */

cedm_status train_cuda_begin(const train_cuda_net *net)
{
    return net == NULL ? CEDM_E_NULL : net->broken ? CEDM_E_STATE : CEDM_OK;
}

cedm_status train_cuda_end(train_cuda_net *net, cedm_status status)
{
    net->broken = net->broken || status != CEDM_OK;
    return status;
}

void train_cuda_move(train_cuda_transfer *t, void *to, const void *from,
                     uint64_t bytes)
{
    enum cudaMemcpyKind kind =
        t->to_host ? cudaMemcpyDeviceToHost : cudaMemcpyHostToDevice;

    if (t->status == CEDM_OK && bytes > 0) {
        t->status = cedm_cuda_check(
            t->net->config.fault, "cudaMemcpyAsync",
            (int)cudaMemcpyAsync(to, from, (size_t)bytes, kind,
                                 t->net->exec.base.stream));
    }
}

cedm_status train_cuda_wait(const train_cuda_transfer *t)
{
    return t->status != CEDM_OK
               ? t->status
               : cedm_cuda_check(
                     t->net->config.fault, "cudaStreamSynchronize",
                     (int)cudaStreamSynchronize(t->net->exec.base.stream));
}

/* ---- arrays ------------------------------------------------------------- */

static uint64_t trained_bytes(const train_cuda_net *net)
{
    return net->training->trained_elements * sizeof(float);
}

static cedm_status put(train_cuda_net *net, const train_cuda_arrays *arrays,
                       const train_cuda_state *state)
{
    train_cuda_transfer t = {.net = net};

    train_cuda_move(&t, net->exec.data, arrays->data,
                    net->training->data_elements * sizeof(float));
    train_cuda_move(&t, net->adam.m, arrays->m, trained_bytes(net));
    train_cuda_move(&t, net->adam.v, arrays->v, trained_bytes(net));
    train_cuda_move(&t, net->adam.ema, arrays->ema, trained_bytes(net));
    train_cuda_move(&t, net->adam.state, state, sizeof *state);
    if (t.status == CEDM_OK) {
        t.status = train_cuda_queue_zeros(net);
    }
    if (t.status == CEDM_OK) {
        t.status = train_cuda_queue_derived(net);
    }
    return train_cuda_wait(&t);
}

cedm_status train_cuda_put(train_cuda_net *net,
                           const train_cuda_arrays *arrays,
                           const train_cuda_state *state)
{
    cedm_status status = train_cuda_begin(net);

    return status == CEDM_OK ? train_cuda_end(net, put(net, arrays, state))
                             : status;
}

cedm_status train_cuda_get(train_cuda_net *net,
                           const train_cuda_arrays *arrays)
{
    train_cuda_transfer t = {
        .net = net, .to_host = true, .status = train_cuda_begin(net)};

    if (t.status != CEDM_OK) {
        return t.status;
    }
    train_cuda_move(&t, arrays->data, net->exec.data, trained_bytes(net));
    train_cuda_move(&t, arrays->m, net->adam.m, trained_bytes(net));
    train_cuda_move(&t, arrays->v, net->adam.v, trained_bytes(net));
    train_cuda_move(&t, arrays->ema, net->adam.ema, trained_bytes(net));
    return train_cuda_end(net, train_cuda_wait(&t));
}

cedm_status train_cuda_get_grads(train_cuda_net *net, float *grads)
{
    train_cuda_transfer t = {
        .net = net, .to_host = true, .status = train_cuda_begin(net)};

    if (t.status != CEDM_OK) {
        return t.status;
    }
    train_cuda_move(&t, grads, net->exec.grads, trained_bytes(net));
    return train_cuda_end(net, train_cuda_wait(&t));
}

cedm_status train_cuda_put_grads(train_cuda_net *net, const float *grads)
{
    train_cuda_transfer t = {.net = net, .status = train_cuda_begin(net)};

    if (t.status != CEDM_OK) {
        return t.status;
    }
    train_cuda_move(&t, net->exec.grads, grads, trained_bytes(net));
    return train_cuda_end(net, train_cuda_wait(&t));
}
