/* SPDX-License-Identifier: MIT
 *
 * measure.h - what the converter asks of the runtime on this machine. */
#ifndef CEDM_CODEGEN_MEASURE_MEASURE_H
#define CEDM_CODEGEN_MEASURE_MEASURE_H

#include "codegen/error.h"

/* Fills in scratch_bytes and weights_bytes of a placed program: the largest
 * over the CPU backends, by their `sizes` tables.  Sizes do not depend on
 * the instruction set, so one answer serves every machine. */
bool cg_measure(cg_program *program, cg_error *error);

#endif
