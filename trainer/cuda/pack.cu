/* SPDX-License-Identifier: MIT
 *
 * pack.cu - weights after an update: what is derived from parameters, and
 * the parts that kernels read, as runtime/cuda/pack.c makes them on a host;
 * runtime/cuda/launch.h has the layout.  A thread makes an element. */
#include "trainer/cuda/map.cuh"

#define THREADS 256
#define SIDE 32 /* of a square that is transposed */
#define DOWN 8  /* rows of threads for it */

/* ---- derived weights --------------------------------------------------- */

/* Blocks: x outputs, y channels, z taps. */
__global__ void __launch_bounds__(SIDE * DOWN)
derive(cg_derived d, const float *from, float *to)
{
    float *square = reinterpret_cast<float *>(cedm_shared());
    uint32_t x = threadIdx.x % SIDE, taps = gridDim.z, tap = blockIdx.z;
    uint32_t o0 = blockIdx.x * SIDE, c0 = blockIdx.y * SIDE;

    for (uint32_t y = threadIdx.x / SIDE; y < SIDE; y += DOWN) {
        uint32_t o = o0 + y, c = c0 + x;

        square[y * (SIDE + 1) + x] = o < d.outputs && c < d.count
            ? from[((size_t)o * taps + taps - 1 - tap) * d.row + d.first + c]
            : 0.0f;
    }
    __syncthreads();
    for (uint32_t y = threadIdx.x / SIDE; y < SIDE; y += DOWN) {
        uint32_t o = o0 + x, c = c0 + y;

        if (o < d.outputs && c < d.count) {
            to[((size_t)c * taps + tap) * d.outputs + o] =
                d.scale * square[x * (SIDE + 1) + y];
        }
    }
}

extern "C" int train_cuda_derive(const train_cuda_exec *exec,
                                 const cg_derived *derived)
{
    dim3 grid(cedm_blocks(derived->outputs, SIDE),
              cedm_blocks(derived->count, SIDE),
              derived->kernel * derived->kernel);

    return CEDM_LAUNCH(derive, grid, SIDE * DOWN,
                       sizeof(float) * SIDE * (SIDE + 1), exec->base.stream,
                       *derived, exec->data + derived->from,
                       exec->data + derived->to);
}

/* ---- parts of floats --------------------------------------------------- */

/* Two tensors in a row; one that there is not is zero. */
__global__ void __launch_bounds__(THREADS)
pack_floats(float *part, const float *first, uint64_t first_count,
            const float *second, uint64_t second_count)
{
    uint64_t e = (uint64_t)blockIdx.x * THREADS + threadIdx.x;

    if (e < first_count) {
        part[e] = first == NULL ? 0.0f : first[e];
    } else if (e < first_count + second_count) {
        part[e] = second == NULL ? 0.0f : second[e - first_count];
    }
}

static const float *weight_at(const train_cuda_exec *exec, cedm_weight weight)
{
    return weight == CEDM_NONE ? NULL : exec->data + weight;
}

static unsigned char *part_at(const train_cuda_exec *exec, uint32_t id)
{
    return exec->packed + (uint64_t)exec->base.index[id] * CEDM_ALIGN;
}

static int run_floats(const train_cuda_exec *exec, uint32_t id,
                      cedm_weight first, uint64_t first_count,
                      cedm_weight second, uint64_t second_count)
{
    uint64_t count = first_count + second_count;

    return count == 0 ? 0
        : CEDM_LAUNCH(pack_floats, cedm_blocks(count, THREADS), THREADS, 0,
                      exec->base.stream, (float *)part_at(exec, id),
                      weight_at(exec, first), first_count,
                      weight_at(exec, second), second_count);
}

extern "C" int train_cuda_pack_embed(const train_cuda_exec *exec,
                                     const cedm_embed *op)
{
    return run_floats(exec, op->id, op->weight,
                      (uint64_t)op->label_dim * op->channels, op->bias,
                      op->channels);
}

extern "C" int train_cuda_pack_linear(const train_cuda_exec *exec,
                                      const cedm_linear *op)
{
    return run_floats(exec, op->id, op->weight, (uint64_t)op->in * op->out,
                      op->bias, op->out);
}

extern "C" int train_cuda_pack_norm_coeff(const train_cuda_exec *exec,
                                          const cedm_norm_coeff *op)
{
    uint64_t channels = (uint64_t)op->channels[0] + op->channels[1];

    return run_floats(exec, op->id, op->gamma, channels, op->beta, channels);
}

extern "C" int train_cuda_pack_resample(const train_cuda_exec *exec,
                                        const cedm_resample *op)
{
    return run_floats(exec, op->id, op->filter, op->taps, CEDM_NONE, 0);
}

/* ---- convolutions ------------------------------------------------------ */

struct pack_args {
    cedm_conv op;
    cedm_cuda_conv_layout layout;
    const float *weight, *bias, *skip_weight, *skip_bias;
    unsigned char *part;
};

/* To float, but odd where it is inexact, so that a second rounding does no
 * harm; see pack.c. */
static __device__ float pack_odd(double x)
{
    float f = (float)x;
    uint32_t bits;

    if ((double)f == x || x - x != 0.0) {
        return f;
    }
    memcpy(&bits, &f, sizeof bits);
    if ((x > 0.0) == ((double)f > x)) {
        bits--; /* towards zero */
    }
    bits |= 1u;
    memcpy(&f, &bits, sizeof f);
    return f;
}

