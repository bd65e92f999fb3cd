/* SPDX-License-Identifier: MIT
 *
 * choice.h - which kernel makes a convolution, by which tiles, as the CUDA
 * backend chooses on a device of 9.0. */
#ifndef CEDM_BENCH_LAB_CHOICE_H
#define CEDM_BENCH_LAB_CHOICE_H

#include <stdbool.h>

#include "cedm_model.h"

#ifdef __cplusplus
extern "C" {
#endif

#define LAB_MULTIPROCESSORS 132

enum lab_kind { LAB_WARPGROUP, LAB_MATRIX, LAB_PLAIN, LAB_PRODUCT };

typedef struct lab_choice {
    enum lab_kind kind;       /* LAB_PRODUCT: cuBLAS */
    uint32_t pixels, columns; /* of a tile */
    uint32_t tiles;           /* of the batch */
    uint32_t rows;            /* of a slice with its rim */
    uint32_t slices, skip_slices, taps;
    uint32_t shared;   /* bytes of a block */
    bool with_stats;   /* else another kernel makes them, if any */
    double activated;  /* elements that a plain block activates */
    double multiplied; /* its multiply-adds */
} lab_choice;

/* Of an op in fp16 with `batch` images. */
lab_choice lab_choose(const cedm_model *model, const cedm_conv *op,
                      uint32_t batch);

#ifdef __cplusplus
}
#endif
#endif
