/* SPDX-License-Identifier: MIT
 *
 * stage.h - moving pixels between maps and scratch. */
#ifndef CEDM_STAGE_H
#define CEDM_STAGE_H

#include "cpu/cpu.h"

/* dst[p][c] = act(src[p][c]): `pixels` pixels of `channels` channels to
 * pixels `stride` apart.  a and b as in enum cedm_act; not read, maybe NULL,
 * where act is NONE. */
void CEDM_ISA_NAME(stage)(float *dst, size_t stride, const float *src,
                          size_t pixels, size_t channels, const float *a,
                          const float *b, uint32_t act);

/* Mean and sum of squared deviations of `count` channels over pixels
 * `stride` apart. */
void CEDM_ISA_NAME(moments)(float *mean, float *m2, const float *src,
                            size_t pixels, size_t stride, size_t count);

#endif
