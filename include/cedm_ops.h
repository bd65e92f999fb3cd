/* SPDX-License-Identifier: MIT
 *
 * cedm_ops.h - the ops that a frozen model is made of: a descriptor of each,
 * and what a call means.  cedm_model.h has the graph of them.
 *
 * Conventions used by every descriptor
 *  - Maps are NHWC.  A descriptor speaks of one image; a backend repeats it
 *    for the images of a batch, which it may do in any order.
 *  - A `cedm_ref` names a tensor in the arena: an offset in elements, for one
 *    image, into one of two segments.  Image i of a batch of capacity B lies
 *    at B * offset + i * (elements of the tensor): the plan is made once and
 *    serves every batch.  Offsets are multiples of CEDM_REF_ALIGN elements.
 *  - Two segments: activations (a backend may store them as 16-bit floats)
 *    and "f32" (image-sized and vector-sized tensors, always float).
 *  - A `cedm_weight` is an offset in elements into the blob's data, or into
 *    what data of 16 bits becomes before a backend sees it.
 *  - Every op may be called with any number of images n, 1 <= n <= batch.
 *  - Unless an op says so, its destination overlaps none of its sources.
 */
#ifndef CEDM_OPS_H
#define CEDM_OPS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Version of the contract, which this is with cedm_model.h; a model made for
 * another one is refused.  A new op or member is a new version. */
#define CEDM_MODEL_ABI 3u

/* ---- references ------------------------------------------------------- */

typedef uint32_t cedm_ref;
typedef uint32_t cedm_weight;

#define CEDM_NONE 0xffffffffu    /* no such tensor or weight */
#define CEDM_REF_F32 0x80000000u /* set: f32 segment; clear: activations */
#define CEDM_REF_ALIGN 32u       /* elements: 64 bytes at 16 bits each */
#define CEDM_REF_OFFSET(ref) ((ref) & ~CEDM_REF_F32)
#define CEDM_REF_IS_F32(ref) (((ref) & CEDM_REF_F32) != 0u)
#define CEDM_WEIGHT_ALIGN 16u /* elements: 64 bytes at 32 bits each */

/* What is done to a source x before it is used.  a and b come from
 * cedm_norm_coeff: one pair per image and channel. */
enum cedm_act {
    CEDM_ACT_NONE = 0,  /* x                                  */
    CEDM_ACT_AFFINE = 1, /* a x + b                           */
    CEDM_ACT_SILU = 2   /* silu(a x + b), silu(t) = t/(1+e^-t) */
};

/* What is done last to a result y. */
enum cedm_post {
    CEDM_POST_NONE = 0,
    CEDM_POST_RELU = 1, /* max(y, 0) */
    CEDM_POST_GELU = 2  /* y Phi(y), Phi the normal distribution [GELU] */
};

/* ---- the ops of a graph ----------------------------------------------- */

/* dst[c] = act(features[c] + label_scale * W[cluster][c] + bias[c])
 * The row of cluster -1 (the all-zero label) is zero; of a label between two
 * clusters it is (1 - share) W[cluster][c] + share W[other][c].  Label and bias
 * are left out when label_dim is 0.  W is [label_dim][channels]; bias may be
 * CEDM_NONE.  act is NONE or SILU with a = 1, b = 0. */
typedef struct cedm_embed {
    uint32_t id;
    uint32_t channels;
    uint32_t label_dim;
    uint32_t act;
    float label_scale;
    cedm_ref features, dst; /* f32 [channels] */
    cedm_weight weight, bias;
} cedm_embed;

/* dst[o] = act(sum_i W[o][i] src[i] + bias[o]), act is NONE or SILU with
 * a = 1, b = 0.  bias may be CEDM_NONE. */
typedef struct cedm_linear {
    uint32_t id;
    uint32_t in, out;
    uint32_t act;
    cedm_ref src, dst; /* f32 [in], f32 [out] */
    cedm_weight weight, bias;
} cedm_linear;

