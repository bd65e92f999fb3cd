/* SPDX-License-Identifier: MIT
 *
 * cedm_cuda.h - sample and encode images on an NVIDIA GPU: libcedm_cuda.
 *
 * The conventions of cedm.h hold, with these additions.
 *
 * Memory.  A caller gives four regions, whose sizes cedm_cuda_measure tells:
 *
 *   context  host, what a cedm_cuda_net is made of
 *   staging  host, pinned; everything that moves passes through it
 *   weights  device, packed from the blob when a net is opened
 *   arena    device: [activations | f32 | state and tables, or images and
 *            features | flags | cuBLAS]
 *
 * After cedm_cuda_open nothing is allocated.  What the driver keeps for
 * itself, its context, modules and graphs, is not part of these sizes.
 *
 * Streams.  A net works on a stream of its own.  Calls that return results
 * in host memory wait for them; cedm_cuda_result does not wait, but makes
 * config.stream wait, so that the caller's work may follow on it.
 *
 * Results.  Bits depend on the model, the architecture of the device (or
 * config.arch), the precision, the net's batch and the arguments; never on n,
 * the position in a batch or the order of calls.
 *
 * No type of CUDA appears: device memory is a void *, a cudaStream_t too.
 */
#ifndef CEDM_CUDA_H
#define CEDM_CUDA_H

#include "cedm.h"

