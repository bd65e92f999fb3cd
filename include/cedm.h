/* SPDX-License-Identifier: MIT
 *
 * cedm.h - sample images from a frozen cluster-conditioned diffusion model.
 *
 * CONVENTIONS
 *
 * Memory.  The library never allocates.  A caller gives four regions whose
 * sizes are known before the program starts (macros in the model's header)
 * or before anything is done (the query functions below):
 *
 *   blob     const, the weights as frozen: file, mmap or flash
 *   weights  what a backend made of the blob; empty for the portable one,
 *            unless the blob holds 16-bit floats
 *   arena    [activations | f32 | scratch x workers], then the state of a
 *            sampler if the model denoises
 *   structs  cedm_net, cedm_sampler: visible so that they can be static, but
 *            their members are private unless marked otherwise
 *
 * The first three must be aligned to CEDM_ALIGN (64) bytes; all stay in place
 * and outlive the net.  Nothing needs to be freed.
 *
 * World.  No I/O, no clock, no threads, no environment, no locale, no exit,
 * no mutable globals.  One cedm_net belongs to one thread at a time; any
 * number of nets, of one model or several, may run in as many threads.
 *
 * Pointers.  A pointer may be NULL only where that is said; arrays given
 * to one call do not overlap unless that is said.
 *
 * Errors.  Every function that can fail returns a cedm_status: 0, or a
 * negative number.  On error outputs are untouched or zeroed, never partial.
 *
 * Images and maps are [n][H][W][channels], H = W = denoiser->resolution.
 *
 * Results.  Bits depend on the model, the backend's ISA and the arguments,
 * never on batch, n, position in a batch, workers or the order of calls.
 * The processor must round to nearest: another rounding mode of the caller
 * (fesetround) changes the bits of every image.
 */
#ifndef CEDM_H
#define CEDM_H

#include "cedm_model.h"

