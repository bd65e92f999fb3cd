/* SPDX-License-Identifier: MIT
 *
 * shard.h - which part of a job is this process's: --shard I/N, or the rank
 * that a launcher of processes put in the environment. */
#ifndef CEDM_HOST_CLI_SHARD_H
#define CEDM_HOST_CLI_SHARD_H

#include "host/cli/args.h"

typedef struct host_shard {
    uint32_t rank, size;
    uint32_t local;       /* rank among the processes of this machine */
    const char *launcher; /* who said so: "--shard", "srun", ... */
} host_shard;

#define HOST_SHARD_MAX 1000000u

/* The whole: rank 0 of 1. */
#define HOST_SHARD_WHOLE                                                     \
    {                                                                        \
        0, 1, 0, NULL                                                        \
    }

bool host_shard_parse(const host_args *a, host_shard *out, host_failure *f);

/* What srun, mpirun (Open MPI, MPICH and their kin) or torchrun says; the
 * whole if none of them runs this. */
bool host_shard_from_environment(host_shard *out, host_failure *f);

/* Items first .. first + count - 1 of `total` are its part. */
void host_shard_part(const host_shard *s, uint64_t total, uint64_t *first,
                     uint64_t *count);

#endif
