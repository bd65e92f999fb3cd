/* SPDX-License-Identifier: MIT
 *
 * verify_sample.c - latents, samples and pixels of whole runs. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "verify.h"

/* Why these: docs/NUMERICS.md. */
#define LATENT_LIMIT 1e-6 /* absolute, single-precision logarithm */
#define SAMPLE_LIMIT 1e-3 /* absolute, after all steps */
#define HALF_LIMIT 2e-2   /* the same with weights of 16 bits */
#define PIXEL_SHARE 0.999 /* of 8-bit values within 1 */

/* The state divided by `scale`, against an array of the golden file. */
static bool judge_state(verify *v, const cedm_sampler *s, const char *name,
                        uint64_t n, double scale, double limit, failure *f)
{
    const cg_array *array = golden_array(v->golden, name, 4, n * v->pixels, f);
    double *want = array != NULL ? golden_maps(v->golden, array, f) : NULL;
    double *got =
        want != NULL ? calloc((size_t)n * v->pixels, sizeof *got) : NULL;
    const cedm_real *state = cedm_sample_state(s);
    for (uint64_t i = 0; got != NULL && i < n * v->pixels; i++) {
        got[i] = (double)state[i] / scale;
    }
    for (uint64_t i = 0; got != NULL && i < n; i++) {
        difference d = difference_of(got + i * v->pixels, want + i * v->pixels,
                                     v->pixels);
        char what[64];
        snprintf(what, sizeof what, "%s %" PRIu64, name, i);
        verify_judge(v, what, d, d.max, limit);
    }
    bool good = got != NULL;
    free(want);
    free(got);
    return good;
}

static bool judge_pixels(verify *v, const cedm_sampler *s, uint64_t n,
                         failure *f)
{
    size_t elements = (size_t)n * v->pixels;
    const cg_array *array =
        golden_array(v->golden, "images_u8", 4, elements, f);
    double *want = array != NULL ? golden_maps(v->golden, array, f) : NULL;
    uint8_t *got = want != NULL ? calloc(elements, 1) : NULL;
    bool good = got != NULL;
    if (good) {
        cedm_status status = cedm_sample_images(s, got);
        good = status == CEDM_OK ||
               failed(f, "images: %s", cedm_status_text(status));
    }
    size_t near = 0, equal = 0;
    for (size_t i = 0; good && i < elements; i++) {
        near += fabs(got[i] - want[i]) <= 1;
        equal += fabs(got[i] - want[i]) <= 0;
    }
    if (good) {
        double share = (double)near / (double)elements;
        bool passed = share >= PIXEL_SHARE;
        printf("%-28s within 1: %.4f %%  equal: %.4f %%  limit %.1f %%  %s\n",
               "images_u8", 100 * share,
               100 * (double)equal / (double)elements, 100 * PIXEL_SHARE,
               passed ? "ok" : "FAILED");
        v->items++;
        v->bad += !passed;
    }
    free(want);
    free(got);
    return good;
}

static bool read_schedule(const verify *v, cedm_sampler_params *params,
                          failure *f)
{
    double steps;
    *params = cedm_sampler_params_default();
    if (!golden_number(v->golden, "cedm.steps", &steps, f) ||
        !golden_number(v->golden, "cedm.sigma_min", &params->sigma_min, f) ||
        !golden_number(v->golden, "cedm.sigma_max", &params->sigma_max, f) ||
        !golden_number(v->golden, "cedm.rho", &params->rho, f)) {
        return false;
    }
    if (!(steps >= 1 && steps <= CEDM_MAX_STEPS)) {
        return failed(f, "%s: cedm.steps is %g; wanted 1 to %u",
                      v->golden->path, steps, CEDM_MAX_STEPS);
    }
    params->steps = (uint32_t)steps;
    return true;
}

static bool draw(verify *v, const uint64_t *seeds, const int32_t *clusters,
                 uint64_t n, failure *f)
{
    cedm_sampler_params params;
    if (!read_schedule(v, &params, f)) {
        return false;
    }
    cedm_sampler s;
    cedm_status status = cedm_sample_begin(&s, &v->engine.net, &params, seeds,
                                           clusters, (uint32_t)n);
    if (status == CEDM_OK) {
        if (!judge_state(v, &s, "latents", n, cedm_sigma(&params, 0),
                         LATENT_LIMIT, f)) {
            return false;
        }
        do {
            status = cedm_sample_step(&s);
        } while (status == CEDM_MORE);
    }
    if (status != CEDM_OK) {
        return failed(f, "%s: %s", v->golden->path, cedm_status_text(status));
    }
    double limit = v->half ? HALF_LIMIT : SAMPLE_LIMIT;
    return judge_state(v, &s, "samples", n, 1, verify_limit(v, limit), f) &&
           judge_pixels(v, &s, n, f);
}

bool verify_sample(verify *v, failure *f)
{
    const cg_array *array = golden_array(v->golden, "seeds", 1, 0, f);
    if (array == NULL || !verify_open_engine(v, array->elements, f)) {
        return false;
    }
    uint64_t n = array->elements;
    int64_t *numbers = golden_integers(v->golden, "seeds", n, 0,
                                       INT64_C(1) << 53, f);
    int32_t *clusters = verify_clusters(v->golden, "sample_cluster", n, f);
    uint64_t *seeds = calloc((size_t)n, sizeof *seeds);
    bool good = numbers != NULL && clusters != NULL && seeds != NULL;
    for (uint64_t i = 0; good && i < n; i++) {
        seeds[i] = (uint64_t)numbers[i];
    }
    good = good && draw(v, seeds, clusters, n, f);
    free(numbers);
    free(seeds);
    free(clusters);
    return good;
}
