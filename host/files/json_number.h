/* SPDX-License-Identifier: MIT
 *
 * json_number.h - numbers in JSON that are read back bit by bit. */
#ifndef CEDM_HOST_FILES_JSON_NUMBER_H
#define CEDM_HOST_FILES_JSON_NUMBER_H

#include <cjson/cJSON.h>

/* A finite number for an object or array; NULL when out of memory. */
cJSON *host_json_number(double value);

#endif
