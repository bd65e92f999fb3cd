/* SPDX-License-Identifier: MIT
 *
 * state_test.c - a state that is not what was written: a byte that changed,
 * counters that disagree, other images or ids.
 *
 *   state_test          some bytes of the header's and the tensors' parts
 *   state_test all      every byte */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "cedm.h"
#include "trainer/run.h"

#define IMAGES 12
#define NEWEST "run/state-000000012.safetensors"
#define OLDER "run/state-000000008.safetensors"

static bool every_byte;

/* ---- files -------------------------------------------------------------- */

typedef struct bytes {
    unsigned char *at;
    size_t size;
} bytes;

static void write_file(const char *path, const void *from, size_t size)
{
    FILE *f = fopen(path, "wb");

    assert_non_null(f);
    assert_int_equal(fwrite(from, 1, size, f), size);
    assert_int_equal(fclose(f), 0);
}

static bytes read_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    bytes b;

    assert_non_null(f);
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    b.size = (size_t)ftell(f);
    rewind(f);
    b.at = malloc(b.size + 1);
    assert_non_null(b.at);
    assert_int_equal(fread(b.at, 1, b.size, f), b.size);
    b.at[b.size] = '\0';
    (void)fclose(f);
    return b;
}

/* idx images of 8x8, each with its own grey, the last one with `last`. */
static void write_images(unsigned char last)
{
    unsigned char all[16 + IMAGES * 64] = {0, 0, 8, 3, 0, 0, 0, IMAGES,
                                           0, 0, 0, 8, 0, 0, 0, 8};

    for (size_t i = 0; i < (size_t)IMAGES * 64; i++) {
        all[16 + i] = (unsigned char)(i / 64 * 16 + i % 7);
    }
    all[sizeof all - 1] = last;
    write_file("images.idx", all, sizeof all);
}

static void write_ids(const char *text)
{
    write_file("ids.txt", text, strlen(text));
}

#define IDS "0 1 2 0 1 2 0 1 2 0 1 2"

/* ---- runs --------------------------------------------------------------- */

typedef struct session {
    train_options options;
    train_run run;
    host_failure f;
} session;

/* Options of a line that stays. */
static void parse(session *s, int argc, const char **argv)
{
    s->f = (host_failure)HOST_FAILURE_UNSAID;
    if (train_options_parse(&s->options, argc, (char **)(uintptr_t)argv,
                            &s->f) != TRAIN_RUN) {
        fail_msg("%s", s->f.text);
    }
}

static bool open_run(session *s, const char *more)
{
    const char *argv[] = {"cedm-train",         "--data=images.idx",
                          "--clusters=ids.txt", "--out=run",
                          "--cbase=4",          "--cres=1",
                          "--num-blocks=1",     "--attn=64",
                          "--batch=4",          "--duration=12e-6",
                          "--tick=0.004",       "--snap=1",
                          "--threads=1",        more};

    parse(s, more == NULL ? 13 : 14, argv);
    return train_run_open(&s->run, &s->options, &s->f);
}

static void close_run(session *s)
{
    train_run_close(&s->run);
    train_options_free(&s->options);
}

static int make_run(void **state)
{
    volatile sig_atomic_t stop = 0;
    session s;

    (void)state;
    write_images(9);
    write_ids(IDS);
    if (!open_run(&s, NULL) || !train_run_train(&s.run, &stop, &s.f)) {
        fail_msg("%s", s.f.text);
    }
    close_run(&s);
    return 0;
}

/* All that a state gives back, as one number. */
static uint32_t sum_of(const train_run *r)
{
    const train_learner *l = r->learner;
    uint64_t counters[] = {r->seen, r->updates, r->tick, r->tick_start,
                           r->tick_steps};
    uint32_t crc = cedm_crc32c(0, counters, sizeof counters);

    crc = cedm_crc32c(crc, &r->loss_sum, sizeof r->loss_sum);
    for (int i = 0; i < TRAIN_LEARNER_SETS; i++) {
        crc = cedm_crc32c(crc, l->sets[i],
                          l->training->trained_elements * sizeof(float));
    }
    return crc;
}

/* The run that goes on, or why it does not; *same if it is the one that was. */
static bool resumes(const char *option, uint32_t wanted, bool *same,
                    char text[1024])
{
    session s;
    bool good = open_run(&s, option);

    *same = good && sum_of(&s.run) == wanted;
    (void)snprintf(text, 1024, "%s", good ? "" : s.f.text);
    close_run(&s);
    return good;
}

