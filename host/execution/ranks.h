/* SPDX-License-Identifier: MIT
 *
 * ranks.h - the processes that share one run.
 *
 * In training each makes the gradient of its part of a batch; their sum is
 * everybody's, so that all ranks keep the same parameters without ever sending
 * them.  A build has one of two implementations: ranks_mpi.c for what an MPI
 * launcher starts, ranks_alone.c for one process.
 *
 * All but rank and size are collective: every rank calls them, in the same
 * order and for as many values.  An error of the transport ends all ranks. */
#ifndef CEDM_HOST_EXECUTION_RANKS_H
#define CEDM_HOST_EXECUTION_RANKS_H

#include <stdint.h>

void host_ranks_open(void);
void host_ranks_close(void);

uint32_t host_ranks_rank(void); /* 0 .. size - 1; 0 writes and speaks */
uint32_t host_ranks_size(void);

/* What ranks of this build are, to be said of "this program": "was built
 * without MPI; ..." */
const char *host_ranks_kind(void);

typedef enum host_ranks_type {
    HOST_RANKS_F32,
    HOST_RANKS_F64,
    HOST_RANKS_I64
} host_ranks_type;

/* Replaces values by their sums over the ranks: the same bits everywhere, and
 * every time for the same number of ranks. */
void host_ranks_allreduce(host_ranks_type type, void *values, uint64_t count);

/* Replaces bytes by those of one rank. */
void host_ranks_broadcast(uint32_t from, void *bytes, uint64_t size);

void host_ranks_barrier(void);

#endif
