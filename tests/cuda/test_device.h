/* SPDX-License-Identifier: MIT
 *
 * test_device.h - the device under test: the emulator
 * (tests/emulate/device.c) or a GPU (tests/gpu/device.c).
 *
 * Tests write their inputs on the host and put them on the device; what they
 * are to see, they get back.  A call of CUDA that fails ends the program. */
#ifndef CEDM_TEST_CUDA_DEVICE_H
#define CEDM_TEST_CUDA_DEVICE_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/cuda/launch.h"
#include "tests/ops/op_stage.h"

/* False if there is none.  Kernels may be launched afterwards. */
bool device_open(void);

/* What an exec has for kernels of compute capability 9.0; NULL: none.  And
 * how many boxes they copied since the last call, where it is counted. */
void *device_encode_tensor(void);
unsigned long device_boxes(void);

/* A GPU, which has cuBLAS and is in no hurry. */
bool device_is_real(void);
uint32_t device_arch(void);

/* Memory filled with NaNs, a whole number of CEDM_CUDA_ALIGN bytes. */
void *device_take(size_t bytes);
void device_give(void *memory);
void device_put(void *to, const void *from, size_t bytes);
void device_get(void *to, const void *from, size_t bytes); /* waits */

/* Last thread and last block first, where the order can be chosen; elsewhere
 * a second run is only a second run. */
void device_order(bool backwards);

/* Makes one op as a net does: by cuBLAS, if it is a plain product.  0 or a
 * cudaError_t. */
int device_run(cedm_cuda_exec *exec, stage_call *call, const void *op);

/* A cudaError_t in words; and whether the device still works: after some
 * errors every call fails until the process ends. */
const char *device_text(int code);
bool device_works(void);

#endif
