/* SPDX-License-Identifier: MIT
 *
 * expect_status.h - a call of the library that must return a status.  After
 * <cmocka.h>. */
#ifndef CEDM_TEST_EXPECT_STATUS_H
#define CEDM_TEST_EXPECT_STATUS_H

#include "cedm.h"

static inline void expect_status(cedm_status got, cedm_status want)
{
    if (got != want) {
        fail_msg("status: got %d (%s), want %d (%s)", (int)got,
                 cedm_status_text(got), (int)want, cedm_status_text(want));
    }
}

#endif
