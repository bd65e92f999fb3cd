/* SPDX-License-Identifier: MIT
 *
 * status_test.c - statuses and their texts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "cedm.h"

static void every_status_has_its_own_text(void **state)
{
    static const cedm_status all[] = {
#define VALUE(name, value, text) CEDM_##name,
        CEDM_STATUS_LIST(VALUE)
#undef VALUE
    };
    (void)state;
    size_t count = sizeof all / sizeof all[0];
    for (size_t i = 0; i < count; i++) {
        assert_string_not_equal(cedm_status_text(all[i]), "unknown status");
        for (size_t j = 0; j < i; j++) {
            assert_int_not_equal(all[i], all[j]);
            assert_string_not_equal(cedm_status_text(all[i]),
                                    cedm_status_text(all[j]));
        }
    }
    assert_string_equal(cedm_status_text((cedm_status)-99), "unknown status");
    assert_string_equal(cedm_status_text(CEDM_STATUS_END), "unknown status");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_has_its_own_text),
    };
    return cmocka_run_group_tests_name("status", tests, NULL, NULL);
}
