/* SPDX-License-Identifier: MIT
 *
 * launch.h - what the host side of the CUDA backend asks of its kernels.
 *
 * One function per op, with C linkage, which queues work on exec->stream and
 * returns 0 or a cudaError_t.  No CUDA type appears, so that host files are
 * plain C and tests need no CUDA.
 *
 * What every function may count on, and must keep:
 *  - it is called outside and inside of stream capture: it allocates nothing,
 *    waits for nothing, copies nothing between host and device;
 *  - every op is done for exec->batch images: missing ones are padded by the
 *    caller, so that bits depend on the architecture, the precision and the
 *    batch alone, never on an image's place or neighbours (no atomics on
 *    numbers; sums in a fixed order);
 *  - accumulation, statistics, softmax and embeddings are float32 at least;
 *  - an op that rounds to 16 bits sets overflow[image] to CEDM_CUDA_OVERFLOW
 *    (an atomicOr) if one of the image's results is not finite. */
#ifndef CEDM_CUDA_LAUNCH_H
#define CEDM_CUDA_LAUNCH_H

#include "cedm.h"
#include "cedm_cuda.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- prepared weights -------------------------------------------------- *
 *
 * pack.c makes them on the host in float64, net.c uploads them once.
 * Every part begins on CEDM_CUDA_ALIGN bytes.  Floats unless said:
 *
 *   embed       weight [label_dim][channels], bias [channels] (0 if none)
 *   linear      weight [out][in], bias [out] (0 if none)
 *   norm_coeff  gamma [channels], beta [channels]
 *   layer_norm  gamma [channels], beta [channels]
 *   tokens      table [tokens][channels]
 *   preprocess  down [height][1 + taps[0]], across [width][1 + taps[1]],
 *               scale [channels], shift [channels]
 *   resample    filter [taps]
 *   attention, gate, pool  nothing
 *   conv        weight [phases][cout_padded][k] of T, then, on the next
 *               CEDM_CUDA_ALIGN bytes, bias [cout_padded] (bias + skip_bias,
 *               0 if none); what is padded is zero.  If cuBLAS makes it, see
 *               cedm_cuda_gemm_suits_conv, then, on the next such bytes,
 *               bias * scale as [cout_padded] of T, which cuBLAS adds last
 *
 * T is float for a convolution that computes in float32, see
 * cedm_cuda_conv_is_f32, else the precision's 16-bit type.
 *
 * The k of a convolution is a list of slices of CEDM_CUDA_K channels, since
 * a kernel keeps a slice of the source in shared memory for all taps:
 *   for each source, for each slice of its channels (zero-padded), for each
 *   tap (row by row): the slice's channels;
 *   then for each skip source, for each slice: its channels.
 * `scale` is folded into nothing else.
 *
 * With up = 1 there are four phases, 2 * py + px, of 2x2 taps: the outputs
 * (2y + py, 2x + px), where tap (ty, tx) takes source pixel
 * (y + ty + py - 1, x + tx + px - 1).  Skip slices repeat in each phase.
 * Otherwise there is one phase, with kernel[0] x kernel[1] taps, of what
 * cedm_cuda_conv_view makes of the op. */

#define CEDM_CUDA_ALIGN 256u
#define CEDM_CUDA_K 32u /* elements of K that a slice is padded to */
#define CEDM_CUDA_N 64u /* output channels that a matrix is padded to */

typedef struct cedm_cuda_conv_layout {
    uint32_t f32;          /* computes in float32; else 16 bits */
    uint32_t phases, taps; /* 1 and those of the kernel, or 4 and 4 */
    uint32_t cout_padded;
    uint32_t cin_padded[2]; /* 0 if there is no such source */
    uint32_t skip_padded[2];
    uint32_t k;                 /* taps * sum cin_padded + sum skip_padded */
    uint64_t bias, scaled_bias; /* bytes from the start of the part;
                                    0 if there is no such */
    uint64_t bytes;             /* of the whole part */
} cedm_cuda_conv_layout;

/* The op itself; or, of patches side by side, one whose channels are the
 * columns of a patch: they follow one another in the source and in the
 * weights, and three channels would leave most of a slice empty.  Then its
 * step along a row is 1. */
