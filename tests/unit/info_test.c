/* SPDX-License-Identifier: MIT
 *
 * info_test.c - cedm-info says of a snapshot, a torch file and a blob what it
 * says of the safetensors file of the same weights. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cedm.h"
#include "codegen/codegen.h"
#include "tests/unit/torch_files.h"

#define CHECKPOINT "tests/golden/ncsnpp-tiny.safetensors"

static char folder[] = "/tmp/info_test.XXXXXX";

static const char *name_of(const char *file_name)
{
    static char text[128];

    (void)snprintf(text, sizeof text, "%s/%s", folder, file_name);
    return text;
}

static void write_out(const char *file_name, out o)
{
    FILE *file = fopen(name_of(file_name), "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(o.at, 1, o.size, file), o.size);
    assert_int_equal(fclose(file), 0);
    free(o.at);
}

/* What a tool prints; the caller frees it. */
static cJSON *json_of(const char *file_name)
{
    const char *bin = getenv("BIN");
    char command[300], text[16384];

    (void)snprintf(command, sizeof command, "%s/cedm-info --json %s",
                   bin != NULL ? bin : "build/bin", file_name);
    FILE *tool = popen(command, "r");
    assert_non_null(tool);
    size_t size = fread(text, 1, sizeof text - 1, tool);
    text[size] = '\0';
    if (pclose(tool) != 0) {
        fail_msg("%s failed: %s", command, text);
    }
    cJSON *root = cJSON_Parse(text);
    assert_non_null(root);
    return root;
}

/* But for what names the file itself. */
static void check_same(const char *file_name, const char *kind)
{
    static const char *const same[] = {"network",    "resolution", "channels",
                                       "parameters", "macs",       "clusters",
                                       "sampler"};
    static const char *const regions[] = {
        "weights_bytes",          "arena_bytes_batch_1",
        "arena_bytes_batch_64",   "activation_bytes_per_image",
        "vector_bytes_per_image", "scratch_bytes_per_worker"};
    cJSON *want = json_of(CHECKPOINT), *got = json_of(name_of(file_name));

    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        const cJSON *a = cJSON_GetObjectItem(want, same[i]);
        const cJSON *b = cJSON_GetObjectItem(got, same[i]);

        if (a == NULL || !cJSON_Compare(a, b, true)) {
            fail_msg("%s: another %s", file_name, same[i]);
        }
    }
    for (size_t i = 0; i < sizeof regions / sizeof regions[0]; i++) {
        const cJSON *a = cJSON_GetObjectItem(
            cJSON_GetObjectItem(want, "memory"), regions[i]);
        const cJSON *b = cJSON_GetObjectItem(
            cJSON_GetObjectItem(got, "memory"), regions[i]);

        if (!cJSON_IsNumber(a) || !cJSON_Compare(a, b, true)) {
            fail_msg("%s: another %s", file_name, regions[i]);
        }
    }
    assert_string_equal(
        cJSON_GetStringValue(cJSON_GetObjectItem(got, "kind")), kind);
    cJSON_Delete(want);
    cJSON_Delete(got);
}

static cg_file *checkpoint(void)
{
    cg_error error;
    cg_file *file = cg_open(CHECKPOINT, &error);

    if (file == NULL) {
        fail_msg("%s", error.text);
    }
    return file;
}

static void of_a_snapshot(void **state)
{
    (void)state;
    cg_file *file = checkpoint();
    write_out("m.pkl", snapshot(file->arrays, file->array_count,
                                cg_find_metadata(file, "cedm.config")));
    check_same("m.pkl", "checkpoint");
    assert_int_equal(unlink(name_of("m.pkl")), 0);
    cg_close(file);
}

static void of_a_torch_file(void **state)
{
    (void)state;
    cg_file *file = checkpoint();
    write_out("m.pt", state_dict(file->arrays, file->array_count, "ema",
                                 cg_find_metadata(file, "cedm.config")));
    check_same("m.pt", "checkpoint");
    assert_int_equal(unlink(name_of("m.pt")), 0);
    cg_close(file);
}

static void of_what_it_freezes_to(void **state)
{
    static const char *const suffixes[] = {"h",   "c",   "cedm", "map",
                                           "svg", "csv", "so"};
    (void)state;
    cg_error error;
    cg_file *file = checkpoint();
    cg_program *program = cg_build(file, NULL, &error);
    cg_freeze freeze = {.directory = folder, .name = "m"};
    assert_non_null(program);
    if (!cg_emit(program, file, &freeze, &error) ||
        !cg_compile(&freeze, CG_SHARED, "cc", "include", &error)) {
        fail_msg("%s", error.text);
    }
    check_same("m.cedm", "blob");
    check_same("m.so", "frozen model");
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        char file_name[16];
        (void)snprintf(file_name, sizeof file_name, "m.%s", suffixes[i]);
        assert_int_equal(unlink(name_of(file_name)), 0);
    }
    cg_program_free(program);
    cg_close(file);
}

/* Whoever plans an arena reads which solvers its maps of state are enough
 * for. */
static void solvers_and_their_state(void **state)
{
    static const char *const words[] = {
#define WORD(word) #word,
        CEDM_SOLVER_LIST(WORD)
#undef WORD
    };
    (void)state;
    cJSON *root = json_of(CHECKPOINT);
    const cJSON *solvers = cJSON_GetObjectItem(root, "solvers");
    const cJSON *have = cJSON_GetObjectItem(
        cJSON_GetObjectItem(root, "memory"), "state_maps");
    int count = (int)(sizeof words / sizeof words[0]);

    assert_int_equal(cJSON_GetArraySize(solvers), count);
    assert_int_equal((int)cJSON_GetNumberValue(have), 4);
    for (int i = 0; i < count; i++) {
        const cJSON *item = cJSON_GetArrayItem(solvers, i);
        const cJSON *need = cJSON_GetObjectItem(item, "state_maps");

        assert_string_equal(
            cJSON_GetStringValue(cJSON_GetObjectItem(item, "solver")),
            words[i]);
        assert_in_range((int)cJSON_GetNumberValue(need), 2, 4);
    }
    cJSON_Delete(root);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_a_snapshot),
        cmocka_unit_test(of_a_torch_file),
        cmocka_unit_test(of_what_it_freezes_to),
        cmocka_unit_test(solvers_and_their_state),
    };

    return cmocka_run_group_tests_name("info", tests, make_folder,
                                       remove_folder);
}
