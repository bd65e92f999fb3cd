/* SPDX-License-Identifier: MIT
 *
 * fault.h - calls of the system that can be made to fail, and the tools as
 * functions. */
#ifndef CEDM_TESTS_FAULT_H
#define CEDM_TESTS_FAULT_H

#include <stdbool.h>

typedef enum fault_kind {
    FAULT_NONE,
    FAULT_IO,        /* files, standard output, threads */
    FAULT_PARTIAL,   /* write and pwrite do a part of their work */
    FAULT_INTERRUPT, /* they are interrupted before it */
    FAULT_MEMORY
} fault_kind;

typedef struct fault {
    fault_kind kind;
    unsigned at;            /* which call of that kind, from 1 on */
    bool for_ever;          /* and all calls after it */
    _Atomic unsigned calls; /* so far, by all threads */
    /* The first function that failed; NULL: none. */
    const char *_Atomic hit;
    int code;          /* and its errno */
    _Atomic long live; /* blocks of memory taken and not yet freed */
} fault;

/* NULL until a test sets it: no failures then.  In memory that is shared
 * with child processes, so that the parent sees what became of them. */
extern fault *faults;

/* Counts from 0. */
void fault_arm(fault_kind kind, unsigned at, bool for_ever);

/* cJSON's memory comes from here too. */
void fault_wrap_json(void);

int data_main(int argc, char **argv);
int embed_main(int argc, char **argv);
int freeze_main(int argc, char **argv);
int gen_main(int argc, char **argv);
int info_main(int argc, char **argv);
int verify_main(int argc, char **argv);
int train_main(int argc, char **argv);

#endif
