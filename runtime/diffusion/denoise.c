/* SPDX-License-Identifier: MIT
 *
 * denoise.c - D(x; sigma, cluster): scalars and features in float64, then
 * the network's ops, through whatever table the net holds. */
#include "runtime/diffusion/denoise.h"

#include <stdbool.h>
#include <string.h>

#include "runtime/model_check.h"
#include "runtime/diffusion/noise_level.h"
#include "runtime/diffusion/steps.h"

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

/* Of n images; `others` NULL where no label is between two clusters. */
typedef struct labels {
    const int32_t *clusters, *others;
    const float *shares;
} labels;

static labels labels_of_run(const cedm_net *net)
{
    return (labels){net->clusters[0], net->others, net->shares};
}

static labels no_labels(const cedm_net *net)
{
    return (labels){net->clusters[1], NULL, NULL};
}

/* One pass: out = weight D, or out += weight D. */
static void run_network(cedm_net *net, const cedm_real *x, labels label,
                        uint32_t n, double weight, bool first, cedm_real *out)
{
    cedm_load load = {
        .n = n,
        .x = x,
        .c_in = cedm_column(net, CEDM_C_IN),
        .features = net->features,
        .cluster = label.clusters,
        .other = label.others,
        .share = label.shares,
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

static cedm_status outcome(const cedm_net *net, const cedm_real *out,
                           uint32_t n)
{
    return all_finite(out, (size_t)n * cedm_pixels(net->model))
               ? CEDM_OK
               : CEDM_E_NONFINITE;
}

/* All images at one level and scale. */
static void prepare_level(cedm_net *net, double sigma, double scale,
                          uint32_t n)
{
    cedm_real *column = cedm_column(net, CEDM_SIGMA);

    for (uint32_t i = 0; i < n; i++) {
        column[i] = (cedm_real)sigma;
    }
    net->exec.n = n;
    prepare_inputs(net, scale, n);
}

/* out -= W D, of the guide if there is one [AUTOGUIDE], else of no label. */
static void subtract_other(const cedm_sampler *sampler, const cedm_real *x,
                           double sigma, double scale, cedm_real *out)
{
    cedm_net *net = sampler->net, *guide = sampler->guide;
    double weight = -sampler->params.guidance;
    uint32_t n = sampler->n;

    if (guide == NULL) {
        run_network(net, x, no_labels(net), n, weight, false, out);
        return;
    }
    prepare_level(guide, sigma, scale, n);
    run_network(guide, x,
                guide->model->denoiser->label_dim > 0 ? labels_of_run(net)
                                                      : no_labels(guide),
                n, weight, false, out);
}

/* Guidance is a matter of the models, W and the level, never of the clusters
 * of a batch, so that an image has the same bits beside any others. */
cedm_status cedm_evaluate_run(const cedm_sampler *sampler, const cedm_real *x,
                              double sigma, double scale, cedm_real *out)
{
    cedm_net *net = sampler->net;
    const cedm_sampler_params *p = &sampler->params;
    bool guided =
        cedm_guided_at(p, sigma) &&
        (sampler->guide != NULL || net->model->denoiser->label_dim > 0);

    prepare_level(net, sigma, scale, sampler->n);
    run_network(net, x, labels_of_run(net), sampler->n,
                guided ? 1 + p->guidance : 1, true, out);
    if (guided) {
        subtract_other(sampler, x, sigma, scale, out);
    }
    return outcome(net, out, sampler->n);
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
    labels label = {cluster, NULL, NULL};
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
    net->exec.n = n;
    prepare_inputs(net, 1, n);
    run_network(net, x, cluster != NULL ? label : no_labels(net), n, 1, true,
                out);
    status = outcome(net, out, n);
    if (status != CEDM_OK) {
        memset(out, 0, (size_t)n * cedm_pixels(net->model) * sizeof *out);
    }
    return status;
}
