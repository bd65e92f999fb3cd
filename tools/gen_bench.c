/* SPDX-License-Identifier: MIT
 *
 * gen_bench.c - cedm-gen --bench: how long an evaluation takes.
 *
 * A sample is one whole Heun step, divided by its two evaluations (twice
 * that with guidance); the last step, which has one, is not counted.  With
 * one step, that step is the sample. */
#include <stdlib.h>

#include "gen_bench.h"
#include "progress.h"

#define MIN_SAMPLES 20u
#define MAX_SAMPLES 1024u

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static bool begin(cedm_sampler *s, engine *e, const job *j, uint32_t n,
                  failure *f)
{
    uint64_t *seeds = calloc(n, sizeof *seeds);
    int32_t *clusters = calloc(n, sizeof *clusters);
    cedm_status status = CEDM_E_NULL;
    if (seeds != NULL && clusters != NULL) {
        for (uint32_t i = 0; i < n; i++) {
            seeds[i] = job_seed(j, i);
            clusters[i] = job_cluster(j, i);
        }
        status = cedm_sample_begin(s, &e->net, &j->params, seeds, clusters, n);
    }
    free(seeds);
    free(clusters);
    return status == CEDM_OK ||
           failed(f, "--bench: %s", cedm_status_text(status));
}

static bool measure(engine *e, const job *j, double *samples, uint32_t *count,
                    failure *f)
{
    bool single = j->params.steps == 1;
    cedm_sampler_params last = j->params;
    last.steps = 1;
    double evals = sampler_evaluations(&last);
    if (!single) { /* what the other steps take each */
        evals = (sampler_evaluations(&j->params) - evals) /
                (j->params.steps - 1);
    }
    bool warm = false;
    while (*count < MIN_SAMPLES) {
        cedm_sampler s;
        if (!begin(&s, e, j, e->batch, f)) {
            return false;
        }
        cedm_status status = CEDM_MORE;
        while (status == CEDM_MORE && *count < MAX_SAMPLES) {
            double start = seconds();
            status = cedm_sample_step(&s);
            double spent = seconds() - start;
            if (status < CEDM_OK) {
                return failed(f, "--bench: %s", cedm_status_text(status));
            }
            if (warm && (single || status == CEDM_MORE)) {
                samples[(*count)++] = spent / evals;
            }
            warm = true;
        }
    }
    return true;
}

bool gen_bench(engine *e, const job *j, bool json, failure *f)
{
    static double samples[MAX_SAMPLES];
    uint32_t count = 0;
    if (!measure(e, j, samples, &count, f)) {
        return false;
    }
    qsort(samples, count, sizeof samples[0], compare);
    double low = samples[0];
    double median = samples[count / 2];
    uint32_t steps = j->params.steps;
    double rate = e->batch / (median * sampler_evaluations(&j->params));
    printf(json ? "{\"model\": \"%s\", \"isa\": \"%s\", \"batch\": %u, "
                  "\"threads\": %u, \"samples\": %u, "
                  "\"evaluation_ms_min\": %.4f, "
                  "\"evaluation_ms_median\": %.4f, \"steps\": %u, "
                  "\"images_per_second\": %.3f}\n"
                : "%s on %s, batch %u, %u threads: %u samples; evaluation "
                  "min %.3f ms, median %.3f ms; %u steps: %.2f images/s\n",
           e->model->code->name, e->backend->name, e->batch, e->threads, count,
           low * 1e3, median * 1e3, steps, rate);
    return true;
}
