/* SPDX-License-Identifier: MIT
 *
 * description_test.c - models whose description holds counts that nothing can
 * be drawn by. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codegen/codegen.h"
#include "host/execution/model.h"

static char folder[] = "/tmp/description_test.XXXXXX";

/* Freezes the checkpoint with these counts and loads what comes of it. */
static bool loads(const double *freq, host_failure *f)
{
    cg_error error;
    cg_file *file = cg_open("tests/golden/ncsnpp-tiny.safetensors", &error);
    assert_non_null(file);
    cg_program *program = cg_build(file, NULL, &error);
    assert_non_null(program);
    assert_int_equal(program->denoiser.label_dim, 7);
    cg_freeze freeze = {folder, "m", {NULL}};
    program->freq = freq;
    if (!cg_emit(program, file, &freeze, &error) ||
        !cg_compile(&freeze, CG_SHARED, "cc", "include", &error)) {
        fail_msg("%s", error.text);
    }
    cg_program_free(program);
    cg_close(file);
    char path[64];
    (void)snprintf(path, sizeof path, "%s/m.so", folder);
    host_model m;
    bool good = host_model_load(&m, path, f);
    host_model_close(&m);
    return good;
}

static void counts_have_a_sum(void **state)
{
    (void)state;
    static const double some[7] = {0, 0, 3, 0, 0, 0, 1}, none[7];
    const double huge[7] = {1e308, 1e308},
                 infinite[7] = {1, (double)INFINITY};
    host_failure f = HOST_FAILURE_UNSAID;
    if (!loads(some, &f)) {
        fail_msg("%s", f.text);
    }
    const double *const bad[] = {none, huge, infinite};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (loads(bad[i], &f)) {
            fail_msg("counts %zu are taken", i);
        }
        assert_non_null(strstr(f.text, "freq is no list of 7 counts"));
    }
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int remove_folder(void **state)
{
    char text[64];
    (void)state;
    (void)snprintf(text, sizeof text, "rm -rf %s", folder);
    return system(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_have_a_sum),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
