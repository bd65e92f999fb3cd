/* SPDX-License-Identifier: MIT
 *
 * conv_plain.cuh - convolution by multiply-adds in float, for every option,
 * number of channels and type: strict float32, the first and last layer, and
 * what the matrix kernel does not take.
 *
 * A block makes a rectangle of BM pixels by BN output channels.  It stages
 * some channels of all source pixels that taps reach, activated once, and
 * weights of those channels for as many taps as there is room for.  A thread
 * adds up TM x TN outputs in the order of K: slices, in them runs of channels
 * that are staged together, in them taps.  Where outputs are few, PARTS
 * threads share the channels of an output, and their sums are added in the
 * order of parts. */
#ifndef CEDM_CUDA_CONV_PLAIN_CUH
#define CEDM_CUDA_CONV_PLAIN_CUH

#include "runtime/cuda/conv.cuh"
#include "runtime/cuda/eights.cuh"
#include "runtime/cuda/post.cuh"

#define PLAIN_THREADS 256
/* Floats of shared memory at most, 44 KiB in all. */
#define PLAIN_SOURCE 8192u
#define PLAIN_WEIGHTS 3072u
/* Keeps apart the banks of eight rows that are read 16 bytes at a time. */
#define PLAIN_PAD 4u

/* How a grid is cut into tiles. */
typedef struct plain_tile {
    uint32_t width, height, across, down;
    uint32_t rows, columns; /* of source pixels that a tile reaches */
    uint32_t depth; /* channels staged together, a power of two, >= 4 */
    uint32_t taps;  /* staged together */
} plain_tile;

/* ---- on the host ------------------------------------------------------- */

static inline uint32_t plain_reach(const cedm_conv_args *v, int axis,
                                   uint32_t pixels)
{
    return v->up ? pixels + 1
                 : (pixels - 1) * v->stride[axis] + v->kernel[axis];
}

static inline uint32_t plain_source_floats(const plain_tile *t)
{
    uint32_t reached = t->rows * t->columns, own = t->width * t->height;

    return (reached > own ? reached : own) * (t->depth + PLAIN_PAD);
}

static inline void plain_reach_of(plain_tile *t, const cedm_conv_args *v)
{
    t->rows = plain_reach(v, 0, t->height);
    t->columns = plain_reach(v, 1, t->width);
}

/* Fewer channels, then fewer pixels, until the source fits. */
static inline void plain_shrink(plain_tile *t, const cedm_conv_args *v)
{
    plain_reach_of(t, v);
    while (plain_source_floats(t) > PLAIN_SOURCE &&
           (t->depth > 4 || t->height > 1 || t->width > 1)) {
        if (t->depth > 8) {
            t->depth /= 2;
        } else if (t->height > 1) {
            t->height /= 2;
        } else if (t->width > 1) {
            t->width /= 2;
        } else {
            t->depth /= 2;
        }
        plain_reach_of(t, v);
    }
}

/* Rectangles of up to bm pixels, 32 wide where the grid is. */
static inline plain_tile plain_cut(const cedm_conv_args *v, uint32_t bm,
                                   uint32_t bn)
{
    plain_tile t = {};
    uint32_t most = 0;

    t.width = v->grid_width < 32 ? v->grid_width : 32;
    t.height = bm / t.width < v->grid_height ? bm / t.width : v->grid_height;
    for (int s = 0; s < 4; s++) {
        most = v->channels[s] > most ? v->channels[s] : most;
    }
    for (t.depth = 4; t.depth < most && t.depth < CEDM_CUDA_K;) {
        t.depth *= 2;
    }
    plain_shrink(&t, v);
    t.taps = PLAIN_WEIGHTS / (t.depth * bn);
    t.taps = t.taps < v->taps ? t.taps : v->taps;
    t.across = cedm_blocks(v->grid_width, t.width);
    t.down = cedm_blocks(v->grid_height, t.height);
    return t;
}

/* Bytes of shared memory: sums of parts come where the source was. */
static inline size_t plain_shared(const plain_tile *t, uint32_t bm,
                                  uint32_t bn, uint32_t parts)
{
    size_t source = plain_source_floats(t), sums = (size_t)bm * bn * parts;

    return 4 * ((source > sums ? source : sums) +
                (size_t)t->taps * t->depth * bn);
}

/* ---- staging ----------------------------------------------------------- */

/* What is staged next: channels `first` to first + depth of one source. */
struct plain_run {
    cedm_map map;
    size_t image; /* first element of this image */
    const float *a, *b;
    uint32_t channels, first;
    bool skip;
};

