/* SPDX-License-Identifier: MIT
 *
 * cuda_net.h - what the host files of the CUDA backend share: a net, and where
 * its parts lie in the caller's regions.  Handles of CUDA are void *. */
#ifndef CEDM_CUDA_NET_H
#define CEDM_CUDA_NET_H

#include <stdbool.h>

#include "runtime/cuda/launch.h"
#include "runtime/diffusion/conditions.h"

/* ---- regions ----------------------------------------------------------- */

/* What the images of a run begin with: the same parts in staging and in the
 * arena, `bytes` from the first on. */
typedef struct cedm_cuda_starts {
    uint64_t seeds, clusters; /* [batch] */
    uint64_t goals, others;   /* [batch] of seeds and clusters, where an image
                                  is between two */
    uint64_t weights, shares; /* of both latents [2][batch], of the others */
    uint64_t bytes;
} cedm_cuda_starts;

/* Offsets in bytes.  Each part begins on CEDM_CUDA_ALIGN. */
typedef struct cedm_cuda_places {
    /* context, after the net */
    uint64_t index, gemms;
    /* staging while a net runs; before, parts and tables from 0 on */
    cedm_cuda_starts in_starts;
    uint64_t in_overflow, in_scalars, in_features, in_map;
    /* arena; the tables have a row for each of 2 * steps evaluations, from
     * step params.start on, then one for each image of a denoise */
    cedm_cuda_starts starts;
    uint64_t act, f32, state[4], images, no_clusters, overflow, step, steps,
        scalars, features, workspace;
    uint64_t known, mask; /* images that a run begins at or keeps a part of,
                             and which */
    uint64_t guide_scalars, guide_features; /* tables of a guide's rows */
    uint64_t encoded; /* [batch][features] of an encoder */
} cedm_cuda_places;

/* E_NULL, E_ABI, E_BATCH, E_STEPS, E_KIND of a model that neither denoises nor
 * encodes, E_GUIDE, or E_PARAM for an unknown precision or architecture.
 * Parts of the other kind are left out. */
cedm_status cedm_cuda_place(cedm_cuda_places *places, cedm_cuda_sizes *sizes,
                            const cedm_model *model,
                            const cedm_cuda_config *config);

/* Elements of an image that an encoder takes. */
static inline uint64_t cedm_encoder_pixels(const cedm_encoder *encoder)
{
    return (uint64_t)encoder->height * encoder->width * encoder->channels;
}

/* Bytes of the tables of a sampler, without the rows of a denoise. */
typedef struct cedm_cuda_table_bytes {
    uint64_t steps, scalars, features;
} cedm_cuda_table_bytes;

cedm_cuda_table_bytes cedm_cuda_tables_measure(const cedm_model *model,
                                               uint32_t steps);

/* ---- tables ------------------------------------------------------------ */

/* What noise levels are computed from: the tensors of the blob that are
 * floats in a blob of 16 bits too, and the denoiser with their offsets. */
typedef struct cedm_cuda_constants {
    cedm_denoiser denoiser;
    const float *data;
} cedm_cuda_constants;

void cedm_cuda_constants_of(cedm_cuda_constants *constants,
                            const cedm_blob *blob);

/* The row of one evaluation at a noise level, for a state scaled by s. */
void cedm_cuda_fill_row(const cedm_cuda_constants *constants, double sigma,
                        double s, cedm_cuda_scalars *scalars,
                        float *features);

/* All steps of a sampler, and all evaluations by the network of `own`, into
 * arrays as cedm_cuda_tables_measure has them; the parameters were checked,
 * with the constants that levels are of. */
void cedm_cuda_fill_steps(const cedm_cuda_constants *levels,
                          const cedm_sampler_params *params,
                          cedm_cuda_step_row *steps);
void cedm_cuda_fill_rows(const cedm_cuda_constants *levels,
                         const cedm_cuda_constants *own,
                         const cedm_sampler_params *params,
                         cedm_cuda_scalars *scalars, float *features);

/* ---- a net ------------------------------------------------------------- */

/* Opaque bytes of one product; gemm.c knows them. */
struct cedm_cuda_gemm {
    uint64_t words[96];
};

/* What a step queues depends on whether it has a second evaluation, and
 * whether guidance counts in the first and in that. */
enum cedm_cuda_step_kind {
    CEDM_CUDA_CORRECTS = 1,
    CEDM_CUDA_GUIDES = 2,
    CEDM_CUDA_GUIDES_AGAIN = 4,
    CEDM_CUDA_STEP_KINDS = 8
};

struct cedm_cuda_net {
    cedm_cuda_exec exec;
    cedm_cuda_config config; /* its params clipped to the model's range */
    cedm_cuda_places places;
    cedm_cuda_constants constants;
    cedm_noising first;                 /* of latents, of images with them */
    void *caller_done, *staged, *done;  /* cudaEvent_t */
    void *graphs[CEDM_CUDA_STEP_KINDS]; /* cudaGraphExec_t; NULL: no step is
                                           of that kind */
    void *encode_graph;
    uint32_t n, step; /* of the run; step from params.start on */
    uint32_t rounds;  /* of its mask */
    bool begun, masked, broken;
};

/* The least compute capability that there is code for. */
#define CEDM_CUDA_MIN_ARCH 80u

/* Sets the device of the calling thread and puts it back. */
typedef struct cedm_cuda_scope {
    int before;
} cedm_cuda_scope;

cedm_status cedm_cuda_enter(cedm_cuda_scope *scope, uint32_t device);
void cedm_cuda_leave(const cedm_cuda_scope *scope);

/* CEDM_OK for code 0; else tells the fault, if that is not NULL. */
cedm_status cedm_cuda_check(cedm_cuda_fault *fault, const char *call,
                            int code);

/* Queues work of a net. */
typedef cedm_status cedm_cuda_work(void *net);

/* Makes a graph, a cudaGraphExec_t, of what `work` queues in the stream. */
cedm_status cedm_cuda_record(cedm_cuda_fault *fault, void *stream,
                             cedm_cuda_work *work, void *net, void **graph);

static inline unsigned char *cedm_cuda_arena(const cedm_cuda_net *net,
                                             uint64_t offset)
{
    return (unsigned char *)net->config.arena + offset;
}

static inline unsigned char *cedm_cuda_staging(const cedm_cuda_net *net,
                                               uint64_t offset)
{
    return (unsigned char *)net->config.staging + offset;
}

/* Queues one evaluation: dst = D(x) of images with the clusters of a run.
 * Images take row `row` of the tables. */
cedm_status cedm_cuda_evaluate(cedm_cuda_net *net, const double *x,
                               cedm_cuda_row row, double *dst);

/* The kind of a step, a sum of cedm_cuda_step_kind. */
uint32_t cedm_cuda_kind_of(const cedm_cuda_net *net, const cedm_step *step);

/* Captures every kind that occurs as a graph, after one run outside of a
 * graph; or, of an encoder, features of what `images` holds. */
cedm_status cedm_cuda_capture(cedm_cuda_net *net);

/* Chooses an algorithm for every product that cuBLAS makes. */
cedm_status cedm_cuda_gemm_open(cedm_cuda_net *net);
int cedm_cuda_gemm_conv(const cedm_cuda_exec *exec, const cedm_conv *op);
int cedm_cuda_gemm_linear(const cedm_cuda_exec *exec, const cedm_linear *op);

/* The graph's ops on the device; ctx is the net's exec. */
extern const cedm_ops cedm_cuda_run;

#endif
