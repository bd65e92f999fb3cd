/* SPDX-License-Identifier: MIT
 *
 * fault_test.c - the tools when a call of the system fails: every call of a
 * run in turn, once or from then on, until a run gets by without a failure. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "tests/fault/scene.h"
#include "tests/fault/trial.h"

/* ---- cedm-freeze ------------------------------------------------------- */

static const command freeze = {
    freeze_main,
    {"cedm-freeze", SCENE_CHECKPOINT, "-o", SCENE_OUTPUT, "--name", "m"}};
static const command freeze_other = {freeze_main,
                                     {"cedm-freeze", SCENE_OTHER_CHECKPOINT,
                                      "-o", SCENE_OUTPUT, "--name", "m"}};

static void freeze_into_an_empty_folder(void **state)
{
    (void)state;
    trial_fail_files(&freeze, NULL, NULL);
}

/* The model that was there stays there, all of it. */
static void freeze_over_another_model(void **state)
{
    (void)state;
    /* Not from then on: what cannot be renamed cannot be renamed back. */
    assert_true(trial_fail_each(&freeze, (fault){.kind = FAULT_IO},
                                &freeze_other, NULL, TRIAL_ALL) > 5);
}

/* Neither is a failure. */
static void freeze_with_short_and_interrupted_writes(void **state)
{
    (void)state;
    assert_true(trial_fail_each(&freeze, (fault){.kind = FAULT_PARTIAL}, NULL,
                                NULL, TRIAL_ALL) > 5);
    assert_true(trial_fail_each(&freeze, (fault){.kind = FAULT_INTERRUPT},
                                NULL, NULL, TRIAL_ALL) > 5);
}

static void freeze_without_memory(void **state)
{
    (void)state;
    (void)trial_fail_each(&freeze, (fault){.kind = FAULT_MEMORY}, NULL, NULL,
                          24);
}

/* The library too is the new one or the old one, like the files. */
static void freeze_and_compile(void **state)
{
    (void)state;
    static const command c = {freeze_main,
                              {"cedm-freeze", SCENE_CHECKPOINT, "-o",
                               SCENE_OUTPUT, "--name", "m", "--build"}};
    static const command old = {freeze_main,
                                {"cedm-freeze", SCENE_OTHER_CHECKPOINT, "-o",
                                 SCENE_OUTPUT, "--name", "m", "--build"}};
    assert_int_equal(setenv("CC", SCENE_COMPILER, 1), 0);
    trial_fail_files(&c, NULL, NULL);
    assert_true(trial_fail_each(&c, (fault){.kind = FAULT_IO}, &old, NULL,
                                TRIAL_ALL) > 5);
    (void)trial_fail_each(&c, (fault){.kind = FAULT_MEMORY}, NULL, NULL, 4);
}

static void freeze_counts_in_an_archive(void **state)
{
    (void)state;
    static const command c = {freeze_main,
                              {"cedm-freeze", SCENE_CHECKPOINT, "-o",
                               SCENE_OUTPUT, "--name", "m", "--freq",
                               SCENE_COUNTS}};
    trial_fail_files(&c, NULL, NULL);
    (void)trial_fail_each(&c, (fault){.kind = FAULT_MEMORY}, NULL, NULL, 8);
}

/* ---- cedm-verify ------------------------------------------------------- */

static void verify_a_model(void **state)
{
    (void)state;
    static const command c = {verify_main,
                              {"cedm-verify", "--model", SCENE_MODEL,
                               "--golden", SCENE_GOLDEN, "--threads", "2",
                               "--tolerance", "1e9"}};
    trial_fail_files(&c, NULL, NULL);
    (void)trial_fail_each(&c, (fault){.kind = FAULT_MEMORY}, NULL, NULL, 24);
}

/* ---- cedm-info --------------------------------------------------------- */

static void info_of_a_checkpoint_and_a_blob(void **state)
{
    (void)state;
    static const command checkpoint = {info_main,
                                       {"cedm-info", SCENE_CHECKPOINT}};
    static const command blob = {info_main,
                                 {"cedm-info", SCENE_OUTPUT "/m.cedm"}};
    trial_fail_files(&checkpoint, NULL, NULL);
    trial_fail_files(&blob, &freeze, NULL);
}

