/* SPDX-License-Identifier: MIT
 *
 * measure.c - how much scratch and how many prepared weights a program
 * needs, as the backends themselves say. */
#include "codegen/measure/measure.h"

bool cg_measure(cg_program *program, cg_error *error)
{
    const cedm_backend *const backends[] = {cedm_backend_portable(),
                                            cedm_backend_cpu(CEDM_ISA_ALL)};

    program->scratch_bytes = 0;
    program->weights_bytes = 0;
    for (size_t i = 0; i < sizeof backends / sizeof backends[0]; i++) {
        cedm_sizes sizes = {0, 0};

        if (backends[i] == NULL || backends[i]->sizes == NULL) {
            return cg_fail(error, "a CPU backend has no table of sizes; "
                                  "this is a defect of the library");
        }
        if (backends[i]->prepare != NULL) {
            /* The index; its parts follow aligned. */
            sizes.weights = CEDM_ALIGN_UP(4u * (uint64_t)program->op_count);
        }
        if (program->dtype == CEDM_DTYPE_F16) {
            sizes.weights += CEDM_ALIGN_UP(4u * program->data_elements);
        }
        cg_run(program, backends[i]->sizes, &sizes);
        sizes.weights += sizes.weights > 0 ? CEDM_WEIGHTS_TAG_BYTES : 0;
        if (sizes.scratch > program->scratch_bytes) {
            program->scratch_bytes = sizes.scratch;
        }
        if (sizes.weights > program->weights_bytes) {
            program->weights_bytes = sizes.weights;
        }
    }
    return true;
}
