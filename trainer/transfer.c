/* SPDX-License-Identifier: MIT
 *
 * transfer.c - what was taken of a checkpoint, in words. */
#include "trainer/transfer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PREFIX "ema."

static const char *prefix_of(const cg_file *from)
{
    for (size_t i = 0; i < from->array_count; i++) {
        if (strncmp(from->arrays[i].name, PREFIX, sizeof PREFIX - 1) == 0) {
            return PREFIX;
        }
    }
    return "";
}

static double percent(const train_model_taken *t)
{
    return 100.0 * (double)t->parameters / (double)t->all_parameters;
}

static void describe(const train_model_taken *t, char *text, size_t size)
{
    (void)snprintf(
        text, size,
        "%zu of %zu tensors, %" PRIu64 " of %" PRIu64
        " parameters (%.1f %%)%s%s",
        t->tensors, t->all_tensors, t->parameters, t->all_parameters,
        percent(t),
        t->left[0] == '\0' ? "" : "; left as they were: ", t->left);
}

bool train_transfer(train_model_file *m, const cg_file *from, bool any,
                    char *text, size_t size, host_failure *f)
{
    train_model_taken taken = {0};

    train_model_file_take(m, from, prefix_of(from), &taken);
    describe(&taken, text, size);
    if (taken.parameters == 0) {
        return host_fail(f,
                         "%s: none of its tensors fits the network; wanted "
                         "one of the same --arch, --cbase and --cres, got %s",
                         from->path, text);
    }
    return any || 2 * taken.parameters >= taken.all_parameters ||
           host_fail(f,
                     "%s: fits less than half of the network: %s; give the "
                     "--arch, --cbase and --cres of that network, or "
                     "--transfer-any",
                     from->path, text);
}
