/* SPDX-License-Identifier: MIT
 *
 * backend.c - the backend of one instruction set: its own functions where
 * they pay, the portable ones for the rest. */
#include "runtime/cpu/cpu.h"
#include "runtime/cpu/vec.h"

#define RUN(name) .name = cedm_op_##name,
static const cedm_ops run = {
    CEDM_SAMPLER_OPS(RUN).embed = cedm_op_embed,
    .linear = CEDM_ISA_NAME(linear),
    .norm_coeff = cedm_op_norm_coeff,
    .conv = CEDM_ISA_NAME(conv),
    .resample = CEDM_ISA_NAME(resample),
    .attention = CEDM_ISA_NAME(attention),
};
#undef RUN

#define TEXT(x) #x
#define TEXT_EXPANDED(x) TEXT(x)

const cedm_backend CEDM_ISA_NAME(backend) = {
    .name = TEXT_EXPANDED(CEDM_ISA),
    .run = &run,
#ifdef CEDM_PAIRS
    .prepare = &cedm_cpu_prepare_pairs,
    .sizes = &cedm_cpu_sizes_pairs,
#else
    .prepare = &cedm_cpu_prepare,
    .sizes = &cedm_cpu_sizes,
#endif
};
