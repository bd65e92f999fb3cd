/* SPDX-License-Identifier: MIT
 *
 * data_test.c - data sets in every format, the order of images and what is
 * drawn for them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zip.h>

#include <cmocka.h>

#include "trainer/loader.h"
#include "host/files/png_file.h"
#include "host/random/random.h"
#include "tests/unit/folder.h"

/* Pixel e of image i in all of these tests. */
static uint8_t pixel(uint32_t i, size_t e)
{
    return (uint8_t)(e * 7 + i * 31 + e / 11);
}

static void check_images(const char *path, uint32_t count, uint32_t size,
                         uint32_t channels)
{
    host_failure f = HOST_FAILURE_UNSAID;
    host_dataset d;

    if (!host_dataset_open(&d, path, 0, &f)) {
        fail_msg("%s", f.text);
    }
    assert_int_equal(d.count, count);
    assert_int_equal(d.size, size);
    assert_int_equal(d.channels, channels);
    for (uint32_t i = 0; i < count; i++) {
        for (size_t e = 0; e < (size_t)size * size * channels; e++) {
            uint8_t got = d.pixels[i * (size_t)size * size * channels + e];

            if (got != pixel(i, e)) {
                fail_msg("%s: image %u element %zu: got %u, wanted %u", path,
                         i, e, got, pixel(i, e));
            }
        }
    }
    host_dataset_close(&d);
}

static void test_cifar(void **state)
{
    static uint8_t file[2 * 3074];

    (void)state;
    for (uint32_t labels = 1; labels <= 2; labels++) {
        for (uint32_t i = 0; i < 2; i++) {
            uint8_t *record = file + i * (labels + 3072);

            for (size_t e = 0; e < 3072; e++) {
                record[labels + e % 3 * 1024 + e / 3] = pixel(i, e);
            }
        }
        write_file("data_batch_1.bin", file, 2 * (labels + 3072));
        check_images(in_folder("data_batch_1.bin"), 2, 32, 3);
    }
}

/* Image i as a PNG file, RGB 8x8; to be freed. */
static unsigned char *png_of(uint32_t i, size_t *size)
{
    uint8_t pixels[192];
    host_failure f = HOST_FAILURE_UNSAID;
    unsigned char *png;

    for (size_t e = 0; e < sizeof pixels; e++) {
        pixels[e] = pixel(i, e);
    }
    png = host_png_file_encode(pixels, 8, 8, 3, "{}", size, &f);
    assert_non_null(png);
    return png;
}

/* Written in the wrong order: names decide. */
static void test_zip_and_folder(void **state)
{
    static const char *const names[] = {"00000/img00000002.png",
                                        "00000/img00000000.png",
                                        "00001/img00000001.png"};
    static const uint32_t images[] = {1, 0, 2};
    zip_t *zip =
        zip_open(in_folder("set.zip"), ZIP_CREATE | ZIP_TRUNCATE, NULL);

    (void)state;
    assert_non_null(zip);
    (void)mkdir(in_folder("set"), 0700);
    (void)mkdir(in_folder("set/00000"), 0700);
    (void)mkdir(in_folder("set/00001"), 0700);
    for (int i = 0; i < 3; i++) {
        size_t size;
        char name[64];
        unsigned char *png = png_of(images[i], &size);
        zip_source_t *source = zip_source_buffer(zip, png, size, 1);

        (void)snprintf(name, sizeof name, "set/%s", names[i]);
        write_file(name, png, size);
        assert_true(zip_file_add(zip, names[i], source, 0) >= 0);
    }
    write_file("set/dataset.json", "{\"labels\":null}", 15);
    assert_int_equal(zip_close(zip), 0);
    check_images(in_folder("set.zip"), 3, 8, 3);
    check_images(in_folder("set"), 3, 8, 3);
}

/* Written by Pillow: 8x8, four rows of (200, 120, 40) above four of
 * (60, 90, 220). */
