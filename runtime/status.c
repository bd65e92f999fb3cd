/* SPDX-License-Identifier: MIT
 *
 * status.c - the text of a status. */
#include "cedm.h"

const char *cedm_status_text(cedm_status status)
{
    switch ((int)status) {
#define CEDM_STATUS_CASE(name, value, text)                                  \
    case value: return text;
        CEDM_STATUS_LIST(CEDM_STATUS_CASE)
#undef CEDM_STATUS_CASE
    default: return "unknown status";
    }
}
