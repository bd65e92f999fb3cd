/* SPDX-License-Identifier: MIT
 *
 * sass.h - machine code as cuobjdump prints it, and how long a warp takes for
 * parts of it.
 *
 * Each instruction carries what the compiler scheduled: cycles until the next
 * one of its warp, a scoreboard that it sets, scoreboards that it waits for.
 * A walk along a part adds them up with latencies of a device of 9.0 [LUO]:
 * what a warp alone would take. */
#ifndef CEDM_BENCH_LAB_SASS_H
#define CEDM_BENCH_LAB_SASS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

typedef struct sass_line {
    uint32_t pc, target; /* target: of a branch, else 0 */
    uint32_t end;        /* line of the outermost loop that begins here */
    uint64_t control;    /* the second word of the encoding */
    bool always;         /* no predicate */
    char op[40];
} sass_line;

typedef struct sass_kernel {
    char name[160]; /* mangled */
    sass_line *lines;
    uint32_t count;
} sass_kernel;

typedef struct sass_cost {
    double cycles; /* of a warp alone */
    double slots;  /* instructions */
    double shared; /* wavefronts of shared memory, without conflicts */
    double barriers;
    double ffma; /* multiply-adds among the slots */
} sass_cost;

/* The next kernel of a listing; false at its end, and ends the program where
 * there is no memory.  free(kernel->lines). */
bool sass_read(sass_kernel *kernel, FILE *listing);

/* The first line from `from` on whose operation begins with `op`, or count. */
uint32_t sass_find(const sass_kernel *kernel, uint32_t from, const char *op);

/* The innermost loop around a line: *first to *last; false if there is none. */
bool sass_loop(const sass_kernel *kernel, uint32_t at, uint32_t *first,
               uint32_t *last);

/* Lines whose operation begins with `op`. */
uint32_t sass_count(const sass_kernel *kernel, uint32_t first, uint32_t last,
                    const char *op);

/* A walk from `first` to `last`; inner loops that read shared memory make
 * `loads` loads in all, others are walked once.  With loads above 0 a tile is
 * written: then branches skip special functions, which are GELU's there, as no
 * convolution of a denoiser has one. */
sass_cost sass_walk(const sass_kernel *kernel, uint32_t first, uint32_t last,
                    double loads);

#endif
