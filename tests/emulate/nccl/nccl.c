/* SPDX-License-Identifier: MIT
 *
 * nccl.c - NCCL between emulated devices of processes: sums are made in
 * memory that they share, when the queue comes to them and all ranks did.
 *
 * EMULATED_NCCL is what goes wrong: "init" when rank 1 joins; "sum" when it
 * queues its second sum; "absent", that sum is never made; "remote", and rank 0
 * is told so. */
#define _GNU_SOURCE /* ftruncate */
#include "nccl.h"

#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/emulate/emulated.h"

#define RANKS 4
#define COUNT ((size_t)1 << 20)
#define FAULTY 1ul /* the number of that sum */

typedef struct shared {
    atomic_ulong joined, arrived, left; /* ranks, of all sums so far */
    int device[RANKS];
    size_t count[RANKS];
    float values[RANKS][COUNT];
} shared;

struct ncclComm {
    shared *all;
    unsigned long rank, size, sums; /* queued */
    bool arrived;                   /* at the sum under way */
    bool aborted;
};

static bool is_wrong(const char *what)
{
    const char *wrong = getenv("EMULATED_NCCL");

    return wrong != NULL && strcmp(wrong, what) == 0;
}

/* ---- joining ------------------------------------------------------------ */

/* A name of shared memory. */
ncclResult_t ncclGetUniqueId(ncclUniqueId *id)
{
    memset(id, 0, sizeof *id);
    (void)snprintf(id->internal, sizeof id->internal, "/emulated-nccl-%ld",
                   (long)getpid());
    return ncclSuccess;
}

static shared *share(const char *name)
{
    int file = shm_open(name, O_RDWR | O_CREAT, 0600);
    void *memory = MAP_FAILED;

    if (file >= 0 && ftruncate(file, sizeof(shared)) == 0) {
        memory = mmap(NULL, sizeof(shared), PROT_READ | PROT_WRITE,
                      MAP_SHARED, file, 0);
    }
    (void)close(file);
    return memory != MAP_FAILED ? memory : NULL;
}

static bool is_alone(const shared *all, unsigned long size)
{
    bool alone = true;

    for (unsigned long i = 0; i < size; i++) {
        for (unsigned long k = 0; k < i; k++) {
            alone = alone && all->device[i] != all->device[k];
        }
    }
    return alone;
}

/* Never freed: work in the queue looks at it. */
ncclResult_t ncclCommInitRank(ncclComm_t *out, int size, ncclUniqueId id,
                              int rank)
{
    ncclComm_t comm = calloc(1, sizeof *comm);

    if (comm == NULL || size < 1 || size > RANKS || id.internal[0] != '/') {
        return ncclInvalidArgument;
    }
    comm->rank = (unsigned long)rank;
    comm->size = (unsigned long)size;
    comm->all = share(id.internal);
    if (comm->all == NULL ||
        cudaGetDevice(&comm->all->device[rank]) != cudaSuccess) {
        return ncclSystemError;
    }
    comm->all->joined++;
    while (comm->all->joined < comm->size) {
        (void)sched_yield();
    }
    (void)shm_unlink(id.internal);
    *out = comm;
    return rank == 1 && is_wrong("init")     ? ncclSystemError
           : is_alone(comm->all, comm->size) ? ncclSuccess
                                             : ncclInvalidUsage;
}

ncclResult_t ncclCommAbort(ncclComm_t comm)
{
    comm->aborted = true;
    return ncclSuccess;
}

/* ---- adding up ---------------------------------------------------------- */

typedef struct sum {
    ncclComm_t comm;
    const float *from;
    float *to;
    size_t count;
    unsigned long number;
} sum;

/* Once all left the sum before. */
static bool arrive(const sum *s)
{
    ncclComm_t comm = s->comm;
    shared *all = comm->all;

    if (!comm->arrived && all->left == comm->size * s->number) {
        memcpy(all->values[comm->rank], s->from, s->count * sizeof *s->from);
        all->count[comm->rank] = s->count;
        all->arrived++;
        comm->arrived = true;
    }
    return comm->arrived && all->arrived == comm->size * (s->number + 1);
}

/* In the order of ranks, as many as all have. */
static void add(const sum *s)
{
    const shared *all = s->comm->all;

    for (size_t i = 0; i < s->count; i++) {
        float value = all->values[0][i];

        for (unsigned long rank = 1; rank < s->comm->size; rank++) {
            value = all->count[rank] == s->count
                        ? value + all->values[rank][i]
                        : 0.0f;
        }
        s->to[i] = value;
    }
}

static void do_sum(const void *arg)
{
    sum s;

    memcpy(&s, arg, sizeof s);
    if (s.comm->aborted) {
        return;
    }
    if (!arrive(&s)) {
        (void)sched_yield();
        emulated_again();
        return;
    }
    add(&s);
    s.comm->arrived = false;
    s.comm->all->left++;
}

ncclResult_t ncclAllReduce(const void *from, void *to, size_t count,
                           ncclDataType_t type, ncclRedOp_t op,
                           ncclComm_t comm, cudaStream_t stream)
{
    sum s = {comm, from, to, count, comm->sums++};
    bool faulty = comm->rank == 1 && s.number == FAULTY;

    if (count > COUNT || type != ncclFloat32 || op != ncclSum ||
        stream == NULL) {
        return ncclInvalidArgument;
    }
    if (faulty && is_wrong("sum")) {
        return ncclUnhandledCudaError;
    }
    if (!faulty || !(is_wrong("absent") || is_wrong("remote"))) {
        emulated_queue(do_sum, &s, sizeof s);
    }
    return ncclSuccess;
}

ncclResult_t ncclCommGetAsyncError(ncclComm_t comm, ncclResult_t *error)
{
    *error = comm->rank == 0 && comm->sums > FAULTY && is_wrong("remote")
                 ? ncclRemoteError
                 : ncclSuccess;
    return ncclSuccess;
}

const char *ncclGetErrorString(ncclResult_t code)
{
    return code == ncclSystemError
               ? "unhandled system error (run with NCCL_DEBUG=INFO for "
                 "details)"
           : code == ncclUnhandledCudaError
               ? "unhandled cuda error (run with NCCL_DEBUG=INFO for details)"
           : code == ncclRemoteError
               ? "remote process exited or there was a network error"
               : "another error";
}
