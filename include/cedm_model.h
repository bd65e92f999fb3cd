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
 * up bytes; tools bring tables of their own that time or trace.
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
#ifndef CEDM_MODEL_H
#define CEDM_MODEL_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Version of this contract; a model made for another one is refused.  A new
 * op or member is a new version. */
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