/* The source pixel at (y, x) of what a tile reaches; -1: none. */
static __device__ __forceinline__ int
plain_source(const cedm_conv_args &v, const plain_run &s, uint32_t y0,
             uint32_t x0, uint32_t y, uint32_t x)
{
    uint32_t phase = blockIdx.z;
    int top = v.up ? (int)(phase / 2) - 1 : -(int)v.pad[0];
    int left = v.up ? (int)(phase % 2) - 1 : -(int)v.pad[1];

    if (s.skip) {
        return y0 + y < v.grid_height && x0 + x < v.grid_width
            ? (int)cedm_skip_pixel(v, phase, y0 + y, x0 + x) : -1;
    }
    return cedm_src_pixel(v, (int)(y0 * v.stride[0] + y) + top,
                          (int)(x0 * v.stride[1] + x) + left);
}

/* V channels of a pixel, activated; zeros beyond the channels and outside. */
template <typename T, int V>
static __device__ __forceinline__ void
plain_load(float (&x)[V], const plain_run &s, const float (&a)[V],
           const float (&b)[V], uint32_t act, uint32_t c, int pixel)
{
#pragma unroll
    for (int i = 0; i < V; i++) {
        x[i] = 0.0f;
    }
    if (pixel >= 0 && c < s.channels) {
        cedm_load_map<T, V>(x, s.map,
                            s.image + (size_t)pixel * s.channels + c);
#pragma unroll
        for (int i = 0; i < V; i++) {
            x[i] = cedm_activate<T>(x[i], a[i], b[i], act);
        }
    }
}

template <int V>
static __device__ __forceinline__ void plain_keep(float *to,
                                                  float (&x)[V])
{
    if constexpr (V == 8) {
        cedm_store_floats(to, x);
    } else {
        to[0] = x[0];
    }
}

/* source[pixel][depth + PAD]: each element once, V at a time. */
template <typename T, int V>
static __device__ __forceinline__ void
plain_stage(const cedm_conv_args &v, const plain_tile &t, const plain_run &s,
            uint32_t y0, uint32_t x0, float *source)
{
    uint32_t chunks = t.depth / V, step = PLAIN_THREADS / chunks;
    uint32_t k = threadIdx.x % chunks * V, c = s.first + k;
    uint32_t columns = s.skip ? t.width : t.columns;
    uint32_t pixels = columns * (s.skip ? t.height : t.rows);
    uint32_t r = threadIdx.x / chunks, y = r / columns, x = r % columns;
    uint32_t step_y = step / columns, step_x = step % columns;
    uint32_t act = s.skip ? (uint32_t)CEDM_ACT_NONE : v.act;
    float a[V] = {}, b[V] = {};

    if (act != CEDM_ACT_NONE && c < s.channels) {
        cedm_load_floats(a, s.a + c);
        cedm_load_floats(b, s.b + c);
    }
    for (; r < pixels; r += step) {
        float value[V];

        plain_load<T, V>(value, s, a, b, act, c,
                         plain_source(v, s, y0, x0, y, x));
        plain_keep<V>(source + r * (t.depth + PLAIN_PAD) + k, value);
        y += step_y;
        x += step_x;
        if (x >= columns) {
            x -= columns;
            y++;
        }
    }
}

/* weights[tap][depth][BN] of some taps; `at` is the element of every output's
 * k where the first of them has the run's first channel. */
template <typename W, int BN>
static __device__ __forceinline__ void
plain_stage_weights(const cedm_conv_args &v, const plain_tile &t, uint32_t at,
                    uint32_t taps, uint32_t n0, float *weights)
{
    uint32_t k = threadIdx.x % t.depth;
    const W *from = static_cast<const W *>(v.weight) +
                    ((size_t)blockIdx.z * v.cout_padded + n0) * v.k + at + k;

    for (uint32_t r = threadIdx.x / t.depth; r < taps * BN;
         r += PLAIN_THREADS / t.depth) {
        uint32_t tap = r / BN, n = r % BN;

        weights[(tap * t.depth + k) * BN + n] =
            cedm_widen(from[(size_t)n * v.k + tap * CEDM_CUDA_K]);
    }
}

/* ---- multiplying ------------------------------------------------------- */

static __device__ __forceinline__ void plain_four(float (&to)[4],
                                                  const float *from)
{
    float4 four = *reinterpret_cast<const float4 *>(from);

    to[0] = four.x, to[1] = four.y, to[2] = four.z, to[3] = four.w;
}

