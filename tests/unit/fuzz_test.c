/* SPDX-License-Identifier: MIT
 *
 * fuzz_test.c - replays the corpus of every fuzz target, tests/fuzz/NAME.c
 * with its inputs in tests/fuzz/NAME: what fuzzing once reached stays
 * reached in each test run, without libFuzzer. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* FUZZ_TARGETS(X) is X(name) for each file; the entry points are renamed. */
#define DECLARE(name) int fuzz_##name(const uint8_t *bytes, size_t size);
FUZZ_TARGETS(DECLARE)

/* The input lies at the end of its memory, as libFuzzer has it. */
static void replay_file(const char *path,
                        int (*target)(const uint8_t *, size_t))
{
    static uint8_t bytes[1 << 16];
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fail_msg("%s: cannot be read", path);
    }
    size_t size = fread(bytes, 1, sizeof bytes, file);
    assert_int_equal(fclose(file), 0);
    assert_in_range(size, 0, sizeof bytes - 1);
    print_message("%s\n", path); /* a target aborts: the last one is it */
    uint8_t *input = malloc(size > 0 ? size : 1);
    assert_non_null(input);
    for (size_t i = 0; i < size; i++) {
        input[i] = bytes[i];
    }
    assert_int_equal(target(input, size), 0);
    free(input);
}

static void replay(const char *directory,
                   int (*target)(const uint8_t *, size_t))
{
    int count = 0;
    DIR *entries = opendir(directory);
    assert_non_null(entries);
    for (struct dirent *d; (d = readdir(entries)) != NULL;) {
        char path[512];
        if (d->d_name[0] != '.') {
            (void)snprintf(path, sizeof path, "%s/%s", directory, d->d_name);
            replay_file(path, target);
            count++;
        }
    }
    assert_int_equal(closedir(entries), 0);
    assert_true(count > 0);
}

#define REPLAY(name)                                                         \
    static void replay_##name(void **state)                                  \
    {                                                                        \
        (void)state;                                                         \
        replay("tests/fuzz/" #name, fuzz_##name);                            \
    }
FUZZ_TARGETS(REPLAY)

int main(void)
{
    const struct CMUnitTest tests[] = {
#define ROW(name) cmocka_unit_test(replay_##name),
        FUZZ_TARGETS(ROW)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
