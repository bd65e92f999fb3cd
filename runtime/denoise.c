/* SPDX-License-Identifier: MIT
 *
 * denoise.c - D(x; sigma, cluster): scalars and features in float64, then
 * the network's ops, through whatever table the net holds. */
#include "runtime/denoise.h"

#include <stdbool.h>
#include <string.h>

#include "runtime/model_check.h"
#include "runtime/noise_level.h"

/* Fills the columns and the features from the sigmas.  A sampler gives all
 * images one sigma, so a repeated one is copied. */
static void prepare_inputs(cedm_net *net, double scale, uint32_t n)
{
    const cedm_denoiser *denoiser = net->model->denoiser;
    const cedm_real *sigma = cedm_column(net, CEDM_SIGMA);
    size_t channels = denoiser->features.channels;

    for (uint32_t i = 0; i < n; i++) {
        float *features = net->features + i * channels;
        cedm_scalings s =
            cedm_precondition(denoiser, net->exec.data, (double)sigma[i]);

        cedm_column(net, CEDM_C_IN)[i] = (cedm_real)(s.c_in / scale);
        cedm_column(net, CEDM_C_SKIP)[i] = (cedm_real)(s.c_skip / scale);
        cedm_column(net, CEDM_C_OUT)[i] = (cedm_real)s.c_out;
        if (i > 0 && sigma[i] == sigma[i - 1]) {
            memcpy(features, features - channels, channels * sizeof(float));
        } else {
            cedm_noise_features(&denoiser->features, net->exec.data,
                                s.c_noise, features);
        }
    }
}

/* One pass: out = weight D, or out += weight D. */
static void run_network(cedm_net *net, const cedm_real *x,
                        const int32_t *cluster, uint32_t n, double weight,
                        bool first, cedm_real *out)
{
    cedm_load load = {
        .n = n,
        .x = x,
        .c_in = cedm_column(net, CEDM_C_IN),
        .features = net->features,
        .cluster = cluster,
    };
    cedm_unload unload = {
        .n = n,
        .first = first,
        .weight = (cedm_real)weight,
        .x = x,
        .c_skip = cedm_column(net, CEDM_C_SKIP),
        .c_out = cedm_column(net, CEDM_C_OUT),
        .dst = out,
    };

    net->sampler_ops->load(&net->exec, &load);
    net->model->graph.eval(net->ops, net->ctx);
    net->sampler_ops->unload(&net->exec, &unload);
}

/* x - x is 0 unless x is infinite or NaN. */
static bool all_finite(const cedm_real *x, size_t count)
{
    unsigned bad = 0;

    for (size_t i = 0; i < count; i++) {
        bad |= !(x[i] - x[i] == 0);
    }
    return bad == 0;
}

/* Guidance is a matter of the model and W alone, never of the clusters of a
 * batch, so that an image has the same bits beside any others. */
cedm_status cedm_evaluate(cedm_net *net, const cedm_real *x, double scale,
                          const int32_t *cluster, double guidance, uint32_t n,
                          cedm_real *out)
{
    net->exec.n = n;
    prepare_inputs(net, scale, n);
    if (guidance == 0 || net->model->denoiser->label_dim == 0) {
        run_network(net, x, cluster, n, 1, true, out);
    } else {
        run_network(net, x, cluster, n, 1 + guidance, true, out);
        run_network(net, x, net->clusters[1], n, -guidance, false, out);
    }
    return all_finite(out, (size_t)n * cedm_pixels(net->model))
               ? CEDM_OK
               : CEDM_E_NONFINITE;
}

/* In the state's precision, as it is used. */
static bool usable(cedm_real sigma)
{
    return sigma > 0 && sigma - sigma == 0;
}

cedm_status cedm_denoise(cedm_net *net, const cedm_real *x,
                         const cedm_real *sigma, const int32_t *cluster,
                         uint32_t n, cedm_real *out)
{
    cedm_status status;

    if (net == NULL || x == NULL || sigma == NULL || out == NULL) {
        return CEDM_E_NULL;
    }
    if (net->model == NULL) {
        return CEDM_E_NULL;
    }
    if (net->model->denoiser == NULL) {
        return CEDM_E_KIND;
    }
    if (n == 0 || n > net->exec.batch) {
        return CEDM_E_COUNT;
    }
    for (uint32_t i = 0; i < n; i++) {
        if (!usable(sigma[i])) {
            return CEDM_E_SIGMA;
        }
    }
    status = cedm_clusters_check(net->model, cluster, n);
    if (status != CEDM_OK) {
        return status;
    }
    memcpy(cedm_column(net, CEDM_SIGMA), sigma, n * sizeof *sigma);
    status = cedm_evaluate(
        net, x, 1, cluster != NULL ? cluster : net->clusters[1], 0, n, out);
    if (status != CEDM_OK) {
        memset(out, 0, (size_t)n * cedm_pixels(net->model) * sizeof *out);
    }
    return status;
}
