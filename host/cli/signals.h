/* SPDX-License-Identifier: MIT
 *
 * signals.h - what the signals of a system mean to a program. */
#ifndef CEDM_HOST_CLI_SIGNALS_H
#define CEDM_HOST_CLI_SIGNALS_H

#include <signal.h>

/* For every program, before it reads or writes a file; `tool` must stay.
 * - SIGXFSZ is ignored: a write beyond the limit on file sizes fails, and is
 *   reported like any other.
 * - SIGBUS, a mapped file that became shorter or whose disk failed, ends the
 *   program with one line and exit code 1.
 * - A standard stream that is closed stays so: no file gets its number, reading
 *   or writing it fails. */
void host_signals_begin(const char *tool);

/* SIGINT, SIGTERM and SIGHUP (unless it is ignored, as nohup has it) set
 * *flag; a second one of a kind ends the program at once. */
void host_signals_catch(volatile sig_atomic_t *flag);

#endif
