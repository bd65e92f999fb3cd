/* SPDX-License-Identifier: MIT
 *
 * agreement.c - ranks that fail together. */
#include "host/execution/agreement.h"

#include "host/cli/shard.h"
#include "host/execution/ranks.h"

bool host_agree(bool good, host_failure *f)
{
    const bool first = host_ranks_rank() == 0;
    const bool says = first && !good && f->text[0] != '\0';
    double bad[2] = {good ? 0.0 : 1.0, says ? 1.0 : 0.0};

    host_ranks_allreduce(HOST_RANKS_F64, bad, 2);
    if (bad[0] > 0.0 && (good || (bad[1] > 0.0 && !first))) {
        f->code = good ? HOST_EXIT_FAILED : f->code;
        f->text[0] = '\0';
    }
    return bad[0] == 0.0;
}

bool host_check_launcher(host_failure *f)
{
    host_shard place = HOST_SHARD_WHOLE;

    if (host_ranks_size() > 1) {
        return true;
    }
    if (!host_shard_from_environment(&place, f)) {
        return false;
    }
    if (place.size > 1) {
        (void)host_fail(f,
                        "%s started %u processes, but this program %s; start "
                        "one process",
                        place.launcher, place.size, host_ranks_kind());
        if (place.rank > 0) {
            f->text[0] = '\0'; /* rank 0 says it */
        }
        return false;
    }
    return true;
}
