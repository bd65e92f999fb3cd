/* SPDX-License-Identifier: MIT
 *
 * cedm-train - trains a cluster-conditioned EDM from images and cluster ids.
 */
#include <stdio.h>

#include "host/cli/shard.h"
#include "host/execution/ranks.h"
#include "host/files/output.h"
#include "trainer/report.h"

static volatile sig_atomic_t stop;

/* The second signal of a kind ends the program at once. */
static void on_signal(int number)
{
    stop = 1;
    (void)signal(number, SIG_DFL);
}

/* Processes that do not know of each other would fight over one folder. */
static bool check_launcher(host_failure *f)
{
    host_shard place = HOST_SHARD_WHOLE;

    if (host_ranks_size() > 1) {
        return true;
    }
    if (!host_shard_from_environment(&place, f)) {
        return false;
    }
    if (place.size > 1) {
        (void)host_fail(f,
                        "%s started %u processes, but this program %s; start "
                        "one process",
                        place.launcher, place.size, host_ranks_kind());
        if (place.rank > 0) {
            f->text[0] = '\0'; /* rank 0 says it */
        }
        return false;
    }
    return true;
}

static bool go(const train_options *options, host_failure *f)
{
    train_run r;
    bool good = train_run_open(&r, options, f);

    if (good && host_ranks_rank() == 0) {
        train_report_begin(&r);
    }
    if (good && !options->dry_run) {
        (void)signal(SIGINT, on_signal);
        (void)signal(SIGTERM, on_signal);
        (void)signal(SIGPIPE, SIG_IGN); /* whoever reads the log may end */
        good = train_run_train(&r, &stop, f);
    }
    train_run_close(&r);
    return good;
}

/* A failed rank whose text is empty leaves the words to another. */
static int end(bool good, const host_failure *f)
{
    return good                 ? HOST_EXIT_DONE
           : f->text[0] == '\0' ? f->code
                                : host_failure_report("cedm-train", f);
}

int main(int argc, char **argv)
{
    train_options options;
    host_failure f = HOST_FAILURE_UNSAID;
    train_parsed parsed;
    bool good;
    int code;

    host_ranks_open();
    parsed = train_options_parse(&options, argc, argv, &f);
    good = train_run_agree(parsed != TRAIN_BAD, &f) &&
           (parsed == TRAIN_DONE || (check_launcher(&f) && go(&options, &f)));
    good = good && host_output_standard(&f);
    code = end(good, &f);
    host_ranks_barrier(); /* launchers kill all after the first that failed */
    host_ranks_close();
    train_options_free(&options);
    return code;
}
