/* SPDX-License-Identifier: MIT
 *
 * hopper_conv.cu - an experiment: 3x3 convolution by tensor copies and
 * products of warpgroups (compute capability 9.0a) against cuBLAS on the
 * same M, N and K.  Compiled, but never run so far.
 *
 *   nvcc -O3 -std=c++17 -I. -gencode arch=compute_90a,code=sm_90a \
 *     bench/lab/hopper_conv.cu -o hopper_conv -lcublas
 *   ./hopper_conv [batch]
 *
 * A tile is 128 pixels by all 256 output channels.  One warp copies: per tap
 * and 64 channels a box of the source, whose coordinates reach over the
 * border where the engine fills in zeros, and the weights.  Two warpgroups
 * multiply 64 pixels each.  Blocks stay and walk over the tiles.  What is to
 * be learnt: the share of the peak without prologue and epilogue. */
#include <cublas_v2.h>
#include <math.h>

#include "bench/lab/hopper.cuh"

#define N 256
#define PIXELS 128
#define SLICE 64
#define STAGES 4
#define STAGE_BYTES ((PIXELS + N) * SLICE * 2)
#define THREADS 384
#define SHARED_BYTES (STAGES * STAGE_BYTES + 1024)
#define REPEATS 50

struct shape {
    int batch, side, channels;
};

struct tile_box {
    int x, y, n; /* pixels of a box along each axis */
};

/* 32 x 4, 16 x 8, or 8 x 8 of two images. */
static tile_box box_of(int side)
{
    tile_box box = {side, PIXELS / side < side ? PIXELS / side : side, 1};

    box.n = PIXELS / (box.x * box.y);
    return box;
}

struct pipeline {
    uint64_t *full, *empty;
    unsigned char *stages;
    uint32_t stage, parity;

    __device__ void next()
    {
        if (++stage == STAGES) {
            stage = 0;
            parity ^= 1;
        }
    }
};

static __device__ void copy_tiles(pipeline p, const CUtensorMap *source,
                                  const CUtensorMap *weights, shape s,
                                  tile_box box, int tiles)
{
    int per_image = s.side / box.y;

    p.parity = 1; /* all stages are empty */
    for (int tile = blockIdx.x; tile < tiles; tile += gridDim.x) {
        int n = tile / per_image * box.n, y = tile % per_image * box.y;

        for (int c = 0; c < s.channels; c += SLICE) {
            for (int tap = 0; tap < 9; tap++, p.next()) {
                unsigned char *to = p.stages + p.stage * STAGE_BYTES;

                cedm_barrier_wait(&p.empty[p.stage], p.parity);
                cedm_barrier_expect(&p.full[p.stage], STAGE_BYTES);
                cedm_copy_box(to, source, &p.full[p.stage], c, tap % 3 - 1,
                          y + tap / 3 - 1, n);
                cedm_copy_box(to + PIXELS * SLICE * 2, weights,
                              &p.full[p.stage], tap * s.channels + c, 0, 0,
                              0);
            }
        }
    }
}

static __device__ void write_tile(const float (&sum)[N / 2], __half *dst,
                                  int tile, int group)
{
    int lane = threadIdx.x % 32, warp = threadIdx.x / 32 % 4;
    size_t row = (size_t)tile * PIXELS + group * 64 + warp * 16 + lane / 4;

#pragma unroll
    for (int i = 0; i < N / 8; i++) {
        __half2 *at = (__half2 *)(dst + row * N + i * 8 + lane % 4 * 2);

        at[0] = __floats2half2_rn(sum[4 * i], sum[4 * i + 1]);
        at[8 * N / 2] = __floats2half2_rn(sum[4 * i + 2], sum[4 * i + 3]);
    }
}

