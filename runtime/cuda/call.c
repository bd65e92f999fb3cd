/* SPDX-License-Identifier: MIT
 *
 * call.c - the functions of call.h. */
#include "runtime/cuda/call.h"

cedm_status cedm_cuda_call_begin(cedm_cuda_net *net, cedm_cuda_scope *scope)
{
    return net->broken ? CEDM_E_STATE
                       : cedm_cuda_enter(scope, net->config.device);
}

cedm_status cedm_cuda_call_end(cedm_cuda_net *net,
                               const cedm_cuda_scope *scope,
                               cedm_status status)
{
    net->broken = net->broken || status == CEDM_E_CUDA;
    cedm_cuda_leave(scope);
    return status;
}

cedm_status cedm_cuda_wait_for_staging(cedm_cuda_net *net)
{
    cudaStream_t stream = net->exec.stream;
    cudaError_t code = cudaEventSynchronize(net->staged);

    if (code == cudaSuccess) {
        code = cudaEventRecord(net->caller_done, net->config.stream);
    }
    if (code == cudaSuccess) {
        code = cudaStreamWaitEvent(stream, net->caller_done, 0);
    }
    return cedm_cuda_call_check(net, "cudaStreamWaitEvent", code);
}

void cedm_cuda_stage_clusters(const cedm_cuda_net *net,
                              const int32_t *clusters, uint32_t n)
{
    int32_t *in =
        (void *)cedm_cuda_staging(net, net->places.in_starts.clusters);

    for (uint32_t i = 0; i < net->exec.batch; i++) {
        in[i] = clusters != NULL && i < n ? clusters[i] : -1;
    }
}

cudaError_t cedm_cuda_send(const cedm_cuda_net *net, uint64_t to,
                           uint64_t from, size_t bytes)
{
    return cudaMemcpyAsync(cedm_cuda_arena(net, to),
                           cedm_cuda_staging(net, from), bytes,
                           cudaMemcpyHostToDevice, net->exec.stream);
}

static cudaError_t fetch(const cedm_cuda_net *net, uint64_t to, uint64_t from,
                         size_t bytes)
{
    return cudaMemcpyAsync(cedm_cuda_staging(net, to),
                           cedm_cuda_arena(net, from), bytes,
                           cudaMemcpyDeviceToHost, net->exec.stream);
}

cudaError_t cedm_cuda_clear_overflow(const cedm_cuda_net *net)
{
    return cudaMemsetAsync(net->exec.overflow, 0,
                           net->exec.batch * sizeof(uint32_t),
                           net->exec.stream);
}

/* What the first n images' flags, fetched to staging, say. */
static cedm_status judge(const cedm_cuda_net *net, uint32_t n)
{
    const uint32_t *overflow =
        (const void *)cedm_cuda_staging(net, net->places.in_overflow);
    uint32_t any = 0;

    for (uint32_t i = 0; i < n; i++) {
        any |= overflow[i];
    }
    return any & CEDM_CUDA_OVERFLOW ? CEDM_E_OVERFLOW
           : any != 0               ? CEDM_E_NONFINITE
                                    : CEDM_OK;
}

cedm_status cedm_cuda_receive(const cedm_cuda_net *net, uint64_t from,
                              size_t bytes, uint32_t n)
{
    cudaError_t code = fetch(net, net->places.in_map, from, bytes);

    if (code == cudaSuccess) {
        code = fetch(net, net->places.in_overflow, net->places.overflow,
                     net->exec.batch * sizeof(uint32_t));
    }
    if (code == cudaSuccess) {
        code = cudaStreamSynchronize(net->exec.stream);
    }
    return code == cudaSuccess
               ? judge(net, n)
               : cedm_cuda_call_check(net, "cudaMemcpyAsync", code);
}