template <typename W>
static __device__ __forceinline__ void pack_store(void *array, size_t i,
                                                  double x)
{
    cedm_narrow(static_cast<W *>(array) + i,
                sizeof(W) == 4 ? (float)x : pack_odd(x));
}

/* The taps of one axis that meet tap t of a phase. */
static __device__ __forceinline__ void pack_merged(uint32_t phase, uint32_t t,
                                                   uint32_t *from,
                                                   uint32_t *to)
{
    *from = t == 0 ? 0 : 1 + phase;
    *to = t == 0 ? 1 + phase : 3;
}

static __device__ double pack_tap(const pack_args &v, uint32_t o, uint32_t c,
                                  uint32_t phase, uint32_t tap)
{
    uint32_t taps = v.op.kernel[0] * v.op.kernel[1];
    size_t cin = v.op.cin[0] + v.op.cin[1];
    const float *first = v.weight + (size_t)o * taps * cin + c;
    uint32_t y0, y1, x0, x1;
    double sum = 0.0;

    if (!v.op.up) {
        return (double)first[tap * cin];
    }
    pack_merged(phase / 2, tap / 2, &y0, &y1);
    pack_merged(phase % 2, tap % 2, &x0, &x1);
    for (uint32_t y = y0; y < y1; y++) {
        for (uint32_t x = x0; x < x1; x++) {
            sum += (double)first[(y * 3 + x) * cin];
        }
    }
    return sum;
}

/* Element k of a row of the matrix. */
static __device__ double pack_element(const pack_args &v, uint32_t phase,
                                      uint32_t o, uint32_t k)
{
    const cedm_cuda_conv_layout &l = v.layout;

    if (o >= v.op.cout) {
        return 0.0;
    }
    for (uint32_t s = 0; s < 2; s++) {
        if (k < l.taps * l.cin_padded[s]) {
            uint32_t c = k / (l.taps * CEDM_CUDA_K) * CEDM_CUDA_K +
                         k % CEDM_CUDA_K;

            return c >= v.op.cin[s] ? 0.0
                : pack_tap(v, o, c + (s == 0 ? 0 : v.op.cin[0]), phase,
                           k / CEDM_CUDA_K % l.taps);
        }
        k -= l.taps * l.cin_padded[s];
    }
    for (uint32_t s = 0; s < 2; s++) {
        if (k < l.skip_padded[s]) {
            size_t row = v.op.skip_cin[0] + v.op.skip_cin[1];

            return k >= v.op.skip_cin[s] ? 0.0
                : (double)v.skip_weight[o * row + k +
                                        (s == 0 ? 0 : v.op.skip_cin[0])];
        }
        k -= l.skip_padded[s];
    }
    return 0.0;
}

/* All elements of the matrix, then the biases. */
template <typename W>
__global__ void __launch_bounds__(THREADS) pack_conv(pack_args v)
{
    uint64_t e = (uint64_t)blockIdx.x * THREADS + threadIdx.x;
    uint64_t rows = v.layout.cout_padded;
    uint64_t matrix = v.layout.phases * rows * v.layout.k;

    if (e < matrix) {
        uint32_t row = (uint32_t)(e / v.layout.k);

        pack_store<W>(v.part, e,
                      pack_element(v, row / v.layout.cout_padded,
                                   row % v.layout.cout_padded,
                                   (uint32_t)(e % v.layout.k)));
    } else if (e < matrix + rows) {
        uint32_t o = (uint32_t)(e - matrix);
        bool real = o < v.op.cout;
        double bias = real && v.bias != NULL ? (double)v.bias[o] : 0.0;

        if (real && v.skip_bias != NULL) {
            bias += (double)v.skip_bias[o];
        }
        pack_store<float>(v.part + v.layout.bias, o, bias);
        if (v.layout.scaled_bias != 0) {
            pack_store<W>(v.part + v.layout.scaled_bias, o,
                          bias * (double)v.op.scale);
        }
    }
}

template <typename W>
static int run_conv(const train_cuda_exec *exec, const pack_args *v)
{
    const auto kernel = pack_conv<W>;
    uint64_t count = (v->layout.phases * (uint64_t)v->layout.k + 1) *
                     v->layout.cout_padded;

    return CEDM_LAUNCH(kernel, cedm_blocks(count, THREADS), THREADS, 0,
                       exec->base.stream, *v);
}

extern "C" int train_cuda_pack_conv(const train_cuda_exec *exec,
                                    const cedm_conv *op)
{
    pack_args v = {};

    v.op = cedm_cuda_conv_view(op);
    cedm_cuda_plan_conv(&v.layout, exec->base.precision, op);
    v.weight = exec->data + op->weight;
    v.bias = weight_at(exec, op->bias);
    if (op->skip_cin[0] != 0) {
        v.skip_weight = exec->data + op->skip_weight;
        v.skip_bias = weight_at(exec, op->skip_bias);
    }
    v.part = part_at(exec, op->id);
    return v.layout.f32 ? run_conv<float>(exec, &v)
                        : CEDM_BY_PRECISION(&exec->base, run_conv, exec, &v);
}
