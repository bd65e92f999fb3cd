/* SPDX-License-Identifier: MIT
 *
 * cuda_facts_test.cu - where elements of matrices lie, on the emulator: what
 * its twins of instructions and the kernels' own arithmetic do, against
 * NVIDIA's description of the instructions, written down here once more from
 * the PTX ISA alone (the sections that are named, and their figures' values).
 *
 * Numbers are small and whole: sums are exact. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/cuda/conv_matrix.cuh"
#include "runtime/cuda/conv_warpgroup.cuh"

extern "C" { /* last: it defines fail(), which streams of C++ have, too */
#include <cmocka.h>
}

/* ---- facts ------------------------------------------------------------- */

struct place {
    int row, column;
};

/* "Matrix Fragments for mma.m16n8k16 with floating point type": element i of
 * a0..a7, b0..b3, c0..c3 of a lane. */
static place fact_a(int lane, int i)
{
    int groupID = lane >> 2, threadID_in_group = lane % 4;
    bool upper = (0 <= i && i < 2) || (4 <= i && i < 6);

    return {upper ? groupID : groupID + 8,
            threadID_in_group * 2 + (i & 1) + (i < 4 ? 0 : 8)};
}

static place fact_b(int lane, int i)
{
    int groupID = lane >> 2, threadID_in_group = lane % 4;

    return {threadID_in_group * 2 + (i & 1) + (i < 2 ? 0 : 8), groupID};
}

static place fact_c(int lane, int i)
{
    int groupID = lane >> 2, threadID_in_group = lane % 4;

    return {i < 2 ? groupID : groupID + 8, threadID_in_group * 2 + (i & 1)};
}

/* "Register Fragments for wgmma.mma_async.m64nNk16": of thread t of the
 * warpgroup; d0 to d(N/2 - 1). */
static place fact_wide_a(int t, int i)
{
    place p = fact_a(t % 32, i);

    return {t / 32 * 16 + p.row, p.column};
}

static place fact_wide_d(int t, int i)
{
    int groupID = t % 32 >> 2, threadID_in_group = t % 4;
    int row = t / 32 * 16 + groupID + (i % 4 < 2 ? 0 : 8);

    return {row, i / 4 * 8 + threadID_in_group * 2 + (i & 1)};
}

/* The figures' corners, so that a slip in a formula above shows. */
static const struct {
    char matrix;
    int lane, i;
    place at;
} figures[] = {
    {'a', 0, 0, {0, 0}},  {'a', 1, 1, {0, 3}},   {'a', 4, 0, {1, 0}},
    {'a', 31, 1, {7, 7}}, {'a', 0, 2, {8, 0}},   {'a', 3, 4, {0, 14}},
    {'a', 0, 7, {8, 9}},  {'a', 31, 7, {15, 15}}, {'b', 0, 0, {0, 0}},
    {'b', 3, 1, {7, 0}},  {'b', 4, 0, {0, 1}},   {'b', 0, 2, {8, 0}},
    {'b', 31, 3, {15, 7}}, {'c', 0, 1, {0, 1}},  {'c', 5, 0, {1, 2}},
    {'c', 31, 1, {7, 7}}, {'c', 0, 2, {8, 0}},   {'c', 31, 3, {15, 7}},
    {'d', 0, 4, {0, 8}},  {'d', 32, 0, {16, 0}}, {'d', 127, 2, {63, 6}},
    {'d', 96, 7, {56, 9}},
};

/* "Tensor swizzling modes", 64 bytes: which chunk of 16 bytes of a line of
 * 128 lies where, for the lines of a period. */
static const int swizzle_64[4][8] = {
    {0, 1, 2, 3, 4, 5, 6, 7},
    {1, 0, 3, 2, 5, 4, 7, 6},
    {2, 3, 0, 1, 6, 7, 4, 5},
    {3, 2, 1, 0, 7, 6, 5, 4},
};

/* "Matrix descriptor": bits 0-13 address, 16-29 leading and 32-45 stride
 * byte offset, each (x & 0x3ffff) >> 4; 49-51 base offset; 62-63 swizzle, 2
 * for 64 bytes. */
struct descriptor {
    unsigned address, leading, stride, base, swizzle;
};

static descriptor fact_descriptor(uint64_t bits)
{
    return {(unsigned)(bits & 0x3fff) << 4,
            (unsigned)(bits >> 16 & 0x3fff) << 4,
            (unsigned)(bits >> 32 & 0x3fff) << 4, (unsigned)(bits >> 49 & 7),
            (unsigned)(bits >> 62)};
}

static void test_figures(void **)
{
    for (const auto &f : figures) {
        place p = f.matrix == 'a' ? fact_a(f.lane, f.i)
            : f.matrix == 'b'     ? fact_b(f.lane, f.i)
            : f.matrix == 'c'     ? fact_c(f.lane, f.i)
                                  : fact_wide_d(f.lane, f.i);

        if (p.row != f.at.row || p.column != f.at.column) {
            fail_msg("%c%d of lane %d: %d, %d, wanted %d, %d", f.matrix, f.i,
                     f.lane, p.row, p.column, f.at.row, f.at.column);
        }
    }
}

