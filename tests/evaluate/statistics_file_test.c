/* SPDX-License-Identifier: MIT
 *
 * statistics_file_test.c - mean and covariance in archives: NumPy's are read,
 * ours are whole and always the same, damaged and false ones are refused. */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zip.h>

#include "evaluate/statistics.h"
#include "tests/evaluate/evaluate_fixture.h"

static char folder[64], path[96];

static int make_folder(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/statistics_test.XXXXXX");
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    (void)snprintf(path, sizeof path, "%s/ref.npz", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    (void)unlink(path);
    return rmdir(folder); /* fails if a temporary file was left */
}

static unsigned char *read_file(const char *name, size_t *size)
{
    FILE *file = fopen(name, "rb");
    unsigned char *bytes = malloc(1 << 16);
    assert_non_null(file);
    assert_non_null(bytes);
    *size = fread(bytes, 1, 1 << 16, file);
    assert_int_equal(fclose(file), 0);
    return bytes;
}

static void write_file(const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

/* ---- good files --------------------------------------------------------- */

static void golden_statistics(void **state)
{
    (void)state;
    cg_file *file = golden("fd");
    evaluate_selection rows = rows_of(file, "const_dim.X");
    evaluate_statistics read, made;
    host_failure f = HOST_FAILURE_UNSAID;
    if (!evaluate_statistics_read(&read, GOLDEN "ref_stats.npz", &f)) {
        fail_msg("%s", f.text);
    }
    assert_true(evaluate_statistics_of_rows(&made, &rows, &alone, &f));
    assert_int_equal(read.width, 24);
    for (uint32_t i = 0; i < 24; i++) {
        check_near("mean", read.mean[i], made.mean[i], 1e-14);
    }
    for (uint32_t i = 0; i < 24 * 24; i++) {
        check_near("covariance", read.covariance[i], made.covariance[i],
                   1e-14);
    }
    evaluate_statistics_free(&read);
    evaluate_statistics_free(&made);
    cg_close(file);
}

static void what_is_written_is_read_again(void **state)
{
    (void)state;
    evaluate_statistics s, again;
    host_failure f = HOST_FAILURE_UNSAID;
    size_t first_size, size;
    assert_true(evaluate_statistics_read(&s, GOLDEN "ref_stats.npz", &f));
    assert_true(evaluate_statistics_write(&s, path, &f));
    unsigned char *first = read_file(path, &first_size);
    /* the time and date of the first entry, so that bytes have none */
    assert_memory_equal(first + 10, "\0\0\x21", 4);
    assert_true(evaluate_statistics_read(&again, path, &f));
    assert_int_equal(again.width, 24);
    assert_memory_equal(again.mean, s.mean, 24 * sizeof(double));
    assert_memory_equal(again.covariance, s.covariance,
                        sizeof(double[24][24]));
    assert_true(evaluate_statistics_write(&again, path, &f));
    unsigned char *bytes = read_file(path, &size);
    assert_int_equal(size, first_size);
    assert_memory_equal(bytes, first, size);
    free(first);
    free(bytes);
    evaluate_statistics_free(&s);
    evaluate_statistics_free(&again);
}

/* ---- archives made here ------------------------------------------------- */

/* The file of an array; the caller's bytes stay. */
static size_t make_npy(unsigned char *out, const char *header,
                       const void *data, size_t size)
{
    memset(out, ' ', 128);
    memcpy(out, "\x93NUMPY\x01\x00\x76\x00", 10);
    memcpy(out + 10, header, strlen(header));
    out[127] = '\n';
    memcpy(out + 128, data, size);
    return 128 + size;
}

#define NPY(descr, shape)                                                    \
    "{'descr': '" descr "', 'fortran_order': False, 'shape': " shape "}"

static void add_entry(zip_t *zip, const char *name, const void *bytes,
                      size_t size, zip_int32_t method)
{
    zip_source_t *source = zip_source_buffer(zip, bytes, size, 0);
    assert_non_null(source);
    zip_int64_t i = zip_file_add(zip, name, source, 0);
    assert_true(i >= 0);
    assert_int_equal(
        zip_set_file_compression(zip, (zip_uint64_t)i, method, 0), 0);
}

/* Two entries of a mean and a covariance with headers of the caller's. */
static void make_archive(const char *mu, const void *mean, size_t mean_size,
                         const char *sigma, const void *covariance,
                         size_t size, zip_int32_t method)
{
    unsigned char a[512], b[512];
    int error;
    zip_t *zip = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, &error);
    assert_non_null(zip);
    add_entry(zip, "other.txt", "a text", 6, method);
    add_entry(zip, "mu.npy", a, make_npy(a, mu, mean, mean_size), method);
    add_entry(zip, "sigma.npy", b, make_npy(b, sigma, covariance, size),
              method);
    assert_int_equal(zip_close(zip), 0);
}

static const double mean2[2] = {1, -2}, covariance2[4] = {4, 1, 1, 9};

static void floats_and_deflated_entries_are_read(void **state)
{
    (void)state;
    static const float mean[2] = {1, -2}, covariance[4] = {4, 1, 1, 9};
    for (int deflated = 0; deflated < 2; deflated++) {
        zip_int32_t method = deflated ? ZIP_CM_DEFLATE : ZIP_CM_STORE;
        evaluate_statistics s;
        host_failure f = HOST_FAILURE_UNSAID;
        make_archive(NPY("<f4", "(2,)"), mean, sizeof mean,
                     NPY("<f4", "(2, 2)"), covariance, sizeof covariance,
                     method);
        if (!evaluate_statistics_read(&s, path, &f)) {
            fail_msg("%s", f.text);
        }
        assert_memory_equal(s.mean, mean2, sizeof mean2);
        assert_memory_equal(s.covariance, covariance2, sizeof covariance2);
        evaluate_statistics_free(&s);
    }
}

/* ---- refused ------------------------------------------------------------ */

static void refuse(const char *where, const char *what)
{
    evaluate_statistics s;
    host_failure f = HOST_FAILURE_UNSAID;
    char begin[128];
    (void)snprintf(begin, sizeof begin, "%s%s: ", path, where);
    if (evaluate_statistics_read(&s, path, &f)) {
        fail_msg("wanted '%s' refused, got statistics", what);
    }
    if (strncmp(f.text, begin, strlen(begin)) != 0 ||
        strstr(f.text, what) == NULL) {
        fail_msg("wanted '%s...%s', got '%s'", begin, what, f.text);
    }
    assert_null(s.mean);
    assert_null(s.covariance);
}

static void refuse_arrays(const char *mu, const char *sigma,
                          const double *covariance, size_t size,
                          const char *where, const char *what)
{
    make_archive(mu, mean2, sizeof mean2, sigma, covariance, size,
                 ZIP_CM_STORE);
    refuse(where, what);
}

static void other_arrays_are_refused(void **state)
{
    (void)state;
    const double *c = covariance2;
    refuse_arrays(NPY("<i8", "(2,)"), NPY("<f8", "(2, 2)"), c, 32, ":mu.npy",
                  "another array");
    refuse_arrays(NPY("<f8", "(1, 2)"), NPY("<f8", "(2, 2)"), c, 32,
                  ":mu.npy", "another array");
    refuse_arrays(NPY("<f8", "(2,)"), NPY("<f8", "(4,)"), c, 32, ":sigma.npy",
                  "another array");
    refuse_arrays(NPY("<f8", "(2,)"), NPY("<f8", "(1, 1)"), c, 8,
                  ":sigma.npy", "another array");
    refuse_arrays(NPY("<f8", "(2,)"), NPY("<f8", "(1, 4)"), c, 32,
                  ":sigma.npy", "another array");
    refuse_arrays(NPY("<f8", "(2,)"), NPY("<f8", "(2, 3)"), c, 32,
                  ":sigma.npy", "does not fit");
    refuse_arrays(NPY(">f8", "(2,)"), NPY("<f8", "(2, 2)"), c, 32, ":mu.npy",
                  "little-endian");
    make_archive(NPY("<f8", "(0,)"), mean2, 0, NPY("<f8", "(0, 0)"), c, 0,
                 ZIP_CM_STORE);
    refuse(":mu.npy", "another array");
}

static void what_is_no_covariance_is_refused(void **state)
{
    (void)state;
    static const double bad[][4] = {
        {4, 1, 1.1, 9}, {4, 7, 7, 9}, {-4, 0, 0, 9}, {0, 1, 1, 0}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        refuse_arrays(NPY("<f8", "(2,)"), NPY("<f8", "(2, 2)"), bad[i], 32,
                      ":sigma.npy", "no covariance");
    }
    const double nan[4] = {4, (double)NAN, (double)NAN, 9};
    const double infinite[4] = {(double)INFINITY, 0, 0, 9};
    refuse_arrays(NPY("<f8", "(2,)"), NPY("<f8", "(2, 2)"), nan, 32,
                  ":sigma.npy", "element 1 is not finite");
    refuse_arrays(NPY("<f8", "(2,)"), NPY("<f8", "(2, 2)"), infinite, 32,
                  ":sigma.npy", "element 0 is not finite");
}

static void other_archives_are_refused(void **state)
{
    (void)state;
    int error;
    zip_t *zip = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, &error);
    assert_non_null(zip);
    add_entry(zip, "arr_0.npy", "x", 1, ZIP_CM_STORE);
    assert_int_equal(zip_close(zip), 0);
    refuse(":mu.npy", "missing in the archive");
    write_file("PK\3\4 and nothing more", 21);
    refuse("", "not a sound archive");
    write_file("\x93NUMPY", 6);
    refuse("", "not a sound archive");
}

