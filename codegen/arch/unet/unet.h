/* SPDX-License-Identifier: MIT
 *
 * unet.h - the U-Nets of EDM as rows of the table of architectures. */
#ifndef CEDM_CODEGEN_ARCH_UNET_H
#define CEDM_CODEGEN_ARCH_UNET_H

#include "codegen/arch/arch.h"

extern const cg_arch cg_arch_song, cg_arch_dhariwal;

#endif
