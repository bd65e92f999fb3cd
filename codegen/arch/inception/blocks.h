/* SPDX-License-Identifier: MIT
 *
 * blocks.h - the layers of Inception v3 [INCEPTION], block by block. */
#ifndef CEDM_CODEGEN_INCEPTION_BLOCKS_H
#define CEDM_CODEGEN_INCEPTION_BLOCKS_H

#include <stdbool.h>
#include <stdint.h>

#include "cedm_model.h"

/* Where the windows of a layer lie. */
enum cg_inception_windows {
    CG_INCEPTION_SAME,  /* around every pixel, with zeros outside */
    CG_INCEPTION_VALID, /* at every place inside the map */
    CG_INCEPTION_HALF   /* at every second one */
};

/* A convolution, batch normalisation and ReLU, or a pool. */
typedef struct cg_inception_layer {
    const char *name;
    const char *nvidia; /* the same layer there; NULL: a pool */
    uint8_t kernel[2];  /* rows, columns */
    uint8_t windows;    /* enum cg_inception_windows */
    uint8_t back; /* it reads so many layers back, 0: the block's input */
    bool joins;   /* it is the next part of the block's result */
    uint16_t channels; /* of a convolution; 0: the block's width */
} cg_inception_layer;

/* Layers in order of evaluation.  The result is the concatenation of those
 * that join, or that of the last layer where none does. */
typedef struct cg_inception_block {
    const char *name, *nvidia; /* before the layers'; NULL: nothing */
    const cg_inception_layer *layers;
    uint32_t count;
    uint32_t width;
    enum cedm_pool_mode pool;
} cg_inception_block;

#define CG_INCEPTION_BLOCKS 12u
#define CG_INCEPTION_LAYERS 11u /* of a block, at most */

extern const cg_inception_block cg_inception_blocks[CG_INCEPTION_BLOCKS];

#endif
