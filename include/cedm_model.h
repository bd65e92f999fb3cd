/* SPDX-License-Identifier: MIT
 *
 * cedm_model.h - the contract between a frozen model and the runtime.
 *
 * A frozen model is two things: a blob of weights (bytes) and one generated
 * C file (code).  The generated file includes this header and nothing else.
 * It holds one constant descriptor per op and one straight function that
 * calls the ops in order:
 *
 *     void m_eval(const cedm_ops *ops, void *ctx)
 *     {
 *         ops->embed(ctx, &op0);
 *         ops->linear(ctx, &op1);
 *         ...
 *
 * What a call means is decided by the table it is given: a backend's `run`
 * table computes, its `prepare` table packs weights, its `sizes` table adds
 * up bytes; tools bring tables of their own that time or trace.  The ops are
 * in cedm_ops.h.
 */
#ifndef CEDM_MODEL_H
#define CEDM_MODEL_H

#include <stddef.h>
#include <stdint.h>

#include "cedm_ops.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- the graph -------------------------------------------------------- */

/* One tensor of the blob: where it must lie.  Checked by cedm_bind. */
typedef struct cedm_tensor {
    cedm_weight offset; /* elements from the start of the data */
    uint32_t elements;
    uint32_t exact; /* 1: floats in data of any type */
} cedm_tensor;

/* What an element of the blob's data is.  Exact tensors are floats that take
 * two elements each in data of 16 bits: noise levels, frequencies and the
 * tables of a preprocessing. */
enum cedm_dtype {
    CEDM_DTYPE_F32 = 0,
    CEDM_DTYPE_F16 = 1 /* IEEE 754 binary16 */
};

/* A tensor by which a graph is fed or read: f32 [height][width][channels],
 * a vector is 1 x 1.  It keeps its place and its values from the start of an
 * evaluation to its first use, or from its last write to the end. */
typedef struct cedm_port {
    const char *name;
    cedm_ref ref;
    uint32_t height, width, channels;
} cedm_port;

typedef struct cedm_graph {
    uint32_t input_count, output_count;
    const cedm_port *inputs, *outputs;

    /* sizes */
    uint32_t op_count;
    uint32_t act_elements;  /* activation segment, per image */
    uint32_t f32_elements;  /* f32 segment, per image */
    uint64_t scratch_bytes; /* per worker, the largest of the backends */
    uint64_t weights_bytes; /* prepared weights, the largest of them */

    /* layout of the blob */
    uint32_t dtype; /* enum cedm_dtype */
    uint32_t tensor_count;
    const cedm_tensor *tensors;
    uint64_t data_elements;
    uint64_t layout_hash; /* of all that code and blob must agree in */

    void (*eval)(const cedm_ops *ops, void *ctx);
} cedm_graph;

/* ---- a graph that denoises --------------------------------------------- */

enum cedm_features_kind {
    CEDM_FEATURES_POSITIONAL = 0, /* [EDM] DDPM++, ADM */
    CEDM_FEATURES_FOURIER = 1     /* [EDM] NCSN++ */
};

/* Noise-level features: f[i] for i < channels/2, then
 *   sin(c_noise f), cos(c_noise f)   (cos first when swap is 0)
 * positional: f[i] = 10000^(-i / (channels/2 - endpoint));
 * Fourier:    f[i] = 2 pi freqs[i], freqs in the blob. */
typedef struct cedm_features {
    uint32_t kind;
    uint32_t channels;
    uint32_t endpoint; /* 0 or 1 */
    uint32_t swap;     /* 1: sine half first */
    cedm_weight freqs; /* [channels/2], or CEDM_NONE */
} cedm_features;

/* How D is made of the network F [EDM, table 1]. */
enum cedm_precond {
    CEDM_PRECOND_EDM = 0,
    CEDM_PRECOND_VP = 1,   /* beta_d, beta_min, noise_steps */
    CEDM_PRECOND_VE = 2,
    CEDM_PRECOND_IDDPM = 3 /* noise_steps, noise_levels */
};

/* The graph is F: its inputs are "image", c_in x, and "features" of the
 * noise level, its output is "image".  Both images are [H][W][channels] with
 * H = W = resolution. */
enum { CEDM_INPUT_IMAGE = 0, CEDM_INPUT_FEATURES = 1 };

typedef struct cedm_denoiser {
    uint32_t resolution; /* H = W */
    uint32_t channels;   /* of the image, 1..4 */
    uint32_t label_dim;  /* clusters; 0: unconditional */
    uint32_t precond;    /* enum cedm_precond */
    double sigma_data, sigma_min, sigma_max; /* sigma_max may be 1e308 */
    double beta_d, beta_min;  /* VP */
    uint32_t noise_steps;     /* M of VP and iDDPM */
    cedm_weight noise_levels; /* iDDPM only: u[M + 1], falling */
    cedm_features features;
} cedm_denoiser;

