/* SPDX-License-Identifier: MIT
 *
 * blocks.c - the layers of Inception v3 [INCEPTION], block by block.
 *
 * Blocks of one kind differ in the channels of a few layers.  The last two
 * differ in their pool, which later versions of the network do not [FID]. */
#include "codegen/arch/inception/blocks.h"

enum {
    SAME = CG_INCEPTION_SAME,
    VALID = CG_INCEPTION_VALID,
    HALF = CG_INCEPTION_HALF
};
enum { INPUT, LAST, SECOND_LAST };
#define JOINS true
#define WIDTH 0

/* clang-format off */
static const cg_inception_layer stem[] = {
    {"Conv2d_1a_3x3", "layers.conv", {3, 3}, HALF, INPUT, false, 32},
    {"Conv2d_2a_3x3", "layers.conv_1", {3, 3}, VALID, LAST, false, 32},
    {"Conv2d_2b_3x3", "layers.conv_2", {3, 3}, SAME, LAST, false, 64},
    {"maxpool1", NULL, {3, 3}, HALF, LAST, false, 0},
    {"Conv2d_3b_1x1", "layers.conv_3", {1, 1}, SAME, LAST, false, 80},
    {"Conv2d_4a_3x3", "layers.conv_4", {3, 3}, VALID, LAST, false, 192},
    {"maxpool2", NULL, {3, 3}, HALF, LAST, false, 0},
};

static const cg_inception_layer of_5x5[] = {
    {"branch1x1", "conv", {1, 1}, SAME, INPUT, JOINS, 64},
    {"branch5x5_1", "tower.conv", {1, 1}, SAME, INPUT, false, 48},
    {"branch5x5_2", "tower.conv_1", {5, 5}, SAME, LAST, JOINS, 64},
    {"branch3x3dbl_1", "tower_1.conv", {1, 1}, SAME, INPUT, false, 64},
    {"branch3x3dbl_2", "tower_1.conv_1", {3, 3}, SAME, LAST, false, 96},
    {"branch3x3dbl_3", "tower_1.conv_2", {3, 3}, SAME, LAST, JOINS, 96},
    {"pool", NULL, {3, 3}, SAME, INPUT, false, 0},
    {"branch_pool", "tower_2.conv", {1, 1}, SAME, LAST, JOINS, WIDTH},
};

static const cg_inception_layer to_7x7[] = {
    {"branch3x3", "conv", {3, 3}, HALF, INPUT, JOINS, 384},
    {"branch3x3dbl_1", "tower.conv", {1, 1}, SAME, INPUT, false, 64},
    {"branch3x3dbl_2", "tower.conv_1", {3, 3}, SAME, LAST, false, 96},
    {"branch3x3dbl_3", "tower.conv_2", {3, 3}, HALF, LAST, JOINS, 96},
    {"pool", NULL, {3, 3}, HALF, INPUT, JOINS, 0},
};

static const cg_inception_layer of_7x7[] = {
    {"branch1x1", "conv", {1, 1}, SAME, INPUT, JOINS, 192},
    {"branch7x7_1", "tower.conv", {1, 1}, SAME, INPUT, false, WIDTH},
    {"branch7x7_2", "tower.conv_1", {1, 7}, SAME, LAST, false, WIDTH},
    {"branch7x7_3", "tower.conv_2", {7, 1}, SAME, LAST, JOINS, 192},
    {"branch7x7dbl_1", "tower_1.conv", {1, 1}, SAME, INPUT, false, WIDTH},
    {"branch7x7dbl_2", "tower_1.conv_1", {7, 1}, SAME, LAST, false, WIDTH},
    {"branch7x7dbl_3", "tower_1.conv_2", {1, 7}, SAME, LAST, false, WIDTH},
    {"branch7x7dbl_4", "tower_1.conv_3", {7, 1}, SAME, LAST, false, WIDTH},
    {"branch7x7dbl_5", "tower_1.conv_4", {1, 7}, SAME, LAST, JOINS, 192},
    {"pool", NULL, {3, 3}, SAME, INPUT, false, 0},
    {"branch_pool", "tower_2.conv", {1, 1}, SAME, LAST, JOINS, 192},
};

