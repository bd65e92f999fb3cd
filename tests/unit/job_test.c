/* SPDX-License-Identifier: MIT
 *
 * job_test.c - which image takes which seed and cluster, and the record that
 * draws them again.  Links with the shared objects of tools. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tools/gen/gen_job.h"
#include "host/cli/shard.h"

static const cedm_denoiser four = {.label_dim = 4}, none = {.label_dim = 0};
static const cedm_model code = {.name = "small", .denoiser = &four};
static const cedm_model plain = {.name = "plain", .denoiser = &none};
static const host_model small = {.code = &code, .data_sha256 = "abc"};
static const gen_job_machine machine = {"portable", "fp32", 2};

static gen_job make(const cedm_model *m, const char *seeds,
                    const char *clusters)
{
    gen_job j;
    host_failure f = {HOST_EXIT_DONE, ""};
    memset(&j, 0, sizeof j);
    j.code = m;
    j.params = cedm_sampler_params_default();
    if (!host_args_list_parse("seeds", seeds, &j.seeds, &f) ||
        !gen_job_set_clusters(&j, clusters, &f) || !gen_job_count(&j, &f)) {
        fail_msg("%s, %s: %s", seeds, clusters, f.text);
    }
    return j;
}

static void check_image(const gen_job *j, uint64_t i, uint64_t seed,
                        int32_t cluster)
{
    if (gen_job_seed(j, i) != seed || gen_job_cluster(j, i) != cluster) {
        fail_msg("image %" PRIu64 ": wanted seed %" PRIu64 " cluster %d, got "
                 "%" PRIu64 " and %d",
                 i, seed, cluster, gen_job_seed(j, i), gen_job_cluster(j, i));
    }
}

static void list_repeats(void **state)
{
    (void)state;
    static const int32_t list[] = {3, 0, 1};
    gen_job j = make(&code, "10-16", "3,0-1");
    assert_int_equal(j.count, 7);
    for (uint64_t i = 0; i < 7; i++) {
        check_image(&j, i, 10 + i, list[i % 3]);
    }
    gen_job_free(&j);
}

static void all_takes_the_seeds_per_cluster(void **state)
{
    (void)state;
    gen_job j = make(&code, "5,9,2", "all");
    static const uint64_t seeds[] = {5, 9, 2};
    assert_int_equal(j.count, 12);
    for (uint64_t i = 0; i < 12; i++) {
        check_image(&j, i, seeds[i % 3], (int32_t)(i / 3));
    }
    gen_job_free(&j);
}

static void none_and_unconditional(void **state)
{
    (void)state;
    gen_job j = make(&code, "0-1", "none");
    check_image(&j, 1, 1, -1);
    gen_job_free(&j);
    j = make(&plain, "0-1", NULL);
    check_image(&j, 1, 1, -1);
    gen_job_free(&j);
    host_failure f;
    memset(&j, 0, sizeof j);
    j.code = &plain;
    assert_false(gen_job_set_clusters(&j, "all", &f));
    assert_int_equal(f.code, HOST_EXIT_USAGE);
}

/* Random clusters are those of the counts, and only those. */
static void random_follows_counts(void **state)
{
    (void)state;
    static const double freq[4] = {0, 3, 0, 1};
    uint32_t found[4] = {0, 0, 0, 0};
    gen_job j = make(&code, "0-3999", NULL);
    j.freq = freq;
    for (uint64_t i = 0; i < j.count; i++) {
        int32_t cluster = gen_job_cluster(&j, i);
        assert_in_range(cluster, 0, 3);
        found[cluster]++;
    }
    assert_int_equal(found[0] + found[2], 0);
    /* 3000 of 4000; four standard deviations are 110 */
    assert_in_range(found[1], 2890, 3110);
    gen_job_free(&j);
}

