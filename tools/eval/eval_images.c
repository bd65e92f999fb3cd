/* SPDX-License-Identifier: MIT
 *
 * eval_images.c - features of a data set's images, made for one run. */
#include "tools/eval/eval_images.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/cli/progress.h"
#include "host/execution/image_features.h"
#include "host/files/image_stream.h"
#include "host/files/npy.h"
#include "host/files/temporary.h"

/* One data set on its way to a file of rows. */
typedef struct work {
    const eval_run *run;
    const char *path;
    eval_images_what what;
    host_image_features model;
    host_dataset_source from;
    host_image_stream images;
    uint8_t *batch; /* of images */
    float *rows;    /* of a batch */
    char *name;     /* of the file */
    FILE *file;
} work;

/* ---- opening ------------------------------------------------------------ */

static bool open_images(work *w, host_failure *f)
{
    host_image_features_config config = HOST_IMAGE_FEATURES_DEFAULT;
    host_image_features *m = &w->model;
    config.model = w->run->settings->model;
    config.engine.threads = (uint32_t)w->run->settings->threads;
    config.logits = w->what == EVAL_IMAGES_PROBABILITIES;
    if (!host_image_features_open(m, &config, f)) {
        return false;
    }
    w->from = (host_dataset_source){w->path,           m->size,
                                    m->engine.threads, host_pool_for,
                                    m->engine.pool,    true};
    if (!host_image_stream_open(&w->images, &w->from, m->channels, f)) {
        return false;
    }
    w->batch =
        calloc(m->engine.batch, (size_t)m->size * m->size * m->channels);
    w->rows = calloc(m->engine.batch, m->width * sizeof *w->rows);
    return (w->batch != NULL && w->rows != NULL) ||
           host_fail(f, "out of memory for a batch of %u images",
                     m->engine.batch);
}

static bool cannot_write(const work *w, host_failure *f)
{
    return host_fail(f,
                     "%s: its features cannot be written to %s: %s; set "
                     "TMPDIR to a folder with room for them",
                     w->path, w->name != NULL ? w->name : "a temporary file",
                     strerror(errno));
}

/* Not /tmp, which may be memory. */
static bool open_file(work *w, host_failure *f)
{
    const char *folder = getenv("TMPDIR");
    char target[4096];
    (void)snprintf(target, sizeof target, "%s/rows",
                   folder != NULL && folder[0] != '\0' ? folder : "/var/tmp");
    int file = host_temporary_open(target, &w->name);
    w->file = file >= 0 ? fdopen(file, "wb") : NULL;
    return w->file != NULL || cannot_write(w, f);
}

static void close_all(work *w)
{
    if (w->file != NULL) {
        (void)fclose(w->file);
    }
    if (w->name != NULL) {
        (void)unlink(w->name);
    }
    free(w->name);
    free(w->batch);
    free(w->rows);
    host_image_stream_close(&w->images);
    host_image_features_close(&w->model);
}

/* ---- rows --------------------------------------------------------------- */

static void softmax(float *row, uint32_t width)
{
    float most = row[0];
    double sum = 0;
    for (uint32_t k = 1; k < width; k++) {
        most = fmaxf(most, row[k]);
    }
    for (uint32_t k = 0; k < width; k++) {
        sum += exp((double)row[k] - (double)most);
    }
    for (uint32_t k = 0; k < width; k++) {
        row[k] = (float)(exp((double)row[k] - (double)most) / sum);
    }
}

static bool next_batch(work *w, uint64_t first, uint32_t n, host_failure *f)
{
    uint32_t width = w->model.width;
    if (!host_image_stream_read(&w->images, w->batch, n, f) ||
        !host_image_features_of(&w->model, w->batch, first, n, w->rows, f)) {
        return false;
    }
    for (uint32_t i = 0; i < n && w->what == EVAL_IMAGES_PROBABILITIES; i++) {
        softmax(w->rows + (size_t)i * width, width);
    }
    return fwrite(w->rows, width * sizeof *w->rows, n, w->file) == n ||
           cannot_write(w, f);
}

static bool write_header(work *w, host_failure *f)
{
    unsigned char header[HOST_NPY_HEADER_BYTES];
    const uint64_t shape[2] = {w->images.total, w->model.width};
    host_npy_header(header, "<f4", shape, 2);
    return fwrite(header, sizeof header, 1, w->file) == 1 ||
           cannot_write(w, f);
}

static bool write_rows(work *w, host_failure *f)
{
    uint64_t total = w->images.total, done = 0;
    bool good = write_header(w, f);
    host_progress shown;
    host_progress_begin(&shown,
                        (host_progress_kind)w->run->settings->progress,
                        total > 0 ? total : 1, 1);
    while (good && done < total) {
        uint64_t left = total - done;
        uint32_t most = w->model.engine.batch;
        uint32_t n = left < most ? (uint32_t)left : most;
        good = next_batch(w, done, n, f);
        done += n;
        host_progress_show(&shown, done, 0, 0);
    }
    host_progress_end(&shown);
    return good && (fflush(w->file) == 0 || cannot_write(w, f));
}

bool eval_images_embed(host_npy *npy, const eval_run *run, const char *path,
                       eval_images_what what, host_failure *f)
{
    static work w; /* holds a cedm_net, which must not move */
    w = (work){.run = run, .path = path, .what = what};
    bool good = open_images(&w, f) && open_file(&w, f) && write_rows(&w, f) &&
                host_npy_open(npy, w.name, f);
    close_all(&w);
    return good;
}
