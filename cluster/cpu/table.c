/* SPDX-License-Identifier: MIT
 *
 * table.c - the kernels of one instruction set. */
#include "cluster/cpu/kernels_isa.h"

#define TEXT(x) #x
#define TEXT_EXPANDED(x) TEXT(x)

extern const cluster_kernels CLUSTER_ISA_NAME(kernels);

const cluster_kernels CLUSTER_ISA_NAME(kernels) = {
    .name = TEXT_EXPANDED(CLUSTER_ISA),
#define ROW(result, name, arguments) .name = CLUSTER_ISA_NAME(name),
    CLUSTER_KERNEL_LIST(ROW)
#undef ROW
};
