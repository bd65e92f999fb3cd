/* SPDX-License-Identifier: MIT
 *
 * trial.h - runs of a tool in which a call of the system fails, and what must
 * hold after each. */
#ifndef CEDM_TESTS_TRIAL_H
#define CEDM_TESTS_TRIAL_H

#include "tests/fault/fault.h"

typedef struct command {
    int (*tool)(int argc, char **argv);
    const char *argv[40]; /* NULL-terminated; the name first */
} command;

/* A run in a child process without failures, which must succeed. */
void trial_run(const command *c);

/* Fails each call in turn until a run gets by; returns how many there are.
 * Starts each run with the files of `old`, if it is not NULL; a large step
 * fails every call, a small one some of the later ones.
 *
 * A failed run says one line and exits with 1; the folder of its output is
 * as it was before.  If there is `again`, files may have been added to it,
 * whole ones, and `again` then makes of it what a run without failures
 * would have. */
unsigned trial_fail_each(const command *c, fault wanted, const command *old,
                         const command *again, unsigned step);

#define TRIAL_ALL 1000000u

/* Files, once and from then on; some of the calls if there is `again`. */
void trial_fail_files(const command *c, const command *old,
                      const command *again);

#endif
