/* SPDX-License-Identifier: MIT
 *
 * launcher.c - fuzz target of what launchers of processes leave in the
 * environment.
 *
 * An input is lines NAME=VALUE.  They give a message, or a rank below a size
 * within the limits, whose part of a job lies in the job. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/cli/shard.h"
#include "tests/fuzz/want.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

extern char **environ;

static void check_shard(void)
{
    host_failure f = HOST_FAILURE_UNSAID;
    host_shard shard = HOST_SHARD_WHOLE;
    uint64_t first = 0, count = 0;
    if (!host_shard_from_environment(&shard, &f)) {
        want_line(f.text);
        return;
    }
    want(shard.size >= 1 && shard.size <= HOST_SHARD_MAX);
    want(shard.rank < shard.size);
    host_shard_part(&shard, 1000, &first, &count);
    want(first <= 1000 && count <= 1000 - first);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static char *lines[64];
    char **before = environ, *text = calloc(1, size + 1), *rest = NULL;
    size_t count = 0;
    want(text != NULL);
    memcpy(text, bytes, size);
    for (char *line = strtok_r(text, "\n", &rest); line != NULL && count < 63;
         line = strtok_r(NULL, "\n", &rest)) {
        if (strchr(line, '=') != NULL) {
            lines[count++] = line;
        }
    }
    lines[count] = NULL;
    environ = lines;
    check_shard();
    environ = before;
    free(text);
    return 0;
}
