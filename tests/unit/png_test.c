/* SPDX-License-Identifier: MIT
 *
 * png_test.c - what png_file.c and npy.c write, read by libpng and by hand.
 * Links with the shared objects of tools. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <png.h>

#include "host/files/npy.h"
#include "host/files/png_file.h"
#include "host/files/png_text.h"

#define TEXT "{\"seeds\":[0,1],\"model\":\"caf\xc3\xa9\"}"

typedef struct source {
    const unsigned char *bytes;
    size_t size, at;
} source;

static void read_bytes(png_structp png, png_bytep to, size_t size)
{
    source *s = png_get_io_ptr(png);
    if (size > s->size - s->at) {
        png_error(png, "short");
    }
    memcpy(to, s->bytes + s->at, size);
    s->at += size;
}

/* Decodes with libpng, which checks every CRC, and compares. */
static void check_with_libpng(const unsigned char *bytes, size_t size,
                              const uint8_t *pixels, uint32_t width,
                              uint32_t height, uint32_t channels)
{
    source s = {bytes, size, 0};
    png_structp png =
        png_create_read_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    assert_non_null(info);
    if (setjmp(png_jmpbuf(png))) {
        fail_msg("libpng refuses the file, %u channels", channels);
    }
    png_set_read_fn(png, &s, read_bytes);
    png_read_png(png, info, PNG_TRANSFORM_IDENTITY, NULL);
    assert_int_equal(png_get_image_width(png, info), width);
    assert_int_equal(png_get_image_height(png, info), height);
    assert_int_equal(png_get_channels(png, info), channels);
    assert_int_equal(png_get_bit_depth(png, info), 8);
    png_bytepp rows = png_get_rows(png, info);
    for (uint32_t y = 0; y < height; y++) {
        assert_memory_equal(rows[y], pixels + (size_t)y * width * channels,
                            (size_t)width * channels);
    }
    png_textp text;
    assert_int_equal(png_get_text(png, info, &text, NULL), 1);
    assert_string_equal(text->key, HOST_PNG_KEYWORD);
    assert_string_equal(text->text, TEXT);
    assert_int_equal(text->compression, PNG_ITXT_COMPRESSION_NONE);
    assert_int_equal(s.at, size); /* nothing behind IEND */
    png_destroy_read_struct(&png, &info, NULL);
}

static void pixels_and_text_survive(void **state)
{
    (void)state;
    static const uint32_t sizes[][2] = {{1, 1}, {3, 2}, {32, 32}, {257, 9}};
    for (uint32_t channels = 1; channels <= 4; channels++) {
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            uint32_t w = sizes[i][0], h = sizes[i][1];
            static uint8_t pixels[257 * 9 * 4];
            for (size_t k = 0; k < (size_t)w * h * channels; k++) {
                pixels[k] = (uint8_t)(k * 37 + k / 64);
            }
            host_failure f;
            size_t size;
            unsigned char *png =
                host_png_file_encode(pixels, w, h, channels, TEXT, &size, &f);
            assert_non_null(png);
            check_with_libpng(png, size, pixels, w, h, channels);
            char *text = host_png_text(png, size, "x.png", &f);
            assert_non_null(text);
            assert_string_equal(text, TEXT);
            free(text);
            free(png);
        }
    }
}

/* Every shortened and every damaged file is refused or read right; never
 * read past its end (the copy has the exact size, for ASan). */
