/* SPDX-License-Identifier: MIT
 *
 * results.c - what a program has found, printed. */
#include "host/cli/results.h"

#include <stdio.h>
#include <stdlib.h>

static void print_lines(const cJSON *results)
{
    const cJSON *item, *value;

    cJSON_ArrayForEach(item, results)
    {
        printf("%s", item->string);
        if (!cJSON_IsArray(item)) {
            printf(" %s", item->valuestring);
        }
        cJSON_ArrayForEach(value, item)
        {
            printf(" %s", value->valuestring);
        }
        printf("\n");
    }
}

bool host_results_print(const cJSON *results, bool json, host_failure *f)
{
    if (!json) {
        print_lines(results);
        return true;
    }
    char *text = cJSON_PrintUnformatted(results);

    if (text == NULL) {
        return host_fail(f, "out of memory for results");
    }
    puts(text);
    free(text);
    return true;
}
