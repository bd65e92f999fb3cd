/* SPDX-License-Identifier: MIT
 *
 * shard.c - which part of a job is this process's. */
#include <stdlib.h>
#include <string.h>

#include "host/cli/shard.h"

/* Digits alone, at most `high`. */
static bool number(const char *text, size_t length, uint32_t high,
                   uint32_t *out)
{
    uint64_t value = 0;
    if (length == 0 || length > 7) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
        value = 10 * value + (uint64_t)(text[i] - '0');
    }
    *out = (uint32_t)value;
    return value <= high;
}

bool host_shard_parse(const host_args *a, host_shard *out, host_failure *f)
{
    const char *slash = strchr(a->value, '/');
    *out = (host_shard)HOST_SHARD_WHOLE;
    out->launcher = "--shard";
    return (slash != NULL &&
            number(slash + 1, strlen(slash + 1), HOST_SHARD_MAX,
                   &out->size) &&
            number(a->value, (size_t)(slash - a->value), HOST_SHARD_MAX,
                   &out->rank) &&
            out->rank < out->size) ||
           host_bad_usage(f,
                          "--%s: wanted I/N with I from 0 to N-1, got '%s'",
                          a->name, a->value);
}

/* srun alone sets SLURM_STEP_NUM_TASKS; a batch script has the other names
 * without being one of many. */
static const struct {
    const char *launcher, *rank, *size, *local;
} launchers[] = {
    {"srun", "SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_LOCALID"},
    {"mpirun", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE",
     "OMPI_COMM_WORLD_LOCAL_RANK"},
    {"mpirun", "PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID"},
    {"torchrun", "RANK", "WORLD_SIZE", "LOCAL_RANK"},
};

bool host_shard_from_environment(host_shard *out, host_failure *f)
{
    *out = (host_shard)HOST_SHARD_WHOLE;
    for (size_t i = 0; i < sizeof launchers / sizeof launchers[0]; i++) {
        const char *rank = getenv(launchers[i].rank);
        const char *size = getenv(launchers[i].size);
        const char *local = getenv(launchers[i].local);
        if (rank == NULL || size == NULL) {
            continue;
        }
        out->launcher = launchers[i].launcher;
        if (!number(size, strlen(size), HOST_SHARD_MAX, &out->size) ||
            !number(rank, strlen(rank), HOST_SHARD_MAX, &out->rank) ||
            out->rank >= out->size) {
            return host_fail(f,
                             "%s=%s, %s=%s in the environment: wanted a rank "
                             "below the size; --shard 0/1 passes over them",
                             launchers[i].rank, rank, launchers[i].size,
                             size);
        }
        if (local == NULL ||
            !number(local, strlen(local), HOST_SHARD_MAX, &out->local)) {
            out->local = 0;
        }
        return true;
    }
    return true;
}

/* Parts differ by one item at most; written without a large product. */
void host_shard_part(const host_shard *s, uint64_t total, uint64_t *first,
                     uint64_t *count)
{
    uint64_t each = total / s->size, more = total % s->size;
    *first = s->rank * each + (s->rank < more ? s->rank : more);
    *count = each + (s->rank < more);
}