static uint32_t whole_sum(void)
{
    session s;
    uint32_t sum;

    if (!open_run(&s, "--resume")) {
        fail_msg("%s", s.f.text);
    }
    sum = sum_of(&s.run);
    close_run(&s);
    return sum;
}

static void says(const char *option, const char *wanted)
{
    char text[1024];
    bool same;

    if (resumes(option, 0, &same, text)) {
        fail_msg("went on; wanted \"%s\"", wanted);
    }
    if (strstr(text, wanted) == NULL) {
        fail_msg("wanted \"%s\", got \"%s\"", wanted, text);
    }
}

/* ---- one byte ----------------------------------------------------------- */

/* Refused, or the same: nothing else may come of a byte that changed. */
static void inverted_bytes(void **state)
{
    bytes whole = read_file(NEWEST);
    uint32_t sum = whole_sum();
    size_t refused = 0, step = 1;

    (void)state;
    for (size_t i = 0; i < whole.size; i += step) {
        char text[1024];
        bool same;

        whole.at[i] ^= 0xff;
        write_file(NEWEST, whole.at, whole.size);
        if (!resumes("--resume", sum, &same, text)) {
            refused++;
        } else if (!same) {
            fail_msg("byte %zu of %zu: went on as another run", i,
                     whole.size);
        }
        whole.at[i] ^= 0xff;
        /* a number without a factor in common with the file's steps */
        step = every_byte ? 1 : 101;
    }
    write_file(NEWEST, whole.at, whole.size);
    assert_true(refused > 0);
    assert_int_equal(whole_sum(), sum);
    free(whole.at);
}

static void names_the_newest_good_state(void **state)
{
    bytes whole = read_file(NEWEST), older = read_file(OLDER);

    (void)state;
    whole.at[whole.size - 3] ^= 1;
    write_file(NEWEST, whole.at, whole.size);
    says("--resume", "the tensor is damaged");
    says("--resume", "the newest good state is " OLDER);
    write_file(NEWEST, whole.at, whole.size / 2);
    says("--resume", "the newest good state is " OLDER);
    older.at[older.size - 3] ^= 1;
    write_file(OLDER, older.at, older.size);
    says("--resume", "the newest good state is run/state-000000004");
    older.at[older.size - 3] ^= 1;
    write_file(OLDER, older.at, older.size);
    whole.at[whole.size - 3] ^= 1;
    write_file(NEWEST, whole.at, whole.size);
    free(whole.at);
    free(older.at);
}

/* ---- forged counters ---------------------------------------------------- */

static char *find(const bytes *b, const char *text)
{
    size_t n = strlen(text);

    for (size_t i = 0; i + n <= b->size; i++) {
        if (memcmp(b->at + i, text, n) == 0) {
            return (char *)b->at + i;
        }
    }
    fail_msg("no %s in the state", text);
    return NULL;
}

/* Replaces a text of the header and the header's checksum. */
static void forge(bytes *b, const char *from, const char *to)
{
    static const char key[] = "\"cedm.header_crc32c\":\"";
    char *digits = find(b, key) + sizeof key - 1, text[9];
    uint64_t length = 0;

    for (unsigned i = 0; i < 8; i++) {
        length |= (uint64_t)b->at[i] << (8 * i);
    }
    assert_int_equal(strlen(from), strlen(to));
    memcpy(find(b, from), to, strlen(to));
    memcpy(digits, "00000000", 8);
    (void)snprintf(text, sizeof text, "%08" PRIx32,
                   cedm_crc32c(0, b->at + 8, (size_t)length));
    memcpy(digits, text, 8);
}

