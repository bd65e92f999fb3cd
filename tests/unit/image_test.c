/* SPDX-License-Identifier: MIT
 *
 * image_test.c - images of foreign files against what Pillow reads, their
 * limits, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

#include "codegen/codegen.h"
#include "host/files/image.h"

static cg_file *golden;

static int open_golden(void **state)
{
    cg_error error = {{0}};

    (void)state;
    golden = cg_open("tests/golden/images.safetensors", &error);
    return golden != NULL ? 0 : -1;
}

static int close_golden(void **state)
{
    (void)state;
    cg_close(golden);
    return 0;
}

static const cg_array *find(const char *item, const char *what)
{
    char name[64];
    const cg_array *array;

    (void)snprintf(name, sizeof name, "%s.%s", item, what);
    array = cg_find(golden, name);
    if (array == NULL) {
        fail_msg("no %s", name);
    }
    return array;
}

/* A copy that ends where its memory does; to be freed. */
static unsigned char *copy_of(const cg_array *file)
{
    unsigned char *bytes = malloc(file->elements);

    assert_non_null(bytes);
    memcpy(bytes, file->data, file->elements);
    return bytes;
}

static void check_pixels(const char *item, const host_image *got,
                         const cg_array *wanted)
{
    if (got->height != wanted->shape[0] || got->width != wanted->shape[1] ||
        got->channels != wanted->shape[2]) {
        fail_msg("%s: got %u x %u x %u, wanted %u x %u x %u", item,
                 got->height, got->width, got->channels,
                 (unsigned)wanted->shape[0], (unsigned)wanted->shape[1],
                 (unsigned)wanted->shape[2]);
    }
    for (uint64_t i = 0; i < wanted->elements; i++) {
        if (got->pixels[i] != wanted->data[i]) {
            fail_msg("%s[%u]: got %u, wanted %u", item, (unsigned)i,
                     got->pixels[i], wanted->data[i]);
        }
    }
}

/* Calls CHECK for every NAME.file. */
static void for_each_file(void (*check)(const char *item,
                                        const cg_array *file))
{
    int count = 0;

    for (size_t i = 0; i < golden->array_count; i++) {
        const cg_array *file = &golden->arrays[i];
        size_t n = strlen(file->name);
        char item[64] = {0};

        if (n > 5 && strcmp(file->name + n - 5, ".file") == 0) {
            memcpy(item, file->name, n - 5);
            check(item, file);
            count++;
        }
    }
    assert_true(count > 50);
}

static void check_decoded(const char *item, const cg_array *file)
{
    host_failure f = HOST_FAILURE_UNSAID;
    unsigned char *bytes = copy_of(file);
    host_image image, head;

    if (!host_image_decode(&image, bytes, file->elements, item, &f)) {
        fail_msg("%s", f.text);
    }
    check_pixels(item, &image, find(item, "pixels"));
    assert_true(host_image_measure(&head, bytes, file->elements, item, &f));
    assert_null(head.pixels);
    assert_int_equal(head.channels, image.channels);
    assert_int_equal(head.height * head.width, image.height * image.width);
    host_image_free(&image);
    free(bytes);
}

static void equals_pillow(void **state)
{
    (void)state;
    for_each_file(check_decoded);
}

/* ---- damage ------------------------------------------------------------ */

/* Reads bytes of a file that may be anything; an error must name it. */
static bool decodes(const unsigned char *bytes, size_t size, host_failure *f)
{
    host_image image;
    bool good = host_image_decode(&image, bytes, size, "there", f);

    if (!good) {
        assert_null(image.pixels);
        assert_memory_equal(f->text, "there: ", 7);
    }
    host_image_free(&image);
    return good;
}

/* The end of a file may be cut where it holds nothing of the picture: behind
 * a BMP's pixels, a GIF's first picture and a WebP's.  A PNG and a JPEG end
 * with a mark. */
static void check_truncated(const char *item, const cg_array *file)
{
    host_failure f = HOST_FAILURE_UNSAID;
    bool marked =
        strncmp(item, "png", 3) == 0 || strncmp(item, "jpeg", 4) == 0;

    for (size_t n = 0; n < file->elements; n++) {
        unsigned char *bytes = malloc(n + 1);
        host_image image;

        assert_non_null(bytes);
        memcpy(bytes, file->data, n);
        if (!host_image_decode(&image, bytes, n, item, &f)) {
            assert_null(image.pixels);
        } else if (marked) {
            fail_msg("%s: its first %zu bytes are an image", item, n);
        } else {
            check_pixels(item, &image, find(item, "pixels"));
        }
        host_image_free(&image);
        free(bytes);
    }
}

static void truncated_files_are_refused(void **state)
{
    (void)state;
    for_each_file(check_truncated);
}

/* Every byte of a PNG is under a checksum, or is one. */
static void every_byte_of_a_png_counts(void **state)
{
    static const char *const items[] = {"png.rgb", "png.palette8",
                                        "png.interlaced", "png.orientation6"};

    (void)state;
    for (size_t k = 0; k < sizeof items / sizeof *items; k++) {
        const cg_array *file = find(items[k], "file");
        unsigned char *bytes = copy_of(file);
        host_failure f = HOST_FAILURE_UNSAID;

        for (size_t i = 0; i < file->elements; i++) {
            bytes[i] ^= 1;
            if (decodes(bytes, file->elements, &f)) {
                fail_msg("%s: byte %zu may be wrong", items[k], i);
            }
            bytes[i] ^= 1;
        }
        free(bytes);
    }
}

