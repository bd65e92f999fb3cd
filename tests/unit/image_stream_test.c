/* SPDX-License-Identifier: MIT
 *
 * image_stream_test.c - a data set read piece by piece gives the images that
 * it has when it is read at once, from wherever the reading begins. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/files/image_stream.h"
#include "host/files/png_stored.h"
#include "host/files/zip_writer.h"
#include "tests/unit/folder.h"

#define SIDE 8u
#define PIXELS ((size_t)SIDE * SIDE)
#define IMAGES 21u /* more than two blocks of a worker */

static uint8_t byte_of(size_t image, size_t at)
{
    return (uint8_t)(image * 53 + at * 7 + at / 5);
}

/* Image i has kinds[i mod length] - '0' channels. */
static void write_zip(const char *name, const char *kinds)
{
    host_failure f = HOST_FAILURE_UNSAID;
    host_zip_writer zip;
    uint8_t pixels[4 * PIXELS];

    assert_true(host_zip_begin(&zip, in_folder(name), &f));
    for (size_t i = 0; i < IMAGES; i++) {
        uint32_t channels = (uint32_t)(kinds[i % strlen(kinds)] - '0');
        char entry[32];
        size_t size;

        for (size_t e = 0; e < PIXELS * channels; e++) {
            pixels[e] = byte_of(i, e);
        }
        unsigned char *png =
            host_png_store(pixels, SIDE, SIDE, channels, &size, &f);
        assert_non_null(png);
        (void)snprintf(entry, sizeof entry, "%04zu.png", i);
        assert_true(host_zip_add(&zip, entry, png, size));
        free(png);
    }
    assert_true(host_zip_end(&zip));
}

/* idx images of the same bytes. */
static void write_idx(const char *name)
{
    unsigned char bytes[16 + IMAGES * PIXELS] = {
        0, 0, 8, 3, 0, 0, 0, IMAGES, 0, 0, 0, SIDE, 0, 0, 0, SIDE};

    for (size_t i = 0; i < IMAGES * PIXELS; i++) {
        bytes[16 + i] = byte_of(i / PIXELS, i % PIXELS);
    }
    write_file(name, bytes, sizeof bytes);
}

static void open_stream(host_image_stream *s, const char *name,
                        uint32_t channels)
{
    static char path[512];
    static host_dataset_source source;
    host_failure f = HOST_FAILURE_UNSAID;

    (void)snprintf(path, sizeof path, "%s", in_folder(name));
    source = (host_dataset_source){path, SIDE, 1, NULL, NULL, true};
    if (!host_image_stream_open(s, &source, channels, &f)) {
        fail_msg("%s", f.text);
    }
    assert_int_equal(s->total, IMAGES);
    assert_int_equal(s->size, SIDE);
}

/* Grey images of the bytes above, `channels` times each. */
static void check_pieces(const char *name, uint32_t channels, uint32_t first,
                         uint32_t piece)
{
    host_image_stream s;
    host_failure f = HOST_FAILURE_UNSAID;
    uint8_t images[IMAGES * PIXELS * 3];

    open_stream(&s, name, channels);
    host_image_stream_seek(&s, first);
    for (uint32_t i = first; i < IMAGES; i += piece) {
        uint32_t n = IMAGES - i < piece ? IMAGES - i : piece;

        assert_true(host_image_stream_read(&s, images, n, &f));
        for (size_t e = 0; e < n * PIXELS * channels; e++) {
            size_t image = i + e / channels / PIXELS;

            assert_int_equal(images[e],
                             byte_of(image, e / channels % PIXELS));
        }
    }
    host_image_stream_close(&s);
}

static void test_pieces(void **state)
{
    (void)state;
    write_zip("grey.zip", "1");
    write_idx("grey.idx");
    for (uint32_t first = 0; first < IMAGES; first += 5) {
        for (uint32_t piece = 1; piece <= IMAGES; piece += 4) {
            check_pieces("grey.zip", 1, first, piece);
            check_pieces("grey.zip", 3, first, piece);
            check_pieces("grey.idx", 1, first, piece);
            check_pieces("grey.idx", 3, first, piece);
        }
    }
}

/* Grey, alpha and colours in one file: an image is the same wherever the
 * reading begins. */
static void test_kinds(void **state)
{
    host_image_stream s;
    host_failure f = HOST_FAILURE_UNSAID;
    uint8_t all[IMAGES * PIXELS * 3], some[PIXELS * 3];

    (void)state;
    write_zip("kinds.zip", "24134");
    open_stream(&s, "kinds.zip", 3);
    assert_true(host_image_stream_read(&s, all, IMAGES, &f));
    for (uint32_t i = IMAGES; i-- > 0;) {
        host_image_stream_seek(&s, i);
        assert_true(host_image_stream_read(&s, some, 1, &f));
        assert_memory_equal(some, all + i * sizeof some, sizeof some);
    }
    assert_int_equal(all[3 * PIXELS], byte_of(1, 0)); /* RGBA, alpha gone */
    assert_int_equal(all[3 * PIXELS + 3], byte_of(1, 4));
    host_image_stream_close(&s);
}

static void test_names(void **state)
{
    host_image_stream s;

    (void)state;
    write_zip("names.zip", "1");
    open_stream(&s, "names.zip", 1);
    assert_string_equal(host_image_stream_name(&s, 20), "0020.png");
    host_image_stream_close(&s);
    write_idx("names.idx");
    open_stream(&s, "names.idx", 1);
    assert_null(host_image_stream_name(&s, 0));
    host_image_stream_close(&s);
}

/* Images up to the first with colours are read. */
static void test_colours_for_a_grey_network(void **state)
{
    host_image_stream s;
    host_failure f = HOST_FAILURE_UNSAID;
    uint8_t images[IMAGES * PIXELS];

    (void)state;
    write_zip("colours.zip", "111111111111111111113");
    open_stream(&s, "colours.zip", 1);
    assert_true(host_image_stream_read(&s, images, IMAGES - 1, &f));
    assert_false(host_image_stream_read(&s, images, 1, &f));
    assert_non_null(strstr(f.text, "has colours"));
    host_image_stream_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_colours_for_a_grey_network),
    };
    return folder_end(cmocka_run_group_tests(tests, folder_begin, NULL));
}
