/* SPDX-License-Identifier: MIT
 *
 * eval_state.h - the folder where features of data sets are kept while a run
 * lasts: that of --state, where the same command goes on after it was
 * stopped, or one of this run alone. */
#ifndef CEDM_TOOLS_EVAL_EVAL_STATE_H
#define CEDM_TOOLS_EVAL_EVAL_STATE_H

#include <limits.h>

#include "host/files/lock.h"
#include "tools/eval/eval_run.h"

typedef struct eval_state {
    char folder[PATH_MAX];
    bool temporary; /* in TMPDIR, else /var/tmp */
    host_lock lock;
    /* FOLDER/N.npy for operand N, from 1 on, as growing.h names them */
    char rows[EVAL_FILES_MAX][PATH_MAX + 16];
} eval_state;

/* folder: that of --state, made if it is missing, for one run at a time; or
 * NULL. */
bool eval_state_open(eval_state *s, const char *folder, host_failure *f);

/* Removes the rows of an operand, if they are there. */
bool eval_state_drop(const eval_state *s, int operand, host_failure *f);

/* Removes the folder unless something is in it. */
void eval_state_close(eval_state *s);

#endif
