/* SPDX-License-Identifier: MIT
 *
 * results.h - what a program has found, printed for people or programs. */
#ifndef CEDM_HOST_CLI_RESULTS_H
#define CEDM_HOST_CLI_RESULTS_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "host/cli/failure.h"

/* Prints an object of numbers (host_json_number) and lists of them to standard
 * output: as one JSON object, or a line "NAME VALUE..." for each. */
bool host_results_print(const cJSON *results, bool json, host_failure *f);

#endif