static __device__ void multiply_tiles(pipeline p, __half *dst, shape s,
                                      int tiles, int group)
{
    int steps = 9 * s.channels / SLICE;

    for (int tile = blockIdx.x; tile < tiles; tile += gridDim.x) {
        float sum[N / 2];
        uint32_t before = 0;

        for (int step = 0; step < steps; step++, p.next()) {
            unsigned char *a = p.stages + p.stage * STAGE_BYTES;
            unsigned char *b = a + PIXELS * SLICE * 2;

            cedm_barrier_wait(&p.full[p.stage], p.parity);
            cedm_products_begin();
#pragma unroll
            for (int k = 0; k < SLICE / 16; k++) {
                product_256(sum,
                            matrix_at(a + group * 8192 + k * 32, 1024, 0),
                            matrix_at(b + k * 32, 1024, 0),
                            step + k != 0);
            }
            cedm_products_commit();
            cedm_products_wait<1>();
            if (step > 0 && threadIdx.x % 128 == 0) {
                cedm_barrier_arrive(&p.empty[before]);
            }
            before = p.stage;
        }
        cedm_products_wait<0>();
        if (threadIdx.x % 128 == 0) {
            cedm_barrier_arrive(&p.empty[before]);
        }
        write_tile(sum, dst, tile, group);
    }
}

__global__ void __launch_bounds__(THREADS, 1)
conv(const __grid_constant__ CUtensorMap source,
     const __grid_constant__ CUtensorMap weights, __half *dst, shape s,
     tile_box box, int tiles)
{
    extern __shared__ unsigned char memory[];
    __shared__ uint64_t full[STAGES], empty[STAGES];
    uint32_t skipped = (1024 - cedm_shared_at(memory) % 1024) % 1024;
    pipeline p = {full, empty, memory + skipped, 0, 0};

    if (threadIdx.x == 0) {
        for (int i = 0; i < STAGES; i++) {
            cedm_barrier_init(&full[i], 1);
            cedm_barrier_init(&empty[i], 2);
        }
        cedm_barrier_init_done();
    }
    __syncthreads();
    if (threadIdx.x < 128) {
        cedm_fewer_registers<40>();
        if (threadIdx.x == 0) {
            copy_tiles(p, &source, &weights, s, box, tiles);
        }
    } else {
        cedm_more_registers<232>();
        multiply_tiles(p, dst, s, tiles, threadIdx.x / 128 - 1);
    }
}

/* ---- host -------------------------------------------------------------- */

static __half *random_halves(size_t n, float size, __half **host)
{
    __half *device;

    *host = (__half *)malloc(n * sizeof **host);
    for (size_t i = 0; i < n; i++) {
        (*host)[i] = __float2half_rn(
            size * ((float)rand() / (float)RAND_MAX - 0.5f));
    }
    CHECK(cudaMalloc(&device, n * sizeof *device));
    CHECK(cudaMemcpy(device, *host, n * sizeof *device,
                     cudaMemcpyHostToDevice));
    return device;
}

/* Relative root mean square error of some outputs. */
static double error_of(const __half *src, const __half *weight,
                       const __half *dst, shape s)
{
    double error = 0, size = 0;

    for (int i = 0; i < 500; i++) {
        int n = rand() % s.batch, y = i % 4 == 0 ? 0 : rand() % s.side;
        int x = i % 4 == 1 ? s.side - 1 : rand() % s.side, co = rand() % N;
        size_t at = ((size_t)(n * s.side + y) * s.side + x) * N + co;
        double sum = 0;

        for (int tap = 0; tap < 9; tap++) {
            int sy = y + tap / 3 - 1, sx = x + tap % 3 - 1;
            const __half *w = weight + ((size_t)co * 9 + tap) * s.channels;
            const __half *p = src + ((size_t)(n * s.side + sy) * s.side +
                                     sx) * s.channels;

            if (sy < 0 || sx < 0 || sy >= s.side || sx >= s.side) {
                continue;
            }
            for (int c = 0; c < s.channels; c++) {
                sum += (double)__half2float(p[c]) *
                       (double)__half2float(w[c]);
            }
        }
        error += pow((double)__half2float(dst[at]) - sum, 2);
        size += sum * sum;
    }
    return sqrt(error / size);
}

/* Milliseconds of a launch: the median of REPEATS. */
template <typename F> static float time_of(F launch)
{
    cudaEvent_t from, to;
    float times[REPEATS];

    CHECK(cudaEventCreate(&from));
    CHECK(cudaEventCreate(&to));
    for (int i = -5; i < REPEATS; i++) {
        CHECK(cudaEventRecord(from));
        launch();
        CHECK(cudaEventRecord(to));
        CHECK(cudaEventSynchronize(to));
        if (i >= 0) {
            CHECK(cudaEventElapsedTime(&times[i], from, to));
        }
    }
    qsort(times, REPEATS, sizeof *times, [](const void *a, const void *b) {
        float d = *(const float *)a - *(const float *)b;

        return d < 0 ? -1 : d > 0;
    });
    return times[REPEATS / 2];
}

