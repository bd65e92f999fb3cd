/* SPDX-License-Identifier: MIT
 *
 * golden_test.c - how far arrays are apart, and golden files whose numbers
 * are not finite. */
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

#include "host/verify/difference.h"
#include "host/verify/golden.h"

#define N 3
static const double no = (double)NAN, inf = (double)INFINITY;

static void check(const double *got, const double *want, double max,
                  double rms)
{
    host_difference d = host_difference_of(got, want, N);
    if (!(d.max == max) || !(d.rms == rms)) {
        fail_msg("wanted max %g rms %g, got %g and %g", max, rms, d.max,
                 d.rms);
    }
}

static void numbers_have_distances(void **state)
{
    (void)state;
    check((double[N]){1, 2, 3}, (double[N]){1, 2, 3}, 0, 0);
    check((double[N]){0, 0, 0}, (double[N]){0, 0, 0}, 0, 0);
    check((double[N]){0, 0, 1}, (double[N]){0, 0, 0}, 1, inf);
    check((double[N]){3, 0, 0}, (double[N]){0, 4, 0}, 4, 1.25);
}

/* In any place, on either side, or on both. */
static void what_is_no_number_is_far_away(void **state)
{
    (void)state;
    const double bad[] = {no, -no, inf, -inf};
    for (size_t k = 0; k < sizeof bad / sizeof bad[0]; k++) {
        for (size_t i = 0; i < N; i++) {
            double got[N] = {1, 2, 3}, want[N] = {1, 2, 3};
            want[i] = bad[k];
            check(got, want, inf, inf);
            got[i] = bad[k];
            check(got, want, inf, inf);
            want[i] = (double)i;
            check(got, want, inf, inf);
        }
    }
}

/* One array "x" of four numbers, one of which is `value`. */
static void write_golden(const char *path, float value)
{
    static const char header[] =
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]}}";
    float x[4] = {1, 2, value, 4};
    uint64_t length = strlen(header);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(&length, sizeof length, 1, file), 1);
    assert_int_equal(fwrite(header, length, 1, file), 1);
    assert_int_equal(fwrite(x, sizeof x, 1, file), 1);
    assert_int_equal(fclose(file), 0);
}

static void golden_files_are_finite(void **state)
{
    (void)state;
    char path[] = "/tmp/golden_test.XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
    const float values[] = {3, NAN, INFINITY, -INFINITY};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        host_failure f = HOST_FAILURE_UNSAID;
        write_golden(path, values[i]);
        cg_file *file = host_golden_open(path, &f);
        if ((file != NULL) != (i == 0)) {
            fail_msg("value %g: %s", (double)values[i],
                     file != NULL ? "accepted" : f.text);
        }
        if (file == NULL) {
            assert_non_null(strstr(f.text, ":x: element 2 is "));
        }
        cg_close(file);
    }
    assert_int_equal(unlink(path), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_have_distances),
        cmocka_unit_test(what_is_no_number_is_far_away),
        cmocka_unit_test(golden_files_are_finite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
