/* SPDX-License-Identifier: MIT
 *
 * ranks_mpi.c - ranks that a launcher of MPI started.
 *
 * Without one the library is not touched: a single process needs neither its
 * start nor its threads.  Errors are left to the library's own handler, which
 * prints them and ends all ranks. */
#include <mpi.h>
#include <stdbool.h>
#include <stdlib.h>

#include "host/execution/ranks.h"

/* Values of a call, whose count is an int. */
#define PIECE ((uint64_t)1 << 28)

static bool together;
static int rank, size = 1;

/* Open MPI, PMIx and the PMI of MPICH and Slurm. */
static bool was_launched(void)
{
    return getenv("OMPI_COMM_WORLD_SIZE") != NULL ||
           getenv("PMIX_RANK") != NULL || getenv("PMI_RANK") != NULL;
}

void host_ranks_open(void)
{
    int level;

    if (was_launched()) {
        /* Threads of the pool never call the library. */
        (void)MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &level);
        (void)MPI_Comm_rank(MPI_COMM_WORLD, &rank);
        (void)MPI_Comm_size(MPI_COMM_WORLD, &size);
        together = true;
    }
}

void host_ranks_close(void)
{
    if (together) {
        (void)MPI_Finalize();
    }
}

uint32_t host_ranks_rank(void)
{
    return (uint32_t)rank;
}

uint32_t host_ranks_size(void)
{
    return (uint32_t)size;
}

const char *host_ranks_kind(void)
{
    return "knows only the ranks of the MPI it was built with";
}

void host_ranks_allreduce(host_ranks_type type, void *values, uint64_t count)
{
    MPI_Datatype what = type == HOST_RANKS_F32   ? MPI_FLOAT
                        : type == HOST_RANKS_F64 ? MPI_DOUBLE
                                                 : MPI_INT64_T;
    size_t bytes = type == HOST_RANKS_F32 ? sizeof(float) : sizeof(double);
    unsigned char *at = values;

    for (uint64_t done = 0; together && done < count; done += PIECE) {
        uint64_t n = count - done < PIECE ? count - done : PIECE;

        (void)MPI_Allreduce(MPI_IN_PLACE, at + done * bytes, (int)n, what,
                            MPI_SUM, MPI_COMM_WORLD);
    }
}

void host_ranks_broadcast(uint32_t from, void *bytes, uint64_t count)
{
    unsigned char *at = bytes;

    for (uint64_t done = 0; together && done < count; done += PIECE) {
        uint64_t n = count - done < PIECE ? count - done : PIECE;

        (void)MPI_Bcast(at + done, (int)n, MPI_BYTE, (int)from,
                        MPI_COMM_WORLD);
    }
}

void host_ranks_barrier(void)
{
    if (together) {
        (void)MPI_Barrier(MPI_COMM_WORLD);
    }
}
