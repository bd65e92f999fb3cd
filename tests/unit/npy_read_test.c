/* SPDX-License-Identifier: MIT
 *
 * npy_read_test.c - arrays in NumPy files: what numpy.save writes is read,
 * whatever is not exactly that is refused with the reason. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/files/npy_read.h"
#include "host/files/rows.h"

/* A file of version 1.0: dictionary, padded to 128 bytes, and data. */
typedef struct file {
    unsigned char bytes[512];
    size_t size;
} file;

static file make(const char *dictionary, const void *data, size_t size)
{
    file x;
    memset(x.bytes, ' ', 128);
    memcpy(x.bytes, "\x93NUMPY\x01\x00\x76\x00", 10);
    memcpy(x.bytes + 10, dictionary, strlen(dictionary));
    x.bytes[127] = '\n';
    memcpy(x.bytes + 128, data, size);
    x.size = 128 + size;
    return x;
}

#define HEADER(descr, shape)                                                 \
    "{'descr': '" descr "', 'fortran_order': False, 'shape': " shape ", }"

/* Parsed from memory that ends with the file, so that sanitizers see more. */
static bool parse(const file *x, size_t size, cg_array *array,
                  host_failure *f)
{
    static unsigned char *bytes;
    free(bytes);
    bytes = malloc(size > 0 ? size : 1);
    assert_non_null(bytes);
    memcpy(bytes, x->bytes, size);
    return host_npy_parse(array, bytes, size, "x.npy", f);
}

static const float floats[6] = {1, -2, 0.5f, 3e38f, -0.0f, 1e-40f};

/* ---- what is read ------------------------------------------------------- */

static void floats_are_read_as_rows(void **state)
{
    (void)state;
    file x = make(HEADER("<f4", "(3, 2)"), floats, sizeof floats);
    cg_array a;
    host_failure f = HOST_FAILURE_UNSAID;
    assert_true(parse(&x, x.size, &a, &f));
    assert_int_equal(a.dtype, CG_F32);
    assert_int_equal(a.rank, 2);
    assert_int_equal(a.shape[0], 3);
    assert_int_equal(a.shape[1], 2);
    assert_int_equal(a.elements, 6);
    assert_int_equal(host_row_width(&a), 2);
    float rows[4];
    host_rows_f32(&a, 1, 2, rows);
    assert_memory_equal(rows, floats + 2, sizeof rows);
    double wide[4];
    host_rows_f64(&a, 0, 2, wide);
    for (int i = 0; i < 4; i++) {
        assert_true(wide[i] == (double)floats[i]);
    }
}

/* 8 bytes of the value 3 in each type, the second element where there is
 * one. */
static void every_type_is_read(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        cg_dtype dtype;
        unsigned char bytes[8];
    } types[] = {
        {HEADER("<f8", "(1,)"), CG_F64, {0, 0, 0, 0, 0, 0, 8, 0x40}},
        {HEADER("<f4", "(2,)"), CG_F32, {0, 0, 0, 0, 0, 0, 0x40, 0x40}},
        {HEADER("<f2", "(4,)"), CG_F16, {0, 0, 0, 0, 0, 0, 0, 0x42}},
        {HEADER("<i8", "(1,)"), CG_I64, {3}},
        {HEADER("<i4", "(2,)"), CG_I32, {0, 0, 0, 0, 3}},
        {HEADER("<i2", "(4,)"), CG_I16, {0, 0, 0, 0, 0, 0, 3}},
        {HEADER("|i1", "(8,)"), CG_I8, {0, 0, 0, 0, 0, 0, 0, 3}},
        {HEADER("<u8", "(1,)"), CG_U64, {3}},
        {HEADER("<u4", "(2,)"), CG_U32, {0, 0, 0, 0, 3}},
        {HEADER("<u2", "(4,)"), CG_U16, {0, 0, 0, 0, 0, 0, 3}},
        {HEADER("|u1", "(8,)"), CG_U8, {0, 0, 0, 0, 0, 0, 0, 3}},
    };
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        file x = make(types[i].header, types[i].bytes, 8);
        cg_array a;
        host_failure f = HOST_FAILURE_UNSAID;
        if (!parse(&x, x.size, &a, &f)) {
            fail_msg("%s: %s", types[i].header, f.text);
        }
        assert_int_equal(a.dtype, types[i].dtype);
        double last;
        float rounded;
        host_rows_f64(&a, a.elements - 1, 1, &last);
        host_rows_f32(&a, a.elements - 1, 1, &rounded);
        if (last != 3 || rounded != 3) {
            fail_msg("%s: wanted 3, got %g and %g", types[i].header, last,
                     (double)rounded);
        }
    }
}