static void store_be32(unsigned char *p, uint32_t value)
{
    for (int i = 0; i < 4; i++) {
        p[i] = (unsigned char)(value >> (24 - 8 * i));
    }
}

/* The sum of the pixels is wrong, the CRC of the chunk is right. */
static void adler_is_compared(void **state)
{
    const cg_array *file = find("png.rgb", "file");
    unsigned char *bytes = copy_of(file);
    host_failure f = HOST_FAILURE_UNSAID;
    size_t at = 8 + 25, length;

    (void)state;
    assert_memory_equal(bytes + at + 4, "IDAT", 4);
    length = file->elements - at - 24; /* of IDAT's data: IEND has 12 */
    bytes[at + 8 + length - 1] ^= 1;
    store_be32(bytes + at + 8 + length,
               (uint32_t)crc32(0, bytes + at + 4, (uInt)length + 4));
    assert_false(decodes(bytes, file->elements, &f));
    assert_non_null(strstr(f.text, "replace or remove it"));
    free(bytes);
}

/* A header of a PNG with no data: sizes are refused before memory is taken. */
static void sizes_have_limits(void **state)
{
    static const uint32_t sizes[][2] = {{20000, 20000},
                                        {65536, 1},
                                        {1, 65536},
                                        {0x7fffffff, 0x7fffffff},
                                        {8193, 8192}};
    unsigned char head[8 + 25] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
    host_failure f = HOST_FAILURE_UNSAID;

    (void)state;
    head[24] = 8;
    head[25] = 2;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        unsigned char whole[sizeof head + 12];

        store_be32(head + 16, sizes[i][0]);
        store_be32(head + 20, sizes[i][1]);
        store_be32(head + 29, (uint32_t)crc32(0, head + 12, 17));
        memcpy(whole, head, sizeof head);
        memcpy(whole + sizeof head, "\0\0\0\0IDAT\x35\xaf\x06\x1e", 12);
        assert_false(decodes(whole, sizeof whole, &f));
        if (strstr(f.text, "67108864") == NULL) {
            fail_msg("no limit in: %s", f.text);
        }
    }
}

static void names_what_is_no_image(void **state)
{
    static const char *const others[] = {"",         "P",
                                         "BM",       "GIF89a",
                                         "%PDF-1.4", "\xff\xd8\xff",
                                         "II*",      "RIFF....WEBPVP8 "};
    host_failure f = HOST_FAILURE_UNSAID;

    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        assert_false(
            decodes((const unsigned char *)others[i], strlen(others[i]), &f));
        assert_non_null(strstr(f.text, "replace or remove it"));
    }
    assert_true(host_image_is_name("a/b.JPeG"));
    assert_true(host_image_is_name(".png"));
    assert_false(host_image_is_name("png"));
    assert_false(host_image_is_name("a.png.txt"));
}

/* Files that made other readers write out of bounds: any answer will do, and
 * the sanitizers watch. */
static void survives(const char *path)
{
    static unsigned char bytes[8192];
    FILE *file = fopen(path, "rb");
    host_failure f = HOST_FAILURE_UNSAID;
    size_t size;
    unsigned char *exact;

    assert_non_null(file);
    size = fread(bytes, 1, sizeof bytes, file);
    assert_int_equal(fclose(file), 0);
    assert_in_range(size, 1, sizeof bytes - 1);
    exact = malloc(size);
    assert_non_null(exact);
    memcpy(exact, bytes, size);
    (void)decodes(exact, size, &f);
    free(exact);
}

static void survives_known_attacks(void **state)
{
    (void)state;
    survives("tests/fuzz/image/huffman_table.jpg");
    survives("tests/fuzz/image/huffman_overrun.jpg");
}

/* ---- kinds ------------------------------------------------------------- */

static void check_kind(uint32_t from, const uint8_t *pixel, uint32_t to,
                       const uint8_t *wanted)
{
    host_failure f = HOST_FAILURE_UNSAID;
    host_image image = {malloc(from), 1, 1, from};

    assert_non_null(image.pixels);
    memcpy(image.pixels, pixel, from);
    assert_true(host_image_convert(&image, to, &f));
    assert_int_equal(image.channels, to);
    assert_memory_equal(image.pixels, wanted, to);
    host_image_free(&image);
}

static void kinds_become_others(void **state)
{
    /* ITU-R 601: 0.299 * 10 + 0.587 * 200 + 0.114 * 90 = 130.65 */
    static const uint8_t rgba[] = {10, 200, 90, 7};
    static const uint8_t opaque[] = {10, 200, 90, 255};
    static const uint8_t luma[] = {131, 7}, solid[] = {131, 255};
    static const uint8_t grey[] = {131, 131, 131, 7};

    (void)state;
    check_kind(4, rgba, 3, rgba);
    check_kind(4, rgba, 2, luma);
    check_kind(4, rgba, 1, luma);
    check_kind(3, rgba, 4, opaque);
    check_kind(3, rgba, 2, solid);
    check_kind(3, rgba, 1, luma);
    check_kind(2, luma, 4, grey);
    check_kind(2, luma, 3, grey);
    check_kind(2, luma, 1, luma);
    check_kind(1, luma, 2, solid);
    check_kind(1, luma, 3, grey);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_pillow),
        cmocka_unit_test(truncated_files_are_refused),
        cmocka_unit_test(every_byte_of_a_png_counts),
        cmocka_unit_test(adler_is_compared),
        cmocka_unit_test(sizes_have_limits),
        cmocka_unit_test(names_what_is_no_image),
        cmocka_unit_test(survives_known_attacks),
        cmocka_unit_test(kinds_become_others),
    };

    return cmocka_run_group_tests(tests, open_golden, close_golden);
}
