/* SPDX-License-Identifier: MIT
 *
 * sampler_ops.h - the tests of CEDM_SAMPLER_OPS, which take arrays. */
#ifndef CEDM_TEST_SAMPLER_OPS_H
#define CEDM_TEST_SAMPLER_OPS_H

#include <stddef.h>

#include "cedm.h"

/* Runs them for each backend; the number of failures. */
int sampler_ops_test(const cedm_backend *const *list, size_t count);

#endif
