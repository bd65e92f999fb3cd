/* SPDX-License-Identifier: MIT
 *
 * pass.h - graph to graph, graph to program, program to placed program. */
#ifndef CEDM_CODEGEN_PASS_H
#define CEDM_CODEGEN_PASS_H

#include "codegen/ir/graph.h"
#include "codegen/training.h"

/* [convolution, then FIR filter and stride 2]  ->
 * [FIR filter at stride 1, then convolution at stride 2].
 * The two commute; the second has a quarter of the multiply-adds. */
void cg_fold_residual(cg_graph *graph);

/* Fuses nodes into ops: norms become coefficients, activations and
 * up-sampling prologues, additions and scales epilogues, concatenations
 * second sources, 1x1 skips extra sources, affine layers one linear op. */
bool cg_fuse(cg_graph *graph, cg_program *program, cg_error *error);

/* Chooses each convolution's algorithm. */
void cg_choose_algorithms(cg_program *program, const cg_options *options);

/* Lives of tensors; tensors that may share one buffer share it. */
bool cg_lives(cg_program *program, cg_error *error);

/* Plans both segments, checks the plans, and rewrites refs and weights to
 * what the runtime expects. */
bool cg_place(cg_program *program, cg_error *error);

/* The same for the steps of a training program, wherever that is possible. */
void cg_choose_training_algorithms(cg_training *training);

/* A fused program to one that computes its gradient too, placed. */
bool cg_differentiate(cg_graph *graph, cg_program *program, bool dropout,
                      cg_training *training, cg_error *error);

/* Of all that the code and the blob of a model must agree in: image,
 * preconditioning, noise-level features, every operation with its places and
 * weights, and the names, places and sizes of the blob's tensors.  How CPUs
 * make their convolutions is left out: it changes no place.  For a program
 * that is placed. */
uint64_t cg_layout_hash(const cg_program *p);

#endif
