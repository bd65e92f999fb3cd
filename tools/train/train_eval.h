/* SPDX-License-Identifier: MIT
 *
 * train_eval.h - what --eval asks for: fd:ENCODER.so:REF.npz:N. */
#ifndef CEDM_TOOLS_TRAIN_TRAIN_EVAL_H
#define CEDM_TOOLS_TRAIN_TRAIN_EVAL_H

#include <stdint.h>

#include "host/cli/failure.h"

typedef struct train_eval {
    char encoder[4096], statistics[4096]; /* paths, which have no colon */
    uint32_t images;                      /* 2 .. 10,000,000 */
} train_eval;

/* False, with a line, for any other text. */
bool train_eval_parse(const char *text, train_eval *out, host_failure *f);

/* The text with absolute paths where the files are there; to be freed.  NULL
 * without memory. */
char *train_eval_absolute(const train_eval *e);

#endif
