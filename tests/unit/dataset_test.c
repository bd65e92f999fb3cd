/* SPDX-License-Identifier: MIT
 *
 * dataset_test.c - images of many kinds in one data set, read by any number
 * of threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#include "host/files/dataset.h"
#include "host/files/png_stored.h"
#include "host/files/zip_writer.h"
#include "tests/unit/folder.h"

/* Tasks come in the wrong order, by every worker. */
static void backwards(void *pool, cedm_task *task, void *arg, uint32_t count)
{
    uint32_t workers = *(const uint32_t *)pool;

    for (uint32_t i = count; i-- > 0;) {
        task(arg, i, i % workers);
    }
}

static bool read_by(host_dataset *d, const char *path, uint32_t resolution,
                    uint32_t workers, host_failure *f)
{
    host_dataset_source source = {path,      resolution, workers,
                                  backwards, &workers,   false};
    host_dataset_load load;
    bool good = host_dataset_begin(&load, d, &source, f);

    while (good && host_dataset_left(&load)) {
        good = host_dataset_more(&load, f);
    }
    return host_dataset_end(&load, good, f);
}

/* Byte c of pixel p of image i. */
static uint8_t byte_of(size_t i, size_t p, size_t c)
{
    return (uint8_t)(i * 37 + p * 5 + c * 91 + p / 3);
}

#define SIDE 8u
#define PIXELS ((size_t)SIDE * SIDE)

static void add_png(host_zip_writer *zip, size_t i, uint32_t height,
                    uint32_t width, uint32_t channels)
{
    uint8_t *pixels = malloc((size_t)height * width * channels);
    host_failure f = HOST_FAILURE_UNSAID;
    char name[32];
    unsigned char *png;
    size_t size;

    assert_non_null(pixels);
    for (size_t e = 0; e < (size_t)height * width * channels; e++) {
        pixels[e] = byte_of(i, e / channels, e % channels);
    }
    png = host_png_store(pixels, height, width, channels, &size, &f);
    assert_non_null(png);
    (void)snprintf(name, sizeof name, "%04zu.png", i);
    assert_true(host_zip_add(zip, name, png, size));
    free(png);
    free(pixels);
}

/* Image i has kinds[i] - '0' channels. */
static void write_kinds(const char *name, const char *kinds)
{
    host_failure f = HOST_FAILURE_UNSAID;
    host_zip_writer zip;

    assert_true(host_zip_begin(&zip, in_folder(name), &f));
    for (size_t i = 0; kinds[i] != '\0'; i++) {
        add_png(&zip, i, SIDE, SIDE, (uint32_t)(kinds[i] - '0'));
    }
    assert_true(host_zip_end(&zip));
}

/* What image.h says of conversions, for one byte. */
static uint8_t converted(size_t i, size_t p, uint32_t from, size_t c,
                         uint32_t to)
{
    if (to % 2 == 0 && c == to - 1) {
        return from % 2 == 0 ? byte_of(i, p, from - 1) : 255;
    }
    return byte_of(i, p, from >= 3 ? c : 0);
}

/* How many of the kinds are among `which`. */
static uint64_t count_of(const char *kinds, const char *which)
{
    uint64_t count = 0;

    for (; *kinds != '\0'; kinds++) {
        count += strchr(which, *kinds) != NULL;
    }
    return count;
}

static void check_kinds(const char *kinds, uint32_t channels)
{
    uint64_t grey = channels >= 3 ? count_of(kinds, "12") : 0;
    uint64_t alpha = channels % 2 == 1 ? count_of(kinds, "24") : 0;

    write_kinds("kinds.zip", kinds);
    for (uint32_t workers = 1; workers <= 4; workers++) {
        host_failure f = HOST_FAILURE_UNSAID;
        host_dataset d;

        if (!read_by(&d, in_folder("kinds.zip"), 0, workers, &f)) {
            fail_msg("%s", f.text);
        }
        assert_int_equal(d.count, strlen(kinds));
        assert_int_equal(d.channels, channels);
        assert_int_equal(d.counts.coloured, grey);
        assert_int_equal(d.counts.flattened, alpha);
        for (size_t e = 0; e < d.count * PIXELS * channels; e++) {
            size_t i = e / channels / PIXELS, p = e / channels % PIXELS;
            uint8_t wanted = converted(i, p, (uint32_t)(kinds[i] - '0'),
                                       e % channels, channels);

            if (d.pixels[e] != wanted) {
                fail_msg("%s, %u workers: image %zu pixel %zu: got %u, "
                         "wanted %u",
                         kinds, workers, i, p, d.pixels[e], wanted);
            }
        }
        host_dataset_close(&d);
    }
}

