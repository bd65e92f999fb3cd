/* SPDX-License-Identifier: MIT
 *
 * shares.c - how ranks share the work. */
#include "cluster/shares.h"

#include "host/cli/shard.h"
#include "host/execution/ranks.h"

static cluster_share share_of(uint64_t count, uint64_t group, uint32_t rank)
{
    const host_shard shard = {rank, host_ranks_size(), 0, NULL};
    uint64_t first, groups;

    host_shard_part(&shard, (count + group - 1) / group, &first, &groups);
    if (groups == 0) {
        return (cluster_share){0, 0};
    }
    first *= group;
    groups *= group;
    return (cluster_share){first,
                           groups < count - first ? groups : count - first};
}

cluster_share cluster_share_mine(uint64_t count, uint64_t group)
{
    return share_of(count, group, host_ranks_rank());
}

typedef struct shifted {
    cedm_task *task;
    void *arg;
    uint32_t first;
} shifted;

static void shifted_task(void *arg, uint32_t index, uint32_t worker)
{
    const shifted *s = arg;

    s->task(s->arg, s->first + index, worker);
}

void cluster_run_mine(const cluster_workers *w, cedm_task *task, void *arg,
                      uint64_t count, uint64_t group)
{
    const cluster_share mine = cluster_share_mine(count, group);
    shifted s = {task, arg, (uint32_t)mine.first};

    cluster_run(w, shifted_task, &s, mine.count);
}

void cluster_gather(void *values, size_t size, uint64_t count, uint64_t group)
{
    unsigned char *bytes = values;

    for (uint32_t rank = 0; rank < host_ranks_size(); rank++) {
        const cluster_share s = share_of(count, group, rank);

        host_ranks_broadcast(rank, bytes + s.first * size, s.count * size);
    }
}

void cluster_add_up(int64_t *values, uint64_t count)
{
    host_ranks_allreduce(HOST_RANKS_I64, values, count);
}