static float time_cublas(cublasHandle_t blas, const __half *weight,
                         __half *dst, size_t m, size_t k)
{
    const float one = 1, zero = 0;
    __half *host, *a = random_halves(m * k, 2, &host);
    float time = time_of([&] {
        CHECK(cublasGemmEx(blas, CUBLAS_OP_T, CUBLAS_OP_N, N, (int)m, (int)k,
                           &one, weight, CUDA_R_16F, (int)k, a, CUDA_R_16F,
                           (int)k, &zero, dst, CUDA_R_16F, N,
                           CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT));
    });

    CHECK(cudaFree(a));
    free(host);
    return time;
}

static void measure(cublasHandle_t blas, shape s, int processors)
{
    size_t m = (size_t)s.batch * s.side * s.side;
    size_t k = 9 * (size_t)s.channels;
    int tiles = (int)(m / PIXELS);
    tile_box box = box_of(s.side);
    __half *src_host, *weight_host, *dst, *dst_host;
    __half *src = random_halves(m * s.channels, 2, &src_host);
    __half *weight = random_halves(N * k, 0.1f, &weight_host);
    const uint64_t map[4] = {(uint64_t)s.channels, (uint64_t)s.side,
                             (uint64_t)s.side, (uint64_t)s.batch};
    const uint32_t boxes[4] = {SLICE, (uint32_t)box.x, (uint32_t)box.y,
                               (uint32_t)box.n};
    const uint64_t matrix[4] = {k, N, 1, 1};
    const uint32_t panel[4] = {SLICE, N, 1, 1};
    CUtensorMap source = tensor_map(src, map, boxes);
    CUtensorMap weights = tensor_map(weight, matrix, panel);
    double flop = 2.0 * (double)m * N * (double)k;
    float own, blas_time;

    CHECK(cudaMalloc(&dst, m * N * sizeof *dst));
    CHECK(cudaMemset(dst, 0xff, m * N * sizeof *dst));
    own = time_of([&] {
        conv<<<processors, THREADS, SHARED_BYTES>>>(source, weights, dst, s,
                                                    box, tiles);
        CHECK(cudaGetLastError());
    });
    dst_host = (__half *)malloc(m * N * sizeof *dst_host);
    CHECK(cudaMemcpy(dst_host, dst, m * N * sizeof *dst,
                     cudaMemcpyDeviceToHost));
    printf("%d x %d x %d, %d channels: error %.2e", s.batch, s.side, s.side,
           s.channels, error_of(src_host, weight_host, dst_host, s));
    blas_time = time_cublas(blas, weight, dst, m, k);
    printf(", %.3f ms %.0f TFLOP/s, cuBLAS %.3f ms %.0f, ratio %.3f\n", own,
           flop / own * 1e-9, blas_time, flop / blas_time * 1e-9,
           blas_time / own);
    CHECK(cudaFree(src));
    CHECK(cudaFree(weight));
    CHECK(cudaFree(dst));
    free(src_host);
    free(weight_host);
    free(dst_host);
}

int main(int argc, char **argv)
{
    static const int shapes[5][2] = {
        {32, 256}, {32, 512}, {32, 384}, {16, 256}, {16, 512}};
    int batch = argc > 1 ? atoi(argv[1]) : 66;
    cudaDeviceProp device;
    cublasHandle_t blas;

    CHECK(cudaGetDeviceProperties(&device, 0));
    CHECK(cublasCreate(&blas));
    CHECK(cudaFuncSetAttribute(conv,
                               cudaFuncAttributeMaxDynamicSharedMemorySize,
                               SHARED_BYTES));
    printf("%s, %d multiprocessors\n", device.name,
           device.multiProcessorCount);
    for (int i = 0; i < 5; i++) {
        measure(blas, {batch, shapes[i][0], shapes[i][1]},
                device.multiProcessorCount);
    }
    return 0;
}
