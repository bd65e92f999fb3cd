/* SPDX-License-Identifier: MIT
 *
 * device.c - the emulator as the device under test: its memory is the
 * host's, and there is no cuBLAS. */
#include "tests/cuda/test_device.h"

#include <stdlib.h>
#include <string.h>

#include "tests/emulate/emulated.h"

/* As a device of 9.0, whose kernels are all there. */
static cedm_cuda_exec newest = {.arch = 90};

bool device_open(void)
{
    return cedm_cuda_kernels_init(&newest) == 0;
}

void *device_encode_tensor(void)
{
    return newest.encode_tensor;
}

unsigned long device_boxes(void)
{
    return emulated_take().boxes;
}

bool device_is_real(void)
{
    return false;
}

uint32_t device_arch(void)
{
    return 80;
}

void *device_take(size_t bytes)
{
    size_t whole =
        (bytes + 2 * CEDM_CUDA_ALIGN - 1) / CEDM_CUDA_ALIGN * CEDM_CUDA_ALIGN;
    void *memory = aligned_alloc(CEDM_CUDA_ALIGN, whole);

    if (memory == NULL) {
        abort();
    }
    memset(memory, 0xff, whole);
    return memory;
}

void device_give(void *memory)
{
    free(memory);
}

void device_put(void *to, const void *from, size_t bytes)
{
    memcpy(to, from, bytes);
}

void device_get(void *to, const void *from, size_t bytes)
{
    memcpy(to, from, bytes);
}

void device_order(bool backwards)
{
    emulated_order(backwards);
}

int device_run(cedm_cuda_exec *exec, stage_call *call, const void *op)
{
    (void)exec;
    (void)call;
    (void)op;
    return -1;
}

const char *device_text(int code)
{
    return code == 0 ? "no error" : "an error";
}

bool device_works(void)
{
    return true;
}
