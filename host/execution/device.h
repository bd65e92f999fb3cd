/* SPDX-License-Identifier: MIT
 *
 * device.h - what computes: the options --device and --precision, and the
 * CUDA library, which is opened only where it is asked for. */
#ifndef CEDM_TOOLS_DEVICE_H
#define CEDM_TOOLS_DEVICE_H

#include "host/cli/args.h"
#include "cedm_cuda.h"

typedef enum device_kind { DEVICE_AUTO, DEVICE_CPU, DEVICE_CUDA } device_kind;

#define DEVICE_MAX 64u

typedef struct device_choice {
    device_kind kind;
    bool all;       /* cuda:all */
    uint32_t count; /* of index; 0: cuda alone */
    uint32_t index[DEVICE_MAX];
} device_choice;

/* auto, cpu, cuda, cuda:all or cuda:LIST, where one may be named twice; or
 * one device at most. */
bool device_parse(const args *a, device_choice *out, failure *f);
bool device_parse_one(const args *a, device_choice *out, failure *f);

/* PRECISION_AUTO is fp32 on the CPU and fp16 on a GPU. */
#define PRECISION_AUTO (-1)
bool precision_parse(const args *a, int *out, failure *f);
const char *precision_name(enum cedm_cuda_precision precision);

typedef struct cuda_library {
    const char *file; /* NULL: libcedm_cuda.so */
    const cedm_cuda_api *api; /* NULL: not open */
    uint32_t devices;
    void *handle; /* for dlsym */
} cuda_library;

/* Opens ../lib/FILE beside the program, or the one that the system finds.
 * Fails where there is no driver, no library or no device; what asked for it
 * begins the message. */
bool cuda_library_open(cuda_library *l, const char *asked, failure *f);
void cuda_library_close(cuda_library *l);

/* Makes `choice` one of the CPU or a list of devices.  auto is the first
 * GPU if it is usable, else the CPU, unless a 16-bit precision was wanted.
 * rank picks a device where none was named. */
bool device_choose(device_choice *choice, int precision, uint32_t rank,
                   cuda_library *l, failure *f);

/* ---- a device ---------------------------------------------------------- */

/* Fails where its architecture is too old. */
bool device_describe(const cuda_library *l, uint32_t index,
                     cedm_cuda_device *out, failure *f);

/* Describes a status that is not CEDM_OK; `what` it was about. */
bool device_failed(uint32_t index, const char *what, cedm_status status,
                   const cedm_cuda_fault *fault, failure *f);

/* The device has less memory than is wanted, whatever --`option` says. */
bool device_is_full(uint32_t index, const cedm_cuda_device *device,
                    uint64_t wanted, const char *option, failure *f);

#endif