static void test_jpeg(void **state)
{
    static const uint8_t jpeg[] = {
        0xff, 0xd8, 0xff, 0xdb, 0x00, 0x43, 0x00, 0x02, 0x01, 0x01, 0x01,
        0x01, 0x01, 0x02, 0x01, 0x01, 0x01, 0x02, 0x02, 0x02, 0x02, 0x02,
        0x04, 0x03, 0x02, 0x02, 0x02, 0x02, 0x05, 0x04, 0x04, 0x03, 0x04,
        0x06, 0x05, 0x06, 0x06, 0x06, 0x05, 0x06, 0x06, 0x06, 0x07, 0x09,
        0x08, 0x06, 0x07, 0x09, 0x07, 0x06, 0x06, 0x08, 0x0b, 0x08, 0x09,
        0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x06, 0x08, 0x0b, 0x0c, 0x0b, 0x0a,
        0x0c, 0x09, 0x0a, 0x0a, 0x0a, 0xff, 0xdb, 0x00, 0x43, 0x01, 0x02,
        0x02, 0x02, 0x02, 0x02, 0x02, 0x05, 0x03, 0x03, 0x05, 0x0a, 0x07,
        0x06, 0x07, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a,
        0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a,
        0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a,
        0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a,
        0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0xff, 0xc0, 0x00,
        0x11, 0x08, 0x00, 0x08, 0x00, 0x08, 0x03, 0x01, 0x11, 0x00, 0x02,
        0x11, 0x01, 0x03, 0x11, 0x01, 0xff, 0xc4, 0x00, 0x14, 0x00, 0x01,
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x00, 0x06, 0xff, 0xc4, 0x00, 0x18, 0x10, 0x00,
        0x02, 0x03, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x00, 0x00, 0x18, 0x66, 0xa5, 0xe3, 0xff, 0xc4,
        0x00, 0x14, 0x01, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x06, 0xff, 0xc4,
        0x00, 0x1a, 0x11, 0x00, 0x02, 0x02, 0x03, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x18, 0x65,
        0xa3, 0xa4, 0xe3, 0xe4, 0xff, 0xda, 0x00, 0x0c, 0x03, 0x01, 0x00,
        0x02, 0x11, 0x03, 0x11, 0x00, 0x3f, 0x00, 0x1a, 0xc6, 0xc3, 0x6c,
        0x73, 0x11, 0x24, 0x13, 0xf8, 0xbd, 0x22, 0xa6, 0x12, 0x32, 0xed,
        0x47, 0xff, 0xd9};
    static const uint8_t wanted[2][3] = {{200, 120, 40}, {60, 90, 220}};
    host_failure f = HOST_FAILURE_UNSAID;
    host_dataset d;

    (void)state;
    (void)mkdir(in_folder("jpeg"), 0700);
    write_file("jpeg/a.JPG", jpeg, sizeof jpeg);
    if (!host_dataset_open(&d, in_folder("jpeg"), 0, &f)) {
        fail_msg("%s", f.text);
    }
    assert_int_equal(d.count, 1);
    assert_int_equal(d.size, 8);
    assert_int_equal(d.channels, 3);
    for (size_t e = 0; e < 192; e++) {
        uint8_t value = wanted[e / 96][e % 3];

        assert_in_range(d.pixels[e], value - 5, value + 5);
    }
    host_dataset_close(&d);
}

static void check_damage(const char *name, const char *where,
                         const char *advice)
{
    host_failure f = HOST_FAILURE_UNSAID;
    host_dataset d;

    assert_false(host_dataset_open(&d, in_folder(name), 0, &f));
    assert_non_null(strstr(f.text, where));
    assert_non_null(strstr(f.text, advice));
}

static void test_damaged_image(void **state)
{
    size_t size;
    unsigned char *png = png_of(0, &size);

    (void)state;
    (void)mkdir(in_folder("bad"), 0700);
    write_file("bad/a.png", png, size);
    write_file("bad/b.png", png, size / 2);
    free(png);
    check_damage("bad", "bad/b.png: ", "replace or remove");
}

