/* SPDX-License-Identifier: MIT
 *
 * agreement.h - ranks that fail together: whether all of them are well, and
 * whether they are all there. */
#ifndef CEDM_HOST_EXECUTION_AGREEMENT_H
#define CEDM_HOST_EXECUTION_AGREEMENT_H

#include <stdbool.h>

#include "host/cli/failure.h"

/* True if every rank is good; collective.  If not, the failure stays with
 * those that say it: rank 0 if it failed, or all that did; the text of others
 * is "". */
bool host_agree(bool good, host_failure *f);

/* Refuses to be one of several processes that a launcher started and that are
 * no ranks of each other: they would fight over one folder. */
bool host_check_launcher(host_failure *f);

#endif
