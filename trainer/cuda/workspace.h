/* SPDX-License-Identifier: MIT
 *
 * workspace.h - the workspace that each training op asks for, in bytes, and
 * what kernels need before any of them runs. */
#ifndef CEDM_TRAINER_CUDA_WORKSPACE_H
#define CEDM_TRAINER_CUDA_WORKSPACE_H

#include "trainer/cuda/train_launch.h"

uint64_t train_cuda_workspace_activate(const cg_activate *op, uint32_t batch);
uint64_t train_cuda_workspace_norm_grad(const cg_norm_grad *op,
                                        uint32_t batch);
uint64_t train_cuda_workspace_conv_weight(const cg_conv_weight *op);
uint64_t
train_cuda_workspace_attention_grad(const cg_attention_grad *op,
                                    enum cedm_cuda_precision precision,
                                    uint32_t batch);

/* Raise the limits of shared memory; 0 or a cudaError_t. */
int conv_weight_init();

#endif
