/* SPDX-License-Identifier: MIT
 *
 * ranks_nccl.c - ranks that add up their gradients on their devices.
 *
 * NCCL is opened when ranks ask for it, since this library has to be there
 * without it, and stays open, since it has threads. */
#include <cuda_runtime_api.h>
#include <dlfcn.h>
#include <nccl.h>
#include <string.h>
#include <time.h>

#include "trainer/cuda/device_net.h"

/* Seconds that a device may wait for other ranks. */
#define PATIENCE 600

static const struct timespec moment = {.tv_nsec = 50000};

_Static_assert(sizeof(ncclUniqueId) == TRAIN_CUDA_INVITATION,
               "the caller passes it on");

/* ---- the library -------------------------------------------------------- */

#define FUNCTIONS(X)                                                         \
    X(GetUniqueId)                                                           \
    X(CommInitRank)                                                          \
    X(AllReduce) X(CommGetAsyncError) X(CommAbort) X(GetErrorString)

static struct {
#define POINTER(name) __typeof__(nccl##name) *name;
    FUNCTIONS(POINTER)
#undef POINTER
} nccl;

static bool open_nccl(void)
{
    void *library = dlopen("libnccl.so.2", RTLD_NOW | RTLD_LOCAL);
    bool all = library != NULL;
    void *symbol;

    if (library == NULL) {
        return false;
    }
#define LOOK_UP(name)                                                        \
    symbol = dlsym(library, "nccl" #name);                                   \
    memcpy(&nccl.name, &symbol, sizeof symbol);                              \
    all = all && symbol != NULL;
    FUNCTIONS(LOOK_UP)
#undef LOOK_UP
    return all;
}

static cedm_status fail(const train_cuda_net *net, const char *call,
                        const char *text)
{
    if (net->config.fault != NULL) {
        *net->config.fault = (cedm_cuda_fault){call, text};
    }
    return CEDM_E_CUDA;
}

static cedm_status check(const train_cuda_net *net, const char *call,
                         ncclResult_t code)
{
    return code == ncclSuccess ? CEDM_OK
                               : fail(net, call, nccl.GetErrorString(code));
}

/* ---- joining ------------------------------------------------------------ */

cedm_status train_cuda_peer(uint32_t device, unsigned char *uuid)
{
    struct cudaDeviceProp properties;

    if (!open_nccl() ||
        cudaGetDeviceProperties(&properties, (int)device) != cudaSuccess) {
        return CEDM_E_DEVICE;
    }
    memcpy(uuid, &properties.uuid, TRAIN_CUDA_UUID);
    return CEDM_OK;
}

cedm_status train_cuda_invite(train_cuda_net *net, unsigned char *invitation)
{
    cedm_status status = train_cuda_begin(net);
    ncclUniqueId id;

    if (status == CEDM_OK) {
        status = train_cuda_end(
            net, check(net, "ncclGetUniqueId", nccl.GetUniqueId(&id)));
        memcpy(invitation, &id, sizeof id);
    }
    return status;
}

cedm_status train_cuda_join(train_cuda_net *net,
                            const unsigned char *invitation, uint32_t rank,
                            uint32_t size)
{
    cedm_status status = train_cuda_begin(net);
    ncclUniqueId id;

    memcpy(&id, invitation, sizeof id);
    return status != CEDM_OK
               ? status
               : train_cuda_end(
                     net, check(net, "ncclCommInitRank",
                                nccl.CommInitRank((ncclComm_t *)&net->ranks,
                                                  (int)size, id, (int)rank)));
}

/* Without waiting for sums that will not be made. */
void train_cuda_leave(train_cuda_net *net)
{
    if (net->ranks != NULL) {
        (void)nccl.CommAbort(net->ranks);
        net->ranks = NULL;
    }
}

/* ---- adding up ---------------------------------------------------------- */

cedm_status train_cuda_queue_sum(const train_cuda_net *net)
{
    float *grads = net->exec.grads;

    return check(net, "ncclAllReduce",
                 nccl.AllReduce(grads, grads,
                                (size_t)net->training->trained_elements,
                                ncclFloat32, ncclSum, net->ranks,
                                net->exec.base.stream));
}

/* What NCCL finds out while a sum is made it tells only who asks. */
static cedm_status ask(const train_cuda_net *net)
{
    ncclResult_t found = ncclSuccess;
    cedm_status status = check(net, "ncclCommGetAsyncError",
                               nccl.CommGetAsyncError(net->ranks, &found));

    return status == CEDM_OK ? check(net, "ncclAllReduce", found) : status;
}

cedm_status train_cuda_wait_ranks(const train_cuda_net *net, void *event)
{
    time_t begin = time(NULL);
    cudaError_t code;

    while ((code = cudaEventQuery(event)) == cudaErrorNotReady) {
        cedm_status status = ask(net);

        (void)cudaGetLastError(); /* or the next launch would report it */
        if (status != CEDM_OK) {
            return status;
        }
        if (time(NULL) - begin > PATIENCE) {
            return fail(net, "ncclAllReduce",
                        "other ranks did not come for "
                        "10 minutes; look at their GPUs (dmesg)");
        }
        (void)nanosleep(&moment, NULL);
    }
    return cedm_cuda_check(net->config.fault, "cudaEventQuery", (int)code);
}
