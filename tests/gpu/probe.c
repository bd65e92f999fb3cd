/* SPDX-License-Identifier: MIT
 *
 * probe.c - instructions of compute capability 9.0, each alone: whether a GPU
 * does what the kernels, and the emulator, take it to do.
 *
 * Values are small whole numbers: every result is exact. */
#include "tests/gpu/probe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/cuda/test_device.h"

static void check(int code, const char *what)
{
    if (code != 0) {
        fail_msg("%s: %s", what, device_text(code));
    }
}

static void *on_device(const void *from, size_t bytes)
{
    void *memory = device_take(bytes);

    device_put(memory, from, bytes);
    return memory;
}

/* ---- barriers ---------------------------------------------------------- */

static void test_barriers(void **state)
{
    uint64_t *sum = device_take(sizeof *sum), got;
    const uint64_t wanted = PROBE_TURNS * (PROBE_TURNS + 1ull) / 2;

    (void)state;
    check(probe_barriers(sum), "launch");
    device_get(&got, sum, sizeof got);
    device_give(sum);
    if (got != wanted) {
        fail_msg("a warpgroup got %llu in all, wanted %llu",
                 (unsigned long long)got, (unsigned long long)wanted);
    }
}

/* ---- boxes ------------------------------------------------------------- */

#define WIDTH 8u
#define HEIGHT 6u

/* Of pixel (x, y), which may lie outside. */
static uint16_t element(int32_t x, int32_t y, uint32_t c)
{
    return x < 0 || y < 0 || x >= (int32_t)WIDTH || y >= (int32_t)HEIGHT
               ? 0
               : (uint16_t)(1 +
                            ((uint32_t)y * WIDTH + (uint32_t)x) *
                                PROBE_CHANNELS +
                            c);
}

static void check_box(const uint16_t *got, int32_t x, int32_t y)
{
    for (uint32_t r = 0; r < PROBE_TALL * PROBE_WIDE; r++) {
        for (uint32_t c = 0; c < PROBE_CHANNELS; c++) {
            uint32_t chunk = c / 8 ^ (r / 2 % 4);
            uint16_t is = got[r * PROBE_CHANNELS + chunk * 8 + c % 8];
            uint16_t wanted = element(x + (int32_t)(r % PROBE_WIDE),
                                      y + (int32_t)(r / PROBE_WIDE), c);

            if (is != wanted) {
                fail_msg("a box from (%d, %d): row %u, channel %u: got %u, "
                         "wanted %u",
                         x, y, r, c, is, wanted);
            }
        }
    }
}

/* Over every border, and within. */
static void test_boxes(void **state)
{
    static const int32_t from[][2] = {{1, 1}, {-1, -1}, {5, 4}, {-2, 3}};
    static uint16_t tensor[WIDTH * HEIGHT * PROBE_CHANNELS];
    uint16_t got[PROBE_TALL * PROBE_WIDE * PROBE_CHANNELS];
    probe_box box = {
        .width = WIDTH, .height = HEIGHT, .encode = device_encode_tensor()};
    void *on;

    (void)state;
    for (uint32_t i = 0; i < WIDTH * HEIGHT * PROBE_CHANNELS; i++) {
        tensor[i] = (uint16_t)(1 + i);
    }
    on = on_device(tensor, sizeof tensor);
    box.tensor = on;
    box.out = device_take(sizeof got);
    for (int i = 0; i < 4; i++) {
        box.x = from[i][0];
        box.y = from[i][1];
        check(probe_boxes(&box), "launch");
        device_get(got, box.out, sizeof got);
        check_box(got, box.x, box.y);
    }
    device_give(on);
    device_give(box.out);
}

/* ---- products ---------------------------------------------------------- */

enum { M = 64, K = 32, N_MOST = 256 };

/* Whole numbers from -4 to 4, in all of whose sums float is exact. */
static int32_t number(uint32_t i, uint32_t salt)
{
    return (int32_t)((i * 2654435761u + salt * 40503u) >> 13) % 5 -
           (int32_t)(i % 2);
}

static uint16_t in_16_bits(int32_t x, bool bf16)
{
    float value = (float)x;
    uint32_t bits;

    memcpy(&bits, &value, sizeof bits);
    return bf16 ? (uint16_t)(bits >> 16) : cedm_half_from_float(value);
}

static void check_product(const float *c, uint32_t n_count)
{
    for (uint32_t m = 0; m < M; m++) {
        for (uint32_t n = 0; n < n_count; n++) {
            float got = c[m * n_count + n];
            int32_t wanted = 0;

            for (uint32_t k = 0; k < K; k++) {
                wanted += number(m * K + k, 1) * number(n * K + k, 2);
            }
            if (!(got >= (float)wanted && got <= (float)wanted)) {
                fail_msg("64 x %u, row %u, column %u: got %g, wanted %d",
                         n_count, m, n, (double)got, wanted);
            }
        }
    }
}

static void test_products(void **state)
{
    const probe_product *of = *state;
    static uint16_t a[M * K], b[N_MOST * K];
    static float c[M * N_MOST];
    probe_product p = *of;
    void *on_a, *on_b;

    for (uint32_t i = 0; i < M * K; i++) {
        a[i] = in_16_bits(number(i, 1), p.bf16);
    }
    for (uint32_t i = 0; i < p.n * K; i++) {
        b[i] = in_16_bits(number(i, 2), p.bf16);
    }
    p.a = on_a = on_device(a, sizeof a);
    p.b = on_b = on_device(b, sizeof b);
    p.c = device_take(sizeof c);
    check(probe_products(&p), "launch");
    device_get(c, p.c, M * p.n * sizeof *c);
    check_product(c, p.n);
    device_give(on_a);
    device_give(on_b);
    device_give(p.c);
}

static int is_lost(void **state)
{
    (void)state;
    return device_works() ? 0 : -1;
}

int main(void)
{
    static probe_product products[] = {
        {.n = 64},  {.n = 64, .bf16 = 1},  {.n = 128}, {.n = 128, .bf16 = 1},
        {.n = 192}, {.n = 192, .bf16 = 1}, {.n = 256}, {.n = 256, .bf16 = 1}};
    enum { PRODUCTS = sizeof products / sizeof products[0] };
    static char names[PRODUCTS][64];
    struct CMUnitTest tests[PRODUCTS + 2] = {
        {.name = "barriers of two warpgroups", .test_func = test_barriers},
        {.name = "boxes over borders", .test_func = test_boxes}};

    if (!device_open()) {
        puts("skipped: no device");
        return 77;
    }
    if (device_encode_tensor() == NULL) {
        puts("skipped: the device has no kernels of 9.0");
        return 77;
    }
    for (int i = 0; i < PRODUCTS; i++) {
        snprintf(names[i], sizeof names[i], "products, 64 x %u, %s",
                 products[i].n, products[i].bf16 ? "bf16" : "fp16");
        tests[i + 2] = (struct CMUnitTest){.name = names[i],
                                           .test_func = test_products,
                                           .initial_state = &products[i]};
    }
    for (int i = 0; i < PRODUCTS + 2; i++) {
        tests[i].teardown_func = is_lost;
    }
    return _cmocka_run_group_tests("instructions of 9.0", tests, PRODUCTS + 2,
                                   NULL, NULL);
}
