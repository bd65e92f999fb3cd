/* SPDX-License-Identifier: MIT
 *
 * session.h - one op of a stage on the device, and by the portable
 * backend on the same inputs, which the device's type has rounded. */
#ifndef CEDM_TEST_CUDA_SESSION_H
#define CEDM_TEST_CUDA_SESSION_H

#include "runtime/cuda/launch.h"
#include "tests/ops/cases.h"

/* What an op writes. */
typedef struct session_output {
    cedm_ref ref;
    size_t elements; /* of an image */
} session_output;

/* How the device is to be. */
typedef struct session_setting {
    enum cedm_cuda_precision precision;
    uint32_t multiprocessors; /* few: large tiles */
    bool warpgroups;          /* with kernels of compute capability 9.0 */
    bool backwards;           /* last block and thread first */
    bool finish;              /* cedm_cuda_conv_finish after a conv, too */
    bool product;             /* by cuBLAS, on a real device */
    bool again;               /* what is wanted is known: not made anew */
    const float *sums;        /* of what is wanted, which is not made then */
    bool only_wanted;         /* nothing is launched */
} session_setting;

typedef struct session {
    session_setting setting;
    session_output outputs[2];
    int output_count;
    uint32_t batch, n;
    float *act, *f32;   /* of the device after the op, as floats */
    float *wanted[2];   /* act and f32 by the portable backend */
    uint32_t *overflow; /* [batch] */
} session;

/* Runs `op` of a stage; `s` was placed and is opened by this. */
void session_run(session *x, const session_setting *setting, stage *s,
                 const stage_setting *images, const op_class *class,
                 const any_op *op, const char *what);
void session_close(session *x);

/* Image `image` of output `k`: what the device made, and what was wanted. */
const float *session_got(const session *x, int k, uint32_t image);
const float *session_wanted(const session *x, int k, uint32_t image);

#endif
