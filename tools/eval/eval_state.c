/* SPDX-License-Identifier: MIT
 *
 * eval_state.c - the folder where features of data sets are kept. */
#include "tools/eval/eval_state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/files/growing.h"
#include "host/files/output.h"

/* Not /tmp, which may be memory. */
static bool make_temporary(eval_state *s, host_failure *f)
{
    const char *parent = getenv("TMPDIR");
    (void)snprintf(s->folder, sizeof s->folder, "%s/cedm-eval-XXXXXX",
                   parent != NULL && parent[0] != '\0' ? parent : "/var/tmp");
    s->temporary = true;
    return mkdtemp(s->folder) != NULL ||
           host_fail(f,
                     "%s: features cannot be kept there: %s; set TMPDIR to a "
                     "folder with room for them, or give --state",
                     s->folder, strerror(errno));
}

static bool take_folder(eval_state *s, const char *folder, host_failure *f)
{
    if (strlen(folder) >= sizeof s->folder) {
        return host_bad_usage(f, "--state: wanted a shorter name");
    }
    (void)snprintf(s->folder, sizeof s->folder, "%s", folder);
    return host_output_directory(folder, f) &&
           host_lock_folder(&s->lock, folder, f);
}

bool eval_state_open(eval_state *s, const char *folder, host_failure *f)
{
    *s = (eval_state){.lock = HOST_LOCK_FREE};
    bool good =
        folder != NULL ? take_folder(s, folder, f) : make_temporary(s, f);
    for (int i = 0; i < EVAL_FILES_MAX; i++) {
        (void)snprintf(s->rows[i], sizeof s->rows[i], "%s/%d.npy", s->folder,
                       i + 1);
    }
    return good;
}

bool eval_state_drop(const eval_state *s, int operand, host_failure *f)
{
    const host_shard whole = HOST_SHARD_WHOLE;
    return host_growing_remove(s->rows[operand], &whole, f);
}

void eval_state_close(eval_state *s)
{
    host_lock_release(&s->lock);
    (void)rmdir(s->folder);
}
