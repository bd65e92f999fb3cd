/* SPDX-License-Identifier: MIT
 *
 * ids_test.c - cluster ids in every form that is in use: each row is one file
 * and the ids it means, or what is said of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

#include <cmocka.h>

#include "host/files/ids.h"

static char path[] = "/tmp/ids_test.XXXXXX";

static void write_file(const void *bytes, size_t size)
{
    FILE *f = fopen(path, "wb");

    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, size, f), size);
    assert_int_equal(fclose(f), 0);
}

/* "7 3 300", or what was wrong. */
static void read_ids(char *text, size_t size)
{
    host_failure f = HOST_FAILURE_UNSAID;
    host_ids ids;
    size_t used = 0;

    if (!host_ids_read(&ids, path, &f)) {
        assert_ptr_equal(strstr(f.text, path), f.text);
        (void)snprintf(text, size, "%s", f.text + strlen(path));
        return;
    }
    text[0] = '\0';
    for (uint64_t i = 0; i < ids.count; i++) {
        used += (size_t)snprintf(text + used, size - used, "%s%lld",
                                 i > 0 ? " " : "", (long long)ids.values[i]);
    }
    host_ids_free(&ids);
}

static void check(const char *what, const char *wanted)
{
    char seen[1200];

    read_ids(seen, sizeof seen);
    if (strstr(seen, wanted) == NULL ||
        (wanted[0] >= '0' && wanted[0] <= '9' && strcmp(seen, wanted) != 0)) {
        fail_msg("%s: wanted \"%s\", got \"%s\"", what, wanted, seen);
    }
}

/* ---- text and JSON ------------------------------------------------------ */

static void reads_text(void **state)
{
    static const struct {
        const char *text, *wanted;
    } rows[] = {
        {"7\n3\n300\n", "7 3 300"},
        {"7 3.png, 300\n", "300"},
        {"7, 3, 300", "7 3 300"},
        {"7;3;300\r\n", "7 3 300"},
        {"7\t3\t300", "7 3 300"},
        {"7,3,\n300,\n", "7 3 300"},
        {"\xef\xbb\xbf"
         "7\r\n3\r\n",
         "7 3"},
        {"# ids\n7\n\n3\n", "7 3"},
        {"7.000000000000000000e+00\n3.0\n", "7 3"},
        {"", ""},
        {"0+1+2", "got \"0+1+2\""},
        {"0,1,,2", "got \"\""},
        {",1,2", "got \"\""},
        {"0x10", "header"},
        {"1\nnan\n", "got \"nan\""},
        {"1\ninf\n", "got \"inf\""},
        {"1.5", "cluster id 0 is 1.5"},
        {"1\n-3", "cluster id 1 is -3"},
        {"9007199254740992", "cluster id 0 is 9.007"},
        {"9007199254740991", "9007199254740991"},
        {"1e400", "cluster id 0 is inf"},
        {"\xff\xfe"
         "7",
         "UTF-16"},
        /* names: in their order, whatever the file's */
        {"b.png 7\na.png 3\n", "3 7"},
        {"7 b.png\n3 a.png\n", "3 7"},
        {"./b.png,7\na.png,3\n", "3 7"},
        {"b/1.png\t7\na/2 3.png\t3\n", "3 7"},
        {"a.png 7\na.png 3\n", "\"a.png\" has two ids"},
        {"a.png 7\nb.png\n", ":2: wanted a name"},
        {"a.png b 7\n", ":1: wanted a name"},
        /* CSV with a header */
        {"cluster_id\n7\n3\n", "7 3"},
        {"filename,cluster\nb.png,7\na.png,3\n", "3 7"},
        {"id,mean,name\n7,0.5,b\n3,0.25,a\n", "3 7"},
        {"filename,Label\n\"b, \"\"1\"\".png\",7\na.png,3\n", "3 7"},
        {"mean,count\n7,3\n", ":1: wanted a name and an id"},
        {"filename,cluster\nb.png,7\na.png\n", ":3: wanted a name"},
        {"filename,cluster\nb.png,x\n", ":2: wanted a name"},
        {"\"a.png,7\n", ":1: wanted"},
        /* JSON */
        {"[7, 3, 300]", "7 3 300"},
        {" \n[7.0]\n", "7"},
        {"[7, \"3\"]", "id 1 is unusable"},
        {"[7, 3.5]", "cluster id 1 is 3.5"},
        {"[7, 3", "not JSON"},
        {"[7] 3", "not JSON"},
        {"[[0, 0, 1], [1, 0, 0]]", "2 0"},
        {"[[0, 1, 1]]", "id 0 is unusable"},
        {"{\"cluster_ids\": [7, 3]}", "7 3"},
        {"{\"labels\": [[\"b.png\", 7], [\"a.png\", 3]]}", "3 7"},
        {"{\"labels\": [[\"b.png\", [0, 1]], [\"a.png\", [1, 0]]]}", "0 1"},
        {"{\"labels\": null}", "is null"},
        {"{\"b.png\": 7, \"a.png\": 3}", "3 7"},
        {"{\"b.png\": 7, \"a.png\": true}", "id 1 is unusable"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        write_file(rows[i].text, strlen(rows[i].text));
        check(rows[i].text, rows[i].wanted);
    }
    write_file("7\n\0"
               "3",
               4);
    check("a zero byte", "a zero byte");
}

/* A line as long as the file. */
static void reads_many(void **state)
{
    enum { COUNT = 5000 };
    static char text[COUNT * 6];
    host_failure f = HOST_FAILURE_UNSAID;
    host_ids ids;
    size_t used = 0;

    (void)state;
    for (int i = 0; i < COUNT; i++) {
        used += (size_t)snprintf(text + used, sizeof text - used, "%d ",
                                 i * 7 % 1000);
    }
    write_file(text, used);
    assert_true(host_ids_read(&ids, path, &f));
    assert_int_equal(ids.count, COUNT);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(ids.values[i], i * 7 % 1000);
    }
    host_ids_free(&ids);
}

