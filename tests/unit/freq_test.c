/* SPDX-License-Identifier: MIT
 *
 * freq_test.c - images per cluster as text, JSON, tensors and lists, and
 * files that pretend to be. */
#include "host/files/freq.h"
#include "tests/unit/refused_files.h"

/* ---- what is read ------------------------------------------------------ */

static void accept(const char *file, uint32_t count, const double *wanted)
{
    host_failure f = HOST_FAILURE_UNSAID;
    double *freq = host_freq_read(file, count, &f);
    if (freq == NULL) {
        fail_msg("%s", f.text);
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!(freq[i] == wanted[i])) {
            fail_msg("%s, count %u: wanted %g, got %g", file, i, wanted[i],
                     freq[i]);
        }
    }
    free(freq);
}

static void refuse(const char *rule, out o, uint32_t count, const char *what)
{
    host_failure f = HOST_FAILURE_UNSAID;
    write_bytes(o.at, o.size);
    free(o.at);
    if (host_freq_read(path, count, &f) != NULL) {
        fail_msg("%s: wanted a refusal, got counts", rule);
    }
    if (strncmp(f.text, path, strlen(path)) != 0 ||
        strstr(f.text, what) == NULL) {
        fail_msg("%s: wanted \"%s: ...%s\", got \"%s\"", rule, path, what,
                 f.text);
    }
}

static out text(const char *words)
{
    out o = {0};
    put(&o, words, strlen(words));
    return o;
}

/* The archive of a pickle without storages. */
static out only_pickle(pickler *p)
{
    out pickle = end_pickle(p), all = archive(&pickle, NULL, 0);
    free(pickle.at);
    return all;
}

static out tensor(cg_dtype dtype, int rank, const void *numbers)
{
    cg_array array = {.name = "tensor",
                      .dtype = dtype,
                      .rank = rank,
                      .shape = {rank == 2 ? 2 : 4, 2},
                      .elements = 4,
                      .data = numbers};
    pickler *p = begin_pickle(false);
    put_tensor(p, &array, true);
    out pickle = end_pickle(p), all = archive(&pickle, &array, 1);
    free(pickle.at);
    return all;
}

static void reads_every_form(void **state)
{
    (void)state;
    static const double wanted[4] = {3, 0, 2.5, 1e6};
    static const char *const texts[] = {"3 0 2.5 1e6", "3,0,2.5,1000000\n",
                                        " [3, 0, 2.5, 1e6]\r\n"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        out o = text(texts[i]);
        write_bytes(o.at, o.size);
        free(o.at);
        accept(path, 4, wanted);
    }
    for (int archived = 0; archived < 2; archived++) {
        pickler *p = begin_pickle(archived == 0);
        PUT(&p->frame, "](");
        put_integer(p, 3);
        put_integer(p, 0);
        put_real(p, 2.5);
        put_scalar(p, 1e6);
        PUT(&p->frame, "e");
        out o = archived ? only_pickle(p) : end_pickle(p);
        write_bytes(o.at, o.size);
        free(o.at);
        accept(path, 4, wanted);
    }
    out o = tensor(CG_F64, 1, wanted);
    write_bytes(o.at, o.size);
    free(o.at);
    accept(path, 4, wanted);
}

/* Written by torch.save. */
static void reads_what_the_reference_writes(void **state)
{
    (void)state;
    static const double tensor_20[20] = {[13] = 3}, list_7[7] = {[3] = 5};
    accept("tests/golden/freq-20.pt", 20, tensor_20);
    accept("tests/golden/freq-7.pt", 7, list_7);
}

/* ---- what is not ------------------------------------------------------- */

static void refuses_other_numbers(void **state)
{
    (void)state;
    static const double many[4] = {1, 2, 3, 4};
    static const double bad[][4] = {
        {1, -1, 1, 1}, {1, 1, (double)NAN, 1}, {(double)INFINITY, 1, 1, 1}};
    static const double none[4] = {0};
    refuse("too many", tensor(CG_F64, 1, many), 3,
           "wanted 3 numbers, one per cluster, got 4");
    refuse("too few", tensor(CG_F64, 1, many), 20, "wanted 20 numbers");
    refuse("a table", tensor(CG_F64, 2, many), 4,
           "one dimension, got one of");
    refuse("no images", tensor(CG_F64, 1, none), 4, "sum to 0");
    refuse("negative", tensor(CG_F64, 1, bad[0]), 4, "count 1 is -1");
    refuse("NaN", tensor(CG_F64, 1, bad[1]), 4, "count 2 is nan");
    refuse("infinite", tensor(CG_F64, 1, bad[2]), 4, "count 0 is inf");
    refuse("negative text", text("1 -1 1 1"), 4, "count 1 is -1");
    refuse("a sum that overflows", text("1e308 1e308 1e308 1e308"), 4,
           "sum to inf");
    refuse("words", text("1 2 x 4"), 4, "not a list of counts");
    refuse("no words", text("\n"), 4, "got 0");
    refuse("nothing", text(""), 4, "the file is empty");
}

static void refuses_other_values(void **state)
{
    (void)state;
    pickler *p = begin_pickle(true);
    PUT(&p->frame, "](K\x01NK\x01K\x01"
                   "e");
    refuse("None", end_pickle(p), 4, "wanted a number, got None");
    p = begin_pickle(true);
    PUT(&p->frame, "](K\x01](K\x01"
                   "eK\x01"
                   "e");
    refuse("a list in a list", end_pickle(p), 3, "got a list");
    p = begin_pickle(true);
    PUT(&p->frame, "\x8c\x04text");
    refuse("a text", end_pickle(p), 4, "a list of numbers, got a string");
    p = begin_pickle(false);
    put_name(p, "os", "system");
    PUT(&p->frame, "\x8c\x02id\x85R");
    refuse("a command", end_pickle(p), 4, "system");
    cg_array array = {.name = "a",
                      .dtype = CG_F64,
                      .rank = 1,
                      .shape = {0},
                      .data = (const unsigned char *)""};
    refuse("tensors with names", state_dict(&array, 1, NULL, NULL), 1,
           "got 1 tensors with names");
}

/* Every beginning of each kind of file, and every byte changed. */
static void survives_all_damages(void **state)
{
    (void)state;
    static const double many[4] = {1, 2, 3, 4};
    pickler *p = begin_pickle(true);
    PUT(&p->frame, "](K\x01K\x02K\x03K\x04"
                   "e");
    out files[] = {tensor(CG_F64, 1, many), end_pickle(p)};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        out *o = &files[i];
        for (size_t size = 0; size < o->size; size++) {
            host_failure f = HOST_FAILURE_UNSAID;
            write_bytes(o->at, size);
            if (host_freq_read(path, 4, &f) != NULL) {
                fail_msg("file %zu: wanted %zu of %zu bytes refused, got "
                         "counts",
                         i, size, o->size);
            }
        }
        for (size_t at = 0; at < o->size; at++) {
            host_failure f = HOST_FAILURE_UNSAID;
            o->at[at] ^= 0xff;
            write_bytes(o->at, o->size);
            o->at[at] ^= 0xff;
            double *freq = host_freq_read(path, 4, &f);
            assert_true(freq != NULL || strlen(f.text) > 0);
            free(freq);
        }
        free(o->at);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_form),
        cmocka_unit_test(reads_what_the_reference_writes),
        cmocka_unit_test(refuses_other_numbers),
        cmocka_unit_test(refuses_other_values),
        cmocka_unit_test(survives_all_damages),
    };
    return cmocka_run_group_tests(tests, make_path, remove_path);
}