static void kinds_become_what_all_share(void **state)
{
    (void)state;
    check_kinds("1", 1);
    check_kinds("11", 1);
    check_kinds("33", 3);
    check_kinds("44", 4);
    check_kinds("22", 2);
    check_kinds("13", 3);
    check_kinds("31", 3);
    check_kinds("43", 3);
    check_kinds("24", 4);
    check_kinds("21", 1);
    check_kinds("1111111111111111111111111111111111111111112", 1);
    check_kinds("2222222222222222222222222222222222222222224", 4);
    check_kinds("222222222222222222222242222222222222222222222222223", 3);
    check_kinds("3141213412341234123412343214321432143214321432143214", 3);
}

static void changes_are_told(void **state)
{
    host_failure f = HOST_FAILURE_UNSAID;
    host_zip_writer zip;
    host_dataset d;
    char text[HOST_DATASET_NOTE_BYTES];

    (void)state;
    assert_true(host_zip_begin(&zip, in_folder("sizes.zip"), &f));
    add_png(&zip, 0, 8, 8, 3);
    add_png(&zip, 1, 5, 8, 3);
    add_png(&zip, 2, 20, 30, 4);
    add_png(&zip, 3, 4, 4, 1);
    assert_true(host_zip_add(&zip, "notes.txt", "", 0));
    assert_true(host_zip_add(&zip, "dataset.json", "{}", 2));
    assert_true(host_zip_end(&zip));
    assert_true(read_by(&d, in_folder("sizes.zip"), 8, 2, &f));
    assert_true(host_dataset_changes(&d, text, sizeof text));
    assert_string_equal(text, "2 got a black border, 1 were resized, 1 grey "
                              "became RGB, 1 lost their alpha");
    assert_string_equal(d.left_out, "1 of other kinds, the first is "
                                    "notes.txt");
    assert_int_equal(d.pixels[8 * 8 * 3], 0); /* the border's row */
    assert_int_equal(d.pixels[8 * 8 * 3 + 8 * 3], byte_of(1, 0, 0));
    host_dataset_close(&d);
    assert_false(read_by(&d, in_folder("sizes.zip"), 0, 2, &f));
    assert_non_null(strstr(f.text, "0001.png"));
    assert_non_null(strstr(f.text, "--resolution"));
}

/* The first bad image is named, whoever met it first. */
static void the_first_damage_is_named(void **state)
{
    host_failure f = HOST_FAILURE_UNSAID;
    host_zip_writer zip;
    host_dataset d;

    (void)state;
    assert_true(host_zip_begin(&zip, in_folder("bad.zip"), &f));
    for (size_t i = 0; i < 20; i++) {
        add_png(&zip, i, SIDE, SIDE, 3);
    }
    assert_true(host_zip_add(&zip, "0020.png", "no", 2));
    assert_true(host_zip_add(&zip, "0021.png", "no", 2));
    assert_true(host_zip_end(&zip));
    for (uint32_t workers = 1; workers <= 4; workers++) {
        assert_false(read_by(&d, in_folder("bad.zip"), 0, workers, &f));
        assert_non_null(strstr(f.text, "bad.zip:0020.png: "));
        assert_null(d.pixels);
    }
}

/* ---- raw pixels -------------------------------------------------------- */

static void write_gz(const char *name, const void *bytes, unsigned size)
{
    gzFile file = gzopen(in_folder(name), "wb");

    assert_non_null(file);
    assert_int_equal(gzwrite(file, bytes, size), (int)size);
    assert_int_equal(gzclose(file), Z_OK);
}

