/* SPDX-License-Identifier: MIT
 *
 * vit.h - vision transformers that encode [VIT]: DINO [DINO], DINOv2
 * [DINOV2], with registers [REGISTERS] and without, as a row of the table of
 * architectures. */
#ifndef CEDM_CODEGEN_ARCH_VIT_H
#define CEDM_CODEGEN_ARCH_VIT_H

#include "codegen/arch/arch.h"

extern const cg_arch cg_arch_vit;

#endif
