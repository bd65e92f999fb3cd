/* SPDX-License-Identifier: MIT
 *
 * norm_coeff.cu - queues the kernel of norm_coeff.cuh. */
#include "runtime/cuda/norm_coeff.cuh"

extern "C" int cedm_cuda_norm_coeff(const cedm_cuda_exec *exec,
                                    const cedm_norm_coeff *op)
{
    norm_args v = {};

    for (int s = 0; s < 2; s++) {
        v.channels[s] = op->channels[s];
        if (op->channels[s] != 0) {
            v.stats[s] = (const float *)cedm_cuda_at(exec, op->stats[s]);
        }
    }
    if (op->adaptive_src != CEDM_NONE) {
        v.adaptive = (const float *)cedm_cuda_at(exec, op->adaptive_src) +
                     op->adaptive_index;
    }
    v.gamma = (const float *)cedm_cuda_part(exec, op->id);
    v.beta = v.gamma + op->channels[0] + op->channels[1];
    v.dst = (float *)cedm_cuda_at(exec, op->dst);
    v.height = op->height;
    v.width = op->width;
    v.groups = op->groups;
    v.stat_rows = op->stat_rows;
    v.partials = cedm_blocks(op->height, op->stat_rows);
    v.adaptive_stride = op->adaptive_stride;
    v.eps = op->eps;
    return norm_queue(&v, exec->batch, exec->stream);
}