static const cg_inception_layer to_3x3[] = {
    {"branch3x3_1", "tower.conv", {1, 1}, SAME, INPUT, false, 192},
    {"branch3x3_2", "tower.conv_1", {3, 3}, HALF, LAST, JOINS, 320},
    {"branch7x7x3_1", "tower_1.conv", {1, 1}, SAME, INPUT, false, 192},
    {"branch7x7x3_2", "tower_1.conv_1", {1, 7}, SAME, LAST, false, 192},
    {"branch7x7x3_3", "tower_1.conv_2", {7, 1}, SAME, LAST, false, 192},
    {"branch7x7x3_4", "tower_1.conv_3", {3, 3}, HALF, LAST, JOINS, 192},
    {"pool", NULL, {3, 3}, HALF, INPUT, JOINS, 0},
};

static const cg_inception_layer of_3x3[] = {
    {"branch1x1", "conv", {1, 1}, SAME, INPUT, JOINS, 320},
    {"branch3x3_1", "tower_conv", {1, 1}, SAME, INPUT, false, 384},
    {"branch3x3_2a", "tower_mixed_conv", {1, 3}, SAME, LAST, JOINS, 384},
    {"branch3x3_2b", "tower_mixed_conv_1", {3, 1}, SAME, SECOND_LAST, JOINS,
     384},
    {"branch3x3dbl_1", "tower_1_conv", {1, 1}, SAME, INPUT, false, 448},
    {"branch3x3dbl_2", "tower_1_conv_1", {3, 3}, SAME, LAST, false, 384},
    {"branch3x3dbl_3a", "tower_1_mixed_conv", {1, 3}, SAME, LAST, JOINS, 384},
    {"branch3x3dbl_3b", "tower_1_mixed_conv_1", {3, 1}, SAME, SECOND_LAST,
     JOINS, 384},
    {"pool", NULL, {3, 3}, SAME, INPUT, false, 0},
    {"branch_pool", "tower_2_conv", {1, 1}, SAME, LAST, JOINS, 192},
};

#define LAYERS(kind) kind, sizeof kind / sizeof *kind

const cg_inception_block cg_inception_blocks[CG_INCEPTION_BLOCKS] = {
    {NULL, NULL, LAYERS(stem), 0, CEDM_POOL_MAX},
    {"Mixed_5b", "layers.mixed", LAYERS(of_5x5), 32, CEDM_POOL_MEAN},
    {"Mixed_5c", "layers.mixed_1", LAYERS(of_5x5), 64, CEDM_POOL_MEAN},
    {"Mixed_5d", "layers.mixed_2", LAYERS(of_5x5), 64, CEDM_POOL_MEAN},
    {"Mixed_6a", "layers.mixed_3", LAYERS(to_7x7), 0, CEDM_POOL_MAX},
    {"Mixed_6b", "layers.mixed_4", LAYERS(of_7x7), 128, CEDM_POOL_MEAN},
    {"Mixed_6c", "layers.mixed_5", LAYERS(of_7x7), 160, CEDM_POOL_MEAN},
    {"Mixed_6d", "layers.mixed_6", LAYERS(of_7x7), 160, CEDM_POOL_MEAN},
    {"Mixed_6e", "layers.mixed_7", LAYERS(of_7x7), 192, CEDM_POOL_MEAN},
    {"Mixed_7a", "layers.mixed_8", LAYERS(to_3x3), 0, CEDM_POOL_MAX},
    {"Mixed_7b", "layers.mixed_9", LAYERS(of_3x3), 0, CEDM_POOL_MEAN},
    {"Mixed_7c", "layers.mixed_10", LAYERS(of_3x3), 0, CEDM_POOL_MAX},
};
/* clang-format on */
