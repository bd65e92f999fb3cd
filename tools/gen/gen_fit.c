/* SPDX-License-Identifier: MIT
 *
 * gen_fit.c - cedm-gen --fit-sigmas: noise levels for a number of steps.
 *
 * Trajectories of a frozen model have nearly one shape, whatever image they
 * end at [GITS].  So levels are fitted to a few of them: Heun's method follows
 * each along many levels; what a jump from one level to another misses there is
 * its cost; and dynamic programming finds the jumps of the least cost.
 *
 * The authors' jump is a step of Euler's method.  Solvers of few steps are of
 * higher order, so here it is the trapezoid of both slopes, and a miss is
 * counted as what is left of it in the image: the error of ipndm of order 3
 * with 6 steps falls from 0.035 to 0.029 on the demo model
 * (docs/NUMERICS.md). */
#include "tools/gen/gen_fit.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "tools/gen/gen_batch.h"
#include "tools/gen/gen_path.h"

#define POINTS GEN_FIT_MOST
/* What an error grows by with each later jump; the authors' 1.15 is too much
 * for ten jumps here, 1 too little for five. */
#define GROWTH 1.1

typedef struct fit {
    gen_drawer *drawer;
    gen_batch batch;
    size_t elements;              /* of an image */
    double sigma[POINTS];         /* falling */
    double *x, *slope;            /* of each point: [batch][elements] */
    double *other;                /* [batch][elements], D without a label */
    double *levels;               /* [batch] */
    double cost[POINTS * POINTS]; /* summed over images */
} fit;

static bool take(fit *t, host_failure *f)
{
    const cedm_denoiser *d = t->drawer->model->code->denoiser;
    size_t batch = t->drawer->batch;
    t->elements = (size_t)d->resolution * d->resolution * d->channels;
    t->x = calloc(POINTS * batch, t->elements * sizeof *t->x);
    t->slope = calloc(POINTS * batch, t->elements * sizeof *t->slope);
    t->other = calloc(batch, t->elements * sizeof *t->other);
    t->levels = calloc(batch, sizeof *t->levels);
    return (t->x != NULL && t->slope != NULL && t->other != NULL &&
            t->levels != NULL) ||
           host_fail(f, "out of memory for %zu trajectories", batch);
}

static void free_all(fit *t)
{
    free(t->x);
    free(t->slope);
    free(t->other);
    free(t->levels);
    gen_batch_close(&t->batch);
}

/* ---- trajectories ------------------------------------------------------- */

static double *at(const fit *t, double *maps, uint32_t point)
{
    return maps + (size_t)point * t->drawer->batch * t->elements;
}

/* d = (x - D) / sigma, with guidance where it counts. */
static cedm_status find_slope(fit *t, const double *x, double sigma,
                              double *d)
{
    const cedm_sampler_params *p = &t->drawer->job->params;
    cedm_net *net = &t->drawer->runners.runner->cpu.net;
    uint32_t n = t->batch.n;
    for (uint32_t i = 0; i < n; i++) {
        t->levels[i] = sigma;
    }
    double W =
        sigma > p->guidance_min && sigma <= p->guidance_max ? p->guidance : 0;
    cedm_status status =
        cedm_denoise(net, x, t->levels, t->batch.clusters, n, d);
    if (status == CEDM_OK && (W < 0 || W > 0)) {
        status = cedm_denoise(net, x, t->levels, NULL, n, t->other);
    }
    for (size_t e = 0; status == CEDM_OK && e < n * t->elements; e++) {
        d[e] = (x[e] - ((1 + W) * d[e] - W * t->other[e])) / sigma;
    }
    return status;
}

/* One step of Heun's method from a point to the next. */
static cedm_status follow(fit *t, uint32_t i)
{
    double *x = at(t, t->x, i), *next = at(t, t->x, i + 1);
    double *d = at(t, t->slope, i), *late = at(t, t->slope, i + 1);
    double h = t->sigma[i + 1] - t->sigma[i];
    size_t count = t->batch.n * t->elements;
    for (size_t e = 0; e < count; e++) {
        next[e] = x[e] + h * d[e];
    }
    cedm_status status = find_slope(t, next, t->sigma[i + 1], late);
    for (size_t e = 0; status == CEDM_OK && e < count; e++) {
        next[e] = x[e] + h * (d[e] + late[e]) / 2;
    }
    return status == CEDM_OK ? find_slope(t, next, t->sigma[i + 1], late)
                             : status;
}

