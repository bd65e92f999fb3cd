/* SPDX-License-Identifier: MIT
 *
 * loader.c - a task makes one image. */
#include "trainer/loader.h"

#include <math.h>
#include <stdlib.h>

#include "trainer/augment.h"
#include "trainer/purposes.h"

/* ln sigma is normal with this mean and deviation [EDM]. */
#define P_MEAN (-1.2)
#define P_STD 1.2

typedef struct filling {
    train_loader *b;
    const train_source *source;
    uint64_t first;
    uint32_t step;
} filling;

static size_t pixels_of(const host_dataset *d)
{
    return (size_t)d->size * d->size * d->channels;
}

bool train_loader_open(train_loader *b, const train_source *source,
                       uint32_t capacity, host_failure *f)
{
    const host_dataset *d = source->data;
    size_t pixels = pixels_of(d);

    *b = (train_loader){.capacity = capacity};
    b->scratch_stride = train_augment_scratch(d->size, d->channels);
    b->images = malloc(capacity * pixels * sizeof(float));
    b->noise = malloc(capacity * pixels * sizeof(float));
    b->labels = malloc(capacity * TRAIN_AUGMENT_LABELS * sizeof(float));
    b->scratch = malloc(source->workers * b->scratch_stride * sizeof(float));
    b->sigma = malloc(capacity * sizeof *b->sigma);
    b->cluster = malloc(capacity * sizeof *b->cluster);
    b->index = malloc(capacity * sizeof *b->index);
    if (b->images == NULL || b->noise == NULL || b->labels == NULL ||
        b->scratch == NULL || b->sigma == NULL || b->cluster == NULL ||
        b->index == NULL) {
        train_loader_close(b);
        return host_fail(f, "out of memory; use a smaller --micro-batch");
    }
    return true;
}

void train_loader_close(train_loader *b)
{
    free(b->images);
    free(b->noise);
    free(b->labels);
    free(b->scratch);
    free(b->sigma);
    free(b->cluster);
    free(b->index);
    *b = (train_loader){0};
}

/* Image number g of the run, of the dataset; its cluster goes with it. */
static uint64_t load(const filling *fill, uint64_t g, float *image)
{
    const train_source *s = fill->source;
    const host_dataset *d = s->data;
    uint64_t count = s->xflip ? 2 * d->count : d->count;
    uint64_t at = host_random_permuted(s->seed, g / count, count, g % count);
    uint64_t raw = at % d->count;
    size_t size = d->size, channels = d->channels;
    const uint8_t *pixels = d->pixels + raw * pixels_of(d);

    for (size_t y = 0; y < size; y++) {
        for (size_t x = 0; x < size; x++, image += channels) {
            size_t from = at >= d->count ? size - 1 - x : x;

            for (size_t c = 0; c < channels; c++) {
                image[c] =
                    (float)pixels[(y * size + from) * channels + c] / 127.5f -
                    1.0f;
            }
        }
    }
    return raw;
}

static void augment(const filling *fill, uint64_t g, uint32_t index,
                    uint32_t worker)
{
    const train_source *s = fill->source;
    const host_dataset *d = s->data;
    train_loader *b = fill->b;
    train_augment_params params;
    uint32_t margins[4];

    train_augment_draw(&params, s->augment, s->seed, fill->step, g);
    train_augment_labels(&params,
                         b->labels + (size_t)index * TRAIN_AUGMENT_LABELS);
    train_augment_margins(&params, 1, d->size, margins);
    train_augment_image(&params, margins, d->size, d->channels,
                        b->images + index * pixels_of(d),
                        b->scratch + worker * b->scratch_stride);
}

static void fill_task(void *arg, uint32_t index, uint32_t worker)
{
    const filling *fill = arg;
    const train_source *s = fill->source;
    train_loader *b = fill->b;
    size_t pixels = pixels_of(s->data);
    uint64_t g = fill->first + index, raw;
    host_random_key key = {.seed = s->seed, .step = fill->step, .image = g};
    float *noise = b->noise + index * pixels;
    double z[2];

    raw = load(fill, g, b->images + index * pixels);
    b->index[index] = g;
    key.purpose = TRAIN_DRAW_UNCOND;
    b->cluster[index] = s->clusters->of_image == NULL ||
                                host_random_uniform(&key, 0) < s->p_uncond
                            ? -1
                            : s->clusters->of_image[raw];
    key.purpose = TRAIN_DRAW_SIGMA;
    host_random_normal(&key, 0, z);
    b->sigma[index] = exp(P_MEAN + P_STD * z[0]);
    if (s->augment > 0.0) {
        augment(fill, g, index, worker);
    }
    key.purpose = TRAIN_DRAW_NOISE;
    for (size_t e = 0; e < pixels; e++) {
        if (e % 2 == 0) {
            host_random_normal(&key, (uint32_t)(e / 2), z);
        }
        noise[e] = (float)z[e % 2];
    }
}

train_batch train_loader_fill(train_loader *b, const train_source *source,
                              uint64_t first, uint32_t n, uint32_t step)
{
    filling fill = {b, source, first, step};

    if (source->parallel_for != NULL && source->workers > 1) {
        source->parallel_for(source->pool, fill_task, &fill, n);
    } else {
        for (uint32_t i = 0; i < n; i++) {
            fill_task(&fill, i, 0);
        }
    }
    return (train_batch){.n = n,
                         .images = b->images,
                         .noise = b->noise,
                         .sigma = b->sigma,
                         .cluster = b->cluster,
                         .labels = source->augment > 0.0 ? b->labels : NULL,
                         .index = b->index,
                         .seed = source->seed,
                         .step = step};
}
