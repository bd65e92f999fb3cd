/* SPDX-License-Identifier: MIT
 *
 * cedm-cluster.c - clusters images by their features, and says how many
 * clusters there are. */
#include "cedm.h"
#include "host/cli/results.h"
#include "host/cli/signals.h"
#include "host/execution/agreement.h"
#include "host/execution/pool.h"
#include "host/execution/processors.h"
#include "host/execution/ranks.h"
#include "host/files/output.h"
#include "tools/cluster/cluster_options.h"

static volatile sig_atomic_t stop;

static bool go(const cluster_settings *settings, cluster_command *command,
               host_failure *f)
{
    const uint32_t processors = host_processors();
    const uint32_t threads =
        settings->threads > 0 ? (uint32_t)settings->threads : processors;
    host_pool *pool = host_pool_open(threads, processors, f);
    cluster_session s = {.settings = settings,
                         .workers = {host_pool_for, pool, threads,
                                     cluster_kernels_for(CEDM_ISA_ALL)},
                         .results = cJSON_CreateObject(),
                         .stop = &stop};

    host_progress_begin(&s.progress, (host_progress_kind)settings->progress,
                        0, 0);
    /* All ranks do what it takes, one shows it. */
    host_ranks_broadcast(0, &s.progress.kind, sizeof s.progress.kind);
    bool good = host_agree(pool != NULL && (s.results != NULL ||
                                            host_fail(f, "out of memory")),
                           f) &&
                command(&s, f);

    host_progress_end(&s.progress);
    good = good && (host_ranks_rank() != 0 ||
                    host_results_print(s.results, settings->json, f));
    cJSON_Delete(s.results);
    host_pool_close(pool);
    return good;
}

/* A failed rank whose text is empty leaves the words to another. */
static int end(bool good, const host_failure *f)
{
    return good                 ? HOST_EXIT_DONE
           : f->text[0] == '\0' ? f->code
                                : host_failure_report("cedm-cluster", f);
}

int main(int argc, char **argv)
{
    cluster_settings settings;
    cluster_command *command = NULL;
    host_failure f = HOST_FAILURE_UNSAID;
    host_signals_begin("cedm-cluster");
    const cluster_parsed parsed =
        cluster_options_parse(&settings, &command, argc, argv, &f);

    if (settings.by_ranks) {
        host_ranks_open();
    }
    bool good = host_agree(parsed != CLUSTER_PARSED_BAD, &f);

    if (good && parsed == CLUSTER_PARSED_RUN) {
        host_signals_catch(&stop);
        good = (!settings.by_ranks || host_check_launcher(&f)) &&
               go(&settings, command, &f);
    }
    good = host_agree(good && host_output_standard(&f), &f);
    const int code = end(good, &f);

    host_ranks_barrier(); /* launchers kill all after the first that failed */
    host_ranks_close();
    return code;
}