static void damaged_files(void **state)
{
    (void)state;
    static const uint8_t pixels[12];
    host_failure f;
    size_t size;
    unsigned char *png =
        host_png_file_encode(pixels, 2, 2, 3, TEXT, &size, &f);
    assert_non_null(png);
    size_t text_end = 33 + 12 + 9 + strlen(TEXT);
    for (size_t n = 0; n < size; n++) {
        unsigned char *copy = malloc(n + (n == 0));
        assert_non_null(copy);
        memcpy(copy, png, n);
        char *text = host_png_text(copy, n, "x.png", &f);
        if ((text != NULL) != (n >= text_end)) {
            fail_msg("%zu of %zu bytes: text %s", n, size,
                     text != NULL ? "found" : "not found");
        }
        free(text);
        free(copy);
    }
    for (size_t n = 0; n < text_end; n++) {
        png[n] ^= 0x10;
        char *text = host_png_text(png, size, "x.png", &f);
        if (text != NULL) {
            fail_msg("byte %zu flipped, text still taken: %s", n, text);
        }
        png[n] ^= 0x10;
    }
    free(png);
}

typedef struct sink {
    unsigned char bytes[4096];
    size_t size;
} sink;

static void write_bytes(png_structp png, png_bytep from, size_t size)
{
    sink *s = png_get_io_ptr(png);
    if (size > sizeof s->bytes - s->size) {
        png_error(png, "long");
    }
    memcpy(s->bytes + s->size, from, size);
    s->size += size;
}

/* One pixel with a text of another keyword and then ours, by libpng. */
static void write_with_libpng(sink *s, int compression, char *text)
{
    static char other[] = "Software", ours[] = HOST_PNG_KEYWORD;
    static char language[] = "de", keyword[] = "Rezept";
    uint8_t pixel[1] = {9};
    png_structp png =
        png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    assert_non_null(info);
    png_text texts[2] = {
        {.compression = PNG_TEXT_COMPRESSION_NONE,
         .key = other,
         .text = ours},
        {.compression = compression,
         .key = ours,
         .text = text,
         .lang = language,
         .lang_key = keyword},
    };
    if (setjmp(png_jmpbuf(png))) {
        fail_msg("libpng does not write compression %d", compression);
    }
    s->size = 0;
    png_set_write_fn(png, s, write_bytes, NULL);
    png_set_IHDR(png, info, 1, 1, 8, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_set_text(png, info, texts, 2);
    png_write_info(png, info);
    png_write_row(png, pixel);
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
}

/* Image tools write a text again in the kind of chunk that they prefer. */
static void texts_of_other_programs(void **state)
{
    (void)state;
    static const int kinds[] = {
        PNG_TEXT_COMPRESSION_NONE, PNG_TEXT_COMPRESSION_zTXt,
        PNG_ITXT_COMPRESSION_NONE, PNG_ITXT_COMPRESSION_zTXt};
    static char text[1501];
    for (size_t i = 0; i + 1 < sizeof text; i++) {
        text[i] = (char)('!' + i * i % 90);
    }
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        static sink s;
        host_failure f = HOST_FAILURE_UNSAID;
        write_with_libpng(&s, kinds[k], text);
        char *found = host_png_text(s.bytes, s.size, "x.png", &f);
        if (found == NULL) {
            fail_msg("compression %d: %s", kinds[k], f.text);
        }
        assert_string_equal(found, text);
        free(found);
    }
}

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/* Whatever lies behind the signature: a text, or a line that says why not.
 * Lengths run past the end, types and bodies are sometimes ours. */
static void random_chunks(void **state)
{
    (void)state;
    uint32_t seed = 1, texts = 0;
    for (int round = 0; round < 20000; round++) {
        host_failure f = {HOST_EXIT_DONE, ""};
        size_t size;
        static const uint8_t pixel[1];
        unsigned char *png =
            host_png_file_encode(pixel, 1, 1, 1, TEXT, &size, &f);
        assert_non_null(png);
        for (uint32_t k = next_random(&seed) % 3; k > 0; k--) {
            size_t at = 8 + next_random(&seed) % (size - 8);
            png[at] = (unsigned char)next_random(&seed);
        }
        char *text = host_png_text(png, size, "x.png", &f);
        if (text == NULL && f.code != HOST_EXIT_FAILED) {
            fail_msg("round %d: no text and no reason", round);
        }
        if (text != NULL) {
            assert_string_equal(text, TEXT); /* the CRC guards it */
            texts++;
        }
        free(text);
        free(png);
    }
    assert_in_range(texts, 6000, 20000);
}

