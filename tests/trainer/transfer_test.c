/* SPDX-License-Identifier: MIT
 *
 * transfer_test.c - runs that begin with what EDM's own program left: its
 * network, moments of Adam, images seen, and the average. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/training_state.h"
#include "trainer/run.h"

#define STATE "training-state-000002.pt"
#define SNAPSHOT "network-snapshot-000002.pkl"
#define IMAGES 8
#define UPDATES 7u

static char folder[] = "/tmp/transfer_test.XXXXXX";

typedef struct session {
    train_options options;
    train_run run;
    host_failure f;
} session;

static void write_file(const char *path, const void *from, size_t size)
{
    FILE *f = fopen(path, "wb");

    assert_non_null(f);
    assert_int_equal(fwrite(from, 1, size, f), size);
    assert_int_equal(fclose(f), 0);
}

/* A run that begins with a checkpoint, for batches of 4. */
static bool begin(session *s, const char *cbase, const char *transfer,
                  const char *more)
{
    const char *argv[] = {"cedm-train",
                          "--data=images.idx",
                          "--out=run",
                          "--cres=1",
                          "--num-blocks=1",
                          "--attn=64",
                          "--batch=4",
                          "--threads=1",
                          cbase,
                          transfer,
                          more};

    s->f = (host_failure)HOST_FAILURE_UNSAID;
    if (train_options_parse(&s->options, more == NULL ? 10 : 11,
                            (char **)(uintptr_t)argv, &s->f) != TRAIN_RUN) {
        fail_msg("%s", s->f.text);
    }
    return train_run_open(&s->run, &s->options, &s->f);
}

static void begin_well(session *s, const char *cbase, const char *transfer,
                       const char *more)
{
    if (!begin(s, cbase, transfer, more)) {
        fail_msg("%s", s->f.text);
    }
}

static void end(session *s)
{
    train_run_close(&s->run);
    train_options_free(&s->options);
}

static float *set_of(const session *s, train_learner_set set)
{
    return s->run.learner->sets[set];
}

/* 2 w and 3 w^2, as they were written. */
static void check_moments(const session *s)
{
    const float *w = set_of(s, TRAIN_LEARNER_PARAMS);
    const float *m = set_of(s, TRAIN_LEARNER_M);
    const float *v = set_of(s, TRAIN_LEARNER_V);

    for (uint64_t i = 0; i < s->run.learner->training->trained_elements;
         i++) {
        float square = w[i] * w[i];

        if (m[i] != 2.0f * w[i] || v[i] != 3.0f * square) {
            fail_msg("element %llu: m %g, v %g of w %g",
                     (unsigned long long)i, (double)m[i], (double)v[i],
                     (double)w[i]);
        }
    }
}

static void check_counts(const session *s, uint64_t seen, uint64_t adam)
{
    const train_run *r = &s->run;

    assert_int_equal(r->seen, seen);
    assert_int_equal(r->updates, seen / 4);
    assert_int_equal(r->tick_start, seen);
    assert_int_equal(r->learner->counts.updates, adam);
    assert_int_equal(r->learner->counts.skipped, seen / 4 - adam);
    assert_true(r->ema_ramp == (seen > 0));
}

static void goes_on_where_the_state_is(void **unused)
{
    session s, average;
    size_t bytes;

    (void)unused;
    begin_well(&s, "--cbase=4", "--transfer=" STATE, NULL);
    check_counts(&s, 2000, UPDATES);
    check_moments(&s);
    begin_well(&average, "--cbase=4", "--transfer=" SNAPSHOT, NULL);
    check_counts(&average, 0, 0);
    bytes = s.run.learner->training->trained_elements * sizeof(float);
    assert_memory_equal(set_of(&s, TRAIN_LEARNER_EMA),
                        set_of(&average, TRAIN_LEARNER_PARAMS), bytes);
    assert_memory_not_equal(set_of(&s, TRAIN_LEARNER_EMA),
                            set_of(&s, TRAIN_LEARNER_PARAMS), bytes);
    end(&average);
    end(&s);
}

