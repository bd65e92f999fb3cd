/* SPDX-License-Identifier: MIT
 *
 * hopper_shift.cu - an experiment: may the left operand of a product of
 * warpgroups begin at any row of a swizzled tile?  Then the taps of a 3x3
 * kernel could all be taken from one copy of the source with its rim.
 * Compiled, but never run so far.
 *
 *   nvcc -O3 -std=c++17 -I. -gencode arch=compute_90a,code=sm_90a \
 *     bench/lab/hopper_shift.cu -o hopper_shift
 *
 * Rows r of A hold their number r + column / 64, B picks column 0 or adds
 * all up.  A product that begins at row `first`, with its groups of eight
 * rows `pitch` rows apart (8: a plain tile; 10: rows of 8 pixels and a rim of
 * one on each side), must give rows first + m / 8 * pitch + m % 8.  Printed
 * is, for each first row, which of the two ways to set base_offset does. */
#include "bench/lab/hopper.cuh"

#define ROWS 192

__global__ void __launch_bounds__(128, 1)
shifted(float *out, uint32_t first, uint32_t pitch, int with_offset)
{
    __shared__ __align__(1024) unsigned char a[ROWS * 128];
    __shared__ __align__(1024) unsigned char b[64 * 128];
    const unsigned char *from = a + first * 128;
    float sum[32];

    for (uint32_t i = threadIdx.x; i < ROWS * 64; i += 128) {
        uint32_t r = i / 64, c = i % 64;
        uint32_t at = r * 128 + ((c / 8 ^ r % 8) * 16) + c % 8 * 2;

        *(__half *)(a + at) = __float2half_rn((float)r + (float)c / 64.0f);
    }
    for (uint32_t i = threadIdx.x; i < 64 * 64; i += 128) {
        uint32_t n = i / 64, k = i % 64;
        uint32_t at = n * 128 + ((k / 8 ^ n % 8) * 16) + k % 8 * 2;

        *(__half *)(b + at) = __float2half_rn(k == n ? 1.0f : 0.0f);
    }
    cedm_fence_copies();
    __syncthreads();
    cedm_products_begin();
#pragma unroll
    for (int k = 0; k < 4; k++) {
        product_64(sum,
                   matrix_at(from + k * 32, pitch * 128,
                             with_offset ? first % 8 : 0),
                   matrix_at(b + k * 32, 1024, 0), k != 0);
    }
    cedm_products_commit();
    cedm_products_wait<0>();
#pragma unroll
    for (int i = 0; i < 32; i++) {
        uint32_t lane = threadIdx.x % 32, warp = threadIdx.x / 32;
        uint32_t m = warp * 16 + lane / 4 + i / 2 % 2 * 8;
        uint32_t n = i / 4 * 8 + lane % 4 * 2 + i % 2;

        out[m * 64 + n] = sum[i];
    }
}

static int wrong(const float *out, uint32_t first, uint32_t pitch)
{
    int count = 0;

    for (uint32_t m = 0; m < 64; m++) {
        for (uint32_t n = 0; n < 64; n++) {
            float r = (float)(first + m / 8 * pitch + m % 8);

            count += out[m * 64 + n] !=
                     __half2float(__float2half_rn(r + (float)n / 64.0f));
        }
    }
    return count;
}

int main()
{
    static const uint32_t pitches[3] = {8, 10, 16};
    static float host[64 * 64];
    float *out;

    CHECK(cudaMalloc(&out, sizeof host));
    for (int p = 0; p < 3; p++) {
        for (uint32_t first = 0; first < 24; first++) {
            int count[2];

            for (int with = 0; with < 2; with++) {
                CHECK(cudaMemset(out, 0xff, sizeof host));
                shifted<<<1, 128>>>(out, first, pitches[p], with);
                CHECK(cudaGetLastError());
                CHECK(cudaMemcpy(host, out, sizeof host,
                                 cudaMemcpyDeviceToHost));
                count[with] = wrong(host, first, pitches[p]);
            }
            printf("pitch %2u, first row %2u: %4d of 4096 wrong without "
                   "base_offset, %4d with\n", pitches[p], first, count[0],
                   count[1]);
        }
    }
    return 0;
}
