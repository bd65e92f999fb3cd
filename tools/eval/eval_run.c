/* SPDX-License-Identifier: MIT
 *
 * eval_run.c - the results of a run of cedm-eval. */
#include "tools/eval/eval_run.h"

#include <math.h>

#include "host/files/json_number.h"

bool eval_result(eval_run *run, const char *name, double value,
                 host_failure *f)
{
    if (!isfinite(value)) {
        return host_fail(f,
                         "%s is not finite; wanted features of moderate "
                         "size, got %g",
                         name, value);
    }
    cJSON *number = host_json_number(value);
    if (number == NULL ||
        !cJSON_AddItemToObject(run->results, name, number)) {
        cJSON_Delete(number);
        return host_fail(f, "out of memory for results");
    }
    return true;
}
