/* SPDX-License-Identifier: MIT
 *
 * ieee.h - refuses compilers and options under which arithmetic is not that
 * of IEEE 754: every image depends on it, bit for bit. */
#ifndef CEDM_IEEE_H
#define CEDM_IEEE_H

#include <float.h>

#if FLT_EVAL_METHOD != 0
#error "float and double are computed with more precision than they have; \
on x86 add -msse2 -mfpmath=sse to CFLAGS"
#endif

#if defined(__FAST_MATH__) || defined(__ASSOCIATIVE_MATH__) ||               \
    defined(__RECIPROCAL_MATH__) ||                                          \
    (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__ != 0)
#error                                                                       \
    "cedm needs exact IEEE 754 arithmetic; remove -ffast-math, -Ofast and \
their parts from CFLAGS"
#endif

#endif