/* Spellings that Python's own reader takes: keys in any order, quotes of
 * either kind, blanks or none, no comma at the end. */
static void other_spellings_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        int rank;
        uint64_t elements, bytes;
    } spellings[] = {
        {"{'shape':(2,3),'fortran_order':False,'descr':'<f4'}", 2, 6, 24},
        {"{\"descr\": \"<f4\", \"shape\": (2, 3,), \"fortran_order\":False}",
         2, 6, 24},
        {"{'descr': '<f4', 'fortran_order': True, 'shape': (6,), }", 1, 6,
         24},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (), }", 0, 1, 4},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (0, 7), }", 2, 0,
         0},
        {"{'descr': '<f4', 'fortran_order': False, "
         "'shape': (18446744073709551615, 0), }",
         2, 0, 0},
        {"{'descr': '<f4', 'fortran_order': False, "
         "'shape': (1, 1, 2, 1, 1, 1, 3, 1), }",
         8, 6, 24},
    };
    for (size_t i = 0; i < sizeof spellings / sizeof spellings[0]; i++) {
        file x = make(spellings[i].header, floats, spellings[i].bytes);
        cg_array a;
        host_failure f = HOST_FAILURE_UNSAID;
        if (!parse(&x, x.size, &a, &f)) {
            fail_msg("%s: %s", spellings[i].header, f.text);
        }
        assert_int_equal(a.rank, spellings[i].rank);
        assert_int_equal(a.elements, spellings[i].elements);
    }
}

static void versions_2_and_3_have_long_headers(void **state)
{
    (void)state;
    for (unsigned char version = 2; version <= 3; version++) {
        file x = make("", "", 0);
        memcpy(x.bytes, "\x93NUMPY\x00\x00\x74\x00\x00\x00", 12);
        x.bytes[6] = version;
        memcpy(x.bytes + 12, HEADER("|u1", "(1,)"),
               strlen(HEADER("|u1", "(1,)")));
        x.bytes[x.size++] = 200;
        cg_array a;
        host_failure f = HOST_FAILURE_UNSAID;
        assert_true(parse(&x, x.size, &a, &f));
        assert_true(cg_element(&a, 0) == 200);
    }
}

/* ---- what is refused ---------------------------------------------------- */

static void refuse(const char *header, size_t size, const char *what)
{
    file x = make(header, floats, size);
    cg_array a;
    host_failure f = HOST_FAILURE_UNSAID;
    if (parse(&x, x.size, &a, &f)) {
        fail_msg("%s: wanted a refusal, got an array", header);
    }
    if (strncmp(f.text, "x.npy: ", 7) != 0 || strstr(f.text, what) == NULL) {
        fail_msg("%s: wanted '%s', got '%s'", header, what, f.text);
    }
    assert_null(a.data);
}

static void other_arrays_are_refused(void **state)
{
    (void)state;
    refuse(HEADER(">f4", "(6,)"), 24, "little-endian");
    refuse(HEADER("|O", "(3,)"), 24, "unusable elements");
    refuse(HEADER("<c8", "(3,)"), 24, "unusable elements");
    refuse(HEADER("<U1", "(6,)"), 24, "unusable elements");
    refuse(HEADER("", "(6,)"), 24, "unusable elements");
    refuse("{'descr': [('a', '<f4')], 'fortran_order': False, "
           "'shape': (6,), }",
           24, "damaged NumPy header");
    refuse("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }", 24,
           "ascontiguousarray");
}

static void shapes_must_fit_the_file(void **state)
{
    (void)state;
    static const char *const shapes[] = {
        HEADER("<f4", "(5,)"), HEADER("<f4", "(7,)"), HEADER("<f4", "(0,)"),
        /* 2^62 elements of 4 bytes are 0 in 64 bits, plus 24 bytes */
        HEADER("<f4", "(4611686018427387910,)"),
        HEADER("<f4", "(4294967296, 4294967296)"),
        HEADER("<f4", "(9223372036854775807, 2, 3)"),
        HEADER("<f8", "(2305843009213693955,)")};
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        refuse(shapes[i], 24, "does not fit");
    }
}