static void limits(void **state)
{
    (void)state;
    assert_true(host_png_file_fits(1, 1, 1));
    assert_true(host_png_file_fits(10000, 10000, 3));
    assert_false(host_png_file_fits(0, 1, 1));
    assert_false(host_png_file_fits(1, 0, 1));
    assert_false(host_png_file_fits(1, 1, 0));
    assert_false(host_png_file_fits(1, 1, 5));
    assert_false(host_png_file_fits(100000, 100000, 3));
    assert_false(host_png_file_fits(UINT64_MAX, UINT64_MAX, 4));
    host_png_grid grid;
    host_failure f;
    assert_false(host_png_grid_make(&grid, 32, 3, UINT64_MAX / 2, 2, &f));
    assert_false(host_png_grid_make(&grid, 32, 3, 1, UINT64_MAX, &f));
    assert_false(host_png_grid_make(&grid, 32, 3, 100000, 100000, &f));
}

/* Cell k of a grid of C columns is at column k mod C, row k / C. */
static void grid_cells(void **state)
{
    (void)state;
    host_png_grid grid;
    host_failure f;
    assert_true(host_png_grid_make(&grid, 2, 3, 3, 2, &f));
    for (uint8_t k = 0; k < 5; k++) {
        uint8_t image[12];
        for (uint8_t i = 0; i < 12; i++) {
            image[i] = (uint8_t)(k * 20 + i + 1);
        }
        host_png_grid_set(&grid, k, image);
    }
    for (uint32_t y = 0; y < 4; y++) {
        for (uint32_t x = 0; x < 6; x++) {
            uint32_t cell = y / 2 * 3 + x / 2;
            for (uint32_t c = 0; c < 3; c++) {
                uint32_t wanted =
                    cell < 5 ? cell * 20 + (y % 2 * 2 + x % 2) * 3 + c + 1
                             : 0;
                uint32_t got = grid.pixels[(y * 6 + x) * 3 + c];
                if (got != wanted) {
                    fail_msg("(%u, %u) channel %u: wanted %u, got %u", x, y,
                             c, wanted, got);
                }
            }
        }
    }
    host_png_grid_free(&grid);
}

static void npy_headers(void **state)
{
    (void)state;
    static const uint64_t shape[4] = {UINT32_MAX, 64, 64, 3};
    static const char *const wanted[] = {
        NULL, "(4294967295,)", "(4294967295, 64,)", "(4294967295, 64, 64,)",
        "(4294967295, 64, 64, 3,)"};
    for (int rank = 1; rank <= 4; rank++) {
        unsigned char header[HOST_NPY_HEADER_BYTES];
        host_npy_header(header, "|u1", shape, rank);
        assert_memory_equal(header, "\x93NUMPY\x01\x00\x76\x00", 10);
        assert_int_equal(header[HOST_NPY_HEADER_BYTES - 1], '\n');
        char dict[HOST_NPY_HEADER_BYTES - 9];
        memcpy(dict, header + 10, HOST_NPY_HEADER_BYTES - 10);
        dict[HOST_NPY_HEADER_BYTES - 10] = '\0';
        char start[128];
        snprintf(start, sizeof start,
                 "{'descr': '|u1', 'fortran_order': False, 'shape': %s, }",
                 wanted[rank]);
        assert_memory_equal(dict, start, strlen(start));
        assert_int_equal(strspn(dict + strlen(start), " "),
                         HOST_NPY_HEADER_BYTES - 11 - strlen(start));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pixels_and_text_survive),
        cmocka_unit_test(damaged_files),
        cmocka_unit_test(texts_of_other_programs),
        cmocka_unit_test(random_chunks),
        cmocka_unit_test(limits),
        cmocka_unit_test(grid_cells),
        cmocka_unit_test(npy_headers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