/* Channels `begin` to `end` of a tap, by fours; pixels[i] is where this
 * thread's pixel i has them. */
template <int BN, int TM>
static __device__ __forceinline__ void
plain_multiply(float (&sum)[TM][4], const float *const (&pixels)[TM],
               const float *weights, uint32_t begin, uint32_t end)
{
    for (uint32_t k = begin; k < end; k += 4) {
        float a[TM][4], b[4];

#pragma unroll
        for (int i = 0; i < TM; i++) {
            plain_four(a[i], pixels[i] + k);
        }
#pragma unroll
        for (int e = 0; e < 4; e++) {
            plain_four(b, weights + (k + e) * BN);
#pragma unroll
            for (int i = 0; i < TM; i++) {
#pragma unroll
                for (int j = 0; j < 4; j++) {
                    sum[i][j] = fmaf(a[i][e], b[j], sum[i][j]);
                }
            }
        }
    }
}

/* ---- a block ----------------------------------------------------------- */

/* PARTS * BM / TM * BN / 4 threads. */
template <typename T, typename W, int BM, int BN, int TM, int PARTS>
struct plain_block {
    static constexpr uint32_t ACROSS = BN / 4;

    const cedm_conv_args &v;
    const plain_tile &t;
    float *source, *weights;
    uint32_t image, y0, x0, n0, part;
    float sum[TM][4];

    __device__ __forceinline__ plain_block(const cedm_conv_args &args,
                                           const plain_tile &tile)
        : v(args), t(tile), sum()
    {
        uint32_t b = blockIdx.x;

        weights = reinterpret_cast<float *>(cedm_shared());
        source = weights + t.taps * t.depth * BN;
        x0 = b % t.across * t.width;
        b /= t.across;
        y0 = b % t.down * t.height;
        image = v.first + b / t.down;
        n0 = blockIdx.y * BN;
        part = threadIdx.x / (PLAIN_THREADS / PARTS);
    }

    /* This thread's pixel i of the tile, and its first channel in it. */
    __device__ __forceinline__ uint32_t pixel(int i) const
    {
        return threadIdx.x % (PLAIN_THREADS / PARTS) / ACROSS + i * (BM / TM);
    }

    __device__ __forceinline__ uint32_t column() const
    {
        return threadIdx.x % ACROSS * 4;
    }

    /* Where pixel i has its first tap; the last one stands in for those that
     * the tile lacks. */
    __device__ __forceinline__ const float *place(int i, bool skip) const
    {
        uint32_t last = t.width * t.height - 1, m = pixel(i);
        uint32_t y, x;

        m = m < last ? m : last;
        y = m / t.width;
        x = m % t.width;
        return source + (t.depth + PLAIN_PAD) *
                            (skip   ? m
                             : v.up ? y * t.columns + x
                                    : y * v.stride[0] * t.columns +
                                          x * v.stride[1]);
    }

    __device__ __forceinline__ void stage(const plain_run &s)
    {
        bool eights = t.depth % 8 == 0 && s.channels % 8 == 0 &&
                      (s.skip || (v.channels[0] % 8 == 0 && v.cin % 8 == 0));

        if (eights) {
            plain_stage<T, 8>(v, t, s, y0, x0, source);
        } else {
            plain_stage<T, 1>(v, t, s, y0, x0, source);
        }
    }

    /* Multiplies taps that are staged, of which `tap` is the first. */
    __device__ __forceinline__ void multiply(const plain_run &s, uint32_t tap,
                                             uint32_t taps)
    {
        uint32_t left = s.channels - s.first;
        uint32_t fours = ((left < t.depth ? left : t.depth) + 3) / 4;
        uint32_t begin = (fours * part + PARTS - 1) / PARTS * 4;
        uint32_t end = (fours * (part + 1) + PARTS - 1) / PARTS * 4;
        uint32_t side = v.up ? 2 : v.kernel[1];

        for (uint32_t i = 0; i < taps; i++) {
            uint32_t shift = ((tap + i) / side * t.columns +
                              (tap + i) % side) * (t.depth + PLAIN_PAD);
            const float *at[TM];

#pragma unroll
            for (int m = 0; m < TM; m++) {
                at[m] = place(m, s.skip) + shift;
            }
            plain_multiply<BN, TM>(sum, at,
                                   weights + i * t.depth * BN + column(),
                                   begin, end);
        }
    }

