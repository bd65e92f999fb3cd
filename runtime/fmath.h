/* SPDX-License-Identifier: MIT
 *
 * fmath.h - elementary functions without a C library.
 *
 * Errors are at most 2 ulp over the ranges given here (measured against MPFR
 * in the unit tests).  Only additions, multiplications, divisions and square
 * roots are used, each rounded on its own, so every compiler gives the same
 * bits.  Special cases follow C11 annex F: NaN in, NaN out; overflow gives
 * an infinity, underflow a denormal or 0; no exceptions or errno are kept.
 */
#ifndef CEDM_FMATH_H
#define CEDM_FMATH_H

#include "runtime/ieee.h"

double cedm_log(double x);
double cedm_exp(double x);

/* x^y for x >= 0 (every y) and for x < 0 with an integral y. */
double cedm_pow(double x, double y);

/* |x| up to 2^30; NaN beyond: arguments here are phases, not counters. */
double cedm_sin(double x);
double cedm_cos(double x);

/* sin(pi x) and cos(pi x), every x: the reduction is exact. */
void cedm_sincospi(double x, double *sine, double *cosine);

/* In single precision: every x; |x| up to 2^30. */
float cedm_expf(float x);
float cedm_sinf(float x);
float cedm_cosf(float x);

#endif
