/* SPDX-License-Identifier: MIT
 *
 * emulated.h - the emulator as tests in C see it. */
#ifndef CEDM_TESTS_EMULATE_EMULATED_H
#define CEDM_TESTS_EMULATE_EMULATED_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Last thread and last block first. */
void emulated_order(bool backwards);

typedef struct emulated_counts {
    unsigned long launches, threads;
    unsigned long products; /* of matrices, by warps */
    unsigned long copies;   /* asynchronous, of 16 bytes */
    unsigned long boxes;    /* of tensors, copied */
    unsigned ways; /* worst bank conflict of a matrix load, 1: none */
} emulated_counts;

/* What launches did since the last call. */
emulated_counts emulated_take(void);

/* The cudaError_t of a kernel that failed (fault.cpp), or 0. */
int emulated_error(void);

/* ---- streams (stream.cpp) ---------------------------------------------- *
 *
 * Work is done at once.  After emulated_defer it is done when somebody waits
 * for it, as late as a device may: whoever overwrites what a queued copy will
 * read, or reads what it has not written, sees it.  Work that is captured is
 * not done, but kept with its arguments, and done whenever its graph is
 * replayed. */
void emulated_defer(void);

/* work(arg), with the bytes that arg has now. */
void emulated_queue(void (*work)(const void *arg), const void *arg,
                    size_t bytes);

/* Everything queued so far; waits for what was queued before a mark. */
unsigned long emulated_mark(void);
void emulated_wait(unsigned long mark);

/* Does one piece of the work before a mark; false if there is none.  Work
 * that says "again" is not done yet: it waits for another process. */
bool emulated_step(unsigned long mark);
void emulated_again(void);

typedef struct emulated_graph emulated_graph;

void emulated_capture(void);
emulated_graph *emulated_captured(void);
void emulated_replay(const emulated_graph *graph);
void emulated_forget(emulated_graph *graph);

#ifdef __cplusplus
}
#endif
#endif
