/* SPDX-License-Identifier: MIT
 *
 * runner_begin.c - how a run begins, wherever it runs. */
#include "host/execution/runner.h"

cedm_status host_runner_begin(host_runner *r, const host_runner_batch *batch)
{
    const host_runner_kind *kind = r->kind;
    cedm_status status =
        kind->begin(r, batch->seeds, batch->clusters, batch->n);
    if (status == CEDM_OK && batch->goal_seeds != NULL) {
        status = kind->mix(r, batch->goal_seeds, batch->goal_clusters,
                           batch->shares);
    }
    if (status == CEDM_OK && batch->init != NULL) {
        status = kind->from(r, batch->init);
    }
    return status == CEDM_OK && batch->known != NULL
               ? kind->mask(r, batch->known, batch->mask, batch->rounds)
               : status;
}