#ifdef __cplusplus
extern "C" {
#endif

#ifdef __GNUC__ /* all else in the library is hidden */
#pragma GCC visibility push(default)
#endif

#define CEDM_VERSION "0.1.0"

/* What depends on the kind of the sampler's state has other names where that is
 * float32: a linker refuses a program whose library is of the other kind. */
#ifdef CEDM_STATE_F32
#define cedm_arena_bytes cedm_arena_bytes_f32
#define cedm_denoise cedm_denoise_f32
#define cedm_net_init cedm_net_init_f32
#define cedm_sample_state cedm_sample_state_f32
#endif

/* ---- status ----------------------------------------------------------- */

/* X(name, value, text) */
#define CEDM_STATUS_LIST(X)                                                  \
    X(OK, 0, "ok")                                                           \
    X(MORE, 1, "more steps to do")                                           \
    /* arguments */                                                          \
    X(E_NULL, -10, "a required pointer is NULL")                             \
    X(E_ALIGN, -11, "a region is not aligned to 64 bytes")                   \
    X(E_COUNT, -12, "number of images is 0 or above the batch")              \
    X(E_CLUSTER, -13, "cluster is out of range for this model")              \
    X(E_SIGMA, -14, "sigma is not a finite number above 0")                  \
    X(E_STEPS, -15, "number of steps is 0 or too large, or the first to "    \
      "take is not among them")                                              \
    X(E_PARAM, -16, "a sampler parameter is no usable number, or the "        \
      "range does not suit the schedule")                                    \
    X(E_STATE, -17, "the call is not allowed in this state")                 \
    X(E_SOLVER, -18, "the solver has no such order, or does not go with "    \
      "churn, a schedule, a scaling or rounds of a mask")                    \
    X(E_LEVELS, -19, "the noise levels do not fall, or leave the model's "   \
      "range")                                                               \
    /* memory */                                                             \
    X(E_ARENA, -20, "the arena is too small")                                \
    X(E_WEIGHTS, -21, "the region for prepared weights is too small, or was" \
      " not prepared for this model and backend")                            \
    X(E_BATCH, -22, "batch or workers is 0 or too large")                    \
    /* model */                                                              \
    X(E_ABI, -30, "the model was generated for another version; freeze its " \
      "checkpoint again")                                                    \
    X(E_BACKEND, -31, "the model was frozen for a backend that needs less "  \
      "memory; freeze it again")                                             \
    X(E_KIND, -32, "the model is of another kind: it does not denoise, or "  \
      "does not encode")                                                   \
    X(E_GUIDE, -33, "the guide has images of another shape, another number " \
      "of clusters, or a smaller batch")                                     \
    /* blob */                                                               \
    X(E_BLOB_SHORT, -40, "the blob is shorter than its header says")         \
    X(E_BLOB_MAGIC, -41, "not a cedm blob")                                  \
    X(E_BLOB_VERSION, -42, "the blob has another format version; freeze "    \
      "its checkpoint again")                                                \
    X(E_BLOB_HEADER, -43, "the blob's header is damaged")                    \
    X(E_BLOB_LAYOUT, -44, "the blob belongs to another model")               \
    X(E_BLOB_DATA, -45, "a tensor in the blob is damaged")                   \
    X(E_BLOB_TRAILER, -46, "the blob's description is damaged")              \
    X(E_BLOB_ORDER, -47, "blobs are little-endian, and the processor is not") \
    /* results */                                                            \
    X(E_NONFINITE, -50, "the result is not finite")                          \
    X(E_OVERFLOW, -51, "a number does not fit the precision")                \
    /* devices */                                                            \
    X(E_DEVICE, -60, "there is no such device")                              \
    X(E_DRIVER, -61, "the driver is older than the library")                 \
    X(E_DEVICE_MEMORY, -62, "the device has not enough memory")              \
    X(E_CUDA, -63, "a call of CUDA failed")

typedef enum cedm_status {
#define CEDM_STATUS_ENUM(name, value, text) CEDM_##name = value,
    CEDM_STATUS_LIST(CEDM_STATUS_ENUM)
#undef CEDM_STATUS_ENUM
    CEDM_STATUS_END = 127
} cedm_status;

/* The text of a status, a constant string; "unknown status" for others. */
const char *cedm_status_text(cedm_status status);

/* ---- backends --------------------------------------------------------- */

/* Three meanings for one list of graph ops, and the sampler's ops; see
 * cedm_model.h. */
typedef struct cedm_backend {
    const char *name;        /* "portable", "avx2", ... */
    const cedm_ops *run;     /* ctx: cedm_exec */
    const cedm_ops *prepare; /* ctx: cedm_prepare_ctx; NULL: no weights */
    const cedm_ops *sizes;   /* ctx: cedm_sizes */
    const cedm_sampler_ops *sampler;
    uint32_t factor_bits; /* of what direct convolutions multiply: 24, or 8
                           * where they round to bfloat16 */
} cedm_backend;

/* Instruction sets, as bits of a mask; X(name, bit).  avx512bf16 rounds what
 * direct convolutions multiply to bfloat16: faster, and less exact than all
 * others, so it has to be asked for. */
#define CEDM_ISA_LIST(X)                                                     \
    X(avx2, 1u) X(avx512, 2u) X(neon, 4u) X(avx512bf16, 8u) X(simd128, 16u)

enum cedm_isa {
#define CEDM_ISA_ENUM(name, bit) CEDM_ISA_##name = bit,
    CEDM_ISA_LIST(CEDM_ISA_ENUM)
#undef CEDM_ISA_ENUM
    CEDM_ISA_ALL = 0xffff & ~CEDM_ISA_avx512bf16
};

/* Plain C; runs everywhere and reads the blob in place. */
const cedm_backend *cedm_backend_portable(void);

/* The instruction sets that this build has code for and this processor and
 * operating system can run (cpuid, xgetbv; any 64-bit Arm; any engine that
 * takes a WebAssembly module with vectors); 0 where there is none. */
uint32_t cedm_isa_available(void);

/* The fastest backend among the sets in `mask` that are available; the
 * portable one if there is none. */
const cedm_backend *cedm_backend_cpu(uint32_t mask);

/* ---- blob ------------------------------------------------------------- */

/* Fixed little-endian header of a blob; docs/FORMAT.md has the bytes. */
#define CEDM_BLOB_MAGIC "CEDMBLOB"
#define CEDM_BLOB_VERSION 1u

typedef struct cedm_blob_header {
    char magic[8];
    uint32_t version;
    uint32_t dtype;           /* enum cedm_dtype, the model's */
    uint64_t layout_hash;
    uint64_t total_bytes;     /* of the whole blob */
    uint64_t data_offset;     /* bytes, multiple of CEDM_ALIGN */
    uint64_t data_bytes;
    uint64_t trailer_offset;  /* JSON, not zero-terminated */
    uint64_t trailer_bytes;
    uint32_t tensor_count;
    uint32_t trailer_crc;     /* CRC-32C */
    uint32_t table_crc;       /* of the tensor CRCs that follow the header */
    uint32_t reserved[4];     /* 0 */
    uint32_t header_crc;      /* of all bytes before this one */
} cedm_blob_header;           /* 96 bytes; then uint32_t crc[tensor_count] */

/* CRC-32C (Castagnoli) of bytes; `crc` is 0 or the value so far. */
uint32_t cedm_crc32c(uint32_t crc, const void *bytes, size_t size);

/* Between IEEE 754 binary16 and float: exact that way, rounded to nearest
 * even this way; what is 65520 or more becomes an infinity. */
float cedm_half_to_float(uint16_t half);
uint16_t cedm_half_from_float(float x);

/* A blob that was found to belong to a model. */
typedef struct cedm_blob {
    const cedm_model *model;
    const void *data;
    const char *trailer; /* public: JSON text for tools */
    size_t trailer_bytes; /* public */
} cedm_blob;

/* Checks a blob against the layout compiled into a model: header, sizes and
 * layout hash are compared, every byte is covered by a CRC or required to be
 * zero, `size` must be exact.  Cost: one pass over the bytes, no copy.
 * Errors: E_NULL E_ALIGN E_ABI E_BLOB_*.  blob is zeroed on error. */
cedm_status cedm_bind(cedm_blob *blob, const cedm_model *model,
                      const void *bytes, size_t size);

/* The header of a blob whose model is not at hand, for what its description
 * says: trailer_bytes of JSON at bytes + trailer_offset.  Header, length and
 * description are checked, tensors and the layout are not.  `bytes` need no
 * alignment.  Cost: a CRC of header and description.
 * Errors: E_NULL E_BLOB_*.  header is zeroed on error. */
cedm_status cedm_inspect(cedm_blob_header *header, const void *bytes,
                         size_t size);

/* ---- sizes ------------------------------------------------------------ */

/* Bytes of prepared weights for a backend; at most model->weights_bytes.  A
 * blob of 16-bit floats is first widened into this region, 4 bytes for each
 * element, whatever the backend. */
uint64_t cedm_weights_bytes(const cedm_model *model,
                            const cedm_backend *backend);

/* Bytes of arena for a batch and a number of workers, the same number as the
 * macro in the generated header; enough for every CPU backend.  0 if the model,
 * batch or workers would be refused by cedm_net_init. */
uint64_t cedm_arena_bytes(const cedm_model *model, uint32_t batch,
                          uint32_t workers);

/* ---- network ---------------------------------------------------------- */

typedef struct cedm_net_config {
    const cedm_backend *backend;
    const void *weights; /* from cedm_prepare with that blob and backend */
    size_t weights_bytes;
    void *arena;
    size_t arena_bytes;
    uint32_t batch;   /* images at a time, 1..65536 */
    uint32_t workers; /* 1..1024; worker indices that parallel_for passes */
    cedm_parallel_for *parallel_for; /* NULL: no threads */
    void *pool;                      /* handed to parallel_for */
} cedm_net_config;

/* Portable backend, no weights, batch 1, one worker, no arena. */
cedm_net_config cedm_net_config_default(void);

/* Packs a blob's weights for a config's backend into `weights`, once, with
 * its threads; of the rest of the config nothing is used.  For a backend
 * without prepared weights it does nothing and weights may be NULL.
 * Cost: about one pass over the blob, and over the result.
 * Errors: E_NULL E_ALIGN E_WEIGHTS. */
cedm_status cedm_prepare(const cedm_blob *blob, const cedm_net_config *config,
                         void *weights, size_t size);

/* A network ready to run.  `ops` and `ctx` are public: after init they may
 * be replaced by a table that wraps the backend's (to trace or to time). */
typedef struct cedm_net {
    const cedm_ops *ops;
    void *ctx;
    cedm_exec exec;
    const cedm_model *model;
    const cedm_sampler_ops *sampler_ops;
    /* of a model that denoises, else NULL */
    cedm_real *state[CEDM_STATE_MAPS]; /* [batch][H][W][channels] each */
    cedm_real *scalars;   /* [batch] x 4: c_in, c_skip, c_out, sigma */
    float *features;      /* [batch][features.channels] */
    uint64_t *seeds;      /* [batch] */
    int32_t *clusters[2]; /* [batch]: the sampler's, and all -1 */
    int32_t *others;      /* [batch], of labels between two clusters: */
    float *shares;        /* [batch], their part, 0: none */
} cedm_net;

/* Places a network in its arena.  The net holds pointers into itself: it must
 * not be moved.  Weights that were prepared from another blob or for another
 * backend, or never, are E_WEIGHTS.
 * Errors: E_NULL E_ALIGN E_ABI E_BATCH E_ARENA E_WEIGHTS, and E_BACKEND if the
 * backend needs more scratch than the model was frozen with: freeze it
 * again. */
cedm_status cedm_net_init(cedm_net *net, const cedm_blob *blob,
                          const cedm_net_config *config);

/* D(x; sigma, cluster) for n images.
 *   x, out   [n][H][W][channels]; must not overlap
 *   sigma    [n], finite and above 0
 *   cluster  [n], 0 .. label_dim-1, or -1 for the all-zero label; NULL: all -1
 * Uses the same memory as the sampler's intermediate state: not to be called
 * between cedm_sample_begin and the end of that run.
 * Source: Karras et al. 2022, eq. 7 and table 1.
 * Errors: E_NULL E_KIND E_COUNT E_SIGMA E_CLUSTER E_NONFINITE (out zeroed). */
cedm_status cedm_denoise(cedm_net *net, const cedm_real *x,
                         const cedm_real *sigma, const int32_t *cluster,
                         uint32_t n, cedm_real *out);

/* ---- encoder ---------------------------------------------------------- */

/* Features of n 8-bit images, by a model that encodes; the model resizes and
 * normalises them as its reference does.
 *   images  [n][height][width][channels] of model->encoder
 *   out     [n][features]
 * Cost: one evaluation of the graph.
 * Errors: E_NULL E_COUNT E_KIND E_NONFINITE (out zeroed). */
cedm_status cedm_encode(cedm_net *net, const uint8_t *images, uint32_t n,
                        float *out);

/* ---- sampler ---------------------------------------------------------- */

#define CEDM_MAX_STEPS 65536u

/* What a sampler is made of, appendix C of Karras et al. 2022: an ODE
 *   dx/dt = (sigma'/sigma + s'/s) x - sigma' s/sigma D(x/s; sigma)
 * for a schedule sigma(t) and a scaling s(t), noise levels to stop at, and a
 * solver.  The first word of each list gives Algorithm 2 of that paper.
 * X(word) */

/* Solvers.  cedm_solver_describe tells the facts of each.
 *   heun, euler  as that paper has them: they take the state from the lowest
 *          level on to 0, and go with churn, every schedule and scaling
 * The others use what they know from earlier steps, so that a step is one
 * evaluation, and end at the lowest level without one there: the image keeps
 * noise of deviation sigma_min, 0.002 by default, a quarter of a grey level.
 * They solve the ODE without schedule and scaling, without churn.
 *   ipndm  Adams-Bashforth with the coefficients of equal steps
 *          (Liu et al. 2022; Zhang and Chen 2023)
 *   dpmpp  DPM-Solver++, multistep (Lu et al. 2022)
 *   unipc  UniPC with B2(h), a corrector after each step (Zhao et al. 2023)
 *   deis   tAB-DEIS: D by polynomials in the time of the vp schedule (Zhang
 *          and Chen 2023) */
#define CEDM_SOLVER_LIST(X) X(heun) X(euler) X(ipndm) X(dpmpp) X(unipc) X(deis)

/* Noise levels, and the default range and rho:
 *   edm     by rho (eq. 5 of Karras et al. 2022); 0.002 .. 80, 7
 *   vp      evenly in the time of the vp schedule; 0.0105 .. 152
 *   ve      evenly in the logarithm; 0.02 .. 100
 *   iddpm   of the 1000 levels of a cosine schedule; 0.002 .. 81
 *   vpt     evenly in the time of the vp schedule to the power of 1 / rho;
 *           0.002 .. 80, 2
 *   logsnr  as ve; 0.002 .. 80
 *   list    those of `sigmas` */
#define CEDM_DISCRETIZATION_LIST(X)                                          \
    X(edm) X(vp) X(ve) X(iddpm) X(vpt) X(logsnr) X(list)

/* linear: sigma = t; vp: sqrt(exp(beta_d t^2 / 2 + beta_min t) - 1), fitted
 * to the range at t = 0.001 and 1; ve: sqrt(t) */
#define CEDM_SCHEDULE_LIST(X) X(linear) X(vp) X(ve)

/* none: s = 1; vp: s = 1 / sqrt(1 + sigma^2) */
#define CEDM_SCALING_LIST(X) X(none) X(vp)

/* Which draw of a seed churn adds at a step inside S_min .. S_max: edm counts
 * all steps (Karras et al. 2022), cedm those inside (Adaloglou and Kaiser
 * 2025).  The two differ where S_max is below sigma_max. */
#define CEDM_CHURN_DRAWS_LIST(X) X(edm) X(cedm)

#define CEDM_SOLVER_ENUM(word) CEDM_SOLVER_##word,
#define CEDM_DISCRETIZATION_ENUM(word) CEDM_DISCRETIZATION_##word,
#define CEDM_SCHEDULE_ENUM(word) CEDM_SCHEDULE_##word,
#define CEDM_SCALING_ENUM(word) CEDM_SCALING_##word,
#define CEDM_CHURN_DRAWS_ENUM(word) CEDM_CHURN_DRAWS_##word,
enum cedm_solver { CEDM_SOLVER_LIST(CEDM_SOLVER_ENUM) };
enum cedm_discretization {
    CEDM_DISCRETIZATION_LIST(CEDM_DISCRETIZATION_ENUM)
};
enum cedm_schedule { CEDM_SCHEDULE_LIST(CEDM_SCHEDULE_ENUM) };
enum cedm_scaling { CEDM_SCALING_LIST(CEDM_SCALING_ENUM) };
enum cedm_churn_draws { CEDM_CHURN_DRAWS_LIST(CEDM_CHURN_DRAWS_ENUM) };
#undef CEDM_SOLVER_ENUM
#undef CEDM_DISCRETIZATION_ENUM
#undef CEDM_SCHEDULE_ENUM
#undef CEDM_SCALING_ENUM
#undef CEDM_CHURN_DRAWS_ENUM

/* What a solver is. */
typedef struct cedm_solver_facts {
    const char *word;
    uint32_t order;       /* by default */
    uint32_t least, most; /* orders that it has; equal: no choice */
    uint32_t evaluations; /* of D in a step that does not end at 0 */
    uint32_t maps;        /* of state at order `most`; a net has 4 */
    uint32_t ends_at_0;   /* 1: step `steps` goes from the lowest level to 0,
                             with one evaluation; 0: it goes to that level */
    uint32_t general;     /* 1: goes with churn, schedules, scalings and more
                             than one round of a mask */
} cedm_solver_facts;

/* The facts of a solver, constant; NULL if there is no such solver. */
const cedm_solver_facts *cedm_solver_describe(enum cedm_solver solver);

typedef struct cedm_sampler_params {
    uint32_t steps;      /* 1..65536 */
    double sigma_min;    /* clipped to the model's range */
    double sigma_max;
    double rho;          /* not 0; used by edm and vpt levels */
    double S_churn, S_min, S_max, S_noise;
    double guidance;     /* W: (1+W) D(cond) - W D(no label); 0: off */
    double guidance_min, guidance_max; /* W counts where min < sigma <= max;
                            elsewhere one evaluation does.  Kynkaanniemi et
                            al. 2024 */
    enum cedm_solver solver;
    enum cedm_discretization discretization;
    enum cedm_schedule schedule;
    enum cedm_scaling scaling;
    uint32_t order;      /* of the solver; 0: its default */
    enum cedm_churn_draws churn_draws;
    const double *sigmas; /* list levels: falling, above 0, in the model's
                             range; `steps` of them where the solver ends at
                             0, else steps + 1.  Not copied: to be kept while
                             the parameters are used.  sigma_min and
                             sigma_max are ignored. */
    uint32_t start;      /* steps that are left out, 0..steps-1: a run begins
                            at level `start`, for cedm_sample_from */
} cedm_sampler_params;

/* Algorithm 2: 18 steps, 0.002 .. 80, rho 7, no churn, no guidance (but at
 * all levels, if W is set). */
cedm_sampler_params cedm_sampler_params_default(void);

/* The same with another discretization, its range and its rho. */
cedm_sampler_params
cedm_sampler_params_for(enum cedm_discretization discretization);

/* What this project recommends for a number of evaluations, 1..65536: ipndm
 * of order 3 on vpt levels, of the solvers here the one with the least error
 * for a few evaluations; docs/NUMERICS.md has the table.  `evaluations` steps,
 * no churn, no guidance (which takes the network twice in each). */
cedm_sampler_params cedm_sampler_params_nfe(uint32_t evaluations);

typedef struct cedm_sampler {
    cedm_net *net;
    cedm_sampler_params params; /* its range clipped to the model's */
    uint32_t n, step;
    cedm_net *guide; /* of cedm_sample_guide, or NULL */
    const uint8_t *images, *mask; /* of cedm_sample_mask, or NULL */
    uint32_t rounds;
} cedm_sampler;

/* Noise level i of a sampler, i = 0..steps; for i = steps it is 0 where the
 * solver ends at 0, else sigma_min.  The parameters are taken as they are,
 * neither checked nor clipped to a model's range; a sampler rounds the level
 * to one that an iDDPM model knows. */
double cedm_sigma(const cedm_sampler_params *params, uint32_t i);

/* Starts n images: x = sigma * latent(seed), sigma the level of the first step,
 * sigma_max but for params->start.
 *   seeds     [n], any; reduced modulo 2^32 as PyTorch's generator is
 *   clusters  [n], -1 for the all-zero label; NULL: all -1
 * Both are copied.  params may be the sampler's own.  A call that is refused
 * zeroes the sampler, so that no earlier run goes on by mistake: steps and
 * images of it are E_NULL.  Errors: E_NULL E_COUNT E_CLUSTER E_STEPS E_PARAM
 * E_KIND, E_SOLVER and E_LEVELS as their texts say. */
cedm_status cedm_sample_begin(cedm_sampler *sampler, cedm_net *net,
                              const cedm_sampler_params *params,
                              const uint64_t *seeds, const int32_t *clusters,
                              uint32_t n);

/* ---- what a run may be given besides ----------------------------------- *
 *
 * After cedm_sample_begin and before the first step, in this order if there are
 * several; E_STATE later, but for a guide.  A call that is refused leaves the
 * run as it was.  None needs memory beyond its arguments, and each keeps images
 * independent of each other. */

/* Image i goes `share` of the way to another seed and cluster:
 *   latent  cos(share pi/2) latent(own) + sin(share pi/2) latent(other), which
 *           is normal again: independent latents are at right angles but for
 *           chance; of one seed (modulo 2^32) it is that seed's
 *   label   (1 - share) e_own + share e_other, through the linear embedding
 * With share 0 the image is what it was, with 1 it is the other's, bit by bit;
 * between, churn draws by the own seed.
 *   seeds, clusters  [n], as cedm_sample_begin has them
 *   shares           [n], 0..1
 * All are copied.  Errors: E_NULL E_STATE E_CLUSTER, E_PARAM for a share. */
cedm_status cedm_sample_mix(cedm_sampler *sampler, const uint64_t *seeds,
                            const int32_t *clusters, const double *shares);

/* Begins at images: x = image + sigma * latent(seed), sigma the level of step
 * params->start (both times s where there is a scaling): the later that step,
 * the more remains of the image.
 *   images  [n][H][W][channels], as cedm_sample_images has them; not kept
 * Source: Meng et al. 2022, SDEdit.
 * Errors: E_NULL E_STATE. */
cedm_status cedm_sample_from(cedm_sampler *sampler, const uint8_t *images);

#define CEDM_MAX_ROUNDS 4096u

/* Draws a part of images anew.  Before the first step and after each, known
 * pixels become image + sigma * noise; in the end they are the image's.
 * Each step but that to 0 is done `rounds` times, 1..4096: noise takes the
 * state back to the level before, so that what is drawn and what is known come
 * together.
 *   images  [n][H][W][channels], as cedm_sample_images has them
 *   mask    [n][H][W], 255 is drawn, 0 is known, between are both
 * Both are used until the run has ended.  All of 255 changes nothing but for
 * rounds.
 * heun and euler put fresh noise there after each round.  The others go by what
 * they know from earlier steps, which is of use only where noise stays what it
 * was: known pixels keep that of the latent, and there is one round.
 * Cost: `rounds` times the steps, a random number for each known element.
 * Source: Lugmayr et al. 2022, RePaint, algorithm 1.
 * Errors: E_NULL E_STATE, E_STEPS for rounds, E_SOLVER for more than one of
 * them. */
cedm_status cedm_sample_mask(cedm_sampler *sampler, const uint8_t *images,
                             const uint8_t *mask, uint32_t rounds);

/* Autoguidance: from the next step on D is (1+W) D(cluster) - W D'(cluster),
 * D' by `guide`, a smaller or less trained network of the same data; without
 * clusters its label is none.  W and its levels are those of the parameters.
 * The guide is a net of its own: another blob, perhaps prepared weights, and
 * an arena of cedm_arena_bytes, whose state is not used; its batch is n at
 * least.  It must not be used by others until the run has ended.  NULL: guided
 * by the net without a label again.
 * Cost: an evaluation of each net where W counts.
 * Source: Karras et al. 2024, "Guiding a Diffusion Model with a Bad Version of
 * Itself", eq. 3 with w = 1 + W.
 * Errors: E_NULL E_KIND, E_GUIDE; the run is as it was. */
cedm_status cedm_sample_guide(cedm_sampler *sampler, cedm_net *guide);

/* One step: as many evaluations of the network as the solver's facts say
 * (twice that where guidance counts).  The caller's loop is the progress, the
 * cancel, the preview.  Returns CEDM_MORE, or CEDM_OK after the last step;
 * E_STATE after that.  Errors: E_NULL E_STATE E_NONFINITE (ends the run: the
 * state is what it was before the step, or with that step's fresh noise, or,
 * with a mask, after one of its rounds). */
cedm_status cedm_sample_step(cedm_sampler *sampler);

/* The images so far, 8 bits: trunc(clip(127.5 x + 128, 0, 255)).
 * out is [n][H][W][channels]. */
cedm_status cedm_sample_images(const cedm_sampler *sampler, uint8_t *out);

/* What the images will be as far as is known: D of the last evaluation, which
 * is without noise at every level, in 8 bits as above.  E_STATE before the
 * first step.  out is [n][H][W][channels]. */
cedm_status cedm_sample_preview(const cedm_sampler *sampler, uint8_t *out);

/* The state so far, x, [n][H][W][channels]; valid until the net's next use. */
const cedm_real *cedm_sample_state(const cedm_sampler *sampler);

/* The cluster that the reference draws for a seed (draw 1 of its stream):
 * with freq NULL uniform in 0..label_dim-1, else by inverse CDF on freq, the
 * images per cluster, [label_dim].  -1 if label_dim is 0 or freq has no entry
 * above 0. */
int32_t cedm_draw_cluster(const cedm_model *model, uint64_t seed,
                          const double *freq);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
}
#endif
#endif