    /* A run of channels: `at` is the element of k where tap 0 has it. */
    __device__ __forceinline__ void add_run(const plain_run &s, uint32_t at)
    {
        uint32_t taps = s.skip ? 1 : v.taps;

        for (uint32_t tap = 0; tap < taps; tap += t.taps) {
            uint32_t now = taps - tap < t.taps ? taps - tap : t.taps;

            __syncthreads();
            if (tap == 0) {
                stage(s);
            }
            plain_stage_weights<W, BN>(v, t, at + tap * CEDM_CUDA_K, now, n0,
                                       weights);
            __syncthreads();
            multiply(s, tap, now);
        }
    }

    /* Source i of cedm_conv_args, from its first channel on. */
    __device__ __forceinline__ plain_run run_of(uint32_t i) const
    {
        uint32_t height = i < 2 ? v.in_height : v.height >> v.skip_up;
        uint32_t width = i < 2 ? v.in_width : v.width >> v.skip_up;
        plain_run s = {};

        s.map = v.src[i];
        s.channels = v.channels[i];
        s.image = (size_t)image * height * width * s.channels;
        s.skip = i >= 2;
        if (v.act != CEDM_ACT_NONE) {
            s.a = v.coeff + (size_t)image * 2 * v.cin +
                  (i == 0 ? 0 : v.channels[0]);
            s.b = s.a + v.cin;
        }
        return s;
    }

    __device__ __forceinline__ void add_all()
    {
        uint32_t at = 0;

        for (uint32_t i = 0; i < 4; i++) {
            plain_run s = run_of(i);

            while (s.first < s.channels) {
                add_run(s, at + s.first % CEDM_CUDA_K);
                s.first += t.depth;
                if (s.first % CEDM_CUDA_K == 0 || s.first >= s.channels) {
                    at += CEDM_CUDA_K * (s.skip ? 1 : v.taps);
                }
            }
        }
    }

    /* The first part's threads get the sums of all. */
    __device__ __forceinline__ void add_parts()
    {
        const uint32_t threads = PLAIN_THREADS / PARTS;
        float *mine = source + threadIdx.x * TM * 4;

        __syncthreads();
#pragma unroll
        for (int i = 0; i < TM * 4; i++) {
            mine[i] = sum[i / 4][i % 4];
        }
        __syncthreads();
        for (uint32_t p = 1; p < PARTS && part == 0; p++) {
#pragma unroll
            for (int i = 0; i < TM * 4; i++) {
                sum[i / 4][i % 4] += mine[p * threads * TM * 4 + i];
            }
        }
    }

    /* One output from its sum; `at` is its pixel. */
    __device__ __forceinline__ bool write(size_t at, uint32_t co, float x)
    {
        float shift = v.bias[co], result[1];

        if (v.emb != NULL) {
            shift += v.emb[(size_t)image * v.emb_stride + co];
        }
        x += shift;
        if (v.residual.data != NULL) {
            x += cedm_get<T>(v.residual, at * v.cout + co);
        }
        result[0] = x * v.scale;
        cedm_post<T>(result, v.post);
        return cedm_put<T>(v.dst, at * v.dst_stride + co, result[0]);
    }

    __device__ __forceinline__ void write_all()
    {
        bool overflow = false;

#pragma unroll
        for (int i = 0; i < TM; i++) {
            uint32_t m = pixel(i), y = y0 + m / t.width;
            uint32_t x = x0 + m % t.width, co = n0 + column();
            size_t at = (size_t)image * v.height * v.width +
                        cedm_dst_pixel(v, blockIdx.z, y, x);
            bool exists = m < t.width * t.height && y < v.grid_height &&
                          x < v.grid_width;

#pragma unroll
            for (uint32_t j = 0; j < 4; j++) {
                if (exists && co + j < v.cout) {
                    overflow |= write(at, co + j, sum[i][j]);
                }
            }
        }
        if (overflow) {
            atomicOr(&v.overflow[image], CEDM_CUDA_OVERFLOW);
        }
    }
};

/* Blocks: x tiles of the images, y of channels, z phases. */
template <typename T, typename W, int BM, int BN, int TM, int PARTS>
__global__ void __launch_bounds__(PLAIN_THREADS)
conv_plain(const __grid_constant__ cedm_conv_args v,
           const __grid_constant__ plain_tile t)
{
    static_assert(PARTS * (BM / TM) * (BN / 4) == PLAIN_THREADS, "threads");
    plain_block<T, W, BM, BN, TM, PARTS> block(v, t);

    block.add_all();
    if (PARTS > 1) {
        block.add_parts();
    }
    if (block.part == 0) {
        block.write_all();
    }
}

#endif