/* Group normalisation as per-channel coefficients: GN(x)[c] = a[c] x + b[c].
 *
 * The input is the channel-wise concatenation of one or two maps (the second
 * absent when channels[1] is 0), known by the partial statistics that their
 * producers left: stats[s] is [partials][2][channels[s]], mean then M2 (sum
 * of squared deviations) over the rows p*stat_rows .. of a map, so that
 * partials = ceil(height / stat_rows).  They are merged in order (Chan et
 * al.), so groups may straddle the two maps.
 * groups divides channels[0] + channels[1]; variance is biased.
 * If adaptive_src is not CEDM_NONE, 2 * channels of that vector, f32
 * [adaptive_stride] an image, from adaptive_index on, are scale then shift;
 * the result is GN(x) * (1 + scale) + shift  (ADM).
 * dst is f32 [2][channels[0] + channels[1]]: a, then b. */
typedef struct cedm_norm_coeff {
    uint32_t id;
    uint32_t height, width;
    uint32_t channels[2];
    uint32_t groups;
    uint32_t stat_rows;
    float eps;
    cedm_ref stats[2];
    uint32_t adaptive_index, adaptive_stride;
    cedm_ref adaptive_src;
    cedm_ref dst;
    cedm_weight gamma, beta;
} cedm_norm_coeff;

/* Convolution with everything around it:
 *
 *   dst = post( ( conv(act(concat(src[0], src[1]))) + bias + emb
 *               + conv1x1(concat(skip_src[0], skip_src[1])) + skip_bias
 *               + residual ) * scale )
 *
 * conv: kernel[0] rows by kernel[1] columns, weight [cout][kernel[0]]
 * [kernel[1]][cin], zero padding of pad[0] rows and pad[1] columns on either
 * side applied after act, step `stride`.  With up = 1 the activated source is
 * first enlarged x2 by repetition (nearest neighbour), so height =
 * 2 * in_height; then kernel is 3 x 3, pad 1, stride 1.
 * Output (y, x) takes source rows y*stride + ky - pad[0], likewise columns.
 * coeff is the f32 [2][cin] of a norm_coeff, CEDM_NONE iff act is NONE.
 * The optional skip has skip_cin[0] > 0, a weight [cout][skip_cin], no
 * activation, and maps of the output's size, or half of it with skip_up.
 * emb is cout channels of the vector emb_src, f32 [emb_stride] an image,
 * from emb_index on (one linear op computes the vectors of all blocks);
 * residual is a map like dst; each may be CEDM_NONE, and so may the biases.
 * stats, if not CEDM_NONE, is f32 [partials][2][cout]: see cedm_norm_coeff.
 *
 * dst is channels dst_index .. dst_index + cout - 1 of a map of dst_stride
 * channels, so that convolutions side by side make one map; with
 * dst_stride 0 the map has no others.  Then residual and stats are CEDM_NONE
 * and there is no skip.
 *
 * algorithm is a hint for CPU backends, made when the model is frozen; the
 * portable backend ignores it.
 *
 * Aliasing: dst may equal residual, and may equal skip_src[s] if that has
 * cout channels and skip_up is 0.  Backends read a pixel's skip sources and
 * residual before they write that pixel. */
enum cedm_conv_algorithm {
    CEDM_CONV_DIRECT = 0,
    CEDM_CONV_WINOGRAD4 = 1, /* by tiles of 4 x 4 outputs; for kernel 3, */
    CEDM_CONV_WINOGRAD2 = 2  /* or 2 x 2, up 0: stride 1, pad 1, all
                                channels in multiples of 16 */
};

typedef struct cedm_conv {
    uint32_t id;
    uint32_t algorithm;
    uint32_t height, width;       /* of dst */
    uint32_t in_height, in_width; /* of src */
    uint32_t cin[2], cout;
    uint32_t kernel[2], stride, pad[2], up;
    uint32_t act, post;
    uint32_t skip_cin[2], skip_up;
    uint32_t stat_rows;
    float scale;
    cedm_ref src[2], coeff;
    cedm_ref skip_src[2];
    uint32_t emb_index, emb_stride;
    cedm_ref emb_src, residual;
    uint32_t dst_index, dst_stride;
    cedm_ref dst, stats;
    cedm_weight weight, bias, skip_weight, skip_bias;
} cedm_conv;

/* Resampling of act(src) with a separable filter of `taps` elements, f (sum
 * 1, taken from the blob), along both axes; outside the map is zero, after
 * act.  Shown for one axis:
 *   DOWN  dst[o] = sum_i f[i] src[2 o - pad + i]
 *   UP    dst[o] = sum_i 2 f[i] src[(o + pad - i) / 2], even o + pad - i only
 *   SAME  dst[o] = sum_i f[i] src[o - pad + i] */