/* ---- cedm-gen ---------------------------------------------------------- */

#define GEN                                                                  \
    "cedm-gen", "--n", "1", "--steps", "1", "--threads", "2", "--progress",  \
        "none"

static void gen_a_grid(void **state)
{
    (void)state;
    static const command c = {gen_main,
                              {GEN, "--out", SCENE_OUTPUT "/x.png"}};
    trial_fail_files(&c, NULL, NULL);
}

static void gen_an_array_over_another(void **state)
{
    (void)state;
    static const command c = {gen_main,
                              {GEN, "--seed", "7", "--format", "npy", "--out",
                               SCENE_OUTPUT "/x.npy"}};
    static const command old = {
        gen_main, {GEN, "--format", "npy", "--out", SCENE_OUTPUT "/x.npy"}};
    trial_fail_files(&c, &old, NULL);
}

static void gen_a_file_for_a_seed(void **state)
{
    (void)state;
    static const command c = {gen_main,
                              {GEN, "--grid", "none", "--out", SCENE_OUTPUT}};
    trial_fail_files(&c, NULL, NULL);
}

static void gen_from_a_png(void **state)
{
    (void)state;
    static const command c = {gen_main,
                              {"cedm-gen", "--from", SCENE_PNG, "--threads",
                               "1", "--progress", "none", "--out",
                               SCENE_OUTPUT "/x.png"}};
    static const command png = {gen_main, {GEN, "--out", SCENE_PNG}};
    trial_run(&png);
    trial_fail_files(&c, NULL, NULL);
}

/* Some of the many calls of cJSON and of the rest. */
static void gen_without_memory(void **state)
{
    (void)state;
    static const command c = {gen_main,
                              {GEN, "--out", SCENE_OUTPUT "/x.png"}};
    (void)trial_fail_each(&c, (fault){.kind = FAULT_MEMORY}, NULL, NULL, 8);
}

/* ---- cedm-train -------------------------------------------------------- */

#define TRAIN(data, clusters)                                                \
    "cedm-train", "--data", data, "--clusters", clusters, "--cbase", "4",    \
        "--cres", "1", "--num-blocks", "1", "--attn", "2", "--batch", "2",   \
        "--tick", "0.002", "--snap", "2", "--threads", "1", "--lr-rampup",   \
        "0.000001"
#define SHORT "--duration", "0.000004"
#define LONG "--duration", "0.000008"

/* Whatever fails on the way from one point to the next, the first is there
 * and the run goes on from it, or from the second, bit for bit. */
static void train_on(void **state)
{
    (void)state;
    static const command old = {train_main,
                                {TRAIN(SCENE_ZIP, SCENE_CLUSTERS), SHORT,
                                 "--out", SCENE_OUTPUT, "--posthoc-ema"}};
    static const command c = {train_main,
                              {TRAIN(SCENE_ZIP, SCENE_CLUSTERS), LONG,
                               "--out", SCENE_OUTPUT, "--posthoc-ema",
                               "--resume"}};
    trial_fail_files(&c, &old, &c);
    (void)trial_fail_each(&c, (fault){.kind = FAULT_MEMORY}, &old, &c, 4);
}

static void average_afterwards(void **state)
{
    (void)state;
    static const command old = {train_main,
                                {TRAIN(SCENE_ZIP, SCENE_CLUSTERS), LONG,
                                 "--out", SCENE_OUTPUT, "--posthoc-ema"}};
    static const command c = {
        train_main,
        {"cedm-train", "--out", SCENE_OUTPUT, "--sigma-rel", "0.07"}};
    trial_fail_files(&c, &old, NULL);
    (void)trial_fail_each(&c, (fault){.kind = FAULT_MEMORY}, &old, NULL, 4);
}

