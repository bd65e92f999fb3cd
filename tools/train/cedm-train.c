/* SPDX-License-Identifier: MIT
 *
 * cedm-train - trains a cluster-conditioned EDM from images and cluster ids.
 */
#include <stdio.h>

#include "host/cli/signals.h"
#include "host/execution/agreement.h"
#include "host/execution/ranks.h"
#include "host/files/output.h"
#include "tools/train/train_frechet.h"
#include "trainer/reconstruct.h"
#include "trainer/report.h"

static volatile sig_atomic_t stop;

static bool reconstruct(const train_options *options, host_failure *f)
{
    char path[4096];
    bool good = host_ranks_rank() != 0 ||
                train_reconstruct(options->out, options->sigma_rel, path,
                                  sizeof path, f);

    if (good && host_ranks_rank() == 0) {
        puts(path);
    }
    return good;
}

/* Rank 0 judges, as it draws. */
static bool open_judge(train_frechet *judge, train_eval *eval, train_run *r,
                       host_failure *f)
{
    const train_options *o = r->options;
    const train_frechet_images images = {r->data.size, r->data.channels,
                                         o->threads};

    if (o->eval == NULL || host_ranks_rank() != 0) {
        return true;
    }
    r->judge = &judge->judge;
    return train_eval_parse(o->eval, eval, f) &&
           train_frechet_open(judge, eval, &images, f);
}

static bool train(const train_options *options, host_failure *f)
{
    static train_frechet judge; /* holds a cedm_net, which must not move */
    train_eval eval;
    train_run r;
    bool good = train_run_open(&r, options, f) &&
                host_agree(open_judge(&judge, &eval, &r, f), f);

    if (good && host_ranks_rank() == 0) {
        train_report_begin(&r);
    }
    if (good && !options->dry_run) {
        host_signals_catch(&stop);
        (void)signal(SIGPIPE, SIG_IGN); /* whoever reads the log may end */
        good = train_run_train(&r, &stop, f);
    }
    train_frechet_close(&judge);
    train_run_close(&r);
    return good;
}

static bool go(const train_options *options, host_failure *f)
{
    return options->sigma_rel > 0.0 ? host_agree(reconstruct(options, f), f)
                                    : train(options, f);
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

    host_signals_begin("cedm-train");
    host_ranks_open();
    parsed = train_options_parse(&options, argc, argv, &f);
    good = host_agree(parsed != TRAIN_BAD, &f) &&
           (parsed == TRAIN_DONE ||
            (host_check_launcher(&f) && go(&options, &f)));
    good = good && host_output_standard(&f);
    code = end(good, &f);
    host_ranks_barrier(); /* launchers kill all after the first that failed */
    host_ranks_close();
    train_options_free(&options);
    return code;
}
