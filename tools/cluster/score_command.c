/* SPDX-License-Identifier: MIT
 *
 * score_command.c - cedm-cluster score: what a clustering is worth. */
#include <stdlib.h>

#include "cluster/scores.h"
#include "host/files/clusters.h"
#include "tools/cluster/cluster_files.h"

/* As many as there were asked for: the largest id is one of them. */
static uint32_t clusters_of(const cluster_settings *o, const int32_t *ids,
                            uint64_t count)
{
    int32_t largest = 0;

    for (uint64_t i = 0; i < count; i++) {
        largest = ids[i] > largest ? ids[i] : largest;
    }
    return o->clusters > 0 ? (uint32_t)o->clusters : (uint32_t)largest + 1;
}

static bool add_usage(cluster_session *s, const int32_t *ids, uint64_t count,
                      host_failure *f)
{
    cluster_usage u;

    return cluster_usage_of(&u, ids, count,
                            clusters_of(s->settings, ids, count), f) &&
           cluster_result(s, "used", u.used, f) &&
           cluster_result(s, "clusters", u.clusters, f) &&
           cluster_result(s, "r_c", u.r_c, f) &&
           cluster_result(s, "kl", u.kl, f) &&
           cluster_result(s, "smallest", (double)u.smallest, f) &&
           cluster_result(s, "largest", (double)u.largest, f);
}

static bool add_agreement(cluster_session *s, const int32_t *ids,
                          uint64_t count, host_failure *f)
{
    host_clusters labels;
    cluster_agreement a;

    if (!host_clusters_open(&labels, s->settings->labels, count, f)) {
        return false;
    }
    const bool good =
        cluster_agreement_of(&a, ids, labels.of_image, count, f) &&
        cluster_result(s, "nmi", a.nmi, f) &&
        cluster_result(s, "ami", a.ami, f) &&
        cluster_result(s, "ari", a.ari, f) &&
        cluster_result(s, "acc", a.acc, f);

    host_clusters_close(&labels);
    return good;
}

bool cluster_command_score(cluster_session *s, host_failure *f)
{
    uint64_t count;
    int32_t *ids = cluster_ids_read(s->settings->operand, &count, f);
    const bool good =
        ids != NULL && add_usage(s, ids, count, f) &&
        (s->settings->labels == NULL || add_agreement(s, ids, count, f));

    free(ids);
    return good;
}
