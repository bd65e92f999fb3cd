/* SPDX-License-Identifier: MIT
 *
 * cluster_source_test.c - what checkpoints say of how their clusters were
 * made. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "codegen/cluster_lists.h"
#include "codegen/ir/memory.h"

#define HASH_56 "0123456789abcdef0123456789abcdef0123456789abcdef01234567"
#define MADE(method, clusters, end)                                          \
    "{\"method\": " method ", \"clusters\": " clusters                       \
    ", \"features_sha256\": \"" HASH_56 end "\"}"

/* Of a network of so many clusters; freed by the caller. */
static cg_memory *read(const char *text, uint32_t clusters, cg_program *p,
                       bool *good, cg_error *error)
{
    cg_metadata metadata = {"cedm.cluster_source", (char *)(uintptr_t)text};
    cg_file file = {.path = "x", .metadata = &metadata, .metadata_count = 1};
    cg_memory *memory = cg_memory_new();
    assert_non_null(memory);
    *p = (cg_program){.memory = memory};
    p->denoiser.label_dim = clusters;
    *good = cg_read_clusters(&file, p, error);
    return memory;
}

static void takes_what_the_trainer_writes(void **state)
{
    (void)state;
    cg_program p;
    cg_error error;
    bool good;
    cg_memory *memory =
        read("{\"features_sha256\":\"" HASH_56 "89abcdef\",\"clusters\":100, "
             "\"else\":1,\"method\":\"temi\"}",
             7, &p, &good, &error);
    assert_true(good);
    assert_string_equal(p.cluster_source,
                        "{\"method\":\"temi\",\"clusters\":100,"
                        "\"features_sha256\":\"" HASH_56 "89abcdef\"}");
    cg_memory_free(memory);
}

static void says_nothing_without_clusters(void **state)
{
    (void)state;
    cg_program p;
    cg_error error;
    bool good;
    cg_memory *memory = read("7", 0, &p, &good, &error);
    assert_true(good);
    assert_null(p.cluster_source);
    cg_memory_free(memory);
}

static void refuses_what_is_something_else(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "7",
        "{}",
        "[]",
        MADE("7", "100", "89abcdef"),
        MADE("\"\"", "100", "89abcdef"),
        MADE("\"k\\\"means\"", "100", "89abcdef"),
        MADE("\"abcdefghijklmnopqrstuvwxyzabcdef\"", "100", "89abcdef"),
        MADE("\"temi\"", "0", "89abcdef"),
        MADE("\"temi\"", "1.5", "89abcdef"),
        MADE("\"temi\"", "1e400", "89abcdef"),
        MADE("\"temi\"", "\"9\"", "89abcdef"),
        MADE("\"temi\"", "100", "89abcde"),
        MADE("\"temi\"", "100", "89ABCDEF"),
        MADE("\"temi\"", "100", "89abcdef") "]"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        cg_program p;
        cg_error error;
        bool good;
        cg_memory *memory = read(bad[i], 7, &p, &good, &error);
        assert_false(good);
        assert_non_null(
            strstr(error.text, "x:cedm.cluster_source: unusable; wanted"));
        cg_memory_free(memory);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_what_the_trainer_writes),
        cmocka_unit_test(says_nothing_without_clusters),
        cmocka_unit_test(refuses_what_is_something_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
