/* SPDX-License-Identifier: MIT
 *
 * emulated_api.c - as much of cudart as the host side calls, on the memory of
 * the host: with the emulator behind the kernels, a whole net runs without a
 * device.
 *
 * There is one queue for all streams, whose work is done when somebody waits
 * for it. */
#include <cuda_runtime_api.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/emulate/emulated.h"

/* ---- devices and memory -------------------------------------------------- */

cudaError_t cudaDriverGetVersion(int *version)
{
    *version = CUDART_VERSION;
    return cudaSuccess;
}

static int current;

/* EMULATED_DEVICES, or one. */
cudaError_t cudaGetDeviceCount(int *count)
{
    const char *devices = getenv("EMULATED_DEVICES");

    *count = devices != NULL ? atoi(devices) : 1;
    return cudaSuccess;
}

cudaError_t cudaGetDevice(int *device)
{
    *device = current;
    return cudaSuccess;
}

cudaError_t cudaSetDevice(int device)
{
    int count;

    cudaGetDeviceCount(&count);
    if (device < 0 || device >= count) {
        return cudaErrorInvalidDevice;
    }
    current = device;
    return cudaSuccess;
}

cudaError_t cudaGetDeviceProperties(struct cudaDeviceProp *p, int device)
{
    memset(p, 0, sizeof *p);
    p->uuid.bytes[0] = (char)device;
    memcpy(p->name, "emulator", sizeof "emulator");
    return cudaSuccess;
}

/* EMULATED_ARCH, as 90, or compute capability 8.0; two multiprocessors. */
cudaError_t cudaDeviceGetAttribute(int *value, enum cudaDeviceAttr which,
                                   int device)
{
    const char *arch = getenv("EMULATED_ARCH");
    int capability = arch != NULL ? atoi(arch) : 80;

    (void)device;
    *value = which == cudaDevAttrComputeCapabilityMajor   ? capability / 10
             : which == cudaDevAttrComputeCapabilityMinor ? capability % 10
                                                          : 2;
    return cudaSuccess;
}

/* What the device has, none of it in use: EMULATED_BYTES, or plenty. */
static size_t device_bytes(void)
{
    const char *bytes = getenv("EMULATED_BYTES");

    return bytes != NULL ? strtoull(bytes, NULL, 10) : (size_t)1 << 40;
}

cudaError_t cudaMemGetInfo(size_t *free_bytes, size_t *total)
{
    *free_bytes = *total = device_bytes();
    return cudaSuccess;
}

/* Bytes that nothing has written are NaNs. */
cudaError_t cudaMalloc(void **memory, size_t bytes)
{
    size_t whole = (bytes + 255) / 256 * 256;

    if (emulated_error() != 0) {
        return (cudaError_t)emulated_error();
    }
    *memory = whole <= device_bytes() ? aligned_alloc(256, whole) : NULL;
    if (*memory == NULL) {
        return cudaErrorMemoryAllocation;
    }
    memset(*memory, 0xff, whole);
    return cudaSuccess;
}

cudaError_t cudaMallocHost(void **memory, size_t bytes)
{
    return cudaMalloc(memory, bytes);
}

cudaError_t cudaHostAlloc(void **memory, size_t bytes, unsigned flags)
{
    (void)flags;
    return cudaMalloc(memory, bytes);
}

cudaError_t cudaMallocAsync(void **memory, size_t bytes, cudaStream_t stream)
{
    (void)stream;
    return cudaMalloc(memory, bytes);
}

cudaError_t cudaFree(void *memory)
{
    emulated_wait(emulated_mark());
    free(memory);
    return cudaSuccess;
}

cudaError_t cudaFreeHost(void *memory)
{
    return cudaFree(memory);
}

typedef struct transfer {
    void *to;
    const void *from;
    int value;
    size_t bytes;
} transfer;

static void do_copy(const void *arg)
{
    transfer t;

    memcpy(&t, arg, sizeof t);
    memcpy(t.to, t.from, t.bytes);
}

static void do_set(const void *arg)
{
    transfer t;

    memcpy(&t, arg, sizeof t);
    memset(t.to, t.value, t.bytes);
}

cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes,
                            enum cudaMemcpyKind kind, cudaStream_t stream)
{
    transfer t = {.to = to, .from = from, .bytes = bytes};

