/* SPDX-License-Identifier: MIT
 *
 * cmocka.h - as much of cmocka as the stage of tests/ops uses, for a foreign
 * processor that the library is not installed for: a failure ends the
 * program. */
#ifndef CEDM_TESTS_BARE_CMOCKA_H
#define CEDM_TESTS_BARE_CMOCKA_H

#include <stdio.h>
#include <stdlib.h>

#define fail_msg(...)                                                        \
    (fprintf(stderr, __VA_ARGS__), fputc('\n', stderr), exit(1))

#define assert_true(condition)                                               \
    ((condition) ? (void)0                                                   \
                 : fail_msg("%s:%d: %s", __FILE__, __LINE__, #condition))
#define assert_non_null(pointer) assert_true((pointer) != NULL)
#define assert_int_equal(a, b) assert_true((a) == (b))

#endif