/* ---- NumPy -------------------------------------------------------------- */

typedef struct npy {
    unsigned char bytes[512];
    size_t size;
} npy;

/* An array of a type and shape as NumPy writes them, "(3,)" and the like. */
static npy make_npy(const char *descr, const char *shape, bool fortran,
                    const void *elements, size_t size)
{
    npy n = {"\x93NUMPY\x01", 128 + size};

    memset(n.bytes + 10, ' ', 118);
    n.bytes[7] = 0;
    n.bytes[8] = 118;
    n.bytes[9] = 0;
    n.bytes[10 + snprintf((char *)n.bytes + 10, 117,
                          "{'descr': %s, 'fortran_order': %s, 'shape': %s, }",
                          descr, fortran ? "True" : "False", shape)] = ' ';
    n.bytes[127] = '\n';
    memcpy(n.bytes + 128, elements, size);
    return n;
}

static void reads_npy(void **state)
{
    static const unsigned char u1[] = {7, 3, 200};
    static const unsigned char le2[] = {7, 0, 3, 0, 44, 1};
    static const unsigned char be2[] = {0, 7, 0, 3, 1, 44};
    static const unsigned char be4[] = {0, 0, 0, 7, 0, 0, 0, 3, 0, 0, 1, 44};
    static const unsigned char half[] = {0x00, 0x47, 0x00, 0x42};
    static const float whole[] = {7, 3, 300}, part[] = {7, 3.5f, 300};
    static const double wide[] = {7, 3, 300};
    static const int64_t i8[] = {7, 3, 300}, negative[] = {7, -3, 300};
    static const uint64_t huge[] = {7, UINT64_MAX};
    static const unsigned char hot[] = {0, 0, 1, 1, 0, 0};
    static const unsigned char fhot[] = {0, 1, 0, 0, 1, 0};
    static const struct {
        const char *descr, *shape;
        bool fortran;
        const void *elements;
        size_t size;
        const char *wanted;
    } rows[] = {
        {"'|u1'", "(3,)", false, u1, 3, "7 3 200"},
        {"'<u2'", "(3,)", false, le2, 6, "7 3 300"},
        {"'<i2'", "(3,)", false, le2, 6, "7 3 300"},
        {"'>u2'", "(3,)", false, be2, 6, "7 3 300"},
        {"'>i4'", "(3,)", false, be4, 12, "7 3 300"},
        {"'<f2'", "(2,)", false, half, 4, "7 3"},
        {"'<f4'", "(3,)", false, whole, 12, "7 3 300"},
        {"'<f8'", "(3,)", false, wide, 24, "7 3 300"},
        {"'<i8'", "(3,)", false, i8, 24, "7 3 300"},
        {"'<u8'", "(3,)", false, i8, 24, "7 3 300"},
        {"'<i8'", "(3, 1)", false, i8, 24, "7 3 300"},
        {"'<i8'", "(1, 3)", true, i8, 24, "7 3 300"},
        {"'<i8'", "(3L,)", false, i8, 24, "7 3 300"},
        {"'|u1'", "(2, 3)", false, hot, 6, "2 0"},
        {"'|u1'", "(2, 3)", true, fhot, 6, "2 0"},
        {"'|b1'", "(2, 3)", false, hot, 6, "2 0"},
        {"'|u1'", "(3, 2)", false, hot, 6, "an array of 3 x 2"},
        {"'<f4'", "(3,)", false, part, 12, "cluster id 1 is 3.5"},
        {"'<i8'", "(3,)", false, negative, 24, "cluster id 1 is -3"},
        {"'<u8'", "(2,)", false, huge, 16, "cluster id 1 is 1.84"},
        {"'<i8'", "(999,)", false, i8, 24, "wanted 999 numbers"},
        {"'<i8'", "(2,)", false, i8, 24, "wanted 2 numbers"},
        {"'<i8'", "()", false, i8, 8, "an array of 0 axes"},
        {"'<i8'", "(1152921504606846976, 16)", false, i8, 24, "not an array"},
        {"'<i8'", "(-3,)", false, i8, 24, "not an array"},
        {"[('a', '<i4'), ('b', '<i4')]", "(3,)", false, i8, 24,
         "not an array"},
        {"'|O'", "(3,)", false, i8, 24, "not an array"},
        {"'<U8'", "(3,)", false, i8, 24, "not an array"},
        {"'<c8'", "(3,)", false, i8, 24, "not an array"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        npy n = make_npy(rows[i].descr, rows[i].shape, rows[i].fortran,
                         rows[i].elements, rows[i].size);

        write_file(n.bytes, n.size);
        check(rows[i].descr, rows[i].wanted);
    }
}

/* Every beginning of a file is refused. */
static void refuses_cut_npy(void **state)
{
    static const int64_t i8[] = {7, 3, 300};
    npy n = make_npy("'<i8'", "(3,)", false, i8, sizeof i8);
    char seen[1200];

    (void)state;
    for (size_t size = 6; size < n.size; size++) {
        write_file(n.bytes, size);
        read_ids(seen, sizeof seen);
        assert_int_equal(seen[0], ':');
    }
}

/* ---- .npz --------------------------------------------------------------- */

static void add_entry(zip_t *zip, const char *name, const npy *n, bool packed)
{
    zip_source_t *source = zip_source_buffer(zip, n->bytes, n->size, 0);
    zip_int64_t index = zip_file_add(zip, name, source, 0);

    assert_true(index >= 0);
    assert_int_equal(
        zip_set_file_compression(zip, (zip_uint64_t)index,
                                 packed ? ZIP_CM_DEFLATE : ZIP_CM_STORE, 0),
        0);
}

static void check_npz(const char *first, const char *second, bool packed,
                      const char *wanted)
{
    static const int64_t one[] = {7, 3}, other[] = {300, 5};
    npy a = make_npy("'<i8'", "(2,)", false, one, sizeof one);
    npy b = make_npy("'<i8'", "(2,)", false, other, sizeof other);
    zip_t *zip = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, NULL);

    assert_non_null(zip);
    add_entry(zip, first, &a, packed);
    if (second != NULL) {
        add_entry(zip, second, &b, packed);
    }
    assert_int_equal(zip_close(zip), 0);
    check(first, wanted);
}

