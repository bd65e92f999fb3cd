/* SPDX-License-Identifier: MIT
 *
 * json_number.c - numbers in JSON that are read back bit by bit.
 *
 * cJSON prints 15 digits where the result is within one part in 2^52 of the
 * number, so that the last bit may change: seed 2^53 became 2^53 - 2. */
#include "host/files/json_number.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

cJSON *host_json_number(double value)
{
    char text[32];
    int digits = 15;
    do {
        snprintf(text, sizeof text, "%.*g", digits, value);
    } while (strtod(text, NULL) != value && digits++ < 17);
    return cJSON_CreateRaw(text);
}

bool host_json_integer(const cJSON *item, int64_t *value)
{
    const char *text = cJSON_GetStringValue(item);
    char *end = NULL;
    errno = 0;
    if (text != NULL) {
        *value = strtoll(text, &end, 10);
        return end != text && *end == '\0' && errno == 0;
    }
    *value = cJSON_IsNumber(item) && fabs(item->valuedouble) <= 0x1p53
                 ? (int64_t)item->valuedouble
                 : 0;
    return cJSON_IsNumber(item) && (double)*value == item->valuedouble;
}
