/* SPDX-License-Identifier: MIT
 *
 * entry.c - the library as a table, which cedm-train looks up. */
#include "trainer/cuda/device_net.h"

#define FUNCTION(name, parameters) .name = train_cuda_##name,
static const train_cuda_api api = {.abi = TRAIN_CUDA_ABI,
                                   .size = sizeof(train_cuda_api),
                                   TRAIN_CUDA_API_LIST(FUNCTION)};
#undef FUNCTION

const train_cuda_api *train_cuda_entry(void)
{
    return &api;
}
