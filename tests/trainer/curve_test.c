/* SPDX-License-Identifier: MIT
 *
 * curve_test.c - loss.png: the line goes through the losses on a logarithmic
 * axis, and around it is text. */
#include <math.h>
#include <png.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "trainer/curve.h"

/* The frame of the plot, by what the picture shows. */
#define LEFT 72
#define RIGHT (640 - 24)
#define TOP 32
#define BOTTOM (360 - 48)

static char path[] = "/tmp/curve_test.XXXXXX";
static uint8_t pixels[360][640];

static void draw(const char *stats)
{
    host_failure f = HOST_FAILURE_UNSAID;
    png_image image = {.version = PNG_IMAGE_VERSION};

    if (!train_curve_write(stats, &train_curve_loss, path, &f)) {
        fail_msg("%s", f.text);
    }
    assert_int_not_equal(png_image_begin_read_from_file(&image, path), 0);
    assert_int_equal(image.width, 640);
    assert_int_equal(image.height, 360);
    image.format = PNG_FORMAT_GRAY;
    assert_int_not_equal(png_image_finish_read(&image, NULL, pixels, 0, NULL),
                         0);
}

static int dark(int x0, int x1, int y0, int y1)
{
    int count = 0;

    for (int y = y0; y < y1; y++) {
        for (int x = x0; x < x1; x++) {
            count += pixels[y][x] < 64;
        }
    }
    return count;
}

/* Half the losses of half the images ago: a straight line on this axis. */
static void follows_the_losses(void **state)
{
    (void)state;
    draw("{\"tick\":1,\"seen\":1000,\"loss\":8}\n"
         "{\"tick\":2,\"seen\":2000,\"loss\":4}\n"
         "{\"tick\":3,\"seen\":3000,\"loss\":2}\n"
         "{\"tick\":4,\"seen\":4000,\"loss\":1}\n");
    for (int i = 1; i <= 4; i++) {
        int x = LEFT + i * (RIGHT - LEFT) / 4 - (i == 4);
        int y = TOP + (i - 1) * (BOTTOM - TOP) / 3;

        if (dark(x - 1, x + 2, y - 2, y + 4) == 0) {
            fail_msg("no line at %d, %d", x, y);
        }
    }
    assert_int_equal(dark(LEFT + 2, LEFT + 130, TOP, BOTTOM - 1), 0);
}

static void has_text_around(void **state)
{
    (void)state;
    draw("{\"tick\":1,\"seen\":100000,\"loss\":0.8}\n"
         "{\"tick\":2,\"seen\":200000,\"loss\":null}\n"
         "{\"tick\":3,\"seen\":300000,\"loss\":0.3}\n");
    assert_true(dark(LEFT, RIGHT, 0, TOP - 4) > 100); /* the title */
    assert_true(dark(0, LEFT - 2, TOP, BOTTOM) > 20); /* losses */
    assert_true(dark(LEFT, 640, BOTTOM + 6, BOTTOM + 20) > 20); /* images */
    assert_true(dark(LEFT, RIGHT, BOTTOM + 24, 360) > 60); /* their unit */
}

/* A field that a line lacks is not the next line's. */
static void fields_are_of_a_line(void **state)
{
    const char *text = "{\"seen\":5,\"loss\":null}\n"
                       "{\"seen\":6,\"fd\":2.5}\n";

    (void)state;
    assert_true(train_curve_field(text, "seen") == 5.0);
    assert_true(train_curve_field(text, "fd") == -1.0);
    assert_true(train_curve_field(strchr(text, '\n') + 1, "fd") == 2.5);
    assert_true(train_curve_field("", "fd") == -1.0);
}

/* One tick is no line: nothing is written. */
static void needs_two_ticks(void **state)
{
    host_failure f = HOST_FAILURE_UNSAID;

    (void)state;
    assert_int_equal(remove(path), 0);
    assert_true(train_curve_write("{\"seen\":5,\"loss\":1}\n",
                                  &train_curve_loss, path, &f));
    assert_null(fopen(path, "rb"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(follows_the_losses),
        cmocka_unit_test(has_text_around),
        cmocka_unit_test(fields_are_of_a_line),
        cmocka_unit_test(needs_two_ticks),
    };
    int file = mkstemp(path), failures;

    if (file < 0) {
        return 1;
    }
    failures = cmocka_run_group_tests(tests, NULL, NULL);
    (void)remove(path);
    return failures;
}
