/* SPDX-License-Identifier: MIT
 *
 * train_cpu.h - training ops for the instruction sets of runtime/cpu.
 *
 * As there, files are compiled once per set with CEDM_ISA naming it, but for
 * table.c and conv_weight_plan.c.  What the sets have of their own is
 * vec.h. */
#ifndef CEDM_TRAINER_TRAIN_CPU_H
#define CEDM_TRAINER_TRAIN_CPU_H

#include "cedm.h"
#include "runtime/cpu/cpu.h"
#include "trainer/ops/training_ops.h"

/* The fastest table that a mask of instruction sets and the processor
 * allow; the plain one for 0. */
const train_ops *train_cpu_ops(uint32_t isa);

/* Scratch beyond that of the plain ops. */
void train_cpu_size(cedm_sizes *sizes, const cg_training_op *op);

/* A convolution's weight gradient cut into tasks: `chunk` source channels
 * and `panels` panels of output channels each.  A map is `images` planes of
 * height x width; linear layers are one plane with the batch as pixels. */
typedef struct train_weight_plan {
    uint32_t chunk, chunks, panels, groups;
    uint32_t taps, rows; /* of the tile: chunk * taps */
    uint32_t block;      /* rows of a map whose gradient is packed at once */
    size_t pitch, plane; /* floats of a staged row, a staged channel */
    size_t scratch;      /* floats of a worker */
} train_weight_plan;

/* pixels: of a linear layer, its images; else 0. */
void train_plan_weight(train_weight_plan *plan, const cg_conv_weight *op,
                       uint32_t pixels);

/* The same by tiles of 4 x 4 gradients: tasks of `channels` source channels
 * and `panels` panels. */
typedef struct train_tiles_plan {
    uint32_t channels, chunks, panels, groups;
    uint32_t across, down; /* tiles of a map */
    size_t scratch;        /* floats of a worker */
} train_tiles_plan;

/* Products of a tile. */
#define TRAIN_TILE_POINTS 36u

/* Tiles of any images that are multiplied at once. */
#define TRAIN_TILES 32u

/* Whether an op is made by tiles; the plan if it is. */
bool train_plan_tiles(train_tiles_plan *plan, const cg_conv_weight *op);

/* Whether the fast version covers an op: a step of 1. */
static inline bool train_weight_is_dense(const cg_conv_weight *op)
{
    return op->stride == 1;
}

/* Pixels of a linear layer that a task packs at once. */
#define TRAIN_LINEAR_PIXELS 128u

#ifdef CEDM_ISA
#define TRAIN_PASTE(name, isa) train_cpu_##name##_##isa
#define TRAIN_PASTE_EXPANDED(name, isa) TRAIN_PASTE(name, isa)
#define TRAIN_ISA_NAME(name) TRAIN_PASTE_EXPANDED(name, CEDM_ISA)
void TRAIN_ISA_NAME(conv_weight)(train_exec *exec, const cg_conv_weight *op);
void TRAIN_ISA_NAME(conv_weight_tiles)(train_exec *exec,
                                       const cg_conv_weight *op,
                                       const train_tiles_plan *plan);
void TRAIN_ISA_NAME(activate)(train_exec *exec, const cg_activate *op);
void TRAIN_ISA_NAME(norm_grad)(train_exec *exec, const cg_norm_grad *op);
void TRAIN_ISA_NAME(dropout)(const train_exec *exec, uint32_t layer,
                             uint32_t index, uint32_t first, uint32_t count,
                             float *factor);
void TRAIN_ISA_NAME(attention_grad)(train_exec *exec,
                                    const cg_attention_grad *op);
#endif

#define TRAIN_TABLE(name) extern const train_ops train_cpu_table_##name;
CEDM_ISA_FLOAT(TRAIN_TABLE)
#undef TRAIN_TABLE

#endif
