/* SPDX-License-Identifier: MIT
 *
 * verify_sample.c - latents, samples and pixels of whole runs. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "host/verify/verify.h"

/* Why these: docs/NUMERICS.md. */
#define LATENT_LIMIT 1e-6 /* absolute, single-precision logarithm */
#define SAMPLE_LIMIT 1e-3 /* absolute, after all steps */
#define HALF_LIMIT 2e-2   /* the same with weights of 16 bits */
#define PIXEL_SHARE 0.999 /* of 8-bit values within 1 */

/* A CPU's products of bfloat16. */
#define PAIRED_LIMIT 1e-1
#define PAIRED_SHARE 0.96

/* A GPU's own logarithm and sine; activations of fp16, then of bf16. */
#define GPU_LATENT_LIMIT 1e-5
static const double gpu_sample[] = {5e-2, 4e-1};
static const double gpu_share[] = {0.99, 0.9};

/* ---- what it gives ------------------------------------------------------ */

/* The factor by which `got` is nearest to `want`. */
static double factor_of(const double *got, const double *want, uint64_t n)
{
    double both = 0, own = 0;
    for (uint64_t i = 0; i < n; i++) {
        both += got[i] * want[i];
        own += want[i] * want[i];
    }
    return own > 0 ? both / own : 1;
}

/* The state divided by `scale`, against an array of the golden file; with 0 by
 * the factor that lies between them. */
static bool judge_state(host_verify *v, const char *name, uint64_t n,
                        double scale, double limit, host_failure *f)
{
    const cg_array *array =
        host_golden_array(v->golden, name, 4, n * v->pixels, f);
    double *want =
        array != NULL ? host_golden_maps(v->golden, array, f) : NULL;
    double *got =
        want != NULL ? calloc((size_t)n * v->pixels, sizeof *got) : NULL;
    bool good = got != NULL;
    if (good) {
        cedm_status status = v->runner->kind->state(v->runner, got);
        good = status == CEDM_OK || host_verify_failed(v, status, f);
    }
    if (good && !(scale > 0)) {
        scale = factor_of(got, want, n * v->pixels);
    }
    for (uint64_t i = 0; good && i < n * v->pixels; i++) {
        got[i] /= scale;
    }
    for (uint64_t i = 0; good && i < n; i++) {
        host_difference d = host_difference_of(
            got + i * v->pixels, want + i * v->pixels, v->pixels);
        char what[64];
        snprintf(what, sizeof what, "%s %" PRIu64, name, i);
        host_verify_judge(v, what, d, d.max, limit);
    }
    free(want);
    free(got);
    return good;
}

static double pixel_share(const host_verify *v)
{
    enum cedm_cuda_precision precision;
    return host_verify_in_half(v, &precision) ? gpu_share[precision]
           : v->paired                        ? PAIRED_SHARE
                                              : PIXEL_SHARE;
}

static bool judge_pixels(host_verify *v, uint64_t n, host_failure *f)
{
    size_t elements = (size_t)n * v->pixels;
    const cg_array *array =
        host_golden_array(v->golden, "images_u8", 4, elements, f);
    double *want =
        array != NULL ? host_golden_maps(v->golden, array, f) : NULL;
    uint8_t *got = want != NULL ? calloc(elements, 1) : NULL;
    bool good = got != NULL;
    if (good) {
        cedm_status status = v->runner->kind->images(v->runner, got);
        good = status == CEDM_OK || host_verify_failed(v, status, f);
    }
    size_t near = 0, equal = 0;
    for (size_t i = 0; good && i < elements; i++) {
        near += fabs(got[i] - want[i]) <= 1;
        equal += fabs(got[i] - want[i]) <= 0;
    }
    if (good) {
        double wanted = pixel_share(v);
        double share = (double)near / (double)elements;
        bool passed = share >= wanted;
        printf("%-28s within 1: %.4f %%  equal: %.4f %%  limit %.1f %%  %s\n",
               "images_u8", 100 * share,
               100 * (double)equal / (double)elements, 100 * wanted,
               passed ? "ok" : "FAILED");
        v->items++;
        v->bad += !passed;
    }
    free(want);
    free(got);
    return good;
}

static bool read_schedule(const host_verify *v, cedm_sampler_params *params,
                          host_failure *f)
{
    double steps;
    *params = cedm_sampler_params_default();
    if (!host_golden_number(v->golden, "cedm.steps", &steps, f) ||
        !host_golden_number(v->golden, "cedm.sigma_min", &params->sigma_min,
                            f) ||
        !host_golden_number(v->golden, "cedm.sigma_max", &params->sigma_max,
                            f) ||
        !host_golden_number(v->golden, "cedm.rho", &params->rho, f)) {
        return false;
    }
    if (!(steps >= 1 && steps <= CEDM_MAX_STEPS)) {
        return host_fail(f, "%s: cedm.steps is %g; wanted 1 to %u",
                         v->golden->path, steps, CEDM_MAX_STEPS);
    }
    params->steps = (uint32_t)steps;
    return true;
}

static double sample_limit(const host_verify *v)
{
    enum cedm_cuda_precision precision;
    return host_verify_in_half(v, &precision) ? gpu_sample[precision]
           : v->paired                        ? PAIRED_LIMIT
           : v->half                          ? HALF_LIMIT
                                              : SAMPLE_LIMIT;
}

/* The first level, which scales latents.  A sampler rounds it to the table of
 * an iDDPM model, which is not known here: 0. */
static double first_level(const host_verify *v,
                          const cedm_sampler_params *params)
{
    return v->model.code->denoiser->precond == CEDM_PRECOND_IDDPM
               ? 0
               : cedm_sigma(params, 0);
}

static bool draw(host_verify *v, const cedm_sampler_params *params,
                 const uint64_t *seeds, const int32_t *clusters, uint64_t n,
                 host_failure *f)
{
    host_runner *r = v->runner;
    cedm_status status = r->kind->begin(r, seeds, clusters, (uint32_t)n);
    if (status == CEDM_OK) {
        if (!judge_state(
                v, "latents", n, first_level(v, params),
                host_verify_on_gpu(v) ? GPU_LATENT_LIMIT : LATENT_LIMIT, f)) {
            return false;
        }
        do {
            status = r->kind->step(r);
        } while (status == CEDM_MORE);
    }
    if (status != CEDM_OK) {
        return host_verify_failed(v, status, f);
    }
    double limit = sample_limit(v);
    return judge_state(v, "samples", n, 1, host_verify_limit(v, limit), f) &&
           judge_pixels(v, n, f);
}

bool host_verify_sample(host_verify *v, host_failure *f)
{
    if (!host_model_is(&v->model, false, f)) {
        return false;
    }
    const cg_array *array = host_golden_array(v->golden, "seeds", 1, 0, f);
    cedm_sampler_params params;
    if (array == NULL || !read_schedule(v, &params, f) ||
        !host_verify_open_runner(v, array->elements, &params, f)) {
        return false;
    }
    uint64_t n = array->elements;
    int64_t *numbers =
        host_golden_integers(v->golden, "seeds", n, 0, INT64_C(1) << 53, f);
    int32_t *clusters =
        host_verify_clusters(v->golden, "sample_cluster", n, f);
    uint64_t *seeds = calloc((size_t)n, sizeof *seeds);
    bool good = numbers != NULL && clusters != NULL && seeds != NULL;
    for (uint64_t i = 0; good && i < n; i++) {
        seeds[i] = (uint64_t)numbers[i];
    }
    good = good && draw(v, &params, seeds, clusters, n, f);
    free(numbers);
    free(seeds);
    free(clusters);
    return good;
}
