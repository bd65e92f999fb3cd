/* SPDX-License-Identifier: MIT
 *
 * verify.h - the comparisons that cedm-verify makes. */
#ifndef CEDM_HOST_VERIFY_VERIFY_H
#define CEDM_HOST_VERIFY_VERIFY_H

#include "host/execution/runner.h"
#include "host/verify/difference.h"
#include "host/verify/golden.h"

typedef struct host_verify {
    const char *isa;
    uint32_t threads;
    const host_device_choice *device; /* NULL: the CPU */
    int precision;                    /* of a GPU, or HOST_PRECISION_AUTO */
    double tolerance;                 /* NaN: the mode's own limits */

    host_model model;
    host_runners runners; /* one */
    host_runner *runner;  /* NULL: not open */
    cg_file *golden;
    /* What rounds, and so which limit holds: of several the first. */
    bool paired;   /* products of bfloat16 on a CPU */
    bool half;     /* a blob of 16 bits */
    bool by_tiles; /* Winograd's algorithm on a CPU */

    size_t pixels;  /* elements of an image */
    uint32_t items; /* that were compared */
    uint32_t bad;   /* of these, past the limit */
} host_verify;

/* Each compares the whole golden file and prints a line per item; false if
 * the comparison could not be made. */
typedef bool host_verify_mode(host_verify *v, host_failure *f);
host_verify_mode host_verify_denoise, host_verify_sample,
    host_verify_activations, host_verify_encode;

/* Opens a model M.so and a golden file and compares in one of these ways;
 * false, too, if an item is past its limit.  To be closed in any case. */
bool host_verify_files(host_verify *v, const char *path, const char *golden,
                       host_verify_mode *mode, host_failure *f);
void host_verify_close(host_verify *v);

/* ---- common to the modes ---------------------------------------------- */

/* The mode's limit unless the user gave one. */
double host_verify_limit(const host_verify *v, double limit);

/* Prints an item; it is good if value <= limit. */
void host_verify_judge(host_verify *v, const char *what, host_difference d,
                       double value, double limit);

/* The same of an encoder's results, by the limit of what rounds. */
void host_verify_judge_features(host_verify *v, const char *what,
                                host_difference d);

/* FID's Inception, whose golden files hold 8-bit images. */
bool host_verify_is_inception(const host_verify *v);
bool host_verify_inception(host_verify *v, host_failure *f);

/* On the CPU or a GPU; params are those of a run that will follow. */
bool host_verify_open_runner(host_verify *v, uint64_t batch,
                             const cedm_sampler_params *params,
                             host_failure *f);

static inline bool host_verify_on_gpu(const host_verify *v)
{
    return v->runner->kind == &host_runner_cuda;
}

/* Whether a GPU computes with activations of 16 bits; *precision says in
 * which form. */
static inline bool host_verify_in_half(const host_verify *v,
                                       enum cedm_cuda_precision *precision)
{
    *precision = v->runner->kind->precision(v->runner);
    return *precision != CEDM_CUDA_FP32;
}

/* Fails with the text of a status and the golden file, on a GPU with its
 * number. */
bool host_verify_failed(const host_verify *v, cedm_status status,
                        host_failure *f);

/* The clusters of n items, to be freed. */
int32_t *host_verify_clusters(const cg_file *file, const char *name,
                              uint64_t n, host_failure *f);

#endif
