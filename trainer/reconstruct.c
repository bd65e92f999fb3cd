/* SPDX-License-Identifier: MIT
 *
 * reconstruct.c - averages that a run kept, added up with weights. */
#include "trainer/reconstruct.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "trainer/power.h"
#include "trainer/profile.h"
#include "trainer/run.h"

typedef struct points {
    const char *folder;
    int64_t *seen; /* [count], the newest first */
    uint32_t count;
    double *weights; /* [count][TRAIN_POWER_COUNT] */
} points;

typedef struct sum {
    train_model_file *model;
    cg_training *training;
    double *total;
    float *values; /* of a file; of the total at the end */
} sum;

static void path_of(const points *p, uint32_t i, char *path, size_t size)
{
    (void)snprintf(path, size, "%s/averages-%09" PRId64 ".safetensors",
                   p->folder, p->seen[i]);
}

static cg_file *open_point(const points *p, uint32_t i, host_failure *f)
{
    char path[4096];
    cg_error error = {""};
    cg_file *file;

    path_of(p, i, path, sizeof path);
    file = cg_open(path, &error);
    if (file == NULL) {
        (void)host_fail(f, "%s", error.text);
    }
    return file;
}

/* ---- which ones, and how much of each ----------------------------------- */

static bool find_points(points *p, host_failure *f)
{
    int64_t number = INT64_MAX;

    while (train_run_newest(p->folder, "averages", "safetensors", number,
                            &number, f)) {
        if (number <= 0) {
            return p->count > 0 ||
                   host_fail(f,
                             "%s: no averages to combine; wanted files "
                             "averages-NNN.safetensors; train with "
                             "--posthoc-ema",
                             p->folder);
        }
        int64_t *more = realloc(p->seen, (p->count + 1) * sizeof *more);

        if (more == NULL) {
            return host_fail(f, "out of memory");
        }
        p->seen = more;
        p->seen[p->count++] = number;
    }
    return false;
}

static bool weigh(points *p, double sigma_rel, host_failure *f)
{
    const train_profile wanted = {train_profile_exponent(sigma_rel),
                                  (double)p->seen[0]};
    uint32_t n = p->count * TRAIN_POWER_COUNT;
    train_profile *stored = malloc(n * sizeof *stored);
    bool good;

    p->weights = calloc(n, sizeof *p->weights);
    good = stored != NULL && p->weights != NULL;
    for (uint32_t i = 0; good && i < n; i++) {
        double width = train_power_sigma_rel[i % TRAIN_POWER_COUNT];

        stored[i] = (train_profile){train_profile_exponent(width),
                                    (double)p->seen[i / TRAIN_POWER_COUNT]};
    }
    good = good && train_profile_combine(stored, n, &wanted, p->weights);
    free(stored);
    return good || host_fail(f, "out of memory for %u averages", n);
}

/* ---- adding up ---------------------------------------------------------- */

/* The network of a file, with a layout for its parameters. */
static bool open_sum(sum *s, const cg_file *file, host_failure *f)
{
    const char *config = cg_find_metadata(file, "cedm.config");
    cg_error error = {"out of memory"};

    if (config == NULL) {
        return host_fail(f,
                         "%s: no cedm.config; wanted averages of cedm-train, "
                         "got another file; check what file this is",
                         file->path);
    }
    s->model = train_model_file_new(config, 0, f);
    if (s->model == NULL) {
        return false;
    }
    s->training =
        cg_build_training(train_model_file_get(s->model), false, &error);
    if (s->training == NULL) {
        return host_fail(f, "%s", error.text);
    }
    s->total = calloc(s->training->trained_elements, sizeof *s->total);
    s->values = calloc(s->training->trained_elements, sizeof *s->values);
    return (s->total != NULL && s->values != NULL) ||
           host_fail(f, "out of memory");
}

static void close_sum(sum *s)
{
    cg_training_free(s->training);
    train_model_file_free(s->model);
    free(s->total);
    free(s->values);
}

static bool add_file(sum *s, const cg_file *file, const double *weights,
                     host_failure *f)
{
    for (uint32_t k = 0; k < TRAIN_POWER_COUNT; k++) {
        if (!train_model_file_load(s->model, s->training, file,
                                   train_power_prefix[k], s->values, f)) {
            return false;
        }
        for (uint64_t e = 0; e < s->training->trained_elements; e++) {
            s->total[e] += weights[k] * (double)s->values[e];
        }
    }
    return true;
}

static bool add_all(sum *s, const points *p, host_failure *f)
{
    bool good = true;

    for (uint32_t i = 0; good && i < p->count; i++) {
        cg_file *file = open_point(p, i, f);

        good = file != NULL &&
               add_file(s, file, p->weights + i * TRAIN_POWER_COUNT, f);
        cg_close(file);
    }
    for (uint64_t e = 0; good && e < s->training->trained_elements; e++) {
        s->values[e] = (float)s->total[e];
    }
    return good;
}

/* ---- the checkpoint ----------------------------------------------------- */

/* What the newest file says of the network is said of the average, too. */
static bool save(const sum *s, const cg_file *newest, const char *path,
                 host_failure *f)
{
    static const char *const keys[] = {"cedm.config", "cedm.cluster_freq",
                                       "cedm.cluster_ids",
                                       "cedm.cluster_source"};
    const train_model_set set = {"", s->values, true};
    train_model_note notes[sizeof keys / sizeof keys[0]];
    size_t count = 0;

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const char *text = cg_find_metadata(newest, keys[i]);

        if (text != NULL) {
            notes[count++] = (train_model_note){keys[i], text};
        }
    }
    return train_model_file_save(s->model, s->training, path, &set, 1, notes,
                                 count, f);
}

static bool combine(const points *p, const char *path, host_failure *f)
{
    cg_file *newest = open_point(p, 0, f);
    sum s = {0};
    bool good = newest != NULL && open_sum(&s, newest, f) &&
                add_all(&s, p, f) && save(&s, newest, path, f);

    close_sum(&s);
    cg_close(newest);
    return good;
}

bool train_reconstruct(const char *folder, double sigma_rel, char *path,
                       size_t size, host_failure *f)
{
    points p = {.folder = folder};
    bool good = find_points(&p, f) && weigh(&p, sigma_rel, f);

    if (good) {
        (void)snprintf(path, size, "%s/average-%g-%09" PRId64 ".safetensors",
                       folder, sigma_rel, p.seen[0]);
        good = combine(&p, path, f);
    }
    free(p.seen);
    free(p.weights);
    return good;
}
