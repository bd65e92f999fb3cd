/* SPDX-License-Identifier: MIT
 *
 * info_hostile_test.c - what cedm-info makes of descriptions that are not
 * what they should be: anyone can write a blob with right checksums. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tools/info/info_print.h"

static info_file describe(const char *text)
{
    info_file i;
    host_failure f;
    cJSON *root = cJSON_Parse(text);
    assert_non_null(root);
    memset(&i, 0, sizeof i);
    i.kind = "blob";
    (void)info_describe_json(&i, root, "x.cedm", &f);
    cJSON_Delete(root);
    return i;
}

static void assert_printable(const char *text)
{
    for (const char *p = text; *p != '\0'; p++) {
        if (*p < 0x20 || *p > 0x7e) {
            fail_msg("byte 0x%02x in \"%s\"", (unsigned char)*p, text);
        }
    }
}

/* Escape sequences, line ends, and U+009B, which begins a sequence too. */
static void texts_hold_nothing_that_terminals_obey(void **state)
{
    (void)state;
    info_file i =
        describe("{\"name\":\"a\\u001b[2Jb\\nc\\u009b\xc2\x9b\x7f\","
                 "\"source\":{\"sha256\":\"\\r\\t0\"},"
                 "\"network\":{\"model_type\":\"\\u0007\"}}");
    assert_printable(i.name);
    assert_printable(i.source_sha256);
    assert_printable(i.network);
    assert_memory_equal(i.name, "a?[2Jb?c", 8);
    assert_string_equal(i.network, "?");
    info_free(&i);
}

static void lists_that_do_not_fit_are_left_out(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{\"clusters\":{\"count\":3,\"freq\":[1,2],\"ids\":[1,2,3,4]}}",
        "{\"clusters\":{\"count\":0,\"freq\":[],\"ids\":[]}}",
        "{\"clusters\":{\"count\":-1,\"freq\":[1],\"ids\":[1]}}",
        "{\"clusters\":{\"count\":4294967296,\"freq\":[1],\"ids\":1}}",
        "{\"clusters\":{\"count\":1e300,\"freq\":[1],\"ids\":[1]}}",
        "{\"clusters\":{\"count\":\"1\",\"freq\":[1],\"ids\":[1]}}",
        "{\"clusters\":{\"count\":1,\"freq\":[-1]}}",
        "{\"clusters\":{\"count\":1,\"freq\":[1e999]}}",
        "{\"clusters\":{\"count\":2,\"freq\":[1,\"1\"]}}",
        "{\"clusters\":{\"count\":1,\"freq\":{\"a\":1}}}",
        "{\"clusters\":{\"count\":1,\"freq\":[0],\"ids\":[0.5]}}",
        "{\"clusters\":{\"count\":2,\"freq\":[1,-1],\"ids\":[1,1e300]}}",
        "{\"clusters\":{\"count\":1,\"ids\":[\"9223372036854775808\"]}}",
        "{\"clusters\":[1]}",
        "{}",
        "[]",
        "null",
    };
    for (size_t k = 0; k < sizeof texts / sizeof texts[0]; k++) {
        info_file i = describe(texts[k]);
        if (i.freq != NULL || i.ids != NULL) {
            fail_msg("%s: a list was taken", texts[k]);
        }
        info_free(&i);
    }
}

static void ids_keep_every_digit(void **state)
{
    (void)state;
    info_file i = describe("{\"clusters\":{\"count\":4,\"ids\":[2147483648,"
                           "-9007199254740992,\"9007199254740993\","
                           "\"-9223372036854775808\"]}}");
    assert_non_null(i.ids);
    assert_true(i.ids[0] == INT64_C(2147483648));
    assert_true(i.ids[1] == -(INT64_C(1) << 53));
    assert_true(i.ids[2] == (INT64_C(1) << 53) + 1);
    assert_true(i.ids[3] == INT64_MIN);
    info_free(&i);
}

/* Sizes wrap silently, nothing worse; the sanitizers watch. */
static void any_numbers_can_be_printed(void **state)
{
    (void)state;
    static const char *const numbers[] = {
        "9007199254740992", "-1", "1e308", "0.5", "null", "[]", "\"7\""};
    FILE *saved = stdout, *null = fopen("/dev/null", "w");
    assert_non_null(null);
    for (size_t k = 0; k < sizeof numbers / sizeof numbers[0]; k++) {
        char text[1024];
        const char *n = numbers[k];
        snprintf(text, sizeof text,
                 "{\"parameters\":%s,\"macs\":%s,\"network\":"
                 "{\"img_resolution\":%s,\"img_channels\":%s,"
                 "\"model_channels\":%s,\"channel_mult_noise\":%s},"
                 "\"memory\":{\"act_elements\":%s,\"f32_elements\":%s,"
                 "\"scratch_bytes\":%s,\"weights_bytes\":%s},"
                 "\"sampler\":{\"steps\":%s,\"rho\":%s},"
                 "\"clusters\":{\"count\":1,\"freq\":[%s],\"ids\":[%s]}}",
                 n, n, n, n, n, n, n, n, n, n, n, n, n, n);
        info_file i = describe(text);
        stdout = null;
        info_print_text(&i);
        info_print_json(&i);
        stdout = saved;
        info_free(&i);
    }
    assert_int_equal(fclose(null), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_hold_nothing_that_terminals_obey),
        cmocka_unit_test(lists_that_do_not_fit_are_left_out),
        cmocka_unit_test(ids_keep_every_digit),
        cmocka_unit_test(any_numbers_can_be_printed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
