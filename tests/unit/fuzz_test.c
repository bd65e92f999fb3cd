/* SPDX-License-Identifier: MIT
 *
 * fuzz_test.c - replays the corpus of every fuzz target: what fuzzing once
 * reached stays reached in each test run, without libFuzzer. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define LLVMFuzzerTestOneInput fuzz_safetensors
#include "fuzz/safetensors.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_pickle
#include "fuzz/pickle.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_torchzip
#include "fuzz/torchzip.c"
#undef LLVMFuzzerTestOneInput

static void replay(const char *directory,
                   int (*target)(const uint8_t *bytes, size_t size))
{
    int count = 0;
    DIR *entries = opendir(directory);
    assert_non_null(entries);
    for (struct dirent *d; (d = readdir(entries)) != NULL;) {
        uint8_t bytes[4096];
        char name[512];
        if (d->d_name[0] == '.') {
            continue;
        }
        (void)snprintf(name, sizeof name, "%s/%s", directory, d->d_name);
        FILE *file = fopen(name, "rb");
        assert_non_null(file);
        size_t size = fread(bytes, 1, sizeof bytes, file);
        assert_int_equal(fclose(file), 0);
        assert_int_equal(target(bytes, size), 0);
        count++;
    }
    assert_int_equal(closedir(entries), 0);
    assert_true(count > 0);
}

static void safetensors(void **state)
{
    (void)state;
    replay("tests/fuzz/safetensors", fuzz_safetensors);
}

static void pickle(void **state)
{
    (void)state;
    replay("tests/fuzz/pickle", fuzz_pickle);
}

static void torchzip(void **state)
{
    (void)state;
    replay("tests/fuzz/torchzip", fuzz_torchzip);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(safetensors),
        cmocka_unit_test(pickle),
        cmocka_unit_test(torchzip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