/* NAME has a.png and the first `kept` of b.png's bytes. */
static void write_zip(const char *name, const unsigned char *png, size_t size,
                      size_t kept)
{
    zip_t *zip = zip_open(in_folder(name), ZIP_CREATE | ZIP_TRUNCATE, NULL);

    assert_non_null(zip);
    assert_true(zip_file_add(zip, "a.png",
                             zip_source_buffer(zip, png, size, 0), 0) >= 0);
    assert_true(zip_file_add(zip, "b.png",
                             zip_source_buffer(zip, png, kept, 0), 0) >= 0);
    assert_int_equal(zip_close(zip), 0);
}

/* An image that was damaged before it came into the archive, and an archive
 * that was: both name the file and its member. */
static void test_damaged_zip(void **state)
{
    static uint8_t bytes[4096];
    size_t size, length, at = 0;
    unsigned char *png = png_of(0, &size);
    FILE *file;

    (void)state;
    write_zip("cut.zip", png, size, size / 2);
    check_damage("cut.zip", "cut.zip:b.png: ", "replace or remove");

    write_zip("flipped.zip", png, size, size);
    free(png);
    file = fopen(in_folder("flipped.zip"), "rb");
    assert_non_null(file);
    length = fread(bytes, 1, sizeof bytes, file);
    assert_int_equal(fclose(file), 0);
    assert_true(length > size && length < sizeof bytes);
    while (at + 45 < length && memcmp(bytes + at, "b.png", 5) != 0) {
        at++;
    }
    bytes[at + 5 + 40] ^= 1;
    write_file("flipped.zip", bytes, length);
    check_damage("flipped.zip", "flipped.zip:b.png: ", "get the file again");
}

/* A border around small images; large ones keep their mean. */
static void test_resolution(void **state)
{
    static uint8_t idx[16 + 2 * 28 * 20] = {0, 0, 8, 3,  0, 0, 0, 2,
                                            0, 0, 0, 28, 0, 0, 0, 20};
    host_failure f = HOST_FAILURE_UNSAID;
    host_dataset d;
    double mean = 0.0;

    (void)state;
    memset(idx + 16, 200, sizeof idx - 16);
    write_file("images.idx", idx, sizeof idx);
    assert_false(host_dataset_open(&d, in_folder("images.idx"), 0, &f));
    assert_non_null(strstr(f.text, "--resolution"));
    assert_true(host_dataset_open(&d, in_folder("images.idx"), 32, &f));
    assert_int_equal(d.pixels[0], 0);
    assert_int_equal(d.pixels[2 * 32 + 6], 200);
    assert_int_equal(d.pixels[2 * 32 + 5], 0);
    assert_int_equal(d.pixels[29 * 32 + 25], 200);
    assert_int_equal(d.pixels[30 * 32 + 25], 0);
    host_dataset_close(&d);
    for (size_t i = 16; i < sizeof idx; i++) {
        idx[i] = (i - 16) % 20 < 10 ? 100 : 150;
    }
    write_file("images.idx", idx, sizeof idx);
    assert_true(host_dataset_open(&d, in_folder("images.idx"), 8, &f));
    for (uint32_t i = 0; i < 64; i++) {
        mean += d.pixels[i] / 64.0;
    }
    assert_true(fabs(mean - 125.0) < 0.5);
    assert_true(abs(d.pixels[0] - 100) <= 1 && abs(d.pixels[7] - 150) <= 1);
    host_dataset_close(&d);
}

/* ---- what is drawn ------------------------------------------------------ */

static void test_order(void **state)
{
    enum { N = 1000 };
    uint8_t seen[N];
    uint32_t kept = 0;

    (void)state;
    for (uint64_t epoch = 0; epoch < 3; epoch++) {
        memset(seen, 0, sizeof seen);
        for (uint64_t i = 0; i < N; i++) {
            uint64_t at = host_random_permuted(5, epoch, N, i);

            assert_true(at < N && !seen[at]);
            seen[at] = 1;
            kept += at == host_random_permuted(5, epoch + 1, N, i);
        }
    }
    assert_true(kept < 20); /* about one an epoch would be by chance */
    for (uint64_t n = 1; n < 20; n++) {
        for (uint64_t i = 0; i < n; i++) {
            assert_true(host_random_permuted(1, 0, n, i) < n);
        }
    }
}