/* A mean of more features than any encoder has, zeros in a few bytes. */
static void sizes_are_bounded(void **state)
{
    (void)state;
    static double zeros[20000];
    static unsigned char npy[128 + sizeof zeros];
    int error;
    size_t size = make_npy(npy, NPY("<f8", "(20000,)"), zeros, sizeof zeros);
    zip_t *zip = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, &error);
    assert_non_null(zip);
    add_entry(zip, "mu.npy", npy, size, ZIP_CM_DEFLATE);
    assert_int_equal(zip_close(zip), 0);
    refuse(":mu.npy", "too large");
    /* and an entry that says it has more than its bytes can hold */
    size_t n;
    unsigned char *bytes = read_file(GOLDEN "ref_stats.npz", &n);
    for (size_t i = 0; i + 46 < n; i++) {
        if (memcmp(bytes + i, "PK\1\2", 4) == 0) {
            memcpy(bytes + i + 24, "\xff\xff\xff\x7f", 4);
        }
    }
    write_file(bytes, n);
    free(bytes);
    evaluate_statistics s;
    host_failure f = HOST_FAILURE_UNSAID;
    assert_false(evaluate_statistics_read(&s, path, &f));
}

static void truncated_and_changed_files_are_refused(void **state)
{
    (void)state;
    size_t size;
    unsigned char *bytes = read_file(GOLDEN "ref_stats.npz", &size);
    evaluate_statistics s;
    host_failure f = HOST_FAILURE_UNSAID;
    for (size_t n = 0; n < size; n += n < 400 || n > size - 400 ? 1 : 37) {
        write_file(bytes, n);
        if (evaluate_statistics_read(&s, path, &f)) {
            fail_msg("wanted %zu of %zu bytes refused", n, size);
        }
    }
    /* of the arrays and their headers, no bit can change unseen */
    for (size_t i = 70; i < 320; i += 3) {
        bytes[i] ^= 4;
        write_file(bytes, size);
        if (evaluate_statistics_read(&s, path, &f)) {
            fail_msg("wanted a change of byte %zu refused", i);
        }
        bytes[i] ^= 4;
    }
    free(bytes);
}

static void a_failed_write_leaves_the_old_file(void **state)
{
    (void)state;
    evaluate_statistics s;
    host_failure f = HOST_FAILURE_UNSAID;
    char bad[128];
    assert_true(evaluate_statistics_read(&s, GOLDEN "ref_stats.npz", &f));
    (void)snprintf(bad, sizeof bad, "%s/none/ref.npz", folder);
    assert_false(evaluate_statistics_write(&s, bad, &f));
    assert_non_null(strstr(f.text, "cannot be written"));
    evaluate_statistics_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_statistics),
        cmocka_unit_test(what_is_written_is_read_again),
        cmocka_unit_test(floats_and_deflated_entries_are_read),
        cmocka_unit_test(other_arrays_are_refused),
        cmocka_unit_test(what_is_no_covariance_is_refused),
        cmocka_unit_test(other_archives_are_refused),
        cmocka_unit_test(sizes_are_bounded),
        cmocka_unit_test(truncated_and_changed_files_are_refused),
        cmocka_unit_test(a_failed_write_leaves_the_old_file),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
