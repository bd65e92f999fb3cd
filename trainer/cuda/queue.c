/* SPDX-License-Identifier: MIT
 *
 * queue.c - a training program as work on a stream, queued op by op or
 * captured as graphs: one of a micro-batch, one of an update.  What differs
 * from one replay to the next lies in device memory. */
#include <cuda_runtime_api.h>

#include "trainer/cuda/device_net.h"
#include "trainer/cuda/dispatch.h"

/* ---- walking over steps ------------------------------------------------- */

static int run_steps(train_cuda_net *net, const train_cuda_exec *exec,
                     uint32_t first, uint32_t end)
{
    const cg_step *steps = net->training->steps;
    int code = 0;

    for (uint32_t i = first; code == 0 && i < end; i++) {
        code = train_cuda_run_step(exec, &steps[i], &net->failed);
    }
    return code;
}

/* ---- what is queued ----------------------------------------------------- */

/* Both ways of a micro-batch. */
static cedm_status queue_batch(void *of)
{
    train_cuda_net *net = of;
    const cg_training *t = net->training;
    int code = train_cuda_load(&net->exec, &net->batch);

    net->failed = "load";
    if (code == 0) {
        code = run_steps(net, &net->exec, 0, t->forward_count);
    }
    if (code == 0) {
        net->failed = "loss";
        code = train_cuda_loss(&net->exec, &net->batch, net->adam.state);
    }
    if (code == 0) {
        code = run_steps(net, &net->exec, t->forward_count, t->step_count);
    }
    return cedm_cuda_check(net->config.fault, net->failed, code);
}

cedm_status train_cuda_queue_derived(train_cuda_net *net)
{
    const cg_training *t = net->training;
    int code = 0;

    net->failed = "derive";
    for (uint32_t i = 0; code == 0 && i < t->derived_count; i++) {
        code = train_cuda_derive(&net->exec, &t->derived[i]);
    }
    if (code == 0) {
        net->failed = "packing of weights";
    }
    for (uint32_t i = 0; code == 0 && i < t->step_count; i++) {
        code = t->steps[i].training
                   ? 0
                   : train_cuda_pack_op(&net->exec, &t->steps[i].op);
    }
    return cedm_cuda_check(net->config.fault, net->failed, code);
}

cedm_status train_cuda_queue_zeros(train_cuda_net *net)
{
    return cedm_cuda_check(
        net->config.fault, "cudaMemsetAsync",
        (int)cudaMemsetAsync(net->exec.grads, 0,
                             (size_t)net->config.sizes.gradients,
                             net->exec.base.stream));
}

/* An update, with all that follows from it. */
static cedm_status queue_update(void *of)
{
    train_cuda_net *net = of;
    cedm_status status = cedm_cuda_check(
        net->config.fault, "adam", train_cuda_adam(&net->exec, &net->adam));

    if (status == CEDM_OK) {
        status = train_cuda_queue_zeros(net);
    }
    return status == CEDM_OK ? train_cuda_queue_derived(net) : status;
}

cedm_status train_cuda_queue_forward(train_cuda_net *net)
{
    train_cuda_exec plain = net->exec;
    int code;

    plain.dropout = 0.0f;
    code = run_steps(net, &plain, 0, net->training->forward_count);
    return cedm_cuda_check(net->config.fault, net->failed, code);
}

/* ---- graphs ------------------------------------------------------------- */

static cedm_status record(train_cuda_net *net, cedm_cuda_work *work,
                          void **graph)
{
    return cedm_cuda_record(net->config.fault, net->exec.base.stream, work,
                            net, graph);
}

/* What is run outside of a graph loads every kernel; what it makes of zeros
 * is overwritten by `put`. */
cedm_status train_cuda_capture(train_cuda_net *net)
{
    cedm_status status = queue_batch(net);

    if (status == CEDM_OK) {
        status = queue_update(net);
    }
    if (status == CEDM_OK) {
        status = cedm_cuda_check(
            net->config.fault, "cudaStreamSynchronize",
            (int)cudaStreamSynchronize(net->exec.base.stream));
    }
    if (status == CEDM_OK) {
        status = record(net, queue_batch, &net->batch_graph);
    }
    if (status == CEDM_OK) {
        status = record(net, queue_update, &net->update_graph);
    }
    return status;
}