/* ---- products ---------------------------------------------------------- */

/* Whole numbers from -3 to 3 without a pattern. */
static int number(int i)
{
    return (int)((unsigned)i * 2654435761u >> 28) % 7 - 3;
}

static uint16_t half(int x)
{
    return cedm_half_from_float((float)x);
}

/* Elements 2 i and 2 i + 1 of a lane's fragment. */
static uint32_t pair(int (*value)(place), place low, place high)
{
    return half(value(low)) | (uint32_t)half(value(high)) << 16;
}

static int value_a(place p)
{
    return number(p.row * 16 + p.column);
}

static int value_b(place p) /* row: of K */
{
    return number(4096 + p.column * 16 + p.row);
}

static float wanted(place c)
{
    int sum = 0;

    for (int k = 0; k < 16; k++) {
        sum += value_a({c.row, k}) * value_b({k, c.column});
    }
    return (float)sum;
}

static float result[128][128];

__global__ void multiply_warp(int)
{
    int lane = (int)threadIdx.x;
    uint32_t a[4], b[2];
    float c[4] = {};

    for (int i = 0; i < 4; i++) {
        a[i] = pair(value_a, fact_a(lane, 2 * i), fact_a(lane, 2 * i + 1));
    }
    for (int i = 0; i < 2; i++) {
        b[i] = pair(value_b, fact_b(lane, 2 * i), fact_b(lane, 2 * i + 1));
    }
    cedm_multiply<__half>(c, a, b);
    memcpy(result[lane], c, sizeof c);
}

static void check_result(int threads, int elements, place (*fact)(int, int))
{
    for (int t = 0; t < threads; t++) {
        for (int i = 0; i < elements; i++) {
            place p = fact(t, i);

            if (result[t][i] != wanted(p)) {
                fail_msg("thread %d, element %d (row %d, column %d): %g, "
                         "wanted %g",
                         t, i, p.row, p.column, (double)result[t][i],
                         (double)wanted(p));
            }
        }
    }
}

static void test_mma(void **)
{
    CEDM_LAUNCH(multiply_warp, 1, 32, 0, nullptr, 0);
    check_result(32, 4, fact_c);
}

/* B lies as copies leave it: row n has K in 64 bytes, of which the first or
 * the last 32 are multiplied, swizzled by the figure. */
template <int N> __global__ void multiply_warpgroup(int second)
{
    int t = (int)threadIdx.x;
    unsigned char *shared = cedm_shared();
    uint32_t a[4];
    float d[N / 2] = {};

    shared += (1024 - cedm_shared_at(shared) % 1024) % 1024;
    for (int n = t; n < N; n += 128) {
        for (int k = 0; k < 16; k++) {
            int chunk = n % 2 * 4 + second * 2 + k / 8;
            uint16_t x = half(value_b({k, n}));

            memcpy(shared + n / 2 * 128 + swizzle_64[n / 2 % 4][chunk] * 16 +
                       k % 8 * 2, &x, sizeof x);
        }
    }
    for (int i = 0; i < 4; i++) {
        a[i] = pair(value_a, fact_wide_a(t, 2 * i),
                    fact_wide_a(t, 2 * i + 1));
    }
    __syncthreads();
    cedm_products_begin();
    cedm_product<__half, N>(
        d, a, warpgroup_matrix(shared, second != 0 ? 32 : 0), 0);
    cedm_products_commit();
    cedm_products_wait<0>();
    memcpy(result[t], d, sizeof d);
}

template <int N> static void test_wgmma(void **)
{
    const auto kernel = multiply_warpgroup<N>;

    for (int second = 0; second < 2; second++) {
        CEDM_LAUNCH(kernel, 1, 128, 1024 + N * 64, nullptr, second);
        check_result(128, N / 2, fact_wide_d);
    }
}

/* ---- ldmatrix ---------------------------------------------------------- */

static uint16_t loaded[2][32][4][2];

__global__ void load_matrices(int)
{
    uint32_t lane = threadIdx.x, out[4];
    uint16_t *shared = reinterpret_cast<uint16_t *>(cedm_shared());

    for (uint16_t c = 0; c < 8; c++) {
        shared[lane * 8 + c] = (uint16_t)(lane * 8 + c);
    }
    __syncwarp();
    cedm_load_matrices(out, shared + lane * 8);
    memcpy(loaded[0][lane], out, sizeof out);
    cedm_load_matrices_transposed(out, shared + lane * 8);
    memcpy(loaded[1][lane], out, sizeof out);
}

/* "ldmatrix": threads 8 i to 8 i + 7 name the rows of matrix i; register i of
 * a thread has two elements in a row of it, of row threadid / 4; with .trans,
 * of that column. */
static void test_ldmatrix(void **)
{
    CEDM_LAUNCH(load_matrices, 1, 32, 512, nullptr, 0);
    for (int lane = 0; lane < 32; lane++) {
        for (int i = 0; i < 8; i++) {
            int row = lane / 4, column = lane % 4 * 2 + i % 2;

            assert_int_equal(loaded[0][lane][i / 2][i % 2],
                             i / 2 * 64 + row * 8 + column);
            assert_int_equal(loaded[1][lane][i / 2][i % 2],
                             i / 2 * 64 + column * 8 + row);
        }
    }
}