    (void)kind;
    (void)stream;
    emulated_queue(do_copy, &t, sizeof t);
    return cudaSuccess;
}

cudaError_t cudaMemcpy(void *to, const void *from, size_t bytes,
                       enum cudaMemcpyKind kind)
{
    cudaMemcpyAsync(to, from, bytes, kind, NULL);
    return cudaStreamSynchronize(NULL);
}

cudaError_t cudaMemsetAsync(void *at, int value, size_t bytes,
                            cudaStream_t stream)
{
    transfer t = {.to = at, .value = value, .bytes = bytes};

    (void)stream;
    emulated_queue(do_set, &t, sizeof t);
    return cudaSuccess;
}

const char *cudaGetErrorString(cudaError_t code)
{
    return code == cudaSuccess              ? "no error"
           : code == cudaErrorLaunchFailure ? "unspecified launch failure"
                                            : "an error";
}

cudaError_t cudaGetLastError(void)
{
    return (cudaError_t)emulated_error();
}

/* ---- streams, events, graphs --------------------------------------------- */

/* A stream is the address of the member that holds it. */
cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned flags)
{
    (void)flags;
    emulated_defer();
    *stream = (void *)stream;
    return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream)
{
    (void)stream;
    return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream)
{
    (void)stream;
    emulated_wait(emulated_mark());
    return (cudaError_t)emulated_error();
}

/* An event is what was queued before it. */
cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned flags)
{
    (void)flags;
    *event = calloc(1, sizeof(unsigned long));
    return *event != NULL ? cudaSuccess : cudaErrorMemoryAllocation;
}

cudaError_t cudaEventDestroy(cudaEvent_t event)
{
    free(event);
    return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream)
{
    unsigned long mark = emulated_mark();

    (void)stream;
    memcpy(event, &mark, sizeof mark);
    return cudaSuccess;
}

cudaError_t cudaEventSynchronize(cudaEvent_t event)
{
    unsigned long mark;

    memcpy(&mark, event, sizeof mark);
    emulated_wait(mark);
    return (cudaError_t)emulated_error();
}

/* A device that is asked gets on with its work. */
cudaError_t cudaEventQuery(cudaEvent_t event)
{
    unsigned long mark;

    memcpy(&mark, event, sizeof mark);
    return emulated_step(mark) ? cudaErrorNotReady
                               : (cudaError_t)emulated_error();
}

/* For who waits for a device, EMULATED_HASTE times as fast as ours. */
time_t emulated_time(time_t *seconds);
time_t emulated_time(time_t *seconds)
{
    const char *haste = getenv("EMULATED_HASTE");
    struct timespec now;

    (void)seconds;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (time_t)(((double)now.tv_sec + 1e-9 * (double)now.tv_nsec) *
                    (haste != NULL ? atof(haste) : 1.0));
}

/* Time stands still: all of it is of one length. */
cudaError_t cudaEventElapsedTime(float *ms, cudaEvent_t begin,
                                 cudaEvent_t end)
{
    *ms = 1.0f;
    return begin != NULL && end != NULL ? cudaSuccess : cudaErrorInvalidValue;
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event,
                                unsigned flags)
{
    (void)stream;
    (void)flags;
    return event != NULL ? cudaSuccess : cudaErrorInvalidValue;
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream,
                                   enum cudaStreamCaptureMode mode)
{
    (void)mode;
    emulated_capture();
    return stream != NULL ? cudaSuccess : cudaErrorInvalidValue;
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t *graph)
{
    (void)stream;
    *graph = (void *)emulated_captured();
    return cudaSuccess;
}

/* What is instantiated takes the graph over. */
cudaError_t cudaGraphInstantiateWithFlags(cudaGraphExec_t *exec,
                                          cudaGraph_t graph,
                                          unsigned long long flags)
{
    (void)flags;
    *exec = (void *)graph;
    return cudaSuccess;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph)
{
    (void)graph;
    return cudaSuccess;
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec)
{
    emulated_forget((void *)exec);
    return cudaSuccess;
}

cudaError_t cudaGraphUpload(cudaGraphExec_t exec, cudaStream_t stream)
{
    (void)stream;
    return exec != NULL ? cudaSuccess : cudaErrorInvalidValue;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream)
{
    (void)stream;
    emulated_replay((void *)exec);
    return cudaSuccess;
}