/* Nothing is written: only reading can fail. */
static void train_with_every_kind_of_data(void **state)
{
    (void)state;
    static const command c[] = {
        {train_main, {TRAIN(SCENE_ZIP, SCENE_CLUSTERS_TEXT), "--dry-run"}},
        {train_main, {TRAIN(SCENE_FOLDER, SCENE_CLUSTERS), "--dry-run"}},
        {train_main, {TRAIN(SCENE_IDX, SCENE_CLUSTERS), "--dry-run"}}};
    for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
        trial_fail_files(&c[i], NULL, NULL);
        (void)trial_fail_each(&c[i], (fault){.kind = FAULT_MEMORY}, NULL,
                              NULL, 4);
    }
}

/* ---- cedm-data ----------------------------------------------------------- */

#define DATA(source)                                                         \
    "cedm-data", source, "-o", SCENE_OUTPUT "/x.zip", "--threads", "2",      \
        "--progress", "none"

static void data_over_another(void **state)
{
    (void)state;
    static const command zip = {data_main,
                                {DATA(SCENE_ZIP), "--resolution", "2"}};
    static const command folder = {data_main, {DATA(SCENE_FOLDER)}};
    trial_fail_files(&zip, &folder, NULL);
    (void)trial_fail_each(&zip, (fault){.kind = FAULT_MEMORY}, NULL, NULL,
                          TRIAL_ALL);
    trial_fail_files(&folder, NULL, NULL);
    (void)trial_fail_each(&folder, (fault){.kind = FAULT_MEMORY}, NULL, NULL,
                          TRIAL_ALL);
}

/* ---- cedm-embed ---------------------------------------------------------- */

/* What a failed run leaves is gone on from by the same command. */
static void embed_and_go_on(void **state)
{
    (void)state;
    static const command zip = {embed_main,
                                {"cedm-embed", "--model", SCENE_MODEL,
                                 "--data", SCENE_ZIP, "--out",
                                 SCENE_OUTPUT "/x.npy", "--batch", "3",
                                 "--threads", "2", "--progress", "none"}};
    static const command folder = {embed_main,
                                   {"cedm-embed", "--model", SCENE_MODEL,
                                    "--data", SCENE_FOLDER, "--out",
                                    SCENE_OUTPUT "/x.npy", "--threads", "1",
                                    "--progress", "none"}};
    trial_fail_files(&zip, NULL, &zip);
    (void)trial_fail_each(&zip, (fault){.kind = FAULT_MEMORY}, NULL, &zip, 8);
    trial_fail_files(&folder, NULL, &folder);
}

/* ------------------------------------------------------------------------ */

static int set_up(void **state)
{
    (void)state;
    static const fault none = {.kind = FAULT_NONE};
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_int_equal(fwrite(&none, sizeof none, 1, file), 1);
    assert_int_equal(fflush(file), 0);
    void *shared = mmap(NULL, sizeof none, PROT_READ | PROT_WRITE, MAP_SHARED,
                        fileno(file), 0);
    assert_true(shared != MAP_FAILED);
    assert_int_equal(fclose(file), 0);
    faults = shared;
    fault_wrap_json();
    scene_make();
    /* A model to compare, compiled for this machine. */
    static const command build = {freeze_main,
                                  {"cedm-freeze", SCENE_CHECKPOINT, "-o", ".",
                                   "--name", "model", "--build"}};
    trial_run(&build);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    scene_remove();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(freeze_into_an_empty_folder),
        cmocka_unit_test(freeze_over_another_model),
        cmocka_unit_test(freeze_with_short_and_interrupted_writes),
        cmocka_unit_test(info_of_a_checkpoint_and_a_blob),
        cmocka_unit_test(gen_a_grid),
        cmocka_unit_test(gen_an_array_over_another),
        cmocka_unit_test(gen_a_file_for_a_seed),
        cmocka_unit_test(gen_from_a_png),
        cmocka_unit_test(freeze_without_memory),
        cmocka_unit_test(freeze_and_compile),
        cmocka_unit_test(freeze_counts_in_an_archive),
        cmocka_unit_test(verify_a_model),
        cmocka_unit_test(train_on),
        cmocka_unit_test(average_afterwards),
        cmocka_unit_test(train_with_every_kind_of_data),
        cmocka_unit_test(gen_without_memory),
        cmocka_unit_test(data_over_another),
        cmocka_unit_test(embed_and_go_on),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
