/* SPDX-License-Identifier: MIT
 *
 * backend.c - the portable backend: plain C, no prepared weights. */
#include "cedm.h"
#include "runtime/ops/ops.h"

#define RUN(name) .name = cedm_op_##name,
static const cedm_ops run = {CEDM_GRAPH_OPS(RUN)};
const cedm_sampler_ops cedm_sampler_plain = {CEDM_SAMPLER_OPS(RUN)};
#undef RUN

#define SIZE(name) .name = cedm_size_##name,
static const cedm_ops sizes = {CEDM_GRAPH_OPS(SIZE)};
#undef SIZE

static const cedm_backend portable = {
    .name = "portable",
    .run = &run,
    .prepare = NULL,
    .sizes = &sizes,
    .sampler = &cedm_sampler_plain,
    .factor_bits = 24,
};

const cedm_backend *cedm_backend_portable(void)
{
    return &portable;
}