enum cedm_resample_mode {
    CEDM_RESAMPLE_DOWN = 0,
    CEDM_RESAMPLE_UP = 1,
    CEDM_RESAMPLE_SAME = 2
};

#define CEDM_MAX_TAPS 16u

typedef struct cedm_resample {
    uint32_t id;
    uint32_t mode;
    uint32_t height, width;       /* of dst */
    uint32_t in_height, in_width; /* of src */
    uint32_t channels;
    uint32_t taps, pad;
    uint32_t act;
    cedm_ref src, coeff, dst;
    cedm_weight filter;
} cedm_resample;

/* Self-attention over the pixels of a map.  src is [tokens][3][channels]: q,
 * k, v; a head h owns channels h*d .. h*d + d-1, d = channels / heads.
 *   dst[t] = sum_u softmax_u(q[t] . k[u] / sqrt(d)) v[u]
 * tokens <= CEDM_MAX_TOKENS. */
#define CEDM_MAX_TOKENS 4096u

typedef struct cedm_attention {
    uint32_t id;
    uint32_t tokens, channels, heads;
    cedm_ref src, dst;
} cedm_attention;

/* An 8-bit image as a network wants it: resized, cut to a window, and
 * normalised.  src holds whole numbers 0..255.  Both axes are filtered, rows
 * first: output o of an axis is the sum over i < taps of weight i times
 * source first + i.  `down` is [height][1 + taps[0]], `across` [width]
 * [1 + taps[1]]: first, then the weights.  With fixed = 1 the weights are
 * whole numbers, multiples of 2^-22, and both sums are rounded to 8 bits
 * [PILLOW]; else sums are floats, and the last one is clipped to 0..255.
 *   dst[y][x][c] = value * scale[c] + shift[c]
 * `normal` is scale[channels], then shift[channels].  All three weights are
 * exact (cedm_tensor). */
typedef struct cedm_preprocess {
    uint32_t id;
    uint32_t height, width;       /* of dst */
    uint32_t in_height, in_width; /* of src */
    uint32_t channels;            /* 1..4 */
    uint32_t taps[2];
    uint32_t fixed;
    cedm_ref src, dst;
    cedm_weight down, across, normal;
} cedm_preprocess;

/* dst[t] = table[t] for t < first, else table[t] + src[t - first]: the tokens
 * of a vision transformer are its class token and registers, then patches,
 * all with their positions added [VIT].  src is [tokens - first][channels]. */
typedef struct cedm_tokens {
    uint32_t id;
    uint32_t tokens, first, channels;
    cedm_ref src, dst;
    cedm_weight table; /* [tokens][channels] */
} cedm_tokens;

/* Layer normalisation of every token [LAYERNORM], variance biased:
 *   dst[t][c] = (src[t][c] - mean_t) / sqrt(variance_t + eps) gamma[c]
 *             + beta[c] */
typedef struct cedm_layer_norm {
    uint32_t id;
    uint32_t tokens, channels;
    float eps;
    cedm_ref src, dst;
    cedm_weight gamma, beta;
} cedm_layer_norm;

/* dst[t][c] = silu(src[t][c]) src[t][channels + c]: the gate of a SwiGLU
 * layer [SWIGLU].  src is [tokens][2 channels]. */
typedef struct cedm_gate {
    uint32_t id;
    uint32_t tokens, channels;
    cedm_ref src, dst;
} cedm_gate;

/* The largest value, or the mean of those inside the map, of a window of
 * kernel x kernel pixels at steps of `stride`; rows and columns are those of
 * a convolution with `pad`.  With kernel 0 the window is the whole map.
 * dst_index and dst_stride are a convolution's. */
enum cedm_pool_mode { CEDM_POOL_MAX = 0, CEDM_POOL_MEAN = 1 };

typedef struct cedm_pool {
    uint32_t id;
    uint32_t mode;
    uint32_t height, width;       /* of dst */
    uint32_t in_height, in_width; /* of src */
    uint32_t channels;
    uint32_t kernel, stride, pad;
    cedm_ref src;
    uint32_t dst_index, dst_stride;
    cedm_ref dst;
} cedm_pool;

