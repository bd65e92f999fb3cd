/* SPDX-License-Identifier: MIT
 *
 * verify_denoise.c - D(x; sigma, cluster) against the reference in float64. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "host/verify/verify.h"

/* Why these: docs/NUMERICS.md. */
#define FLOOR 1e-6 /* relative RMS of float32 over long sums */
#define FACTOR 3   /* times the reference's own float32 error */
#define TILES_FLOOR 1e-5
#define TILES_FACTOR 12
#define HALF_LIMIT 5e-3
#define BF16_LIMIT 4e-2
#define PAIRED_LIMIT 2e-2

static double limit_of(const host_verify *v, double error)
{
    enum cedm_cuda_precision precision;
    if (host_verify_in_half(v, &precision)) {
        return precision == CEDM_CUDA_FP16 ? HALF_LIMIT : BF16_LIMIT;
    }
    if (v->paired) {
        return PAIRED_LIMIT;
    }
    if (v->half) {
        return HALF_LIMIT;
    }
    return v->by_tiles ? fmax(TILES_FLOOR, TILES_FACTOR * error)
                       : fmax(FLOOR, FACTOR * error);
}

static cedm_real *to_real(const double *values, size_t n)
{
    cedm_real *out = calloc(n, sizeof *out);
    for (size_t i = 0; out != NULL && i < n; i++) {
        out[i] = (cedm_real)values[i];
    }
    return out;
}

static bool judge_denoised(host_verify *v, uint64_t n, const double *got,
                           host_failure *f)
{
    const cg_array *want =
        host_golden_array(v->golden, "denoised", 4, n * v->pixels, f);
    const cg_array *own =
        host_golden_array(v->golden, "reference_f32_rel_rms", 1, n, f);
    const cg_array *sigma = host_golden_array(v->golden, "sigma", 1, n, f);
    const cg_array *cluster =
        host_golden_array(v->golden, "cluster", 1, n, f);
    if (want == NULL || own == NULL || sigma == NULL || cluster == NULL) {
        return false;
    }
    double *values = host_golden_maps(v->golden, want, f);
    for (uint64_t i = 0; values != NULL && i < n; i++) {
        host_difference d = host_difference_of(
            got + i * v->pixels, values + i * v->pixels, v->pixels);
        char what[64];
        snprintf(what, sizeof what, "item %" PRIu64 " sigma %.4g cluster %g",
                 i, cg_element(sigma, i), cg_element(cluster, i));
        double limit = limit_of(v, cg_element(own, i));
        host_verify_judge(v, what, d, d.rms, host_verify_limit(v, limit));
    }
    free(values);
    return values != NULL;
}

bool host_verify_denoise(host_verify *v, host_failure *f)
{
    if (!host_model_is(&v->model, false, f)) {
        return false;
    }
    const cg_array *x = host_golden_array(v->golden, "x", 4, 0, f);
    if (x == NULL || host_golden_array(v->golden, "x", 4,
                                       x->shape[0] * v->pixels, f) == NULL) {
        return false;
    }
    uint64_t n = x->shape[0];
    const cg_array *levels = host_golden_array(v->golden, "sigma", 1, n, f);
    cedm_sampler_params params = v->model.sampler;
    if (levels == NULL || !host_verify_open_runner(v, n, &params, f)) {
        return false;
    }
    size_t elements = (size_t)x->elements;
    double *maps = host_golden_maps(v->golden, x, f);
    double *sigmas = host_golden_maps(v->golden, levels, f);
    int32_t *clusters = host_verify_clusters(v->golden, "cluster", n, f);
    cedm_real *in = maps != NULL ? to_real(maps, elements) : NULL;
    cedm_real *sigma = sigmas != NULL ? to_real(sigmas, (size_t)n) : NULL;
    cedm_real *out = calloc(elements, sizeof *out);
    bool good =
        in != NULL && sigma != NULL && clusters != NULL && out != NULL;
    if (good) {
        cedm_status status = v->runner->kind->denoise(
            v->runner, in, sigma, clusters, (uint32_t)n, out);
        good = status == CEDM_OK || host_verify_failed(v, status, f);
    }
    for (size_t i = 0; good && i < elements; i++) {
        maps[i] = (double)out[i];
    }
    good = good && judge_denoised(v, n, maps, f);
    free(maps);
    free(sigmas);
    free(clusters);
    free(in);
    free(sigma);
    free(out);
    return good;
}
