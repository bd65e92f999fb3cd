/* SPDX-License-Identifier: MIT
 *
 * entry.c - the library as a table, for those who open it while they run. */
#include "cedm_cuda.h"

#define FUNCTION(name, parameters) .name = cedm_cuda_##name,
static const cedm_cuda_api api = {.abi = CEDM_CUDA_ABI,
                                  .size = sizeof(cedm_cuda_api),
                                  .version = CEDM_VERSION,
                                  CEDM_CUDA_API_LIST(FUNCTION)};
#undef FUNCTION

const cedm_cuda_api *cedm_cuda_entry(void)
{
    return &api;
}
