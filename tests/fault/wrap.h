/* SPDX-License-Identifier: MIT
 *
 * wrap.h - what the files of wrapped functions share. */
#ifndef CEDM_TESTS_FAULT_WRAP_H
#define CEDM_TESTS_FAULT_WRAP_H

#include "tests/fault/fault.h"

/* Is this call to fail?  Counts it, and sets errno if so. */
bool fault_now(fault_kind kind, const char *function, int code);

/* The real function's and the wrapper's declarations. */
#define DECLARE(type, name, ...)                                             \
    type __real_##name(__VA_ARGS__);                                         \
    type __wrap_##name(__VA_ARGS__);                                         \
    type __wrap_##name(__VA_ARGS__)

#endif
