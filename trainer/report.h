/* SPDX-License-Identifier: MIT
 *
 * report.h - what a run says: before it begins, on the way, and at its end. */
#ifndef CEDM_TRAINER_REPORT_H
#define CEDM_TRAINER_REPORT_H

#include "trainer/run.h"

/* Prints on stdout what will be trained and how much memory it takes. */
void train_report_begin(const train_run *r);

/* Between ticks, on stderr: a line that is replaced twice a second if that is
 * a terminal, else one after half a minute and then every minute. */
void train_report_progress(train_run *r);

/* A tick: a line on stderr, and in stats.jsonl. */
bool train_report_tick(train_run *r, host_failure *f);

/* On stderr, where the run is and what can be done with it. */
void train_report_stopped(train_run *r);
void train_report_done(train_run *r);

#endif
