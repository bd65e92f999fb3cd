/* SPDX-License-Identifier: MIT
 *
 * shard.h - which part of a job is this process's: --shard I/N, or the rank
 * that a launcher of processes put in the environment. */
#ifndef CEDM_TOOLS_SHARD_H
#define CEDM_TOOLS_SHARD_H

#include "host/cli/args.h"

typedef struct shard {
    uint32_t rank, size;
    uint32_t local;       /* rank among the processes of this machine */
    const char *launcher; /* who said so: "--shard", "srun", ... */
} shard;

#define SHARD_MAX 1000000u

/* The whole: rank 0 of 1. */
#define SHARD_WHOLE {0, 1, 0, NULL}

bool shard_parse(const args *a, shard *out, failure *f);

/* What srun, mpirun (Open MPI, MPICH and their kin) or torchrun says; the
 * whole if none of them runs this. */
bool shard_from_environment(shard *out, failure *f);

/* Items first .. first + count - 1 of `total` are its part. */
void shard_part(const shard *s, uint64_t total, uint64_t *first,
                uint64_t *count);

#endif
