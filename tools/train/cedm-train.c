/* SPDX-License-Identifier: MIT
 *
 * cedm-train - trains a cluster-conditioned EDM from images and cluster ids.
 */
#include <stdio.h>

#include "host/files/output.h"
#include "host/execution/ranks.h"
#include "trainer/run.h"

static volatile sig_atomic_t stop;

/* The second signal of a kind ends the program at once. */
static void on_signal(int number)
{
    stop = 1;
    (void)signal(number, SIG_DFL);
}

static bool go(const train_options *options, failure *f)
{
    run r;
    bool good = run_open(&r, options, f);

    if (good && ranks_rank() == 0) {
        run_describe(&r);
    }
    if (good && !options->dry_run) {
        (void)signal(SIGINT, on_signal);
        (void)signal(SIGTERM, on_signal);
        good = run_train(&r, &stop, f);
    }
    run_close(&r);
    return good;
}

/* A failed rank whose text is empty leaves the words to another. */
static int end(bool good, const failure *f)
{
    return good                   ? EXIT_DONE
           : f->text[0] == '\0' ? f->code
                                  : failure_report("cedm-train", f);
}

int main(int argc, char **argv)
{
    train_options options;
    failure f = FAILURE_UNSAID;
    train_parsed parsed;
    bool good;
    int code;

    ranks_open();
    parsed = train_options_parse(&options, argc, argv, &f);
    good = run_agree(parsed != TRAIN_BAD, &f) &&
           (parsed == TRAIN_DONE || go(&options, &f));
    good = good && output_standard(&f);
    code = end(good, &f);
    ranks_barrier(); /* launchers kill all after the first that failed */
    ranks_close();
    return code;
}
