/* SPDX-License-Identifier: MIT
 *
 * nccl.h - the part of NCCL's header that the trainer uses, for emulated
 * devices; numbers are NCCL's. */
#ifndef CEDM_TESTS_EMULATE_NCCL_NCCL_H
#define CEDM_TESTS_EMULATE_NCCL_NCCL_H

#include <cuda_runtime_api.h>

typedef enum ncclResult_t {
    ncclSuccess,
    ncclUnhandledCudaError,
    ncclSystemError,
    ncclInternalError,
    ncclInvalidArgument,
    ncclInvalidUsage,
    ncclRemoteError
} ncclResult_t;

typedef struct ncclUniqueId {
    char internal[128];
} ncclUniqueId;

typedef struct ncclComm *ncclComm_t;
typedef enum ncclDataType_t { ncclFloat32 = 7 } ncclDataType_t;
typedef enum ncclRedOp_t { ncclSum } ncclRedOp_t;

ncclResult_t ncclGetUniqueId(ncclUniqueId *id);
ncclResult_t ncclCommInitRank(ncclComm_t *comm, int size, ncclUniqueId id,
                              int rank);
ncclResult_t ncclAllReduce(const void *from, void *to, size_t count,
                           ncclDataType_t type, ncclRedOp_t op,
                           ncclComm_t comm, cudaStream_t stream);
ncclResult_t ncclCommGetAsyncError(ncclComm_t comm, ncclResult_t *error);
ncclResult_t ncclCommAbort(ncclComm_t comm);
const char *ncclGetErrorString(ncclResult_t code);

#endif