static void counters_disagree(void **state)
{
    static const char *const rows[][2] = {
        {"\\\"seen\\\":12,", "\\\"seen\\\":13,"},
        {"\\\"seen\\\":12,", "\\\"seen\\\":16,"},
        {"\\\"seen\\\":12,", "\\\"seen\\\":00,"},
        {"\\\"updates\\\":3,", "\\\"updates\\\":0,"},
        {"\\\"updates\\\":3,", "\\\"updates\\\":4,"},
        {"\\\"tick\\\":3,", "\\\"tick\\\":4,"},
        {"\\\"tick_start\\\":12,", "\\\"tick_start\\\":16,"},
        {"\\\"tick_start\\\":12,", "\\\"tick_start\\\":08,"},
        {"\\\"tick_steps\\\":0,", "\\\"tick_steps\\\":1,"},
        {"\\\"skipped\\\":0,", "\\\"skipped\\\":4,"},
        {"\\\"good\\\":", "\\\"goof\\\":"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bytes whole = read_file(NEWEST);
        bytes forged = read_file(NEWEST);

        forge(&forged, rows[i][0], rows[i][1]);
        write_file(NEWEST, forged.at, forged.size);
        says("--resume", "cedm.counters disagree");
        write_file(NEWEST, whole.at, whole.size);
        free(whole.at);
        free(forged.at);
    }
}

/* A state without its checksums is not one of ours. */
static void without_checksums(void **state)
{
    bytes whole = read_file(NEWEST), forged = read_file(NEWEST);

    (void)state;
    memcpy(find(&forged, "\"cedm.header_crc32c\""), "\"cedm.header-crc32c\"",
           20);
    write_file(NEWEST, forged.at, forged.size);
    says("--resume", "no checksums");
    write_file(NEWEST, whole.at, whole.size);
    free(whole.at);
    free(forged.at);
}

/* ---- other data --------------------------------------------------------- */

static void other_data(void **state)
{
    uint32_t sum = whole_sum();
    char text[1024];
    bool same;

    (void)state;
    write_ids("5 1 2 5 1 2 5 1 2 5 1 2");
    says("--resume", "wanted ids \"");
    write_ids("2 1 0 0 1 2 0 1 2 0 1 2");
    says("--resume", "wanted ids \"");
    write_ids("0 1 0 0 1 0 0 1 0 0 1 0");
    says("--resume", "another network; wanted label_dim 3, got label_dim 2");
    write_ids(IDS);
    write_images(10);
    says("--resume", "wanted pixels \"");
    write_images(9);
    assert_true(resumes("--resume", sum, &same, text));
    assert_true(same);
}

static void other_recipe(void **state)
{
    session s;
    const char *argv[] = {"cedm-train", "--resume", "--out=run", "--lr=0.5",
                          "--seed=7"};

    (void)state;
    parse(&s, 5, argv);
    assert_false(train_run_open(&s.run, &s.options, &s.f));
    assert_non_null(
        strstr(s.f.text, "wanted lr 0.001, seed 0, got lr 0.5, seed 7"));
    close_run(&s);
}

/* Without any option but the folder: those of options.json. */
static void goes_on_by_itself(void **state)
{
    session s;
    const char *argv[] = {"cedm-train", "--resume", "--out=run"};
    uint32_t sum = whole_sum();

    (void)state;
    parse(&s, 3, argv);
    if (!train_run_open(&s.run, &s.options, &s.f)) {
        fail_msg("%s", s.f.text);
    }
    assert_int_equal(sum_of(&s.run), sum);
    close_run(&s);
}

static void one_at_a_time(void **state)
{
    session first, second;

    (void)state;
    assert_true(open_run(&first, "--resume"));
    assert_false(open_run(&second, "--resume"));
    assert_non_null(strstr(second.f.text, "run: in use by process "));
    close_run(&second);
    close_run(&first);
    assert_true(open_run(&first, "--resume"));
    close_run(&first);
    assert_int_not_equal(access("run/.lock", F_OK), 0);
}

static void used_folders(void **state)
{
    session s;

    (void)state;
    assert_false(open_run(&s, NULL));
    assert_non_null(strstr(s.f.text, NEWEST ": belongs to a run already"));
    close_run(&s);
    assert_int_equal(rename("run", "kept"), 0);
    assert_int_equal(mkdir("run", 0777), 0);
    write_file("run/options.json", "mine", 4);
    assert_false(open_run(&s, NULL));
    assert_non_null(strstr(s.f.text, "run/options.json: is there already"));
    close_run(&s);
    assert_int_equal(unlink("run/options.json"), 0);
    assert_int_equal(rmdir("run"), 0);
    assert_int_equal(rename("kept", "run"), 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inverted_bytes),
        cmocka_unit_test(names_the_newest_good_state),
        cmocka_unit_test(counters_disagree),
        cmocka_unit_test(without_checksums),
        cmocka_unit_test(other_data),
        cmocka_unit_test(other_recipe),
        cmocka_unit_test(goes_on_by_itself),
        cmocka_unit_test(one_at_a_time),
        cmocka_unit_test(used_folders),
    };
    char folder[] = "/tmp/state_test.XXXXXX", command[64];
    int failures;

    every_byte = argc > 1 && strcmp(argv[1], "all") == 0;
    if (mkdtemp(folder) == NULL || chdir(folder) != 0) {
        return 1;
    }
    failures = cmocka_run_group_tests(tests, make_run, NULL);
    (void)snprintf(command, sizeof command, "rm -rf %s", folder);
    return chdir("/") != 0 || system(command) != 0 || failures;
}