static bool follow_all(fit *t, const volatile sig_atomic_t *interrupted,
                       host_failure *f)
{
    host_runner *r = t->drawer->runners.runner;
    host_runner_batch given = gen_batch_given(&t->batch);
    cedm_status status = host_runner_begin(r, &given);
    if (status == CEDM_OK) {
        status = r->kind->state(r, t->x);
    }
    if (status == CEDM_OK) {
        status = find_slope(t, t->x, t->sigma[0], t->slope);
    }
    for (uint32_t i = 0; i + 1 < POINTS && status == CEDM_OK; i++) {
        if (*interrupted) {
            f->code = HOST_EXIT_INTERRUPTED;
            return false;
        }
        status = follow(t, i);
    }
    return status == CEDM_OK ||
           host_fail(f, "--fit-sigmas: %s", cedm_status_text(status));
}

/* ---- costs -------------------------------------------------------------- */

/* What becomes of an error at a level on the way to the image, as the ODE's
 * solution has it for data that are normal with a deviation of 1/2. */
static double shrinking(double sigma)
{
    return 0.5 / sqrt(0.25 + sigma * sigma);
}

/* Root of the mean square of what a jump from i to j misses of an image, as
 * seen in the end. */
static double miss(const fit *t, uint32_t i, uint32_t j, uint32_t image)
{
    size_t skip = image * t->elements;
    const double *x = at(t, t->x, i) + skip, *d = at(t, t->slope, i) + skip;
    const double *y = at(t, t->x, j) + skip;
    const double *late = at(t, t->slope, j) + skip;
    double h = t->sigma[j] - t->sigma[i], sum = 0;
    for (size_t e = 0; e < t->elements; e++) {
        double miss = x[e] + h * (d[e] + late[e]) / 2 - y[e];
        sum += miss * miss;
    }
    return shrinking(t->sigma[j]) * sqrt(sum / (double)t->elements);
}

static void add_costs(fit *t)
{
    for (uint32_t i = 0; i < POINTS; i++) {
        for (uint32_t j = i + 1; j < POINTS; j++) {
            for (uint32_t image = 0; image < t->batch.n; image++) {
                t->cost[i * POINTS + j] += miss(t, i, j, image);
            }
        }
    }
}

static bool measure(fit *t, const volatile sig_atomic_t *interrupted,
                    host_failure *f)
{
    const gen_job *job = t->drawer->job;
    uint64_t batch = t->drawer->batch;
    for (uint64_t first = 0; first < job->count; first += batch) {
        uint64_t left = job->count - first;
        gen_batch_fill(&t->batch, first,
                       (uint32_t)(left < batch ? left : batch));
        if (!follow_all(t, interrupted, f)) {
            return false;
        }
        add_costs(t);
    }
    return true;
}

/* ---- levels ------------------------------------------------------------- */

static void print(const fit *t, const uint32_t *path, uint32_t count,
                  bool json)
{
    printf(json ? "{\"sigmas\": [" : "");
    for (uint32_t i = 0; i < count; i++) {
        printf("%s%.6g", i > 0 ? json ? ", " : "," : "", t->sigma[path[i]]);
    }
    printf(json ? "]}\n" : "\n");
}

/* By rho 7, over the range of the job. */
static void choose_points(fit *t)
{
    cedm_sampler_params p = cedm_sampler_params_default();
    p.sigma_min = t->drawer->job->params.sigma_min;
    p.sigma_max = t->drawer->job->params.sigma_max;
    p.steps = POINTS;
    for (uint32_t i = 0; i < POINTS; i++) {
        t->sigma[i] = cedm_sigma(&p, i);
    }
}

bool gen_fit(gen_drawer *d, bool json,
             const volatile sig_atomic_t *interrupted, host_failure *f)
{
    static fit t;
    uint32_t path[POINTS];
    uint32_t count = host_sampler_level_count(&d->job->params);
    t.drawer = d;
    choose_points(&t);
    bool good = gen_batch_open(&t.batch, d->job, d->batch, f) &&
                take(&t, f) && measure(&t, interrupted, f) &&
                gen_path_find(t.cost, POINTS, count - 1, GROWTH, path, f);
    if (good) {
        print(&t, path, count, json);
    }
    free_all(&t);
    return good;
}