static void reads_npz(void **state)
{
    (void)state;
    check_npz("x.npy", NULL, false, "7 3");
    check_npz("arr_0.npy", "arr_1.npy", true, "7 3");
    check_npz("features.npy", "labels.npy", true, "300 5");
    check_npz("a.npy", "b.npy", true, ": 2 arrays");
}

/* A wrong byte in the elements is found by the archive's checksum. */
static void refuses_damaged_npz(void **state)
{
    FILE *f;
    int byte;

    (void)state;
    check_npz("x.npy", NULL, false, "7 3");
    f = fopen(path, "r+b");
    assert_non_null(f);
    assert_int_equal(fseek(f, 35 + 128, SEEK_SET), 0);
    byte = fgetc(f);
    assert_int_equal(byte, 7);
    assert_int_equal(fseek(f, 35 + 128, SEEK_SET), 0);
    assert_int_equal(fputc(8, f), 8);
    assert_int_equal(fclose(f), 0);
    check("damaged", "checksum is wrong");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_text), cmocka_unit_test(reads_many),
        cmocka_unit_test(reads_npy),  cmocka_unit_test(refuses_cut_npy),
        cmocka_unit_test(reads_npz),  cmocka_unit_test(refuses_damaged_npz),
    };
    int file = mkstemp(path), failures;

    if (file < 0) {
        return 1;
    }
    failures = cmocka_run_group_tests(tests, NULL, NULL);
    return remove(path) != 0 || failures;
}