static void idx_files_end_where_they_say(void **state)
{
    static const unsigned char idx[16 + 3 * 4 + 1] = {0, 0, 8, 3, 0, 0, 0, 3,
                                                      0, 0, 0, 2, 0, 0, 0, 2};
    host_failure f = HOST_FAILURE_UNSAID;
    host_dataset d;
    FILE *file;

    (void)state;
    write_gz("whole.gz", idx, sizeof idx - 1);
    assert_true(host_dataset_open(&d, in_folder("whole.gz"), 0, &f));
    assert_int_equal(d.count, 3);
    host_dataset_close(&d);
    write_gz("long.gz", idx, sizeof idx);
    assert_false(host_dataset_open(&d, in_folder("long.gz"), 0, &f));
    assert_non_null(strstr(f.text, "bytes follow its 3 images"));
    write_gz("short.gz", idx, sizeof idx - 2);
    assert_false(host_dataset_open(&d, in_folder("short.gz"), 0, &f));
    assert_non_null(strstr(f.text, "ends in image 2 of 3"));

    /* The CRC of gzip is eight bytes before the end. */
    file = fopen(in_folder("whole.gz"), "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, -8, SEEK_END), 0);
    assert_int_equal(fputc(1, file), 1);
    assert_int_equal(fclose(file), 0);
    assert_false(host_dataset_open(&d, in_folder("whole.gz"), 0, &f));
}

/* A batch of CIFAR in an archive: red, green and blue one after another. */
static void batches_lie_in_archives(void **state)
{
    static unsigned char batch[2 * 3073];
    host_failure f = HOST_FAILURE_UNSAID;
    host_zip_writer zip;
    host_dataset d;

    (void)state;
    memset(batch + 1, 10, 1024);
    memset(batch + 1025, 20, 1024);
    memset(batch + 2049, 30, 1024);
    memset(batch + 3074, 40, 3072);
    assert_true(host_zip_begin(&zip, in_folder("cifar.zip"), &f));
    add_png(&zip, 0, SIDE, SIDE, 3);
    assert_true(
        host_zip_add(&zip, "c/data_batch_1.bin", batch, sizeof batch));
    assert_true(host_zip_end(&zip));
    assert_true(host_dataset_open(&d, in_folder("cifar.zip"), 0, &f));
    assert_int_equal(d.count, 2);
    assert_int_equal(d.size, 32);
    for (size_t e = 0; e < 3072; e++) {
        assert_int_equal(d.pixels[e], 10 + 10 * (e % 3));
        assert_int_equal(d.pixels[3072 + e], 40);
    }
    assert_string_equal(d.left_out, "1 of other kinds, the first is "
                                    "0000.png");
    host_dataset_close(&d);
}

/* An alarm ends the test if a pipe is opened. */
static void nothing_else_is_opened(void **state)
{
    host_failure f = HOST_FAILURE_UNSAID;
    host_dataset d;

    (void)state;
    assert_int_equal(mkfifo(in_folder("pipe"), 0600), 0);
    (void)alarm(10);
    assert_false(host_dataset_open(&d, in_folder("pipe"), 0, &f));
    (void)alarm(0);
    assert_int_equal(mkdir(in_folder("none"), 0700), 0);
    assert_false(host_dataset_open(&d, in_folder("none"), 0, &f));
    assert_non_null(strstr(f.text, "no images"));
    assert_false(host_dataset_open(&d, in_folder("nowhere"), 0, &f));
    assert_non_null(strstr(f.text, "No such file"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_become_what_all_share),
        cmocka_unit_test(changes_are_told),
        cmocka_unit_test(the_first_damage_is_named),
        cmocka_unit_test(idx_files_end_where_they_say),
        cmocka_unit_test(batches_lie_in_archives),
        cmocka_unit_test(nothing_else_is_opened),
    };
    return folder_end(cmocka_run_group_tests(tests, folder_begin, NULL));
}
