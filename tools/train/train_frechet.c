/* SPDX-License-Identifier: MIT
 *
 * train_frechet.c - an encoder, sums of what it says, and the distance. */
#include "tools/train/train_frechet.h"

#include <cblas.h>
#include <stdlib.h>
#include <string.h>

#include "evaluate/frechet.h"

/* Images that are encoded at a time: more only cost memory. */
#define BATCH 16u

/* ---- judging ------------------------------------------------------------ */

static bool begin(void *self, host_failure *f)
{
    train_frechet *j = self;

    evaluate_moments_free(j->sums); /* of images that were interrupted */
    j->sums = evaluate_moments_new(j->real.width, &j->threads, f);
    return j->sums != NULL;
}

/* Grey images become three equal channels where the encoder has three. */
static void copy(const train_frechet *j, uint32_t n, const uint8_t *images)
{
    uint32_t wanted = j->model.code->encoder->channels;

    for (size_t i = 0; i < (size_t)n * j->pixels * wanted; i++) {
        j->images[i] = images[wanted == j->channels ? i : i / wanted];
    }
}

static bool encode(train_frechet *j, uint32_t n, const uint8_t *images,
                   host_failure *f)
{
    cedm_status status;

    copy(j, n, images);
    status = cedm_encode(&j->engine.net, j->images, n, j->features);
    return status == CEDM_OK ||
           host_fail(f, "%s: %s", j->encoder, cedm_status_text(status));
}

static bool take(void *self, uint32_t first, uint32_t n,
                 const uint8_t *images, host_failure *f)
{
    train_frechet *j = self;
    size_t image = (size_t)j->pixels * j->channels;

    (void)first;
    for (uint32_t done = 0; done < n; done += BATCH) {
        uint32_t part = n - done < BATCH ? n - done : BATCH;
        const cg_array rows = {.dtype = CG_F32,
                               .rank = 2,
                               .shape = {part, j->real.width},
                               .elements = part * j->real.width,
                               .data = (unsigned char *)j->features};
        const evaluate_selection all = evaluate_select_all(&rows);

        if (!encode(j, part, images + done * image, f)) {
            return false;
        }
        evaluate_moments_add(j->sums, &all);
    }
    return true;
}

static bool end(void *self, double *distance, host_failure *f)
{
    train_frechet *j = self;
    evaluate_moments *sums = j->sums;
    evaluate_statistics s = {0};
    evaluate_gaussian drawn = {0};
    bool good;

    j->sums = NULL;
    good = evaluate_moments_end(sums, &s, f) &&
           evaluate_gaussian_of_statistics(&drawn, &s, "drawn images", f) &&
           evaluate_frechet(&j->real, &drawn, &j->threads, distance, f);
    evaluate_statistics_free(&s);
    evaluate_gaussian_free(&drawn);
    return good;
}

/* ---- opening ------------------------------------------------------------ */

static bool open_encoder(train_frechet *j, const train_frechet_images *images,
                         host_failure *f)
{
    const host_engine_config config = {NULL, BATCH, images->threads};
    const cedm_encoder *e;

    if (!host_model_load(&j->model, j->encoder, f) ||
        !host_model_is(&j->model, true, f)) {
        return false;
    }
    e = j->model.code->encoder;
    if (e->height != images->size || e->width != images->size ||
        (e->channels != images->channels &&
         (images->channels != 1 || e->channels != 3))) {
        return host_fail(f,
                         "%s: takes images of %ux%u, %u channels; wanted "
                         "%ux%u, %u channels, as are trained; freeze it with "
                         "--input %ux%u",
                         j->encoder, e->height, e->width, e->channels,
                         images->size, images->size, images->channels,
                         images->size, images->size);
    }
    return host_engine_open(&j->engine, &j->model, &config, f);
}

static bool open_statistics(train_frechet *j, host_failure *f)
{
    uint32_t features = j->model.code->encoder->features;
    evaluate_statistics s = {0};
    bool good =
        evaluate_statistics_read(&s, j->statistics, f) &&
        (s.width == features ||
         host_fail(f,
                   "%s: of other features than those of %s; wanted "
                   "%u of an image, got %u; make it with this "
                   "encoder",
                   j->statistics, j->encoder, features, s.width)) &&
        evaluate_gaussian_of_statistics(&j->real, &s, j->statistics, f);

    evaluate_statistics_free(&s);
    return good;
}

static bool take_buffers(train_frechet *j, host_failure *f)
{
    const cedm_encoder *e = j->model.code->encoder;

    j->images = calloc(BATCH, (size_t)j->pixels * e->channels);
    j->features = calloc(BATCH, e->features * sizeof *j->features);
    return (j->images != NULL && j->features != NULL) ||
           host_fail(f, "out of memory for features");
}

bool train_frechet_open(train_frechet *j, const train_eval *e,
                        const train_frechet_images *images, host_failure *f)
{
    memset(j, 0, sizeof *j);
    j->encoder = e->encoder;
    j->statistics = e->statistics;
    j->pixels = images->size * images->size;
    j->channels = images->channels;
    j->judge = (train_judge){j, e->images, begin, take, end};
    openblas_set_num_threads(1); /* evaluate/threads.h says why */
    if (!open_encoder(j, images, f) || !open_statistics(j, f)) {
        return false;
    }
    j->threads =
        (evaluate_threads){host_pool_for, j->engine.pool, j->engine.threads};
    return take_buffers(j, f);
}

void train_frechet_close(train_frechet *j)
{
    evaluate_moments_free(j->sums);
    evaluate_gaussian_free(&j->real);
    free(j->images);
    free(j->features);
    host_engine_close(&j->engine);
    host_model_close(&j->model);
    memset(j, 0, sizeof *j);
}
