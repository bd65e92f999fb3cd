/* SPDX-License-Identifier: MIT
 *
 * stage.h - moving pixels between maps and scratch. */
#ifndef CEDM_STAGE_H
#define CEDM_STAGE_H

#include "runtime/cpu/cpu.h"

/* dst[p][c] = act(src[p][c]): `pixels` pixels of `channels` channels to
 * pixels `stride` apart.  a and b as in enum cedm_act; not read, maybe NULL,
 * where act is NONE. */
void CEDM_ISA_NAME(stage)(float *dst, size_t stride, const float *src,
                          size_t pixels, size_t channels, const float *a,
                          const float *b, uint32_t act);

/* The same as pairs of bfloat16, a word for two channels; channels are whole
 * panels.  Not called of sets without CEDM_PAIRS. */
void CEDM_ISA_NAME(stage_pairs)(float *dst, size_t stride, const float *src,
                                size_t pixels, size_t channels,
                                const float *a, const float *b, uint32_t act);

/* Sixteen channels of pixels `stride` apart, to pixels of sixteen. */
void CEDM_ISA_NAME(stage_panel)(float *dst, const float *src, size_t pixels,
                                size_t stride, const float *a, const float *b,
                                uint32_t act);

/* The statistics of rows first..end-1 of dst of one image, panels
 * from..to-1; first is a multiple of stat_rows, end too or the height. */
void CEDM_ISA_NAME(stats)(const cedm_exec *exec, const cedm_conv *op,
                          uint32_t image, uint32_t first, uint32_t end,
                          uint32_t from, uint32_t to);

#endif