static void fill(train_loader *b, const train_source *s, uint64_t first,
                 uint32_t n)
{
    host_failure f = HOST_FAILURE_UNSAID;

    assert_true(train_loader_open(b, s, n, &f));
    (void)train_loader_fill(b, s, first, n, 9);
}

/* An image has the same pixels, noise and cluster in any batch; its cluster
 * is that of the dataset's image, mirrored or not. */
static void test_batch(void **state)
{
    enum { N = 12, PIXELS = 16 };
    static uint8_t pixels[N * PIXELS];
    int32_t of_image[N];
    uint32_t mirrored = 0, dropped = 0;
    host_dataset data = {
        .count = N, .size = 4, .channels = 1, .pixels = pixels};
    host_clusters c = {.count = N, .of_image = of_image, .used = N};
    train_source s = {.data = &data,
                      .clusters = &c,
                      .seed = 4,
                      .xflip = true,
                      .augment = 0.0,
                      .p_uncond = 0.25,
                      .workers = 1};
    train_loader whole, part;

    (void)state;
    for (uint32_t i = 0; i < N; i++) {
        of_image[i] = (int32_t)i;
        for (uint32_t e = 0; e < PIXELS; e++) {
            pixels[i * PIXELS + e] = (uint8_t)(i * 16 + e % 4);
        }
    }
    fill(&whole, &s, 0, 4 * N);
    for (uint32_t i = 0; i < 4 * N; i++) {
        const float *image = whole.images + i * PIXELS;
        int raw = (int)lrintf((image[0] + 1.0f) * 127.5f);

        mirrored += raw % 16 == 3;
        dropped += whole.cluster[i] < 0;
        assert_true(whole.cluster[i] < 0 || whole.cluster[i] == raw / 16);
        assert_true(whole.sigma[i] > 0.0);
    }
    assert_int_equal(mirrored, 2 * N); /* two epochs, each half mirrored */
    assert_true(dropped > 2 && dropped < 2 * N);
    fill(&part, &s, 7, 5);
    assert_memory_equal(part.images, whole.images + 7 * PIXELS,
                        5 * PIXELS * sizeof(float));
    assert_memory_equal(part.noise, whole.noise + 7 * PIXELS,
                        5 * PIXELS * sizeof(float));
    assert_memory_equal(part.sigma, whole.sigma + 7, 5 * sizeof(double));
    assert_memory_equal(part.cluster, whole.cluster + 7, 5 * 4);
    train_loader_close(&whole);
    train_loader_close(&part);
}

/* ln sigma is normal(-1.2, 1.2), the noise normal(0, 1). */
static void test_distributions(void **state)
{
    enum { N = 4000 };
    static uint8_t pixels[64];
    host_dataset data = {
        .count = 1, .size = 8, .channels = 1, .pixels = pixels};
    host_clusters none = {0};
    train_source s = {.data = &data, .clusters = &none, .workers = 1};
    double mean = 0.0, square = 0.0, noise = 0.0, power = 0.0;
    train_loader b;

    (void)state;
    fill(&b, &s, 0, N);
    for (uint32_t i = 0; i < N; i++) {
        double z = (log(b.sigma[i]) + 1.2) / 1.2;

        mean += z / N;
        square += z * z / N;
    }
    for (uint32_t i = 0; i < N * 64; i++) {
        noise += (double)b.noise[i] / (N * 64.0);
        power += (double)b.noise[i] * (double)b.noise[i] / (N * 64.0);
    }
    train_loader_close(&b);
    assert_true(fabs(mean) < 4.0 / sqrt(N));
    assert_true(fabs(square - 1.0) < 4.0 * sqrt(2.0 / N));
    assert_true(fabs(noise) < 4.0 / sqrt(N * 64.0));
    assert_true(fabs(power - 1.0) < 4.0 * sqrt(2.0 / (N * 64.0)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cifar),
        cmocka_unit_test(test_zip_and_folder),
        cmocka_unit_test(test_jpeg),
        cmocka_unit_test(test_damaged_image),
        cmocka_unit_test(test_damaged_zip),
        cmocka_unit_test(test_resolution),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_batch),
        cmocka_unit_test(test_distributions),
    };
    return folder_end(cmocka_run_group_tests(tests, folder_begin, NULL));
}
