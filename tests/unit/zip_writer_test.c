/* SPDX-License-Identifier: MIT
 *
 * zip_writer_test.c - archives that libzip reads, small and beyond the limits
 * of 16 and 32 bits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zip.h>

#include <cmocka.h>

#include "host/files/zip_writer.h"

static char path[64];

static host_zip_writer begin(host_failure *f)
{
    host_zip_writer z;

    assert_true(host_zip_begin(&z, path, f));
    return z;
}

/* Libzip's own consistency checks, too. */
static zip_t *open_archive(void)
{
    int code = 0;
    zip_t *zip = zip_open(path, ZIP_RDONLY | ZIP_CHECKCONS, &code);

    if (zip == NULL) {
        fail_msg("%s: libzip's error %d", path, code);
    }
    return zip;
}

static void check_entry(zip_t *zip, zip_uint64_t index, const char *name,
                        const char *content)
{
    char bytes[64];
    size_t size = strlen(content);
    zip_file_t *file = zip_fopen_index(zip, index, 0);

    assert_non_null(file);
    assert_string_equal(zip_get_name(zip, index, 0), name);
    assert_int_equal(zip_fread(file, bytes, sizeof bytes), size);
    assert_memory_equal(bytes, content, size);
    assert_int_equal(zip_fread(file, bytes, 1), 0); /* the CRC is right */
    assert_int_equal(zip_fclose(file), 0);
}

static void libzip_reads_them(void **state)
{
    host_failure f = HOST_FAILURE_UNSAID;
    host_zip_writer z = begin(&f);
    zip_stat_t st;
    zip_t *zip;

    (void)state;
    assert_true(host_zip_add(&z, "a/b.png", "first", 5));
    assert_true(host_zip_add(&z, "empty", "", 0));
    assert_true(host_zip_end(&z));
    zip = open_archive();
    assert_int_equal(zip_get_num_entries(zip, 0), 2);
    check_entry(zip, 0, "a/b.png", "first");
    check_entry(zip, 1, "empty", "");
    assert_int_equal(zip_stat_index(zip, 0, 0, &st), 0);
    assert_int_equal(st.comp_method, ZIP_CM_STORE);
    zip_discard(zip);
}

static void more_than_65535_entries(void **state)
{
    enum { N = 65537 };
    host_failure f = HOST_FAILURE_UNSAID;
    host_zip_writer z = begin(&f);
    char name[16];
    zip_t *zip;

    (void)state;
    for (uint32_t i = 0; i < N; i++) {
        (void)snprintf(name, sizeof name, "%u", i);
        assert_true(host_zip_add(&z, name, name, strlen(name)));
    }
    assert_true(host_zip_end(&z));
    zip = open_archive();
    assert_int_equal(zip_get_num_entries(zip, 0), N);
    check_entry(zip, 0, "0", "0");
    check_entry(zip, N - 1, name, name);
    zip_discard(zip);
}

/* A hole of 5 GiB stands for contents. */
static void more_than_4_gib(void **state)
{
    const uint64_t hole = (uint64_t)5 << 30;
    host_failure f = HOST_FAILURE_UNSAID;
    host_zip_writer z = begin(&f);
    int code = 0;
    zip_t *zip;

    (void)state;
    assert_true(host_zip_add(&z, "near", "here", 4));
    if (fseeko(z.out.stream, (off_t)hole, SEEK_SET) != 0 ||
        fflush(z.out.stream) != 0) {
        host_zip_abort(&z);
        skip();
    }
    z.written = hole;
    assert_true(host_zip_add(&z, "far", "there", 5));
    assert_true(host_zip_end(&z));
    zip = zip_open(path, ZIP_RDONLY, &code); /* the hole is inconsistent */
    assert_non_null(zip);
    assert_int_equal(zip_get_num_entries(zip, 0), 2);
    check_entry(zip, 0, "near", "here");
    check_entry(zip, 1, "far", "there");
    zip_discard(zip);
}

static void aborted_archives_leave_nothing(void **state)
{
    host_failure f = HOST_FAILURE_UNSAID;
    host_zip_writer z;

    (void)state;
    (void)unlink(path);
    z = begin(&f);
    assert_true(host_zip_add(&z, "a", "b", 1));
    host_zip_abort(&z);
    assert_int_equal(access(path, F_OK), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(libzip_reads_them),
        cmocka_unit_test(more_than_65535_entries),
        cmocka_unit_test(more_than_4_gib),
        cmocka_unit_test(aborted_archives_leave_nothing),
    };
    char folder[] = "/tmp/zip_writer_test.XXXXXX";
    int failures;

    if (mkdtemp(folder) == NULL) {
        return 1;
    }
    (void)snprintf(path, sizeof path, "%s/a.zip", folder);
    failures = cmocka_run_group_tests(tests, NULL, NULL);
    (void)unlink(path);
    return rmdir(folder) == 0 ? failures : 1;
}
