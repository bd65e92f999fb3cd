/* SPDX-License-Identifier: MIT
 *
 * arrays_write_test.c - files of arrays are read back as they were. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "host/files/arrays_write.h"
#include "host/files/npy_read.h"

static const float floats[2][3] = {{1.5f, -2.0f, 0.25f},
                                   {3.0f, 1e-30f, 7.0f}};
static const double doubles[2] = {0.1, -1e300};
static const int32_t ints[4] = {0, -1, INT32_MAX, INT32_MIN};
static const int64_t number = INT64_C(1) << 40;

static const char *temporary(char path[64], const char *suffix)
{
    (void)snprintf(path, 64, "/tmp/arrays_write_test_%p.%s", (void *)path,
                   suffix);
    return path;
}

static void test_safetensors(void **state)
{
    const host_array arrays[] = {
        {"z.floats", CG_F32, 2, {2, 3}, floats},
        {"doubles", CG_F64, 1, {2}, doubles},
        {"ints", CG_I32, 1, {4}, ints},
        {"number", CG_I64, 0, {0}, &number},
        {"none", CG_F32, 2, {0, 5}, floats},
    };
    const cg_metadata notes[] = {{"one", "text \"quoted\""}, {"two", ""}};
    host_failure f = HOST_FAILURE_UNSAID;
    cg_error error;
    char path[64];

    (void)state;
    assert_true(host_arrays_write(temporary(path, "safetensors"), arrays, 5,
                                  notes, 2, &f));
    cg_file *file = cg_open(path, &error);

    assert_non_null(file);
    assert_int_equal(file->array_count, 5);
    assert_string_equal(cg_find_metadata(file, "one"), notes[0].value);
    assert_string_equal(cg_find_metadata(file, "two"), "");
    for (uint64_t i = 0; i < 6; i++) {
        assert_true(cg_element(cg_find(file, "z.floats"), i) ==
                    (double)floats[i / 3][i % 3]);
    }
    assert_int_equal(cg_find(file, "z.floats")->shape[1], 3);
    assert_true(cg_element(cg_find(file, "doubles"), 1) == -1e300);
    assert_true(cg_element(cg_find(file, "ints"), 3) == (double)INT32_MIN);
    assert_int_equal(cg_find(file, "number")->rank, 0);
    assert_true(cg_element(cg_find(file, "number"), 0) == 0x1p40);
    assert_int_equal(cg_find(file, "none")->elements, 0);
    cg_close(file);
    (void)remove(path);
}

static void test_npy(void **state)
{
    const host_array arrays[] = {
        {NULL, CG_F32, 2, {2, 3}, floats},
        {NULL, CG_F64, 1, {2}, doubles},
        {NULL, CG_I32, 1, {4}, ints},
        {NULL, CG_I64, 1, {1}, &number},
    };
    host_failure f = HOST_FAILURE_UNSAID;
    char path[64];

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        host_npy npy;

        assert_true(
            host_array_write_npy(temporary(path, "npy"), &arrays[i], &f));
        assert_true(host_npy_open(&npy, path, &f));
        assert_int_equal(npy.array.dtype, arrays[i].dtype);
        assert_int_equal(npy.array.rank, arrays[i].rank);
        assert_int_equal(npy.array.shape[0], arrays[i].shape[0]);
        assert_memory_equal(npy.array.data, arrays[i].data,
                            i == 0 ? sizeof floats : sizeof number);
        host_npy_close(&npy);
        (void)remove(path);
    }
}

static void test_no_folder(void **state)
{
    const host_array array = {"a", CG_I32, 1, {4}, ints};
    host_failure f = HOST_FAILURE_UNSAID;

    (void)state;
    assert_false(
        host_arrays_write("/nowhere/x.safetensors", &array, 1, NULL, 0, &f));
    assert_non_null(strstr(f.text, "/nowhere/x.safetensors"));
    assert_false(host_array_write_npy("/nowhere/x.npy", &array, &f));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_safetensors),
        cmocka_unit_test(test_npy),
        cmocka_unit_test(test_no_folder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
