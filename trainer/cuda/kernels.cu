/* SPDX-License-Identifier: MIT
 *
 * kernels.cu - what is asked of all training kernels together. */
#include "trainer/cuda/workspace.h"

extern "C" int train_cuda_kernels_init(void)
{
    return conv_weight_init();
}

extern "C" uint64_t train_cuda_workspace(const cg_training_op *op,
                                         enum cedm_cuda_precision precision,
                                         uint32_t batch)
{
    switch (op->kind) {
    case CG_TRAINING_activate:
        return train_cuda_workspace_activate(&op->u.activate, batch);
    case CG_TRAINING_norm_grad:
        return train_cuda_workspace_norm_grad(&op->u.norm_grad, batch);
    case CG_TRAINING_conv_weight:
        return train_cuda_workspace_conv_weight(&op->u.conv_weight);
    case CG_TRAINING_attention_grad:
        return train_cuda_workspace_attention_grad(&op->u.attention_grad,
                                                   precision, batch);
    case CG_TRAINING_augment:
    case CG_TRAINING_sums:
    case CG_TRAINING_embed_grad:
    case CG_TRAINING_silu_grad:
    case CG_TRAINING_add:
    case CG_TRAINING_dilate:
    case CG_TRAINING_COUNT:
        break;
    }
    return 0;
}
