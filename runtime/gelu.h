/* SPDX-License-Identifier: MIT
 *
 * gelu.h - the normal distribution's tail, for GELU [GELU] in every width of
 * vectors.
 *
 * With z = |y| / sqrt(2) and t = 1 / (1 + z / 2.75), erfc(z) is
 * t e^(-z^2) P(t), P being the polynomial of degree 8 with the least relative
 * error, 8e-9, for z <= 7.  Then y Phi(y) = max(y, 0) - |y| erfc(z) / 2. */
#ifndef CEDM_GELU_H
#define CEDM_GELU_H

/* 1 / (2.75 sqrt(2)): t = 1 / (1 + CEDM_GELU_SLOPE |y|) */
#define CEDM_GELU_SLOPE 0.257129648f

/* P, the highest power first. */
#define CEDM_GELU_COEFFICIENTS                                               \
    {                                                                        \
        0.0658835844f, -0.342821062f, 0.603980005f, -0.419221461f,           \
            0.405748039f, 0.0650963262f, 0.213644370f, 0.202377841f,         \
            0.205312297f,                                                    \
    }

#endif