static void headers_must_be_whole(void **state)
{
    (void)state;
    static const char *const headers[] = {
        "",
        "{}",
        "[]",
        "{'descr': '<f4'}",
        "{'descr': '<f4', 'fortran_order': False}",
        "{'descr': '<f4', 'shape': (6,)}",
        "{'fortran_order': False, 'shape': (6,)}",
        HEADER("<f4", "(6)"),
        HEADER("<f4", "6"),
        HEADER("<f4", "(-6,)"),
        HEADER("<f4", "(,)"),
        HEADER("<f4", "(6,,)"),
        HEADER("<f4", "(6 1,)"),
        HEADER("<f4", "(6.0,)"),
        HEADER("<f4", "[6]"),
        HEADER("<f4", "(6,"),
        HEADER("<f4", "(18446744073709551616,)"),
        HEADER("<f4", "(1, 1, 1, 1, 1, 1, 1, 1, 6)"),
        HEADER("\\x3cf4", "(6,)"),
        "{'descr': '<f4', 'fortran_order': 0, 'shape': (6,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (6,)} 1",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (6,), 'x': 1}",
        "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, "
        "'shape': (6,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (6,), "
        "'shape': (6,)}",
        "{'descr': '<f4' 'fortran_order': False, 'shape': (6,)}",
        "{'descr': '<f4, 'fortran_order': False, 'shape': (6,)}",
        ", {'descr': '<f4', 'fortran_order': False, 'shape': (6,)}"};
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        refuse(headers[i], 24, "damaged NumPy header");
    }
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    file x = make(HEADER("<f4", "(3, 2)"), floats, sizeof floats);
    cg_array a;
    host_failure f = HOST_FAILURE_UNSAID;
    for (size_t size = 0; size < x.size; size++) {
        if (parse(&x, size, &a, &f)) {
            fail_msg("wanted %zu of %zu bytes refused, got an array", size,
                     x.size);
        }
    }
    x.size++;
    x.bytes[x.size - 1] = 0;
    assert_false(parse(&x, x.size, &a, &f));
}

static void prefixes_must_be_right(void **state)
{
    (void)state;
    file x = make(HEADER("<f4", "(3, 2)"), floats, sizeof floats);
    for (size_t i = 0; i < 10; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            file y = x;
            cg_array a;
            host_failure f = HOST_FAILURE_UNSAID;
            y.bytes[i] ^= (unsigned char)(1u << bit);
            if (parse(&y, y.size, &a, &f)) {
                fail_msg("wanted bit %u of byte %zu seen, got an array", bit,
                         i);
            }
        }
    }
}

/* ---- files -------------------------------------------------------------- */

/* More than 4 GiB, without blocks on the disk. */
static void large_files_are_mapped(void **state)
{
    (void)state;
    char path[] = "/tmp/npy_read_test.XXXXXX";
    file x = make(HEADER("<f4", "(1200000, 1024)"), "", 0);
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, x.bytes, x.size), x.size);
    uint64_t end = 128 + UINT64_C(1200000) * 1024 * 4;
    assert_int_equal(ftruncate(fd, (off_t)end), 0);
    assert_int_equal(pwrite(fd, "\0\0\x80\x3f", 4, (off_t)end - 4), 4);
    host_npy npy;
    host_failure f = HOST_FAILURE_UNSAID;
    bool good = host_npy_open(&npy, path, &f);
    assert_int_equal(close(fd), 0);
    assert_int_equal(unlink(path), 0);
    if (!good) {
        fail_msg("%s", f.text);
    }
    static float row[1024];
    host_rows_f32(&npy.array, 1199999, 1, row);
    assert_true(row[1022] == 0 && row[1023] == 1);
    host_npy_close(&npy);
    host_npy_close(&npy);
    assert_null(npy.array.data);
}

static void what_is_no_file_is_refused(void **state)
{
    (void)state;
    host_npy npy;
    host_failure f = HOST_FAILURE_UNSAID;
    assert_false(host_npy_open(&npy, "/tmp/no/such/file.npy", &f));
    assert_non_null(
        strstr(f.text, "/tmp/no/such/file.npy: cannot be opened"));
    assert_false(host_npy_open(&npy, "/tmp", &f));
    assert_non_null(strstr(f.text, "got a directory"));
    assert_false(host_npy_open(&npy, "/dev/null", &f));
    assert_non_null(strstr(f.text, "got a device"));
    host_npy_close(&npy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(floats_are_read_as_rows),
        cmocka_unit_test(every_type_is_read),
        cmocka_unit_test(other_spellings_are_read),
        cmocka_unit_test(versions_2_and_3_have_long_headers),
        cmocka_unit_test(other_arrays_are_refused),
        cmocka_unit_test(shapes_must_fit_the_file),
        cmocka_unit_test(headers_must_be_whole),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(prefixes_must_be_right),
        cmocka_unit_test(large_files_are_mapped),
        cmocka_unit_test(what_is_no_file_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
