/* SPDX-License-Identifier: MIT
 *
 * call.h - what calls on an open net have in common: they go to its device,
 * bring arrays through staging, and fetch results and flags. */
#ifndef CEDM_CUDA_CALL_H
#define CEDM_CUDA_CALL_H

#include <cuda_runtime_api.h>

#include "runtime/cuda/cuda_net.h"

/* A call on a net, between begin and end; CEDM_E_STATE after one that failed
 * with CEDM_E_CUDA. */
cedm_status cedm_cuda_call_begin(cedm_cuda_net *net, cedm_cuda_scope *scope);
cedm_status cedm_cuda_call_end(cedm_cuda_net *net,
                               const cedm_cuda_scope *scope,
                               cedm_status status);

static inline cedm_status cedm_cuda_call_check(const cedm_cuda_net *net,
                                               const char *call,
                                               cudaError_t code)
{
    return cedm_cuda_check(net->config.fault, call, (int)code);
}

/* Waits until staging is free and the caller's stream has used the results
 * that it was given. */
cedm_status cedm_cuda_wait_for_staging(cedm_cuda_net *net);

/* The clusters of n images and -1 for the others, in staging. */
void cedm_cuda_stage_clusters(const cedm_cuda_net *net,
                              const int32_t *clusters, uint32_t n);

/* Queues a copy of a part of staging to the arena. */
cudaError_t cedm_cuda_send(const cedm_cuda_net *net, uint64_t to,
                           uint64_t from, size_t bytes);

cudaError_t cedm_cuda_clear_overflow(const cedm_cuda_net *net);

/* Copies an array of the arena to in_map of staging, and the flags, and
 * waits; CEDM_E_OVERFLOW or CEDM_E_NONFINITE if the first n images' say so. */
cedm_status cedm_cuda_receive(const cedm_cuda_net *net, uint64_t from,
                              size_t bytes, uint32_t n);

#endif