/* The one list of graph ops: X(name).  Descriptor type cedm_<name>. */
#define CEDM_GRAPH_OPS(X)                                                    \
    X(embed) X(linear) X(norm_coeff) X(conv) X(resample) X(attention)        \
    X(preprocess) X(tokens) X(layer_norm) X(gate) X(pool)

/* What a call of each op means; ctx is the table's own affair. */
typedef struct cedm_ops {
#define CEDM_OP_MEMBER(name) void (*name)(void *ctx, const cedm_##name *op);
    CEDM_GRAPH_OPS(CEDM_OP_MEMBER)
#undef CEDM_OP_MEMBER
} cedm_ops;

/* ---- the ops of a sampler --------------------------------------------- */

/* Sampler state: float64, or float32 where CEDM_STATE_F32 is defined. */
#ifdef CEDM_STATE_F32
typedef float cedm_real;
#else
typedef double cedm_real;
#endif

/* Arrays of the structures below: maps are [n][H][W][channels] of the
 * model's image; the others are [n].  n images, given per call. */

/* dst = base_scale * base + scale * noise.  noise is draw number
 * `draw` of image i's seed in the Philox stream of runtime/philox.h; element
 * order is CHW.  draw 0 is made in single precision (latents), later ones in
 * double.  base may be NULL (0) or equal dst. */
typedef struct cedm_noise {
    uint32_t n;
    uint32_t draw;
    cedm_real base_scale, scale;
    const uint64_t *seed;
    const cedm_real *base;
    cedm_real *dst;
} cedm_noise;

/* The model's input tensors: image = (float)(c_in[i] * x), features, and
 * the labels that `embed` will read. */
typedef struct cedm_load {
    uint32_t n;
    const cedm_real *x;
    const cedm_real *c_in;
    const float *features; /* [n][features of the model] */
    const int32_t *cluster, *other; /* other and share, 0..1, are of labels */
    const float *share; /* between two clusters, or NULL */
} cedm_load;

/* dst = dst + weight * (c_skip[i] * x + c_out[i] * F), F the model's output:
 * guidance adds up two evaluations.  With first = 1 dst is overwritten.  dst
 * must not overlap x. */
typedef struct cedm_unload {
    uint32_t n;
    uint32_t first;
    cedm_real weight;
    const cedm_real *x;
    const cedm_real *c_skip, *c_out;
    cedm_real *dst;
} cedm_unload;

/* d = (s x - denoised) / t;  next = x + h d.   d may equal denoised. */
typedef struct cedm_euler {
    uint32_t n;
    cedm_real s, t, h;
    const cedm_real *x, *denoised;
    cedm_real *d, *next;
} cedm_euler;

/* next = x + h (d + (s next - denoised) / t) / 2. */
typedef struct cedm_heun {
    uint32_t n;
    cedm_real s, t, h;
    const cedm_real *x, *d, *denoised;
    cedm_real *next;
} cedm_heun;

/* Maps of sampler state that a net has. */
#define CEDM_STATE_MAPS 4u

/* All maps become combinations of all: map[j] = sum_k weight[j][k] map[k] of
 * the values before, added up in the order of k; a map whose weight is 0 is
 * left out, whatever it holds.  The maps are distinct. */
typedef struct cedm_combine {
    uint32_t n;
    cedm_real weight[CEDM_STATE_MAPS][CEDM_STATE_MAPS];
    cedm_real *map[CEDM_STATE_MAPS];
} cedm_combine;

/* dst = trunc(clip(127.5 x + 128, 0, 255)), [n][H][W][channels]. */
typedef struct cedm_to_image {
    uint32_t n;
    const cedm_real *x;
    uint8_t *dst;
} cedm_to_image;

/* x = a x + (1 - a) (scale * (image / 127.5 - 1) + noise * z), a = mask / 255,
 * 0 with mask NULL, z draw number `draw` as in cedm_noise.  a = 1 keeps x. */
typedef struct cedm_from_image {
    uint32_t n, draw;
    cedm_real scale, noise;
    const uint64_t *seed;
    const uint8_t *image; /* [n][H][W][channels] */
    const uint8_t *mask;  /* [n][H][W], or NULL */
    cedm_real *x;
} cedm_from_image;

#define CEDM_SAMPLER_OPS(X)                                                  \
    X(noise) X(load) X(unload) X(euler) X(heun) X(to_image) X(combine)       \
    X(from_image)

#ifdef __cplusplus
}
#endif
#endif
