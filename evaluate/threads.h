/* SPDX-License-Identifier: MIT
 *
 * threads.h - the caller's threads, as every function here takes them.
 *
 * The library starts no threads.  Work is cut into tasks by the sizes of the
 * arguments alone, and every task writes to a place of its own, so results
 * have the same bits for any number of threads.
 *
 * Products and decompositions are those of BLAS and LAPACK, which may have
 * threads of their own.  A program that wants the same bits everywhere, or
 * that gives `parallel_for`, tells them to use one, with OpenBLAS by
 * openblas_set_num_threads(1), before it calls anything here. */
#ifndef CEDM_EVALUATE_THREADS_H
#define CEDM_EVALUATE_THREADS_H

#include "cedm_model.h"

typedef struct evaluate_threads {
    cedm_parallel_for *parallel_for; /* NULL: the calling thread */
    void *pool;                      /* handed to parallel_for */
    uint32_t workers; /* 1..: worker indices that parallel_for passes */
} evaluate_threads;

#endif
