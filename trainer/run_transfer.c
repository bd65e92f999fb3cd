/* SPDX-License-Identifier: MIT
 *
 * run_transfer.c - a run that goes on from a training state of EDM's own
 * program [EDM]: moments of Adam, images seen, and the average of the snapshot
 * that was written with it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "trainer/run.h"

#define STATE "training-state-"
#define SNAPSHOT "network-snapshot-"

static void add(train_run *r, const char *text)
{
    size_t used = strlen(r->transferred);

    (void)snprintf(r->transferred + used, sizeof r->transferred - used, "%s",
                   text);
}

/* The digits between training-state- and .pt, thousands of images; NULL if the
 * file has another name. */
static const char *digits_of(const char *path, size_t *length)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;

    if (strncmp(name, STATE, sizeof STATE - 1) != 0) {
        return NULL;
    }
    name += sizeof STATE - 1;
    *length = strspn(name, "0123456789");
    return *length >= 1 && *length <= 9 && strcmp(name + *length, ".pt") == 0
               ? name
               : NULL;
}

/* Moments of another network are left at 0. */
static bool take_moments(const train_run *r, const cg_file *state)
{
    const cg_training *t = r->learner->training;
    float *m = r->learner->sets[TRAIN_LEARNER_M];
    float *v = r->learner->sets[TRAIN_LEARNER_V];
    host_failure unsaid = HOST_FAILURE_UNSAID;
    bool good =
        train_model_file_load(r->model, t, state, "exp_avg.", m, &unsaid) &&
        train_model_file_load(r->model, t, state, "exp_avg_sq.", v, &unsaid);

    if (!good) {
        memset(m, 0, t->trained_elements * sizeof *m);
        memset(v, 0, t->trained_elements * sizeof *v);
    }
    return good;
}

/* The name says thousands of images; without it, Adam's updates times the
 * batch. */
static void take_counts(train_run *r, const char *digits, double updates)
{
    train_learner_counts *c = &r->learner->counts;
    uint64_t batch = r->options->batch, adam = (uint64_t)updates;

    r->updates =
        digits != NULL ? strtoull(digits, NULL, 10) * 1000 / batch : adam;
    r->seen = r->tick_start = r->updates * batch;
    c->updates = adam < r->updates ? adam : r->updates;
    c->skipped = r->updates - c->updates;
    r->ema_ramp = true; /* the run goes on */
}

/* The average of network-snapshot-KIMG.pkl in the same folder, if it is
 * there. */
static bool take_average(train_run *r, const char *digits, size_t length,
                         host_failure *f)
{
    const char *path = r->options->transfer;
    size_t folder = (size_t)(digits - path) - (sizeof STATE - 1);
    char snapshot[4096];
    cg_error error = {""};
    cg_file *file;
    bool good;

    (void)snprintf(snapshot, sizeof snapshot, "%.*s" SNAPSHOT "%.*s.pkl",
                   (int)folder, path, (int)length, digits);
    if (access(snapshot, F_OK) != 0) {
        add(r, "; the average begins as the network, without " SNAPSHOT
               "*.pkl beside it");
        return true;
    }
    file = cg_open(snapshot, &error);
    if (file == NULL) {
        return host_fail(f, "%s", error.text);
    }
    good = train_model_file_load(r->model, r->learner->training, file, "",
                                 r->learner->sets[TRAIN_LEARNER_EMA], f);
    cg_close(file);
    add(r, "; the average of the snapshot beside it");
    return good;
}

static bool go_on(train_run *r, const cg_file *state, double updates,
                  host_failure *f)
{
    size_t length = 0;
    const char *digits = digits_of(r->options->transfer, &length);
    char text[128];

    if (r->options->posthoc_ema) {
        return host_fail(f,
                         "%s: a run that has begun; wanted one from its "
                         "first image for --posthoc-ema; transfer a snapshot "
                         "instead",
                         state->path);
    }
    take_counts(r, digits, updates);
    (void)snprintf(text, sizeof text,
                   "; moments of Adam; %" PRIu64 " images seen", r->seen);
    add(r, text);
    return digits == NULL || take_average(r, digits, length, f);
}

bool train_run_take_training(train_run *r, const cg_file *from,
                             host_failure *f)
{
    const cg_array *updates = cg_find(from, CG_ADAM_UPDATES);
    double count = updates != NULL && updates->elements == 1
                       ? cg_element(updates, 0)
                       : 0.0;

    if (!(count >= 1.0 && count < 0x1p53)) {
        return true;
    }
    if (!take_moments(r, from)) {
        add(r, "; the moments of Adam are of another network: a run from the "
               "first image");
        return true;
    }
    return go_on(r, from, count, f);
}