#ifdef __cplusplus
extern "C" {
#endif

#ifdef __GNUC__ /* all else in the library is hidden */
#pragma GCC visibility push(default)
#endif

/* Also the last part of the library's SONAME. */
#define CEDM_CUDA_ABI 3

/* What activations and weights are stored in; X(name).  Sums, statistics,
 * softmax, embeddings and the first and last convolution are float32 in all
 * of them, and so is everything in fp32. */
#define CEDM_CUDA_PRECISION_LIST(X) X(FP16) X(BF16) X(FP32)

enum cedm_cuda_precision {
#define CEDM_CUDA_PRECISION_ENUM(name) CEDM_CUDA_##name,
    CEDM_CUDA_PRECISION_LIST(CEDM_CUDA_PRECISION_ENUM)
#undef CEDM_CUDA_PRECISION_ENUM
    CEDM_CUDA_PRECISIONS
};

typedef struct cedm_cuda_device {
    char name[64];
    uint32_t arch;            /* 80 for compute capability 8.0 */
    uint32_t multiprocessors;
    uint64_t total_bytes, free_bytes;
} cedm_cuda_device;

/* What failed, in the words of CUDA; both texts are constant. */
typedef struct cedm_cuda_fault {
    const char *call; /* the function, or the op of a network */
    const char *text;
} cedm_cuda_fault;

typedef struct cedm_cuda_sizes {
    uint64_t context, staging; /* host */
    uint64_t weights, arena;   /* device */
} cedm_cuda_sizes;

typedef struct cedm_cuda_net cedm_cuda_net;

typedef struct cedm_cuda_config {
    uint32_t device;
    uint32_t arch; /* kernels of at most this compute capability, 80 or later;
                      0: the device's */
    enum cedm_cuda_precision precision;
    uint32_t batch;             /* images at a time, 1..65536 */
    cedm_sampler_params params; /* of all runs of a net that denoises */
    cedm_cuda_net *guide;       /* of autoguidance, or NULL: see open */
    void *context, *staging, *weights, *arena;
    cedm_cuda_sizes sizes;      /* of these, at least as measured */
    void *stream;               /* the caller's; NULL: the default stream */
    cedm_cuda_fault *fault;     /* NULL, or told of CEDM_E_CUDA */
} cedm_cuda_config;

/* Device addresses of a finished run, [n] of each. */
typedef struct cedm_cuda_result_view {
    const double *state;      /* [H][W][channels] */
    const uint8_t *images;    /* [H][W][channels] */
    const uint32_t *overflow; /* not 0: the image is not finite */
} cedm_cuda_result_view;

/* Every function is cedm_cuda_NAME and returns a cedm_status; X(name,
 * parameters).  A failed call of CUDA is CEDM_E_CUDA; after that a net can
 * only be closed.
 *
 * devices   How many devices there are.  CEDM_E_DEVICE if there is none or
 *           no driver, CEDM_E_DRIVER if it is older than the library.
 * describe  One device.  CEDM_E_DEVICE if there is no such one, or if the
 *           library has no code for its architecture.
 * measure   Bytes of each region, the same for FP16 and BF16.  Looks at
 *           precision, batch, params and guide of the config.  Needs no device.
 *           CEDM_E_KIND if the model neither denoises nor encodes;
 *           CEDM_E_GUIDE.
 * allocate  Memory for the regions, for callers without CUDA's headers: of
 *           a device, and pinned.  CEDM_E_DEVICE_MEMORY.  Each may also be
 *           had from the caller's own allocator.
 * release   Gives it back; NULL is allowed.
 * open      Packs and uploads the weights and captures the graphs of a step,
 *           or that of an encoder: the only upload of weights.  The blob must
 *           outlive the net.
 *           A guide is another net, whose network is part of those graphs, as
 *           cedm_sample_guide has it; its own parameters are not used.  It has
 *           the same batch and device, any precision, must be closed later,
 *           and must not be used by others while a run of this net goes on.
 *           CEDM_E_GUIDE; CEDM_E_KIND of a guide that does not denoise.
 * close     Frees what open made of CUDA's objects; the regions may then be
 *           opened again, in another precision too.
 * denoise   As cedm_denoise.  CEDM_E_OVERFLOW (out zeroed) if a number did
 *           not fit the precision; CEDM_E_NONFINITE; CEDM_E_KIND of a model
 *           that does not denoise, from begin too.
 * begin     As cedm_sample_begin, with the parameters of the config.
 * mix       As cedm_sample_mix, cedm_sample_from and cedm_sample_mask; all
 * from      is copied before they return.  They queue their work; a mask is
 * mask      a small kernel after each step, and before rounds.
 * step      As cedm_sample_step, but only queues the step.
 * images    As cedm_sample_images; waits.  CEDM_E_OVERFLOW if a number did
 *           not fit the precision on the way, for any image: run the batch
 *           again in BF16 or FP32.  CEDM_E_NONFINITE.
 * preview   As cedm_sample_preview; waits.  Errors as for images.
 * state     The state, [n][H][W][channels]; waits.  Errors as for images.
 * result    Device addresses, for work on config.stream, which is made to
 *           wait for them; they hold until the next begin.
 * encode    As cedm_encode: features [n][features] of images
 *           [n][H][W][channels].  CEDM_E_OVERFLOW (out zeroed) if a number did
 *           not fit the precision, for any image: encode them in BF16 or FP32;
 *           CEDM_E_NONFINITE; CEDM_E_KIND of a model that does not encode. */
#define CEDM_CUDA_API_LIST(X)                                                \
    X(devices, (uint32_t *count))                                            \
    X(describe, (uint32_t device, cedm_cuda_device *out))                    \
    X(measure, (const cedm_model *model, const cedm_cuda_config *config,     \
                cedm_cuda_sizes *sizes))                                     \
    X(allocate, (uint32_t device, uint64_t bytes, void **memory))            \
    X(allocate_pinned, (uint64_t bytes, void **memory))                      \
    X(release, (uint32_t device, void *memory))                              \
    X(release_pinned, (void *memory))                                        \
    X(open, (cedm_cuda_net **net, const cedm_blob *blob,                     \
             const cedm_cuda_config *config))                                \
    X(close, (cedm_cuda_net *net))                                           \
    X(denoise, (cedm_cuda_net *net, const double *x, const double *sigma,    \
                const int32_t *cluster, uint32_t n, double *out))            \
    X(begin, (cedm_cuda_net *net, const uint64_t *seeds,                     \
              const int32_t *clusters, uint32_t n))                          \
    X(mix, (cedm_cuda_net *net, const uint64_t *seeds,                       \
            const int32_t *clusters, const double *shares))                  \
    X(from, (cedm_cuda_net *net, const uint8_t *images))                     \
    X(mask, (cedm_cuda_net *net, const uint8_t *images, const uint8_t *mask, \
             uint32_t rounds))                                               \
    X(step, (cedm_cuda_net *net))                                            \
    X(images, (cedm_cuda_net *net, uint8_t *out))                            \
    X(preview, (cedm_cuda_net *net, uint8_t *out))                           \
    X(state, (cedm_cuda_net *net, double *out))                              \
    X(result, (cedm_cuda_net *net, cedm_cuda_result_view *view))             \
    X(encode, (cedm_cuda_net *net, const uint8_t *images, uint32_t n,        \
               float *out))

#define CEDM_CUDA_DECLARE(name, parameters)                                  \
    cedm_status cedm_cuda_##name parameters;
CEDM_CUDA_API_LIST(CEDM_CUDA_DECLARE)
#undef CEDM_CUDA_DECLARE

/* FP16, batch 1, the default sampler; no regions. */
cedm_cuda_config cedm_cuda_config_default(void);

/* The same functions as a table, for programs that open the library while
 * they run: cedm_cuda_entry is the one name to look up. */
typedef struct cedm_cuda_api {
    uint32_t abi;  /* CEDM_CUDA_ABI */
    uint32_t size; /* sizeof(cedm_cuda_api) */
    const char *version; /* CEDM_VERSION */
#define CEDM_CUDA_POINTER(name, parameters) cedm_status(*name) parameters;
    CEDM_CUDA_API_LIST(CEDM_CUDA_POINTER)
#undef CEDM_CUDA_POINTER
} cedm_cuda_api;

typedef const cedm_cuda_api *cedm_cuda_entry_fn(void);
const cedm_cuda_api *cedm_cuda_entry(void);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
}
#endif
#endif
