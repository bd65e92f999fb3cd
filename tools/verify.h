/* SPDX-License-Identifier: MIT
 *
 * verify.h - the comparisons that cedm-verify makes. */
#ifndef CEDM_TOOLS_VERIFY_H
#define CEDM_TOOLS_VERIFY_H

#include "difference.h"
#include "engine.h"
#include "golden.h"

typedef struct verify {
    const char *isa;
    uint32_t threads;
    double tolerance; /* NaN: the mode's own limits */

    model model;
    engine engine;
    cg_file *golden;
    bool half;           /* errors are those of weights of 16 bits */
    bool by_tiles;       /* else of Winograd's algorithm */
    size_t pixels;       /* elements of an image */
    uint32_t items, bad; /* compared, past the limit */
} verify;

/* Each compares the whole golden file and prints a line per item; false if
 * the comparison could not be made. */
typedef bool verify_mode(verify *v, failure *f);
verify_mode verify_denoise, verify_sample, verify_activations;

/* Opens a model M.so and a golden file and compares in one of these ways; false,
 * too, if an item is past its limit.  To be closed in any case. */
bool verify_files(verify *v, const char *path, const char *golden,
                  verify_mode *mode, failure *f);
void verify_close(verify *v);

/* ---- common to the modes ---------------------------------------------- */

/* The mode's limit unless the user gave one. */
double verify_limit(const verify *v, double limit);

/* Prints an item; it is good if value <= limit. */
void verify_judge(verify *v, const char *what, difference d, double value,
                  double limit);

bool verify_open_engine(verify *v, uint64_t batch, failure *f);

/* The clusters of n items, to be freed. */
int32_t *verify_clusters(const cg_file *file, const char *name, uint64_t n,
                         failure *f);

#endif
