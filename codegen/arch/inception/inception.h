/* SPDX-License-Identifier: MIT
 *
 * inception.h - the Inception network of FID as a row of the table of
 * architectures: Inception v3 [INCEPTION] as TensorFlow trained it in 2015,
 * whose pooling differs from that of later versions [FID]. */
#ifndef CEDM_CODEGEN_INCEPTION_H
#define CEDM_CODEGEN_INCEPTION_H

#include "codegen/arch/arch.h"

extern const cg_arch cg_arch_inception;

#endif
