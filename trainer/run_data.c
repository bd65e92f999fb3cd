/* SPDX-License-Identifier: MIT
 *
 * run_data.c - the images of a run, read by all threads, and what a user is
 * told of them. */
#include <inttypes.h>
#include <stdio.h>

#include "host/cli/progress.h"
#include "host/execution/ranks.h"
#include "trainer/run.h"

/* Once, by the first rank: all ranks read the same. */
static void tell(const host_dataset *d, const char *path)
{
    char text[HOST_DATASET_NOTE_BYTES];

    if (d->left_out[0] != '\0') {
        fprintf(stderr, "cedm-train: %s: left out: %s\n", path, d->left_out);
    }
    if (host_dataset_changes(d, text, sizeof text)) {
        fprintf(stderr, "cedm-train: %s: of %" PRIu64 " images %s\n", path,
                d->count, text);
    }
}

bool train_run_read_data(train_run *r, uint32_t threads, host_failure *f)
{
    const train_options *o = r->options;
    host_dataset_source source = {o->data,       o->resolution, threads,
                                  host_pool_for, r->pool,       false};
    bool first = host_ranks_rank() == 0, good;
    host_dataset_load load;
    host_progress shown;

    good = host_dataset_begin(&load, &r->data, &source, f);
    host_progress_begin(&shown,
                        first ? HOST_PROGRESS_AUTO : HOST_PROGRESS_NONE,
                        load.total > 0 ? load.total : 1, 1);
    while (good && host_dataset_left(&load)) {
        good = host_dataset_more(&load, f);
        host_progress_show(&shown, r->data.count, 0, 0);
    }
    host_progress_end(&shown);
    good = host_dataset_end(&load, good, f);
    if (good && first) {
        tell(&r->data, o->data);
    }
    return good;
}
