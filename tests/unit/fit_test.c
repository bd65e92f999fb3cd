/* SPDX-License-Identifier: MIT
 *
 * fit_test.c - images made square: the filter is Pillow's, the rest is where
 * pixels lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codegen/codegen.h"
#include "host/files/fit.h"

static cg_file *golden;

static int open_golden(void **state)
{
    cg_error error = {{0}};

    (void)state;
    golden = cg_open("tests/golden/resize-pillow.safetensors", &error);
    return golden != NULL ? 0 : -1;
}

static int close_golden(void **state)
{
    (void)state;
    cg_close(golden);
    return 0;
}

/* An image of the goldens, to be freed. */
static host_image image_of(const char *name)
{
    const cg_array *a = cg_find(golden, name);
    host_image image;

    assert_non_null(a);
    image = (host_image){malloc(a->elements), (uint32_t)a->shape[0],
                         (uint32_t)a->shape[1], 3};
    assert_non_null(image.pixels);
    memcpy(image.pixels, a->data, a->elements);
    return image;
}

/* To be freed. */
static uint8_t *fitted(host_resizer *r, const host_image *image,
                       uint32_t size, host_fit fit)
{
    host_failure f = HOST_FAILURE_UNSAID;
    uint8_t *dst = malloc((size_t)size * size * image->channels);

    assert_non_null(dst);
    assert_true(host_resize_square(r, dst, size, image, fit, "image", &f));
    return dst;
}

/* 47 x 61 pixels to 32 x 32. */
static void stretching_is_pillows(void **state)
{
    host_image image = image_of("s1c3.in");
    const cg_array *wanted = cg_find(golden, "s1c3.lanczos");
    host_resizer r = {0};
    uint8_t *got = fitted(&r, &image, 32, HOST_FIT_STRETCH);

    (void)state;
    assert_non_null(wanted);
    assert_memory_equal(got, wanted->data, wanted->elements);
    free(got);
    host_image_free(&image);
    host_resizer_free(&r);
}

/* The part of an image of `height` x `width` at (top, left), to be freed. */
static host_image part_of(const host_image *image, uint32_t top,
                          uint32_t left, uint32_t height, uint32_t width)
{
    size_t c = image->channels, row = width * c;
    host_image part = {malloc(height * row), height, width, image->channels};

    assert_non_null(part.pixels);
    for (size_t y = 0; y < height; y++) {
        memcpy(part.pixels + y * row,
               image->pixels + ((top + y) * image->width + left) * c, row);
    }
    return part;
}

/* The rows before the centre's are rounded down, as (61 - 47) / 2 here and
 * with a row less. */
static void cropping_keeps_the_centre(void **state)
{
    host_image whole = image_of("s1c3.in");
    host_resizer r = {0};

    (void)state;
    for (uint32_t height = 60; height <= 61; height++) {
        host_image image = part_of(&whole, 0, 0, height, 47);
        host_image square = part_of(&image, (height - 47) / 2, 0, 47, 47);
        uint8_t *got = fitted(&r, &image, 16, HOST_FIT_CROP);
        uint8_t *wanted = fitted(&r, &square, 16, HOST_FIT_STRETCH);

        assert_memory_equal(got, wanted, 16 * 16 * 3);
        free(got);
        free(wanted);
        host_image_free(&image);
        host_image_free(&square);
    }
    host_image_free(&whole);
    host_resizer_free(&r);
}

static void check_border(const uint8_t *got, uint32_t size,
                         const host_image *inside)
{
    uint32_t top = (size - inside->height) / 2;
    uint32_t left = (size - inside->width) / 2;

    for (uint32_t e = 0; e < size * size * 3; e++) {
        uint32_t y = e / 3 / size - top, x = e / 3 % size - left;
        bool in = y < inside->height && x < inside->width;
        uint8_t wanted =
            in ? inside->pixels[(y * inside->width + x) * 3 + e % 3] : 0;

        if (got[e] != wanted) {
            fail_msg("byte %u: got %u, wanted %u", e, got[e], wanted);
        }
    }
}

/* 30 x 40 pixels, in a square they fit and in one they do not. */
static void padding_keeps_all(void **state)
{
    host_image image = image_of("s2c3.in");
    host_resizer r = {0};
    uint8_t *got = fitted(&r, &image, 64, HOST_FIT_PAD);
    host_image small = {malloc(24 * 32 * 3), 32, 24, 3};
    cedm_resize_shape shape = {CEDM_RESIZE_LANCZOS, 3, 40, 30, 32, 24};
    void *scratch = malloc(cedm_resize_u8_bytes(&shape, 1));
    cedm_resize resize;

    (void)state;
    check_border(got, 64, &image);
    free(got);
    assert_true(small.pixels != NULL && scratch != NULL);
    cedm_resize_u8_init(&resize, &shape, scratch, 1);
    cedm_resize_u8(&resize, small.pixels, image.pixels, 90, NULL, NULL);
    got = fitted(&r, &image, 32, HOST_FIT_PAD);
    check_border(got, 32, &small);
    free(got);
    got = fitted(&r, &image, 40, HOST_FIT_BORDER);
    check_border(got, 40, &image);
    free(got);
    free(scratch);
    host_image_free(&small);
    host_image_free(&image);
    host_resizer_free(&r);
}

static void check_count(uint32_t height, uint32_t width, host_fit fit,
                        uint64_t resized, uint64_t enlarged,
                        uint64_t bordered)
{
    host_image image = {NULL, height, width, 1};
    host_fit_counts c = {0};

    host_fit_count(&image, 32, fit, &c);
    if (c.resized != resized || c.enlarged != enlarged ||
        c.bordered != bordered) {
        fail_msg("%u x %u, fit %d: got %u %u %u", height, width, (int)fit,
                 (unsigned)c.resized, (unsigned)c.enlarged,
                 (unsigned)c.bordered);
    }
}

static void changes_are_counted(void **state)
{
    (void)state;
    check_count(32, 32, HOST_FIT_CROP, 0, 0, 0);
    check_count(32, 32, HOST_FIT_PAD, 0, 0, 0);
    check_count(64, 64, HOST_FIT_PAD, 1, 0, 0);
    check_count(64, 40, HOST_FIT_PAD, 1, 0, 1);
    check_count(20, 32, HOST_FIT_PAD, 0, 0, 1);
    check_count(20, 32, HOST_FIT_CROP, 1, 1, 0);
    check_count(20, 20, HOST_FIT_BORDER, 0, 0, 1);
    check_count(20, 33, HOST_FIT_BORDER, 1, 1, 0);
    check_count(33, 33, HOST_FIT_STRETCH, 1, 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stretching_is_pillows),
        cmocka_unit_test(cropping_keeps_the_centre),
        cmocka_unit_test(padding_keeps_all),
        cmocka_unit_test(changes_are_counted),
    };

    return cmocka_run_group_tests(tests, open_golden, close_golden);
}
