/* SPDX-License-Identifier: MIT
 *
 * activations.h - compares what each module of a network computes with
 * recorded outputs of the reference implementation. */
#ifndef CEDM_HOST_VERIFY_ACTIVATIONS_H
#define CEDM_HOST_VERIFY_ACTIVATIONS_H

#include <stdint.h>

#include "host/verify/difference.h"
#include "host/execution/engine.h"

/* The recorded output of one module, and what was found. */
typedef struct host_activation {
    const char *name; /* of the module, e.g. enc.16x16_block0 */
    double *values;   /* [H][W][channels] */
    size_t elements;
    host_difference found;
    bool seen;

    uint32_t op;  /* private: the op whose result it is */
    bool is_norm; /* private: never stored; seen at that op's input */
} host_activation;

/* Runs one image, x [H][W][channels] as of cedm_denoise, and fills in the
 * differences; the list is put into the order of the network.  The engine's
 * batch must be 1. */
bool host_activations_compare(host_engine *e, const double *x, double sigma,
                              int32_t cluster, host_activation *list,
                              size_t count, host_failure *f);

#endif
