/* SPDX-License-Identifier: MIT
 *
 * eval_blas.c - OpenBLAS with one thread and the kernels of this processor. */
#include "tools/eval/eval_blas.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cblas.h>

#include "cedm.h"

#define VARIABLE "OPENBLAS_CORETYPE"

/* Its name for the newest kernels that run here; NULL: those it chose. */
static const char *better_kernels(void)
{
    uint32_t isa = cedm_isa_available();
    if (strcmp(openblas_get_corename(), "Prescott") != 0) {
        return NULL;
    }
    return (isa & CEDM_ISA_avx512) != 0 ? "SkylakeX"
           : (isa & CEDM_ISA_avx2) != 0 ? "Haswell"
                                        : NULL;
}

void eval_blas_begin(char **argv)
{
    const char *kernels = better_kernels();
    if (kernels != NULL && getenv(VARIABLE) == NULL &&
        setenv(VARIABLE, kernels, 1) == 0) {
        (void)execv("/proc/self/exe", argv);
        /* still here: slower, not wrong */
    }
    openblas_set_num_threads(1); /* evaluate/threads.h says why */
}
