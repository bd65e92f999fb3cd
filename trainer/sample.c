/* SPDX-License-Identifier: MIT
 *
 * sample.c - solvers over the training program's way forward. */
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

/* Slopes that a solver looks at. */
#define SLOPES 3u

/* A batch on its way. */
typedef struct drawing {
    train_learner *learner;
    const train_sample_plan *plan;
    uint32_t first, n;
    size_t pixels, elements; /* numbers of an image, of the batch */
    int32_t *cluster;
    uint8_t *images;
    double *block; /* what the others lie in */
    double *x, *next, *denoised;
    double *slope[SLOPES]; /* dx/dt, the newest first */
} drawing;

/* Level i of steps; 0 at the end. */
static double level(uint32_t i, uint32_t steps)
{
    double high = pow(SIGMA_MAX, 1.0 / RHO), low = pow(SIGMA_MIN, 1.0 / RHO);
    double share = steps > 1 ? (double)i / (double)(steps - 1) : 0.0;

    return i >= steps ? 0.0 : pow(high + share * (low - high), RHO);
}

static int32_t cluster_of(const drawing *s, uint32_t image)
{
    uint32_t label_dim = s->learner->training->program->denoiser.label_dim;

    return label_dim == 0              ? -1
           : s->plan->clusters != NULL ? s->plan->clusters[image]
                                       : (int32_t)(image % label_dim);
}

static void begin(drawing *s)
{
    double sigma = level(0, s->plan->steps);

    for (uint32_t i = 0; i < s->n; i++) {
        host_random_key key = {.seed = s->plan->seed,
                               .purpose = TRAIN_DRAW_SAMPLE,
                               .image = s->first + i};
        double z[2] = {0, 0};

        s->cluster[i] = cluster_of(s, s->first + i);
        for (size_t e = 0; e < s->pixels; e++) {
            if (e % 2 == 0) {
                host_random_normal(&key, (uint32_t)(e / 2), z);
            }
            s->x[i * s->pixels + e] = sigma * z[e % 2];
        }
    }
}

/* ---- solvers ------------------------------------------------------------ */

static bool denoise(drawing *s, const double *x, double sigma,
                    host_failure *f)
{
    return s->learner->kind->denoise(s->learner, s->n, x, sigma, s->cluster,
                                     s->denoised, f);
}

/* From level t to the next one. */
static bool heun(drawing *s, double t, double to, host_failure *f)
{
    double *d = s->slope[0];

    if (!denoise(s, s->x, t, f)) {
        return false;
    }
    for (size_t e = 0; e < s->elements; e++) {
        d[e] = (s->x[e] - s->denoised[e]) / t;
        s->next[e] = s->x[e] + (to - t) * d[e];
    }
    if (to > 0.0) {
        if (!denoise(s, s->next, to, f)) {
            return false;
        }
        for (size_t e = 0; e < s->elements; e++) {
            double after = (s->next[e] - s->denoised[e]) / to;

            s->next[e] = s->x[e] + (to - t) * 0.5 * (d[e] + after);
        }
    }
    memcpy(s->x, s->next, s->elements * sizeof *s->x);
    return true;
}

/* Step i: Adams and Bashforth's formulas for equal steps on as many slopes as
 * there are; to 0 the newest alone, which gives D. */
static bool ipndm(drawing *s, uint32_t i, double t, double to,
                  host_failure *f)
{
    static const double formula[SLOPES][SLOPES] = {
        {1.0, 0.0, 0.0},
        {1.5, -0.5, 0.0},
        {23.0 / 12.0, -16.0 / 12.0, 5.0 / 12.0}};
    const double *b = formula[to == 0.0 ? 0 : i < SLOPES ? i : SLOPES - 1];
    double *oldest = s->slope[SLOPES - 1];

    if (!denoise(s, s->x, t, f)) {
        return false;
    }
    memmove(s->slope + 1, s->slope, (SLOPES - 1) * sizeof *s->slope);
    s->slope[0] = oldest;
    for (size_t e = 0; e < s->elements; e++) {
        s->slope[0][e] = (s->x[e] - s->denoised[e]) / t;
        s->x[e] += (to - t) * (b[0] * s->slope[0][e] + b[1] * s->slope[1][e] +
                               b[2] * s->slope[2][e]);
    }
    return true;
}

static uint8_t to_byte(double x)
{
    x = 127.5 * x + 128.0;
    return !(x > 0.0) ? 0 : x >= 255.0 ? 255 : (uint8_t)x;
}

static bool draw_batch(drawing *s, host_failure *f)
{
    uint32_t steps = s->plan->steps;
    bool good = true;

    begin(s);
    for (uint32_t i = 0; good && i < steps; i++) {
        double t = level(i, steps), to = level(i + 1, steps);

        good = s->plan->solver == TRAIN_SAMPLE_HEUN ? heun(s, t, to, f)
                                                    : ipndm(s, i, t, to, f);
    }
    for (size_t e = 0; good && e < s->elements; e++) {
        s->images[e] = to_byte(s->x[e]);
    }
    return good;
}

/* ---- all images --------------------------------------------------------- */

static bool open(drawing *s, host_failure *f)
{
    uint32_t batch = s->learner->batch;
    size_t all = batch * s->pixels;

    s->block = calloc((3 + SLOPES) * all, sizeof *s->block);
    s->cluster = malloc(batch * sizeof *s->cluster);
    s->images = malloc(all);
    if (s->block == NULL || s->cluster == NULL || s->images == NULL) {
        return host_fail(f, "out of memory for a batch of images");
    }
    s->x = s->block;
    s->next = s->x + all;
    s->denoised = s->next + all;
    for (uint32_t k = 0; k < SLOPES; k++) {
        s->slope[k] = s->denoised + (k + 1) * all;
    }
    return true;
}

bool train_sample_draw(train_learner *l, const train_sample_plan *plan,
                       train_sample_take *take, void *self, host_failure *f)
{
    const cedm_denoiser *d = &l->training->program->denoiser;
    drawing s = {.learner = l,
                 .plan = plan,
                 .pixels =
                     (size_t)d->resolution * d->resolution * d->channels};
    bool good = open(&s, f);

    while (good && s.first < plan->count) {
        s.n = plan->count - s.first < l->batch ? plan->count - s.first
                                               : l->batch;
        s.elements = s.n * s.pixels;
        good = draw_batch(&s, f) && take(self, s.first, s.n, s.images, f);
        s.first += s.n;
    }
    free(s.block);
    free(s.cluster);
    free(s.images);
    return good;
}

/* ---- a picture of them -------------------------------------------------- */

static bool put(void *self, uint32_t first, uint32_t n, const uint8_t *images,
                host_failure *f)
{
    host_png_grid *grid = self;
    size_t pixels = (size_t)grid->size * grid->size * grid->channels;

    (void)f;
    for (uint32_t i = 0; i < n; i++) {
        host_png_grid_set(grid, first + i, images + i * pixels);
    }
    return true;
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
    good =
        train_sample_draw(l,
                          &(train_sample_plan){columns * columns, steps, seed,
                                               TRAIN_SAMPLE_HEUN, NULL},
                          put, &grid, f);
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
