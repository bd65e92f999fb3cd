/* SPDX-License-Identifier: MIT
 *
 * cedm-cluster.c - clusters images by their features, and says how many
 * clusters there are. */
#include "cedm.h"
#include "host/cli/results.h"
#include "host/cli/signals.h"
#include "host/execution/pool.h"
#include "host/execution/processors.h"
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
    bool good = pool != NULL &&
                (s.results != NULL || host_fail(f, "out of memory")) &&
                command(&s, f);

    host_progress_end(&s.progress);
    good = good && host_results_print(s.results, settings->json, f);
    cJSON_Delete(s.results);
    host_pool_close(pool);
    return good;
}

int main(int argc, char **argv)
{
    cluster_settings settings;
    cluster_command *command = NULL;
    host_failure f = HOST_FAILURE_UNSAID;
    host_signals_begin("cedm-cluster");
    const cluster_parsed parsed =
        cluster_options_parse(&settings, &command, argc, argv, &f);
    bool good = parsed != CLUSTER_PARSED_BAD;

    if (parsed == CLUSTER_PARSED_RUN) {
        host_signals_catch(&stop);
        good = go(&settings, command, &f);
    }
    good = good && host_output_standard(&f);
    return good ? HOST_EXIT_DONE : host_failure_report("cedm-cluster", &f);
}
