/* SPDX-License-Identifier: MIT
 *
 * sample.c - Heun's method over the training program's way forward. */
#include "trainer/sample.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "host/files/output.h"
#include "host/files/png_file.h"
#include "trainer/purposes.h"

/* Noise levels [EDM]. */
#define SIGMA_MIN 0.002
#define SIGMA_MAX 80.0
#define RHO 7.0

/* A batch on its way. */
typedef struct drawing {
    train_learner *learner;
    uint32_t n, steps;
    size_t elements;
    int32_t *cluster;
    double *x, *d, *next, *denoised;
} drawing;

/* Level i of steps; 0 at the end. */
static double level(uint32_t i, uint32_t steps)
{
    double high = pow(SIGMA_MAX, 1.0 / RHO), low = pow(SIGMA_MIN, 1.0 / RHO);
    double share = steps > 1 ? (double)i / (double)(steps - 1) : 0.0;

    return i >= steps ? 0.0 : pow(high + share * (low - high), RHO);
}

static void begin(drawing *s, uint32_t first, uint32_t label_dim,
                  uint32_t seed)
{
    size_t pixels = s->elements / s->n;

    for (uint32_t i = 0; i < s->n; i++) {
        host_random_key key = {
            .seed = seed, .purpose = TRAIN_DRAW_SAMPLE, .image = first + i};
        double z[2] = {0, 0};

        s->cluster[i] =
            label_dim == 0 ? -1 : (int32_t)((first + i) % label_dim);
        for (size_t e = 0; e < pixels; e++) {
            if (e % 2 == 0) {
                host_random_normal(&key, (uint32_t)(e / 2), z);
            }
            s->x[i * pixels + e] = level(0, s->steps) * z[e % 2];
        }
    }
}

static bool denoise(drawing *s, const double *x, double sigma,
                    host_failure *f)
{
    return s->learner->kind->denoise(s->learner, s->n, x, sigma, s->cluster,
                                     s->denoised, f);
}

static bool heun(drawing *s, double t, double to, host_failure *f)
{
    if (!denoise(s, s->x, t, f)) {
        return false;
    }
    for (size_t e = 0; e < s->elements; e++) {
        s->d[e] = (s->x[e] - s->denoised[e]) / t;
        s->next[e] = s->x[e] + (to - t) * s->d[e];
    }
    if (to > 0.0) {
        if (!denoise(s, s->next, to, f)) {
            return false;
        }
        for (size_t e = 0; e < s->elements; e++) {
            double d = (s->next[e] - s->denoised[e]) / to;

            s->next[e] = s->x[e] + (to - t) * 0.5 * (s->d[e] + d);
        }
    }
    memcpy(s->x, s->next, s->elements * sizeof *s->x);
    return true;
}

static uint8_t to_byte(double x)
{
    x = 127.5 * x + 128.0;
    return !(x > 0.0) ? 0 : x >= 255.0 ? 255 : (uint8_t)x;
}

/* Images first .. first + s->n - 1 of the grid. */
static bool draw_batch(drawing *s, uint32_t first, uint32_t seed,
                       host_png_grid *grid, uint8_t *image, host_failure *f)
{
    size_t pixels = s->elements / s->n;

    begin(s, first, s->learner->training->program->denoiser.label_dim, seed);
    for (uint32_t i = 0; i < s->steps; i++) {
        if (!heun(s, level(i, s->steps), level(i + 1, s->steps), f)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < s->n; i++) {
        for (size_t e = 0; e < pixels; e++) {
            image[e] = to_byte(s->x[i * pixels + e]);
        }
        host_png_grid_set(grid, first + i, image);
    }
    return true;
}

static bool draw(train_learner *l, host_png_grid *grid, uint32_t count,
                 uint32_t steps, uint32_t seed, host_failure *f)
{
    const cg_program *p = l->training->program;
    uint32_t batch = l->batch;
    size_t pixels = (size_t)p->denoiser.resolution * p->denoiser.resolution *
                    p->denoiser.channels;
    double *block = malloc(4 * batch * pixels * sizeof *block);
    int32_t *cluster = malloc(batch * sizeof *cluster);
    uint8_t *image = malloc(pixels);
    bool good = (block != NULL && cluster != NULL && image != NULL) ||
                host_fail(f, "out of memory for a sample grid");

    for (uint32_t first = 0; good && first < count; first += batch) {
        uint32_t n = count - first < batch ? count - first : batch;
        size_t all = n * pixels;
        drawing s = {l,
                     n,
                     steps,
                     all,
                     cluster,
                     block,
                     block + all,
                     block + 2 * all,
                     block + 3 * all};

        good = draw_batch(&s, first, seed, grid, image, f);
    }
    free(block);
    free(cluster);
    free(image);
    return good;
}

bool train_sample_grid(train_learner *l, uint32_t columns, uint32_t steps,
                       uint32_t seed, const char *path, host_failure *f)
{
    const cg_program *p = l->training->program;
    host_png_grid grid;
    unsigned char *png = NULL;
    size_t size = 0;
    bool good;

    if (!host_png_grid_make(&grid, p->denoiser.resolution,
                            p->denoiser.channels, columns, columns, f)) {
        return false;
    }
    good = draw(l, &grid, columns * columns, steps, seed, f);
    if (good) {
        png = host_png_file_encode(grid.pixels, grid.columns * grid.size,
                                   grid.rows * grid.size, grid.channels,
                                   "{\"program\":\"cedm-train\"}", &size, f);
    }
    good = png != NULL && host_output_file(path, png, size, f);
    free(png);
    host_png_grid_free(&grid);
    return good;
}