static inline cedm_conv cedm_cuda_conv_view(const cedm_conv *op)
{
    cedm_conv view = *op;
    uint32_t side = op->kernel[1];

    if (side > 1 && side == op->stride && op->pad[1] == 0 &&
        op->in_width % side == 0 && op->act == CEDM_ACT_NONE &&
        op->cin[1] == 0) {
        view.cin[0] *= side;
        view.in_width /= side;
        view.kernel[1] = 1;
    }
    return view;
}

void cedm_cuda_plan_conv(cedm_cuda_conv_layout *layout,
                         enum cedm_cuda_precision precision,
                         const cedm_conv *op);

/* What the table cedm_cuda_pack receives: model->eval with it packs all
 * parts, in op order, or counts their bytes while `weights` is NULL. */
typedef struct cedm_cuda_packing {
    enum cedm_cuda_precision precision;
    uint32_t dtype;         /* enum cedm_dtype, of data */
    const void *data;       /* the blob's tensors */
    unsigned char *weights; /* host, `used` bytes of a run that counted */
    uint32_t *index;        /* [op_count], in units of CEDM_ALIGN; or NULL */
    uint64_t used;          /* starts at 0 */
} cedm_cuda_packing;

extern const cedm_ops cedm_cuda_pack;

/* The first and the last convolution, which read or write a map of floats,
 * and all of them in strict float32. */
static inline int cedm_cuda_conv_is_f32(enum cedm_cuda_precision precision,
                                        const cedm_conv *op)
{
    return precision == CEDM_CUDA_FP32 || CEDM_REF_IS_F32(op->src[0]) ||
           CEDM_REF_IS_F32(op->dst);
}

/* Bytes of an element of the activation segment. */
static inline uint32_t cedm_cuda_act_bytes(enum cedm_cuda_precision precision)
{
    return precision == CEDM_CUDA_FP32 ? 4u : 2u;
}

/* ---- execution --------------------------------------------------------- */

/* Bits of a word of `overflow`. */
#define CEDM_CUDA_OVERFLOW 1u  /* a 16-bit result was not finite */
#define CEDM_CUDA_NONFINITE 2u /* the denoised image is not finite */

/* Bytes of workspace: what cuBLAS asks for on the largest devices.  Kernels
 * may use it too: it belongs to one op at a time, in stream order. */
#define CEDM_CUDA_WORKSPACE_BYTES (32u << 20)

/* Channels of the map that a dst of `channels` channels is a part of. */
static inline uint32_t cedm_cuda_dst_stride(uint32_t dst_stride,
                                            uint32_t channels)
{
    return dst_stride == 0 ? channels : dst_stride;
}

/* How a matrix product was set up when the context was initialised. */
typedef struct cedm_cuda_gemm cedm_cuda_gemm;

typedef struct cedm_cuda_exec {
    const cedm_model *model;
    enum cedm_cuda_precision precision;
    uint32_t batch; /* images of every call */
    uint32_t arch;  /* 80 for compute capability 8.0, ... */
    uint32_t multiprocessors;
    void *act;                    /* device, activations */
    float *f32;                   /* device, the segment of floats */
    const unsigned char *weights; /* device, prepared */
    const uint32_t *index; /* host [op_count]: where parts lie, in units
                                 of CEDM_ALIGN bytes */
    const int32_t
        *cluster;         /* device [batch], -1: no label; as cedm_exec has */
    const int32_t *other; /* them, or both NULL */
    const float *share;
    uint32_t *overflow; /* device [batch] */
    void *stream;       /* cudaStream_t */
    void *cublas;       /* cublasLtHandle_t */
    void *workspace;    /* device */
    size_t workspace_bytes;
    cedm_cuda_gemm *gemms; /* host [op_count] */
    void *encode_tensor;   /* the driver's function, where kernels copy
                                 boxes of tensors; else NULL */
    int error;             /* first of a run, 0 or a cudaError_t */
    const char *failed;    /* the op that it is of */
} cedm_cuda_exec;

/* Device addresses: image 0 of a tensor (images follow one another), and
 * the prepared part of an op. */
