/* SPDX-License-Identifier: MIT
 *
 * kernels.cu - what kernels need before any of them runs. */
#include "runtime/cuda/kernels.h"

extern "C" int cedm_cuda_kernels_init(cedm_cuda_exec *exec)
{
    int error = cedm_cuda_conv_init(exec);

    return error != 0 ? error : cedm_cuda_attention_init();
}
