/* SPDX-License-Identifier: MIT
 *
 * gpu_conditions.c - what runs are given besides, all of it at once: ways to
 * other seeds and clusters, images to begin at, a mask with two rounds, a
 * guide. */
#include "tests/gpu/gpu_conditions.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MOST 8u /* images */

static const uint64_t seeds[MOST] = {3, (uint64_t)1 << 32 | 9, 14, 15};
static const int32_t clusters[MOST] = {2, -1, 0, 19};
static const uint64_t goals[MOST] = {9, 9, 77, 4};
static const int32_t others[MOST] = {0, 2, 1, -1};
static const double shares[MOST] = {0.25, 0.5, 1, 0};

/* What both sides are given. */
typedef struct given {
    uint8_t *images, *mask;
    uint32_t n, rounds;
    size_t elements, area; /* of an image */
} given;

static given make_given(const both *b, uint32_t rounds)
{
    const cedm_denoiser *d = b->blob.model->denoiser;
    given g = {.n = b->config.batch, .rounds = rounds};

    g.area = (size_t)d->resolution * d->resolution;
    g.elements = g.area * d->channels;
    g.images = both_memory(g.n * g.elements);
    g.mask = both_memory(g.n * g.area);
    for (size_t i = 0; i < g.n * g.elements; i++) {
        g.images[i] = (uint8_t)(i * 37);
    }
    for (size_t i = 0; i < g.n * g.area; i++) {
        g.mask[i] = (uint8_t)(i % 3 == 0 ? 255 : i % 3 == 1 ? 0 : 7 * i);
    }
    return g;
}

static void free_given(given *g)
{
    free(g->images);
    free(g->mask);
}

/* ---- two runs ------------------------------------------------------------ */

static const cedm_real *draw_on_host(both *b, both *guide, const given *g,
                                     cedm_sampler *s)
{
    cedm_status status = cedm_sample_begin(s, &b->host, &b->config.params,
                                           seeds, clusters, g->n);

    both_need(status, "begin");
    both_need(cedm_sample_mix(s, goals, others, shares), "mix");
    both_need(cedm_sample_from(s, g->images), "from");
    both_need(cedm_sample_mask(s, g->images, g->mask, g->rounds), "mask");
    both_need(cedm_sample_guide(s, guide != NULL ? &guide->host : NULL),
              "guide");
    while ((status = cedm_sample_step(s)) == CEDM_MORE) {
    }
    both_need(status, "step");
    return cedm_sample_state(s);
}

/* Images `first` and on, as many as there are. */
static void draw_on_device(both *b, const given *g, uint32_t first,
                           double *state)
{
    const uint8_t *images = g->images + first * g->elements;
    cedm_status status = cedm_cuda_begin(b->net, seeds + first,
                                         clusters + first, g->n - first);

    both_need(status, "cedm_cuda_begin");
    both_need(
        cedm_cuda_mix(b->net, goals + first, others + first, shares + first),
        "cedm_cuda_mix");
    both_need(cedm_cuda_from(b->net, images), "cedm_cuda_from");
    both_need(
        cedm_cuda_mask(b->net, images, g->mask + first * g->area, g->rounds),
        "cedm_cuda_mask");
    while ((status = cedm_cuda_step(b->net)) == CEDM_MORE) {
    }
    both_need(status, "cedm_cuda_step");
    both_need(cedm_cuda_state(b->net, state), "cedm_cuda_state");
}

static double furthest(const double *a, const double *b, size_t n)
{
    double most = 0;

    for (size_t i = 0; i < n; i++) {
        double d = fabs(a[i] - b[i]);

        most = d <= most ? most : d; /* a NaN stays */
    }
    return most;
}

static void check_run(both *b, both *guide, const given *g, double limit,
                      const char *what)
{
    size_t bytes = g->n * g->elements * sizeof(double);
    double *got = both_memory(bytes), *alone = both_memory(bytes), d;
    uint32_t last = g->n - 1;
    cedm_sampler s;
    const cedm_real *want = draw_on_host(b, guide, g, &s);

    draw_on_device(b, g, 0, got);
    d = furthest(got, want, g->n * g->elements);
    both_expect(b, d <= limit, what, d, limit);
    draw_on_device(b, g, last, alone);
    d = furthest(got + last * g->elements, alone, g->elements);
    both_expect(b, d <= 0, "the last image alone", d, 0);
    free(got);
    free(alone);
}

/* ---- what is refused ----------------------------------------------------- */

static void refuse(const both *b, cedm_status got, cedm_status want,
                   const char *what)
{
    both_expect(b, got == want, what, got, want);
}

static void check_refusals(both *b, const given *g)
{
    const double high[MOST] = {1.5};

    both_need(cedm_cuda_begin(b->net, seeds, clusters, g->n), "begin");
    refuse(b, cedm_cuda_mix(b->net, goals, others, high), CEDM_E_PARAM,
           "a share above 1");
    refuse(b, cedm_cuda_mix(b->net, goals, NULL, shares), CEDM_E_NULL,
           "no clusters of a mix");
    refuse(b, cedm_cuda_from(b->net, NULL), CEDM_E_NULL, "no images");
    refuse(b, cedm_cuda_mask(b->net, g->images, g->mask, 0), CEDM_E_STEPS,
           "no rounds");
    refuse(b, cedm_cuda_mask(b->net, g->images, g->mask, 2), CEDM_E_SOLVER,
           "two rounds of a solver that remembers");
    both_need(cedm_cuda_step(b->net), "step");
    refuse(b, cedm_cuda_mix(b->net, goals, others, shares), CEDM_E_STATE,
           "a mix after a step");
    refuse(b, cedm_cuda_from(b->net, g->images), CEDM_E_STATE,
           "images after a step");
    refuse(b, cedm_cuda_mask(b->net, g->images, g->mask, 1), CEDM_E_STATE,
           "a mask after a step");
}

static void check_guides(both *b)
{
    cedm_cuda_config config = b->config;
    cedm_cuda_sizes sizes;

    config.batch--;
    refuse(b, cedm_cuda_measure(b->blob.model, &config, &sizes), CEDM_E_GUIDE,
           "a guide of another batch");
}

/* ---- all of it ----------------------------------------------------------- */

void conditions_check(both *b, both *guide, double limit)
{
    cedm_sampler_params params = b->config.params;
    given g = make_given(b, 2);

    b->config.guide = guide != NULL ? guide->net : NULL;
    both_open_device(b);
    check_run(b, guide, &g, limit, "a run with all conditions");
    cedm_cuda_close(b->net);
    g.rounds = 1;
    b->config.params.solver = CEDM_SOLVER_ipndm;
    b->config.params.S_churn = 0;
    both_open_device(b);
    check_run(b, guide, &g, limit, "the same by a multistep solver");
    check_refusals(b, &g);
    cedm_cuda_close(b->net);
    if (guide != NULL) {
        check_guides(b);
    }
    b->config.guide = NULL;
    b->config.params = params;
    free_given(&g);
}