/* The parts of a job, one after another, are its images. */
static void parts_are_the_whole(void **state)
{
    (void)state;
    static const uint32_t sizes[] = {1, 2, 3, 7, 11, 64};
    gen_job whole = make(&code, "5-9,3", "all");
    for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
        host_shard s = {0, sizes[k], 0, NULL};
        uint64_t next = 0;
        for (; s.rank < s.size; s.rank++) {
            gen_job part = make(&code, "5-9,3", "all");
            uint64_t first, count;
            host_shard_part(&s, part.count, &first, &count);
            assert_int_equal(first, next);
            assert_in_range(count, whole.count / s.size,
                            whole.count / s.size + 1);
            gen_job_keep(&part, first, count);
            for (uint64_t i = 0; i < part.count; i++) {
                check_image(&part, i, gen_job_seed(&whole, next + i),
                            gen_job_cluster(&whole, next + i));
            }
            next += part.count;
            gen_job_free(&part);
        }
        assert_int_equal(next, whole.count);
    }
    gen_job_free(&whole);
}

static void parts_of_very_many(void **state)
{
    (void)state;
    uint64_t next = 0, total = UINT64_MAX;
    host_shard s = {0, 3, 0, NULL};
    for (; s.rank < s.size; s.rank++) {
        uint64_t first, count;
        host_shard_part(&s, total, &first, &count);
        assert_int_equal(first, next);
        next += count;
    }
    assert_int_equal(next, total);
}

static void count_beyond_64_bits(void **state)
{
    (void)state;
    gen_job j;
    host_failure f = {HOST_EXIT_DONE, ""};
    memset(&j, 0, sizeof j);
    j.code = &code;
    assert_true(
        host_args_list_parse("seeds", "0-9223372036854775807", &j.seeds, &f));
    assert_true(gen_job_set_clusters(&j, "all", &f));
    assert_false(gen_job_count(&j, &f));
    assert_int_equal(f.code, HOST_EXIT_USAGE);
    assert_non_null(strstr(f.text, "beyond 64 bits"));
    gen_job_free(&j);
}

static void record_round_trip(void **state)
{
    (void)state;
    static const char *const clusters[] = {"2,0", "all", "random", "none"};
    for (size_t k = 0; k < 4; k++) {
        gen_job j =
            make(&code, "7,4294967296,18446744073709551615", clusters[k]);
        j.params.steps = 33;
        j.params.S_churn = 0.1; /* no short binary fraction */
        char *text = gen_job_record(&j, &small, &machine, 0, j.count, 2, 3);
        assert_non_null(text);
        gen_job again;
        host_failure f = {HOST_EXIT_DONE, ""};
        memset(&again, 0, sizeof again);
        again.code = &code;
        if (!gen_job_from_record(&again, &small, "x.png", text, &f)) {
            fail_msg("%s refused: %s", text, f.text);
        }
        assert_int_equal(again.count, j.count);
        assert_int_equal(again.columns, 2);
        assert_int_equal(again.rows, 3);
        for (uint64_t i = 0; i < j.count; i++) {
            assert_int_equal(gen_job_cluster(&again, i),
                             gen_job_cluster(&j, i));
            assert_int_equal((uint32_t)gen_job_seed(&again, i),
                             (uint32_t)gen_job_seed(&j, i));
        }
        assert_int_equal(again.params.steps, 33);
        assert_memory_equal(&again.params.S_churn, &j.params.S_churn,
                            sizeof(double));
        assert_memory_equal(&again.params.S_max, &j.params.S_max,
                            sizeof(double));
        free(text);
        gen_job_free(&again);
        gen_job_free(&j);
    }
}

/* Found by fuzzing: cJSON's own numbers lost the last bit. */
static void records_keep_every_bit(void **state)
{
    (void)state;
    static const double numbers[] = {
        0.1 + 0.2, 1.0 / 3.0, 0x1.fffffffffffffp9, 1e-5, 80.0, 0x1p-1074};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        gen_job j = make(&code, "9007199254740991,9007199254740992", "1");
        gen_job again = {.code = &code};
        host_failure f = {HOST_EXIT_DONE, ""};
        j.params.rho = numbers[i];
        j.params.guidance = -numbers[i];
        char *text = gen_job_record(&j, &small, &machine, 0, 2, 0, 0);
        assert_non_null(text);
        if (!gen_job_from_record(&again, &small, "x.png", text, &f)) {
            fail_msg("%s refused: %s", text, f.text);
        }
        for (uint64_t k = 0; k < 2; k++) {
            assert_int_equal(gen_job_seed(&again, k), gen_job_seed(&j, k));
        }
        if (again.params.rho != j.params.rho ||
            again.params.guidance != j.params.guidance) {
            fail_msg("number %zu: wanted %a and %a, got %a and %a", i,
                     j.params.rho, j.params.guidance, again.params.rho,
                     again.params.guidance);
        }
        free(text);
        gen_job_free(&again);
        gen_job_free(&j);
    }
}

