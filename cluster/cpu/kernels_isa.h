/* SPDX-License-Identifier: MIT
 *
 * kernels_isa.h - what the files of kernels share.  They are compiled once
 * per instruction set, with CEDM_ISA naming it, and once without. */
#ifndef CEDM_CLUSTER_KERNELS_ISA_H
#define CEDM_CLUSTER_KERNELS_ISA_H

#include "cluster/cpu/vector.h"
#include "cluster/vector_kernels.h"

#ifdef CEDM_ISA
#define CLUSTER_ISA CEDM_ISA
#else
#define CLUSTER_ISA portable
#endif

#define CLUSTER_PASTE(name, isa) cluster_##name##_##isa
#define CLUSTER_PASTE_EXPANDED(name, isa) CLUSTER_PASTE(name, isa)
#define CLUSTER_ISA_NAME(name) CLUSTER_PASTE_EXPANDED(name, CLUSTER_ISA)

#define CLUSTER_KERNEL_DECLARE(result, name, arguments)                      \
    result CLUSTER_ISA_NAME(name) arguments;
CLUSTER_KERNEL_LIST(CLUSTER_KERNEL_DECLARE)
#undef CLUSTER_KERNEL_DECLARE

#endif
