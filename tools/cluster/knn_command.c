/* SPDX-License-Identifier: MIT
 *
 * knn_command.c - cedm-cluster knn: neighbours, a group of rows at a time. */
#include "tools/cluster/neighbours.h"

bool cluster_command_knn(cluster_session *s, host_failure *f)
{
    cluster_features x;
    const bool good = cluster_features_open(&x, s, false, f) &&
                      cluster_neighbours_write(s, &x, f);

    cluster_features_close(&x);
    return good;
}
