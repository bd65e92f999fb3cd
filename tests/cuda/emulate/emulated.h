/* SPDX-License-Identifier: MIT
 *
 * emulated.h - the emulator as tests in C see it. */
#ifndef CEDM_EMULATED_H
#define CEDM_EMULATED_H

#include <stdbool.h>

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

#ifdef __cplusplus
}
#endif
#endif
