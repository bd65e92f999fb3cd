/* SPDX-License-Identifier: MIT
 *
 * denoise.c - denoising with an open net.
 *
 * What a call brings is copied to staging, then queued; `staged` says when
 * staging may be written again.  Missing images are padded: noise level
 * scalars of 0, no cluster. */
#include <string.h>

#include "runtime/cuda/call.h"
#include "runtime/model_check.h"

static void stage_denoise(const cedm_cuda_net *net, const double *x,
                          const double *sigma, const int32_t *cluster,
                          uint32_t n)
{
    const cedm_cuda_places *p = &net->places;
    uint32_t batch = net->exec.batch;
    size_t elements = cedm_pixels(net->exec.model);
    size_t channels = net->exec.model->denoiser->features.channels;
    double *in = (void *)cedm_cuda_staging(net, p->in_map);
    cedm_cuda_scalars *scalars =
        (void *)cedm_cuda_staging(net, p->in_scalars);
    float *features = (void *)cedm_cuda_staging(net, p->in_features);

    memset(in, 0, batch * elements * sizeof *in);
    memcpy(in, x, n * elements * sizeof *in);
    memset(scalars, 0, batch * sizeof *scalars);
    memset(features, 0, batch * channels * sizeof *features);
    for (uint32_t i = 0; i < n; i++) {
        cedm_cuda_fill_row(&net->constants, sigma[i], 1, &scalars[i],
                           features + i * channels);
    }
    cedm_cuda_stage_clusters(net, cluster, n);
}

static cedm_status send_denoise(const cedm_cuda_net *net)
{
    const cedm_cuda_places *p = &net->places;
    uint32_t batch = net->exec.batch;
    cedm_cuda_table_bytes rows =
        cedm_cuda_tables_measure(net->exec.model, net->config.params.steps);
    size_t channels = net->exec.model->denoiser->features.channels;
    cudaError_t code =
        cedm_cuda_send(net, p->state[0], p->in_map,
                       batch * cedm_pixels(net->exec.model) * sizeof(double));

    if (code == cudaSuccess) {
        code = cedm_cuda_send(net, p->scalars + rows.scalars, p->in_scalars,
                              batch * sizeof(cedm_cuda_scalars));
    }
    if (code == cudaSuccess) {
        code =
            cedm_cuda_send(net, p->features + rows.features, p->in_features,
                           batch * channels * sizeof(float));
    }
    if (code == cudaSuccess) {
        code = cedm_cuda_send(net, p->starts.clusters, p->in_starts.clusters,
                              batch * sizeof(int32_t));
    }
    if (code == cudaSuccess) {
        code = cedm_cuda_clear_overflow(net);
    }
    return cedm_cuda_call_check(net, "cudaMemcpyAsync", code);
}

static cedm_status denoise(cedm_cuda_net *net, const double *x,
                           const double *sigma, const int32_t *cluster,
                           uint32_t n, double *out)
{
    const cedm_cuda_places *p = &net->places;
    size_t bytes = n * cedm_pixels(net->exec.model) * sizeof(double);
    cedm_cuda_row row = {.first = 2 * net->config.params.steps,
                         .per_image = 1};
    cedm_status status = cedm_cuda_wait_for_staging(net);

    net->begun = false;
    if (status == CEDM_OK) {
        stage_denoise(net, x, sigma, cluster, n);
        status = send_denoise(net);
    }
    if (status == CEDM_OK) {
        status = cedm_cuda_evaluate(
            net, (const void *)cedm_cuda_arena(net, p->state[0]), row,
            (void *)cedm_cuda_arena(net, p->state[1]));
    }
    if (status == CEDM_OK) {
        status = cedm_cuda_receive(net, p->state[1], bytes, n);
    }
    if (status == CEDM_OK) {
        memcpy(out, cedm_cuda_staging(net, p->in_map), bytes);
    } else {
        memset(out, 0, bytes);
    }
    return status;
}

static bool all_usable(const double *sigma, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        if (!(sigma[i] > 0 && sigma[i] - sigma[i] == 0)) {
            return false;
        }
    }
    return true;
}

cedm_status cedm_cuda_denoise(cedm_cuda_net *net, const double *x,
                              const double *sigma, const int32_t *cluster,
                              uint32_t n, double *out)
{
    cedm_cuda_scope scope;
    cedm_status status;

    if (net == NULL || x == NULL || sigma == NULL || out == NULL) {
        return CEDM_E_NULL;
    }
    if (net->exec.model->denoiser == NULL) {
        return CEDM_E_KIND;
    }
    if (n == 0 || n > net->exec.batch) {
        return CEDM_E_COUNT;
    }
    if (!all_usable(sigma, n)) {
        return CEDM_E_SIGMA;
    }
    status = cedm_clusters_check(net->exec.model, cluster, n);
    if (status == CEDM_OK) {
        status = cedm_cuda_call_begin(net, &scope);
    }
    if (status != CEDM_OK) {
        return status;
    }
    return cedm_cuda_call_end(net, &scope,
                              denoise(net, x, sigma, cluster, n, out));
}
