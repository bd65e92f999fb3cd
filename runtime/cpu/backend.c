/* SPDX-License-Identifier: MIT
 *
 * backend.c - the backend of one instruction set: its own functions where
 * they pay, the portable ones for the rest. */
#include "runtime/cpu/cpu.h"
#include "runtime/cpu/vec.h"

/* The portable functions, and over them what the set has of its own. */
#pragma GCC diagnostic ignored "-Woverride-init"
#define RUN(name) .name = cedm_op_##name,
static const cedm_ops run = {
    CEDM_GRAPH_OPS(RUN).linear = CEDM_ISA_NAME(linear),
    .conv = CEDM_ISA_NAME(conv),
    .resample = CEDM_ISA_NAME(resample),
    .attention = CEDM_ISA_NAME(attention),
    .layer_norm = CEDM_ISA_NAME(layer_norm),
    .gate = CEDM_ISA_NAME(gate),
    .pool = CEDM_ISA_NAME(pool),
};
#undef RUN

#define TEXT(x) #x
#define TEXT_EXPANDED(x) TEXT(x)

const cedm_backend CEDM_ISA_NAME(backend) = {
    .name = TEXT_EXPANDED(CEDM_ISA),
    .run = &run,
    .sampler = &cedm_sampler_plain,
    .prepare = CEDM_PAIRS ? &cedm_cpu_prepare_pairs : &cedm_cpu_prepare,
    .sizes = CEDM_PAIRS ? &cedm_cpu_sizes_pairs : &cedm_cpu_sizes,
    .factor_bits = CEDM_PAIRS ? 8 : 24,
};
