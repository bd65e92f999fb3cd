/* SPDX-License-Identifier: MIT
 *
 * run_draw.c - images that the averaged network draws: a grid to look at, and
 * more of them for the judge. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "host/cli/progress.h"
#include "trainer/run.h"

/* Images in a row of a grid, and its noise levels. */
#define GRID_COLUMNS 8u
#define GRID_STEPS 18u

/* Evaluations for an image that is judged: with so few, iPNDM is the nearest
 * of the solvers to Heun's 35, which would take three times as long. */
#define JUDGED_STEPS 10u

typedef bool draws(train_run *r, void *arg, host_failure *f);

/* The averaged parameters take the place of the trained ones meanwhile. */
static bool with_average(train_run *r, draws *draw, void *arg,
                         host_failure *f)
{
    train_learner *l = r->learner;
    size_t bytes = l->training->trained_elements * sizeof(float);
    float *kept = malloc(bytes);
    bool good;

    if (kept == NULL) {
        return host_fail(f, "out of memory to draw images");
    }
    memcpy(kept, l->sets[TRAIN_LEARNER_PARAMS], bytes);
    memcpy(l->sets[TRAIN_LEARNER_PARAMS], l->sets[TRAIN_LEARNER_EMA], bytes);
    good = l->kind->push(l, f) && draw(r, arg, f);
    memcpy(l->sets[TRAIN_LEARNER_PARAMS], kept, bytes);
    free(kept);
    return l->kind->push(l, f) && good;
}

/* ---- a grid ------------------------------------------------------------- */

static bool draw_grid(train_run *r, void *arg, host_failure *f)
{
    char path[4096];

    (void)arg;
    train_run_path(r, "grid", "png", path, sizeof path);
    return train_sample_grid(r->learner, GRID_COLUMNS, GRID_STEPS,
                             r->options->seed, path, f);
}

bool train_run_draw_grid(train_run *r, host_failure *f)
{
    return with_average(r, draw_grid, NULL, f);
}

/* ---- for the judge ------------------------------------------------------ */

typedef struct hearing {
    const train_judge *judge;
    const volatile sig_atomic_t *stop;
    bool stopped;
    int32_t *clusters;
} hearing;

static bool take(void *self, uint32_t first, uint32_t n,
                 const uint8_t *images, host_failure *f)
{
    hearing *h = self;

    h->stopped = *h->stop != 0;
    return !h->stopped && h->judge->take(h->judge->self, first, n, images, f);
}

/* Clusters as often as they are in the data: those of images at equal
 * distances. */
static bool choose_clusters(const train_run *r, hearing *h, host_failure *f)
{
    const host_clusters *c = &r->clusters;
    uint32_t images = h->judge->images;

    if (c->of_image == NULL) {
        return true;
    }
    h->clusters = malloc(images * sizeof *h->clusters);
    for (uint32_t i = 0; h->clusters != NULL && i < images; i++) {
        double at = ((double)i + 0.5) / images * (double)c->count;

        h->clusters[i] = c->of_image[(uint64_t)at];
    }
    return h->clusters != NULL || host_fail(f, "out of memory");
}

static bool draw_judged(train_run *r, void *arg, host_failure *f)
{
    hearing *h = arg;

    return train_sample_draw(
        r->learner,
        &(train_sample_plan){h->judge->images, JUDGED_STEPS, r->options->seed,
                             TRAIN_SAMPLE_IPNDM, h->clusters},
        take, h, f);
}

bool train_run_judge(train_run *r, const volatile sig_atomic_t *stop,
                     host_failure *f)
{
    const train_judge *judge = r->judge;
    double start = host_seconds(), distance = (double)NAN;
    hearing h = {.judge = judge, .stop = stop};
    bool good = r->learner->kind->pull(r->learner, f) &&
                choose_clusters(r, &h, f) && judge->begin(judge->self, f) &&
                with_average(r, draw_judged, &h, f) &&
                judge->end(judge->self, &distance, f);

    free(h.clusters);
    r->tick_time += host_seconds() - start; /* judging is not training */
    r->judged.distance = distance;
    if (good) {
        train_run_note_distance(r, r->seen, distance);
    }
    return good || h.stopped;
}