/* ---- a graph that encodes ----------------------------------------------- */

/* The graph takes "image", whole numbers 0..255 as f32 [height][width]
 * [channels]; `preprocess` is its first op.  The features are the first
 * `features` numbers of output 0: a vision transformer's class token comes
 * before the others. */
typedef struct cedm_encoder {
    uint32_t height, width, channels;
    uint32_t features;
} cedm_encoder;

/* ---- the model --------------------------------------------------------- */

typedef struct cedm_model {
    uint32_t abi;  /* CEDM_MODEL_ABI */
    uint32_t size; /* sizeof(cedm_model) */
    const char *name;
    cedm_graph graph;
    const cedm_denoiser *denoiser; /* NULL: it does not denoise */
    const cedm_encoder *encoder;   /* NULL: it does not encode */
} cedm_model;

/* What a loadable model (M.so) exports under the name cedm_model_entry. */
typedef const cedm_model *cedm_model_entry_fn(void);

/* ---- the arena -------------------------------------------------------- */

#define CEDM_ALIGN 64u
#define CEDM_ALIGN_UP(bytes)                                                 \
    (((uint64_t)(bytes) + (CEDM_ALIGN - 1u)) & ~(uint64_t)(CEDM_ALIGN - 1u))

/* [activations | f32 | scratch x workers]: what a graph runs in.  A constant
 * expression, used by the generated header and by cedm_arena_bytes. */
#define CEDM_GRAPH_BYTES(act, f32, scratch, batch, workers)                  \
    (CEDM_ALIGN_UP((uint64_t)(batch) * (act) * 4u) +                         \
     CEDM_ALIGN_UP((uint64_t)(batch) * (f32) * 4u) +                         \
     (uint64_t)(workers) * CEDM_ALIGN_UP(scratch))

/* The state of a sampler, which follows where the graph denoises: four maps
 * and 128 bytes of scalars an image. */
#define CEDM_STATE_BYTES(pixels, features, batch)                            \
    (CEDM_ALIGN_UP((uint64_t)(batch) * (pixels) * CEDM_STATE_MAPS *            \
                   sizeof(cedm_real)) +                                      \
     CEDM_ALIGN_UP((uint64_t)(batch) * ((features) * 4u + 128u)))

/* ---- execution -------------------------------------------------------- */

/* A task is called once for every index in 0..count-1, in any order and on
 * any thread; worker < workers names the scratch region it may use, and no
 * two calls with one worker run at the same time. */
typedef void cedm_task(void *arg, uint32_t index, uint32_t worker);

/* Runs a task for all indices and returns when all are done. */
typedef void cedm_parallel_for(void *pool, cedm_task *task, void *arg,
                               uint32_t count);

/* What the `run` table of a CPU backend receives as ctx. */
typedef struct cedm_exec {
    const cedm_model *model;
    const float *data;             /* the blob's tensors, as floats */
    const unsigned char *weights;  /* prepared, or NULL */
    float *act;                    /* activation segment */
    float *f32;                    /* f32 segment */
    unsigned char *scratch;        /* workers x scratch_stride */
    size_t scratch_stride;
    const int32_t *cluster, *other; /* [n], as given to `load` */
    const float *share;
    uint32_t batch;                /* capacity: fixes where tensors lie */
    uint32_t n;                    /* images in this call */
    uint32_t workers;
    cedm_parallel_for *parallel_for; /* NULL: the calling thread */
    void *pool;
} cedm_exec;

/* What each of a sampler's ops means on the tensors of an exec. */
typedef struct cedm_sampler_ops {
#define CEDM_OP_MEMBER(name)                                                 \
    void (*name)(cedm_exec *exec, const cedm_##name *op);
    CEDM_SAMPLER_OPS(CEDM_OP_MEMBER)
#undef CEDM_OP_MEMBER
} cedm_sampler_ops;

/* What the `sizes` table of a backend receives as ctx; adds up. */
typedef struct cedm_sizes {
    uint64_t weights; /* bytes of prepared weights so far */
    uint64_t scratch; /* largest scratch of one worker so far */
} cedm_sizes;

/* Regions of prepared weights end with this many bytes, which say what they
 * were made of and for which backend; empty regions have none. */
#define CEDM_WEIGHTS_TAG_BYTES 64u

/* What the `prepare` table receives.  Prepared weights begin with an index,
 * uint32_t [op_count]: where op id's part lies, in units of CEDM_ALIGN
 * bytes from the start; the parts follow in op order. */
typedef struct cedm_prepare_ctx {
    const float *data;
    unsigned char *weights;
    uint64_t used;
    cedm_parallel_for *parallel_for; /* NULL: the calling thread */
    void *pool;
} cedm_prepare_ctx;

#ifdef __cplusplus
}
#endif
#endif