/* Under another name nothing tells the images, and no snapshot is beside it. */
static void without_its_name_updates_count(void **unused)
{
    session s;

    (void)unused;
    assert_int_equal(rename(STATE, "other.pt"), 0);
    begin_well(&s, "--cbase=4", "--transfer=other.pt", NULL);
    check_counts(&s, 4 * UPDATES, UPDATES);
    check_moments(&s);
    assert_memory_equal(
        set_of(&s, TRAIN_LEARNER_EMA), set_of(&s, TRAIN_LEARNER_PARAMS),
        s.run.learner->training->trained_elements * sizeof(float));
    end(&s);
    assert_int_equal(rename("other.pt", STATE), 0);
}

static void of_another_network_it_begins(void **unused)
{
    session s;

    (void)unused;
    begin_well(&s, "--cbase=8", "--transfer=" STATE, "--transfer-any");
    check_counts(&s, 0, 0);
    for (uint64_t i = 0; i < s.run.learner->training->trained_elements; i++) {
        assert_true(set_of(&s, TRAIN_LEARNER_M)[i] == 0.0f);
        assert_true(set_of(&s, TRAIN_LEARNER_V)[i] == 0.0f);
    }
    assert_non_null(strstr(s.run.transferred, "of another network"));
    end(&s);
}

static void power_averages_want_the_first_image(void **unused)
{
    session s;

    (void)unused;
    assert_false(
        begin(&s, "--cbase=4", "--transfer=" STATE, "--posthoc-ema"));
    assert_non_null(strstr(s.f.text, "--posthoc-ema"));
    end(&s);
}

/* ---- files --------------------------------------------------------------- */

static void write_images(void)
{
    unsigned char all[16 + IMAGES * 64] = {0, 0, 8, 3, 0, 0, 0, IMAGES,
                                           0, 0, 0, 8, 0, 0, 0, 8};

    for (size_t i = 16; i < sizeof all; i++) {
        all[i] = (unsigned char)(i * i);
    }
    write_file("images.idx", all, sizeof all);
}

/* A network of that seed as the state or the snapshot of a run. */
static void write_network(uint32_t seed, const char *path, bool state)
{
    static const train_options o = {.arch = "ddpmpp",
                                    .cbase = 4,
                                    .num_blocks = 1,
                                    .cres = {{1}, 1},
                                    .attn = {{64}, 1},
                                    .augment = 0.12,
                                    .dropout = 0.13};
    char *config = train_options_config(&o, 8, 1, 0);
    host_failure f = HOST_FAILURE_UNSAID;
    train_model_file *m = train_model_file_new(config, seed, &f);
    const cg_file *file;
    out bytes;

    assert_non_null(m);
    file = train_model_file_get(m);
    bytes = state ? training_state(file->arrays, file->array_count, config,
                                   UPDATES)
                  : snapshot(file->arrays, file->array_count, config);
    write_file(path, bytes.at, bytes.size);
    free(bytes.at);
    train_model_file_free(m);
    free(config);
}

static int make_files(void **unused)
{
    (void)unused;
    if (mkdtemp(folder) == NULL || chdir(folder) != 0) {
        return -1;
    }
    write_images();
    write_network(5, STATE, true);
    write_network(6, SNAPSHOT, false);
    return 0;
}

static int remove_files(void **unused)
{
    (void)unused;
    return unlink("images.idx") | unlink(STATE) | unlink(SNAPSHOT) |
           chdir("/") | rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goes_on_where_the_state_is),
        cmocka_unit_test(without_its_name_updates_count),
        cmocka_unit_test(of_another_network_it_begins),
        cmocka_unit_test(power_averages_want_the_first_image),
    };

    return cmocka_run_group_tests(tests, make_files, remove_files);
}
