/* SPDX-License-Identifier: MIT
 *
 * verify.h - the comparisons that cedm-verify makes. */
#ifndef CEDM_TOOLS_VERIFY_H
#define CEDM_TOOLS_VERIFY_H

#include "host/verify/difference.h"
#include "host/execution/engine.h"
#include "host/verify/golden.h"
#include "host/execution/gpu.h"

typedef struct verify {
    const char *isa;
    uint32_t threads;
    const device_choice *device; /* NULL: the CPU */
    int precision;               /* of a GPU, or PRECISION_AUTO */
    double tolerance; /* NaN: the mode's own limits */

    model model;
    engine engine;    /* open unless `gpu` is */
    cuda_library library;
    gpu gpu;
    cg_file *golden;
    bool half;           /* errors are those of weights of 16 bits */
    bool by_tiles;       /* else of Winograd's algorithm */
    bool paired;         /* of a CPU's products of bfloat16, above all */
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

/* On the CPU or a GPU; params are those of a run that will follow. */
bool verify_open_engine(verify *v, uint64_t batch,
                        const cedm_sampler_params *params, failure *f);

static inline bool verify_on_gpu(const verify *v)
{
    return v->gpu.net != NULL;
}

/* Whether activations have 16 bits, and in which form. */
static inline bool verify_in_half(const verify *v,
                                  enum cedm_cuda_precision *precision)
{
    *precision = v->gpu.config.precision;
    return verify_on_gpu(v) && *precision != CEDM_CUDA_FP32;
}

/* Says why in terms of the device and the golden file. */
bool verify_failed(const verify *v, cedm_status status, failure *f);

/* The clusters of n items, to be freed. */
int32_t *verify_clusters(const cg_file *file, const char *name, uint64_t n,
                         failure *f);

#endif
