/* SPDX-License-Identifier: MIT
 *
 * expected_information.h - what two partitions share by chance. */
#ifndef CEDM_CLUSTER_EXPECTED_INFORMATION_H
#define CEDM_CLUSTER_EXPECTED_INFORMATION_H

#include "cluster/contingency.h"

/* The mean of the mutual information, in nats, of all pairs of partitions
 * with these sizes [AMI] eq. 24a.  Cost: pairs of different sizes times the
 * smaller of each.  False: out of memory. */
bool cluster_expected_information(const cluster_contingency *c,
                                  double *expected);

#endif
