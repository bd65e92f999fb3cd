/* SPDX-License-Identifier: MIT
 *
 * device.h - what computes: the options --device and --precision, and the
 * CUDA library, which is opened only where it is asked for. */
#ifndef CEDM_HOST_EXECUTION_DEVICE_H
#define CEDM_HOST_EXECUTION_DEVICE_H

#include "host/cli/args.h"
#include "cedm_cuda.h"

typedef enum host_device_kind {
    HOST_DEVICE_AUTO,
    HOST_DEVICE_CPU,
    HOST_DEVICE_CUDA
} host_device_kind;

#define HOST_DEVICE_MAX 64u

typedef struct host_device_choice {
    host_device_kind kind;
    bool all;       /* cuda:all */
    uint32_t count; /* of index; 0: cuda alone */
    uint32_t index[HOST_DEVICE_MAX];
} host_device_choice;

/* auto, cpu, cuda, cuda:all or cuda:LIST, where one may be named twice; or
 * one device at most. */
bool host_device_parse(const host_args *a, host_device_choice *out,
                       host_failure *f);
bool host_device_parse_one(const host_args *a, host_device_choice *out,
                           host_failure *f);

/* HOST_PRECISION_AUTO is fp32 on the CPU and fp16 on a GPU. */
#define HOST_PRECISION_AUTO (-1)
bool host_precision_parse(const host_args *a, int *out, host_failure *f);
const char *host_precision_name(enum cedm_cuda_precision precision);

typedef struct host_cuda_library {
    const char *file;         /* NULL: that of CEDM_CUDA_ABI */
    const cedm_cuda_api *api; /* NULL: not open */
    uint32_t devices;
    void *handle; /* for dlsym */
} host_cuda_library;

/* Opens ../lib/FILE beside the program, or the one that the system finds.
 * Fails where there is no driver, no library or no device; what asked for it
 * begins the message. */
bool host_cuda_library_open(host_cuda_library *l, const char *asked,
                            host_failure *f);
void host_cuda_library_close(host_cuda_library *l);

/* Takes the functions of a library whose handle somebody has opened, if it is
 * of this version. */
bool host_cuda_library_take(host_cuda_library *l, const char *asked,
                            host_failure *f);

/* Makes `choice` one of the CPU or a list of devices.  auto is the first
 * GPU if it is usable, else the CPU, unless a 16-bit precision was wanted.
 * rank picks a device where none was named. */
bool host_device_choose(host_device_choice *choice, int precision,
                        uint32_t rank, host_cuda_library *l, host_failure *f);

/* ---- a device ---------------------------------------------------------- */

/* Fails where its architecture is too old. */
bool host_device_describe(const host_cuda_library *l, uint32_t index,
                          cedm_cuda_device *out, host_failure *f);

/* Describes a status that is not CEDM_OK; `what` it was about. */
bool host_device_failed(uint32_t index, const char *what, cedm_status status,
                        const cedm_cuda_fault *fault, host_failure *f);

/* The device has less memory than is wanted, whatever --`option` says. */
bool host_device_is_full(uint32_t index, const cedm_cuda_device *device,
                         uint64_t wanted, const char *option,
                         host_failure *f);

#endif