static inline void *cedm_cuda_at(const cedm_cuda_exec *exec, cedm_ref ref)
{
    uint64_t first = (uint64_t)exec->batch * CEDM_REF_OFFSET(ref);

    return CEDM_REF_IS_F32(ref)
               ? (void *)(exec->f32 + first)
               : (void *)((unsigned char *)exec->act +
                          first * cedm_cuda_act_bytes(exec->precision));
}

static inline const void *cedm_cuda_part(const cedm_cuda_exec *exec,
                                         uint32_t id)
{
    return exec->weights + (uint64_t)exec->index[id] * CEDM_ALIGN;
}

/* Once per context, on its device, before anything else: attributes of the
 * functions, modules loaded, so that nothing is allocated later.  Sets
 * exec->encode_tensor by exec->arch. */
int cedm_cuda_kernels_init(cedm_cuda_exec *exec);

/* ---- the ops of a graph ------------------------------------------------ *
 *
 * As cedm_ops.h defines them, over all images of the batch.  Maps lie in
 * the activation segment in the precision's type, or in the f32 segment as
 * floats, as their refs say.  cedm_cuda_conv leaves statistics if the op asks
 * for them. */
#define CEDM_CUDA_GRAPH_OP(name)                                             \
    int cedm_cuda_##name(const cedm_cuda_exec *exec, const cedm_##name *op);
CEDM_GRAPH_OPS(CEDM_CUDA_GRAPH_OP)
#undef CEDM_CUDA_GRAPH_OP

/* What remains of a convolution whose dst cuBLAS wrote: the statistics, if
 * the op has any, and the overflow flags of a 16-bit map. */
int cedm_cuda_conv_finish(const cedm_cuda_exec *exec, const cedm_conv *op);

/* Whether an op is one plain matrix product, which cuBLAS makes instead.
 * (Its GELU is another: by a hyperbolic tangent.) */
static inline int cedm_cuda_gemm_suits_conv(const cedm_conv *op)
{
    return op->kernel[0] == 1 && op->kernel[1] == 1 && op->stride == 1 &&
           op->pad[0] == 0 && op->pad[1] == 0 && op->up == 0 &&
           op->act == CEDM_ACT_NONE && op->cin[1] == 0 &&
           op->skip_cin[0] == 0 && op->emb_src == CEDM_NONE &&
           op->post != CEDM_POST_GELU && !CEDM_REF_IS_F32(op->src[0]) &&
           !CEDM_REF_IS_F32(op->dst) && op->cin[0] % 8 == 0 &&
           op->cout % 8 == 0 && op->dst_index % 8 == 0 &&
           op->dst_stride % 8 == 0;
}

static inline int cedm_cuda_gemm_suits_linear(const cedm_linear *op)
{
    return op->act == CEDM_ACT_NONE && op->in % 4 == 0 && op->out % 4 == 0;
}

/* ---- the ops of a sampler ---------------------------------------------- *
 *
 * Maps are double [batch][H][W][channels] of the model's image, scalars come
 * from tables in device memory. */

/* Which row of a table image i uses: *step * per_step + first + i *
 * per_image; a step of NULL is 0. */
typedef struct cedm_cuda_row {
    const uint32_t *step; /* device */
    uint32_t per_step, first, per_image;
} cedm_cuda_row;

/* One evaluation of the network. */
typedef struct cedm_cuda_scalars {
    double c_in, c_skip, c_out;
} cedm_cuda_scalars;

/* One step of the sampler; the names are those of runtime/diffusion/steps.h.
 * A multistep solver has the matrix alone. */
typedef struct cedm_cuda_step_row {
    double s, divisor;           /* at t hat */
    double next_s, next_divisor; /* at the next level */
    double h;
    double matrix[CEDM_STATE_MAPS][CEDM_STATE_MAPS];
} cedm_cuda_step_row;

/* x = base x + scale weight noise, noise draw `draw` of each seed in CHW order,
 * of float32 for draw 0, else of float64.  Where base is 0 x may hold
 * anything, and where scale weight is 0 and base 1 it keeps its bits. */