/* The beginnings of records that have all that comes before. */
#define GOOD "{\"data_sha256\":\"abc\",\"seeds\":[1],\"clusters\":[1],"
#define SAMPLER GOOD "\"precision\":\"fp32\",\"sampler\":"

static void hostile_records(void **state)
{
    (void)state;
    static const char *const records[] = {
        "",
        "{",
        "null",
        "[]",
        "{\"seeds\":[1],\"clusters\":[1]}",
        "{\"data_sha256\":5,\"seeds\":[1],\"clusters\":[1]}",
        "{\"data_sha256\":\"abd\",\"seeds\":[1],\"clusters\":[1]}",
        "{\"data_sha256\":\"abc\"}",
        "{\"data_sha256\":\"abc\",\"seeds\":[],\"clusters\":[]}",
        "{\"data_sha256\":\"abc\",\"seeds\":1,\"clusters\":1}",
        "{\"data_sha256\":\"abc\",\"seeds\":[1],\"clusters\":[1,2]}",
        "{\"data_sha256\":\"abc\",\"seeds\":[1,2],\"clusters\":[1]}",
        "{\"data_sha256\":\"abc\",\"seeds\":[-1],\"clusters\":[1]}",
        "{\"data_sha256\":\"abc\",\"seeds\":[0.5],\"clusters\":[1]}",
        "{\"data_sha256\":\"abc\",\"seeds\":[1e300],\"clusters\":[1]}",
        "{\"data_sha256\":\"abc\",\"seeds\":[\"1\"],\"clusters\":[1]}",
        "{\"data_sha256\":\"abc\",\"seeds\":[1],\"clusters\":[4]}",
        "{\"data_sha256\":\"abc\",\"seeds\":[1],\"clusters\":[-2]}",
        "{\"data_sha256\":\"abc\",\"seeds\":[1],\"clusters\":[null]}",
        GOOD "\"columns\":0}",
        GOOD "\"columns\":1e18}",
        GOOD "\"rows\":2}",
        GOOD "\"columns\":2,\"rows\":0}",
        GOOD "\"precision\":\"fp8\"}",
        GOOD "\"precision\":\"fp32\"}",
        SAMPLER "[]}",
        SAMPLER "{\"solver\":\"rk45\"}}",
        SAMPLER "{\"solver\":0}}",
        SAMPLER "{\"steps\":-1}}",
        SAMPLER "{\"steps\":1.5}}",
        SAMPLER "{\"steps\":1e9}}",
        SAMPLER "{\"rho\":\"7\"}}",
        SAMPLER "{\"colour\":3}}",
    };
    for (size_t i = 0; i < sizeof records / sizeof records[0]; i++) {
        gen_job j;
        host_failure f = {HOST_EXIT_DONE, ""};
        memset(&j, 0, sizeof j);
        j.code = &code;
        j.params = cedm_sampler_params_default();
        bool taken = gen_job_from_record(&j, &small, "x.png", records[i], &f);
        if (taken || f.code != HOST_EXIT_FAILED ||
            strncmp(f.text, "x.png: ", 7) != 0) {
            fail_msg("record %zu, %s: taken %d, code %d, '%s'", i, records[i],
                     taken, f.code, f.text);
        }
        gen_job_free(&j);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(list_repeats),
        cmocka_unit_test(all_takes_the_seeds_per_cluster),
        cmocka_unit_test(none_and_unconditional),
        cmocka_unit_test(random_follows_counts),
        cmocka_unit_test(parts_are_the_whole),
        cmocka_unit_test(parts_of_very_many),
        cmocka_unit_test(count_beyond_64_bits),
        cmocka_unit_test(record_round_trip),
        cmocka_unit_test(records_keep_every_bit),
        cmocka_unit_test(hostile_records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
