/* SPDX-License-Identifier: MIT
 *
 * json_number.h - numbers in JSON that are read back bit by bit. */
#ifndef CEDM_HOST_FILES_JSON_NUMBER_H
#define CEDM_HOST_FILES_JSON_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

#include <cjson/cJSON.h>

/* A finite number for an object or array; NULL when out of memory. */
cJSON *host_json_number(double value);

/* An integer: a number up to 2^53 in size, or a text of digits, which keeps
 * what is beyond.  False for anything else. */
bool host_json_integer(const cJSON *item, int64_t *value);

#endif