typedef struct cedm_cuda_noise {
    const uint64_t *seed; /* device [batch] */
    const double *weight; /* device [batch]; NULL: 1 */
    uint32_t draw;
    double base, scale;
    double *x;
} cedm_cuda_noise;

/* x = a x + (1 - a) (base (image / 127.5 - 1) + scale noise), a = mask / 255,
 * 0 with mask NULL; noise as above.  a = 1 keeps x, with a = 0 it may hold
 * anything. */
typedef struct cedm_cuda_from_image {
    const uint64_t *seed;
    const uint8_t *image; /* device [batch][H][W][channels] */
    const uint8_t *mask;  /* device [batch][H][W], or NULL */
    uint32_t draw;
    double base, scale;
    double *x;
} cedm_cuda_from_image;

/* input = (float)(c_in x), features = their row. */
typedef struct cedm_cuda_load {
    const double *x;
    const cedm_cuda_scalars *scalars;
    const float *features; /* [rows][model->features.channels] */
    cedm_cuda_row row;
} cedm_cuda_load;

/* dst = (first ? 0 : dst) + weight (c_skip x + c_out F); sets
 * CEDM_CUDA_NONFINITE in overflow[image] if that is not finite. */
typedef struct cedm_cuda_unload {
    const double *x;
    const cedm_cuda_scalars *scalars;
    cedm_cuda_row row;
    uint32_t first;
    double weight;
    double *dst;
} cedm_cuda_unload;

/* d = (s x - denoised) / divisor;  next = x + h d.  d may equal denoised,
 * next may equal x. */
typedef struct cedm_cuda_euler {
    const cedm_cuda_step_row *steps;
    const uint32_t *step;
    const double *x, *denoised;
    double *d, *next;
} cedm_cuda_euler;

/* dst = x + h (d + (next_s next - denoised) / next_divisor) / 2.  dst may
 * equal x. */
typedef struct cedm_cuda_heun {
    const cedm_cuda_step_row *steps;
    const uint32_t *step;
    const double *x, *d, *next, *denoised;
    double *dst;
} cedm_cuda_heun;

/* map[j] = sum_k matrix[j][k] map[k] of the values before, as cedm_combine. */
typedef struct cedm_cuda_combine {
    const cedm_cuda_step_row *steps;
    const uint32_t *step;
    double *map[CEDM_STATE_MAPS];
} cedm_cuda_combine;

/* dst = trunc(clip(127.5 x + 128, 0, 255)), a NaN becomes 0. */
typedef struct cedm_cuda_to_image {
    const double *x;
    uint8_t *dst; /* device */
} cedm_cuda_to_image;

/* *step += by, modulo 2^32. */
typedef struct cedm_cuda_advance {
    uint32_t *step;
    uint32_t by;
} cedm_cuda_advance;

#define CEDM_CUDA_SAMPLER_OPS(X)                                             \
    X(noise)                                                                 \
    X(from_image)                                                            \
    X(load) X(unload) X(euler) X(heun) X(combine) X(to_image) X(advance)

#define CEDM_CUDA_DECLARE_OP(name)                                           \
    int cedm_cuda_run_##name(const cedm_cuda_exec *exec,                     \
                             const cedm_cuda_##name *op);
CEDM_CUDA_SAMPLER_OPS(CEDM_CUDA_DECLARE_OP)

/* ---- the ops of an encoder --------------------------------------------- */

/* input = the pixels of each image as floats. */
typedef struct cedm_cuda_pixels {
    const uint8_t *images; /* device [batch][H][W][channels] */
} cedm_cuda_pixels;

/* dst = the first numbers of output 0; sets CEDM_CUDA_NONFINITE in
 * overflow[image] if one is not finite. */
typedef struct cedm_cuda_features {
    float *dst; /* device [batch][features] */
} cedm_cuda_features;

#define CEDM_CUDA_ENCODER_OPS(X) X(pixels) X(features)

CEDM_CUDA_ENCODER_OPS(CEDM_CUDA_DECLARE_OP)
#undef CEDM_CUDA_DECLARE_OP

#ifdef __cplusplus
}
#endif
#endif
