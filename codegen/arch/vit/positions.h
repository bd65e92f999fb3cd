/* SPDX-License-Identifier: MIT
 *
 * positions.h - the table of a vision transformer's tokens: class token,
 * registers, and the positions of patches, for any number of these. */
#ifndef CEDM_CODEGEN_ARCH_VIT_POSITIONS_H
#define CEDM_CODEGEN_ARCH_VIT_POSITIONS_H

#include "codegen/arch/vit/vit_config.h"

/* Fills [1 + registers + rows * columns][width].  `table` is the checkpoint's,
 * `registers` NULL if there are none. */
void cg_vit_table(const cg_vit_config *config, const cg_array *class_token,
                  const cg_array *registers, const cg_array *table,
                  uint32_t rows, uint32_t columns, float *out);

#endif
