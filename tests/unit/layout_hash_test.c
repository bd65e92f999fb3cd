/* SPDX-License-Identifier: MIT
 *
 * layout_hash_test.c - whatever the code of a model is made from, but for the
 * values of its weights, is in its hash. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codegen/codegen.h"

static cg_file *checkpoint;
static const char *config;

static uint64_t hash_with(const char *text, enum cedm_dtype weights)
{
    cg_file file = *checkpoint;
    cg_metadata metadata = {"cedm.config", text};
    cg_options options = {.weights = weights};
    cg_error error;
    file.metadata = &metadata;
    file.metadata_count = 1;
    cg_program *p = cg_build(&file, &options, &error);
    if (p == NULL) {
        fail_msg("%s", error.text);
    }
    uint64_t hash = p->layout_hash;
    cg_program_free(p);
    return hash;
}

/* The configuration with the first `from` replaced. */
static char *replaced(const char *from, const char *to)
{
    const char *at = strstr(config, from);
    if (at == NULL) {
        fail_msg("%s: not in %s", from, config);
    }
    size_t size = strlen(config) + strlen(to) + 1;
    char *text = malloc(size);
    assert_non_null(text);
    (void)snprintf(text, size, "%.*s%s%s", (int)(at - config), config, to,
                   at + strlen(from));
    return text;
}

/* Each pair has the same tensors. */
static const char *const changes[][2] = {
    {"\"EDMPrecond\"", "\"VPPrecond\""},
    {"\"EDMPrecond\"", "\"VEPrecond\""},
    {"\"EDMPrecond\"", "\"EDMPrecond\", \"sigma_data\": 0.6"},
    {"\"EDMPrecond\"", "\"EDMPrecond\", \"sigma_min\": 0.01"},
    {"\"EDMPrecond\"", "\"EDMPrecond\", \"sigma_max\": 100"},
};
#define CHANGES (sizeof changes / sizeof changes[0])

static void models_have_hashes_of_their_own(void **state)
{
    (void)state;
    uint64_t hashes[CHANGES + 2];
    hashes[0] = hash_with(config, CEDM_DTYPE_F32);
    hashes[1] = hash_with(config, CEDM_DTYPE_F16);
    assert_true(hash_with(config, CEDM_DTYPE_F32) == hashes[0]);
    for (size_t i = 0; i < CHANGES; i++) {
        char *text = replaced(changes[i][0], changes[i][1]);
        hashes[i + 2] = hash_with(text, CEDM_DTYPE_F32);
        free(text);
    }
    for (size_t i = 0; i < CHANGES + 2; i++) {
        for (size_t k = 0; k < i; k++) {
            if (hashes[i] == hashes[k]) {
                fail_msg("models %zu and %zu have one hash", k, i);
            }
        }
    }
}

static int open_checkpoint(void **state)
{
    cg_error error;
    (void)state;
    checkpoint = cg_open("tests/golden/uncond-tiny.safetensors", &error);
    config = checkpoint != NULL ? cg_find_metadata(checkpoint, "cedm.config")
                                : NULL;
    return config != NULL ? 0 : -1;
}

static int close_checkpoint(void **state)
{
    (void)state;
    cg_close(checkpoint);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(models_have_hashes_of_their_own),
    };
    return cmocka_run_group_tests(tests, open_checkpoint, close_checkpoint);
}
