/* SPDX-License-Identifier: MIT
 *
 * ranks_alone.c - one rank: its sums are its values. */
#include "host/execution/ranks.h"

void host_ranks_open(void)
{
}

void host_ranks_close(void)
{
}

uint32_t host_ranks_rank(void)
{
    return 0;
}

uint32_t host_ranks_size(void)
{
    return 1;
}

const char *host_ranks_kind(void)
{
    return "was built without MPI (make MPI=ompi-c has it)";
}

void host_ranks_allreduce(host_ranks_type type, void *values, uint64_t count)
{
    (void)type;
    (void)values;
    (void)count;
}

void host_ranks_broadcast(uint32_t from, void *bytes, uint64_t size)
{
    (void)from;
    (void)bytes;
    (void)size;
}

void host_ranks_barrier(void)
{
}
