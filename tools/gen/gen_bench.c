/* SPDX-License-Identifier: MIT
 *
 * gen_bench.c - cedm-gen --bench: how long an evaluation takes.
 *
 * On the CPU a sample is one whole step, divided by its evaluations, of which
 * Heun's method has two (twice that with guidance); the last step, which may
 * have fewer, is not counted.
 * With one step, that step is the sample. */
#include <stdlib.h>

#include "tools/gen/gen_batch.h"
#include "tools/gen/gen_bench.h"
#include "host/cli/progress.h"

#define MIN_SAMPLES 20u
#define MAX_SAMPLES 1024u

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

typedef struct samples {
    double seconds[MAX_SAMPLES]; /* of an evaluation */
    uint32_t count;
} samples;

static bool measure_cpu(host_runner *r, const gen_batch *b, samples *s,
                        host_failure *f)
{
    host_runner_batch given = gen_batch_given(b);
    const cedm_sampler_params *params = &b->job->params;
    bool single = params->steps - params->start == 1;
    bool warm = false;
    while (s->count < MIN_SAMPLES) {
        cedm_status status = host_runner_begin(r, &given);
        status = status == CEDM_OK ? CEDM_MORE : status;
        while (status == CEDM_MORE && s->count < MAX_SAMPLES) {
            double evals =
                host_sampler_step_evaluations(params, r->sampler.step);
            double start = host_seconds();
            status = r->kind->step(r);
            double spent = host_seconds() - start;
            if (warm && (single || status == CEDM_MORE)) {
                s->seconds[s->count++] = spent / evals;
            }
            warm = true;
        }
        if (status < CEDM_OK) {
            return host_fail(f, "--bench: %s", cedm_status_text(status));
        }
    }
    return true;
}

static bool measure_gpu(host_runner *r, const gen_batch *b, samples *s,
                        host_failure *f)
{
    double evals = host_sampler_evaluations(&b->job->params);
    host_runner_batch given = gen_batch_given(b);
    for (uint32_t run = 0; run <= MIN_SAMPLES; run++) {
        bool widened;
        double start = host_seconds();
        if (!host_runner_queue(r, &given, f) ||
            !host_runner_fetch(r, b->images, &widened, f)) {
            return false;
        }
        if (widened) {
            return host_fail(f, "--bench: a number does not fit fp16; wanted "
                                "--precision bf16");
        }
        if (run > 0) { /* the first one warms up */
            s->seconds[s->count++] = (host_seconds() - start) / evals;
        }
    }
    return true;
}

static void print(const gen_drawer *d, samples *s, bool json)
{
    qsort(s->seconds, s->count, sizeof s->seconds[0], compare);
    double low = s->seconds[0];
    double median = s->seconds[s->count / 2];
    const cedm_sampler_params *params = &d->job->params;
    double rate = d->batch / (median * host_sampler_evaluations(params));
    printf(json
               ? "{\"model\": \"%s\", \"isa\": \"%s\", \"precision\": \"%s\","
                 " \"batch\": %u, \"threads\": %u, \"samples\": %u, "
                 "\"evaluation_ms_min\": %.4f, "
                 "\"evaluation_ms_median\": %.4f, \"steps\": %u, "
                 "\"images_per_second\": %.3f}\n"
               : "%s on %s, %s, batch %u, %u threads: %u samples; evaluation "
                 "min %.3f ms, median %.3f ms; %u steps: %.2f images/s\n",
           d->model->code->name, d->isa, d->precision, d->batch, d->threads,
           s->count, low * 1e3, median * 1e3, params->steps, rate);
}

bool gen_bench(gen_drawer *d, bool json, host_failure *f)
{
    static samples s;
    gen_batch b = {0};
    bool good = gen_batch_open(&b, d->job, d->batch, f);
    if (good) { /* the job's first batch */
        gen_batch_fill(&b, 0, d->batch);
        host_runner *first = d->runners.runner;
        good = first->kind == &host_runner_cpu
                   ? measure_cpu(first, &b, &s, f)
                   : measure_gpu(first, &b, &s, f);
    }
    gen_batch_close(&b);
    if (good) {
        print(d, &s, json);
    }
    return good;
}
