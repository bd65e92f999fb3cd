/* SPDX-License-Identifier: MIT
 *
 * dispatch.h - the launch of an op by its kind.  Each returns what the launch
 * does, or 1 (cudaErrorInvalidValue) for no kind; *name becomes the op's. */
#ifndef CEDM_TRAINER_CUDA_DISPATCH_H
#define CEDM_TRAINER_CUDA_DISPATCH_H

#include "trainer/cuda/train_launch.h"

static inline int train_cuda_run_op(const train_cuda_exec *exec,
                                    const cg_op *op, const char **name)
{
    switch (op->kind) {
#define TRAIN_CUDA_CASE(op_name)                                             \
    case CG_OP_##op_name:                                                    \
        *name = #op_name;                                                    \
        return cedm_cuda_##op_name(&exec->base, &op->u.op_name);
        CEDM_GRAPH_OPS(TRAIN_CUDA_CASE)
#undef TRAIN_CUDA_CASE
    case CG_OP_COUNT: break;
    }
    return 1;
}

static inline int train_cuda_run_training(const train_cuda_exec *exec,
                                          const cg_training_op *op,
                                          const char **name)
{
    switch (op->kind) {
#define TRAIN_CUDA_CASE(op_name)                                             \
    case CG_TRAINING_##op_name:                                              \
        *name = #op_name;                                                    \
        return train_cuda_##op_name(exec, &op->u.op_name);
        CG_TRAINING_OPS(TRAIN_CUDA_CASE)
#undef TRAIN_CUDA_CASE
    case CG_TRAINING_COUNT: break;
    }
    return 1;
}

static inline int train_cuda_run_step(const train_cuda_exec *exec,
                                      const cg_step *step, const char **name)
{
    return step->training ? train_cuda_run_training(exec, &step->grad, name)
                          : train_cuda_run_op(exec, &step->op, name);
}

/* The parts of an op's weights, if it has any. */
static inline int train_cuda_pack_op(const train_cuda_exec *exec,
                                     const cg_op *op)
{
#define TRAIN_CUDA_CASE(op_name)                                             \
    if (op->kind == CG_OP_##op_name) {                                       \
        return train_cuda_pack_##op_name(exec, &op->u.op_name);              \
    }
    TRAIN_CUDA_PACKED(TRAIN_CUDA_CASE)
#undef TRAIN_CUDA_CASE
    return 0;
}

#endif