/* ---- swizzles and descriptors ------------------------------------------ */

static void test_swizzle(void **)
{
    for (uint32_t row = 0; row < 64; row++) {
        for (uint32_t q = 0; q < 4; q++) {
            uint32_t wanted_at =
                row / 2 * 128 +
                (uint32_t)swizzle_64[row / 2 % 4][row % 2 * 4 + q] * 16;

            assert_int_equal(matrix_chunk(row, q), wanted_at);
            assert_int_equal(emulate_swizzle(row * 64 + q * 16, 64),
                             wanted_at);
        }
    }
}

static uint64_t described[2];

__global__ void describe(int)
{
    described[0] = warpgroup_matrix(cedm_shared() + 896, 0);
    described[1] = warpgroup_matrix(cedm_shared() + 896, 32);
}

static void test_descriptor(void **)
{
    CEDM_LAUNCH(describe, 1, 1, 2048, nullptr, 0);
    for (unsigned i = 0; i < 2; i++) {
        descriptor d = fact_descriptor(described[i]);

        assert_int_equal(d.address, 1024 + 32 * i);
        assert_int_equal(d.stride, 8 * 64); /* eight rows of 64 bytes */
        assert_int_equal(d.base, 0);
        assert_int_equal(d.swizzle, 2);
    }
}

/* ---- who writes which column ------------------------------------------- */

static uint32_t exchanged[32][4];
static float totals[32];

__global__ void exchange(int)
{
    uint32_t lane = threadIdx.x, pairs[4];
    float x[8];

    for (uint32_t j = 0; j < 4; j++) {
        place p = fact_c((int)lane, 0);

        pairs[j] = (uint32_t)p.row << 16 | (j * 8 + (uint32_t)p.column);
    }
    write_exchange(pairs);
    memcpy(exchanged[lane], pairs, sizeof pairs);
    for (int i = 0; i < 8; i++) {
        place p = fact_c((int)lane, i % 2);

        x[i] = (float)((i / 2 * 8 + p.column) * (1 << p.row));
    }
    totals[lane] = write_total(x);
}

/* A lane's four pairs of every eight columns become eight columns side by
 * side; its total is of the column that add_up() keeps it for. */
static void test_write(void **)
{
    CEDM_LAUNCH(exchange, 1, 32, 0, nullptr, 0);
    for (uint32_t lane = 0; lane < 32; lane++) {
        uint32_t n = lane / 4 % 8;

        for (uint32_t j = 0; j < 4; j++) {
            assert_int_equal(exchanged[lane][j],
                             lane / 4 << 16 | (lane % 4 * 8 + 2 * j));
        }
        assert_int_equal(totals[lane],
                         (n / 2 * 8 + lane % 4 * 2 + n % 2) * 255);
    }
}

/* ---- limits ------------------------------------------------------------ */

/* "Technical Specifications per Compute Capability" of the CUDA programming
 * guide, in KiB: shared memory of a multiprocessor, and of a block at most;
 * a block takes one more. */
static const struct {
    int arch;
    uint32_t multiprocessor, block;
} limits[] = {
    {80, 164, 163}, {86, 100, 99}, {87, 164, 163},
    {89, 100, 99},  {90, 228, 227}, {120, 100, 99},
};

/* Tiles of the kernels that run on every one of them: the largest slices, and
 * those of 3 x 3 layers with 32 and 8 pixels to a side; how many blocks a
 * multiprocessor is to hold, of 100 KiB and of more. */
static const struct {
    uint32_t columns, rows, small, large;
} tiles[] = {
    {128, matrix_rows_max(128), 1, 2}, {64, matrix_rows_max(64), 1, 3},
    {256, matrix_rows_max(128), 1, 1}, {256, matrix_rows_max(64), 1, 1},
    {128, 34 * 6, 1, 2},               {64, 10 * 10, 3, 5},
};

static void test_shared(void **)
{
    for (const auto &l : limits) {
        for (const auto &t : tiles) {
            uint32_t bytes = (uint32_t)matrix_shared(t.columns, t.rows);
            uint32_t blocks = (l.multiprocessor << 10) / (bytes + 1024);
            uint32_t fit = l.multiprocessor > 100 ? t.large : t.small;

            if (bytes > l.block << 10 || blocks < fit) {
                fail_msg("%u columns, %u rows on %d: %u bytes, %u blocks, "
                         "wanted up to %u, %u",
                         t.columns, t.rows, l.arch, bytes, blocks,
                         l.block << 10, fit);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_figures),
        cmocka_unit_test(test_mma),
        cmocka_unit_test(test_wgmma<64>),
        cmocka_unit_test(test_wgmma<128>),
        cmocka_unit_test(test_wgmma<192>),
        cmocka_unit_test(test_wgmma<256>),
        cmocka_unit_test(test_ldmatrix),
        cmocka_unit_test(test_swizzle),
        cmocka_unit_test(test_descriptor),
        cmocka_unit_test(test_write),
        cmocka_unit_test(test_shared),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
