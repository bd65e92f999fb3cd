/* SPDX-License-Identifier: MIT
 *
 * run.c - denoising and sampling with an open net.
 *
 * What a call brings is copied to staging, then queued; `staged` says when
 * staging may be written again.  Missing images are padded: noise level
 * scalars of 0, seed 0, no cluster. */
#include <string.h>

#include "runtime/cuda/call.h"
#include "runtime/diffusion/solver.h"
#include "runtime/model_check.h"

/* ---- what calls bring -------------------------------------------------- */

static size_t map_elements(const cedm_cuda_net *net)
{
    return cedm_pixels(net->exec.model);
}

/* The clusters of n images and -1 for the others, in staging. */
static void stage_clusters(const cedm_cuda_net *net, const int32_t *clusters,
                           uint32_t n)
{
    int32_t *in = (void *)cedm_cuda_staging(net, net->places.in_clusters);

    for (uint32_t i = 0; i < net->exec.batch; i++) {
        in[i] = clusters != NULL && i < n ? clusters[i] : -1;
    }
}

/* ---- denoising --------------------------------------------------------- */

static void stage_denoise(const cedm_cuda_net *net, const double *x,
                          const double *sigma, const int32_t *cluster,
                          uint32_t n)
{
    const cedm_cuda_places *p = &net->places;
    uint32_t batch = net->exec.batch;
    size_t elements = map_elements(net);
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
    stage_clusters(net, cluster, n);
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
                       batch * map_elements(net) * sizeof(double));

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
        code = cedm_cuda_send(net, p->clusters, p->in_clusters,
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
    size_t bytes = n * map_elements(net) * sizeof(double);
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
            net, (const void *)cedm_cuda_arena(net, p->state[0]), row, 0,
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

/* ---- sampling ---------------------------------------------------------- */

static void stage_run(const cedm_cuda_net *net, const uint64_t *seeds,
                      const int32_t *clusters, uint32_t n)
{
    uint64_t *in = (void *)cedm_cuda_staging(net, net->places.in_seeds);

    memset(in, 0, net->exec.batch * sizeof *in);
    memcpy(in, seeds, n * sizeof *in);
    stage_clusters(net, clusters, n);
}

static cedm_status send_run(const cedm_cuda_net *net)
{
    const cedm_cuda_places *p = &net->places;
    uint32_t batch = net->exec.batch;
    cudaStream_t stream = net->exec.stream;
    cudaError_t code =
        cedm_cuda_send(net, p->seeds, p->in_seeds, batch * sizeof(uint64_t));

    if (code == cudaSuccess) {
        code = cedm_cuda_send(net, p->clusters, p->in_clusters,
                              batch * sizeof(int32_t));
    }
    if (code == cudaSuccess) {
        code = cudaEventRecord(net->staged, stream);
    }
    if (code == cudaSuccess) {
        code = cudaMemsetAsync(cedm_cuda_arena(net, p->step), 0,
                               sizeof(uint32_t), stream);
    }
    if (code == cudaSuccess) {
        code = cedm_cuda_clear_overflow(net);
    }
    return cedm_cuda_call_check(net, "cudaMemcpyAsync", code);
}

static cedm_status begin(cedm_cuda_net *net, const uint64_t *seeds,
                         const int32_t *clusters, uint32_t n)
{
    const cedm_cuda_places *p = &net->places;
    cedm_cuda_latent latent = {
        .seed = (const void *)cedm_cuda_arena(net, p->seeds),
        .scale = net->begin_scale,
        .x = (void *)cedm_cuda_arena(net, p->state[0]),
    };
    cedm_status status = cedm_cuda_wait_for_staging(net);

    net->begun = false;
    if (status == CEDM_OK) {
        stage_run(net, seeds, clusters, n);
        status = send_run(net);
    }
    if (status == CEDM_OK) {
        status = cedm_cuda_check(net->config.fault, "latent",
                                 cedm_cuda_run_latent(&net->exec, &latent));
    }
    net->begun = status == CEDM_OK;
    net->n = n;
    net->step = net->config.params.start;
    return status;
}

cedm_status cedm_cuda_begin(cedm_cuda_net *net, const uint64_t *seeds,
                            const int32_t *clusters, uint32_t n)
{
    cedm_cuda_scope scope;
    cedm_status status;

    if (net == NULL || seeds == NULL) {
        return CEDM_E_NULL;
    }
    if (net->exec.model->denoiser == NULL) {
        return CEDM_E_KIND;
    }
    if (n == 0 || n > net->exec.batch) {
        return CEDM_E_COUNT;
    }
    status = cedm_clusters_check(net->exec.model, clusters, n);
    if (status == CEDM_OK) {
        status = cedm_cuda_call_begin(net, &scope);
    }
    if (status != CEDM_OK) {
        return status;
    }
    return cedm_cuda_call_end(net, &scope, begin(net, seeds, clusters, n));
}

cedm_status cedm_cuda_step(cedm_cuda_net *net)
{
    cedm_cuda_scope scope;
    cedm_status status;
    uint32_t steps;

    if (net == NULL) {
        return CEDM_E_NULL;
    }
    steps = net->config.params.steps;
    if (!net->begun || net->step >= steps) {
        return CEDM_E_STATE;
    }
    status = cedm_cuda_call_begin(net, &scope);
    if (status != CEDM_OK) {
        return status;
    }
    status = cedm_cuda_call_check(
        net, "cudaGraphLaunch",
        cudaGraphLaunch(net->graphs[cedm_cuda_kind_of(net, net->step)],
                        net->exec.stream));
    net->step++;
    status = cedm_cuda_call_end(net, &scope, status);
    return status == CEDM_OK && net->step < steps ? CEDM_MORE : status;
}

/* ---- results ----------------------------------------------------------- */

/* Of a state map. */
static cedm_status make_images(cedm_cuda_net *net, uint32_t map)
{
    const cedm_cuda_places *p = &net->places;
    cedm_cuda_to_image op = {
        .x = (const void *)cedm_cuda_arena(net, p->state[map]),
        .dst = cedm_cuda_arena(net, p->images),
    };

    return cedm_cuda_check(net->config.fault, "to_image",
                           cedm_cuda_run_to_image(&net->exec, &op));
}

/* Copies a result of a run to the caller. */
static cedm_status give(cedm_cuda_net *net, uint64_t from, size_t bytes,
                        void *out)
{
    cedm_status status = cedm_cuda_receive(net, from, bytes, net->n);

    if (status == CEDM_OK) {
        memcpy(out, cedm_cuda_staging(net, net->places.in_map), bytes);
    }
    return status;
}

static cedm_status give_images(cedm_cuda_net *net, uint32_t map, uint8_t *out)
{
    cedm_cuda_scope scope;
    cedm_status status = cedm_cuda_call_begin(net, &scope);

    if (status != CEDM_OK) {
        return status;
    }
    status = make_images(net, map);
    if (status == CEDM_OK) {
        status =
            give(net, net->places.images, net->n * map_elements(net), out);
    }
    return cedm_cuda_call_end(net, &scope, status);
}

cedm_status cedm_cuda_images(cedm_cuda_net *net, uint8_t *out)
{
    if (net == NULL || out == NULL) {
        return CEDM_E_NULL;
    }
    return net->begun ? give_images(net, 0, out) : CEDM_E_STATE;
}

cedm_status cedm_cuda_preview(cedm_cuda_net *net, uint8_t *out)
{
    if (net == NULL || out == NULL) {
        return CEDM_E_NULL;
    }
    const cedm_sampler_params *p = &net->config.params;
    return net->begun && net->step > p->start
               ? give_images(net, cedm_map_of_denoised(p->solver), out)
               : CEDM_E_STATE;
}

cedm_status cedm_cuda_state(cedm_cuda_net *net, double *out)
{
    cedm_cuda_scope scope;
    cedm_status status;

    if (net == NULL || out == NULL) {
        return CEDM_E_NULL;
    }
    status = net->begun ? cedm_cuda_call_begin(net, &scope) : CEDM_E_STATE;
    if (status != CEDM_OK) {
        return status;
    }
    status = give(net, net->places.state[0],
                  net->n * map_elements(net) * sizeof *out, out);
    return cedm_cuda_call_end(net, &scope, status);
}

cedm_status cedm_cuda_result(cedm_cuda_net *net, cedm_cuda_result_view *view)
{
    const cedm_cuda_places *p;
    cedm_cuda_scope scope;
    cedm_status status;
    cudaError_t code;

    if (net == NULL || view == NULL) {
        return CEDM_E_NULL;
    }
    memset(view, 0, sizeof *view);
    status = net->begun ? cedm_cuda_call_begin(net, &scope) : CEDM_E_STATE;
    if (status != CEDM_OK) {
        return status;
    }
    p = &net->places;
    status = make_images(net, 0);
    if (status == CEDM_OK) {
        code = cudaEventRecord(net->done, net->exec.stream);
        if (code == cudaSuccess) {
            code = cudaStreamWaitEvent(net->config.stream, net->done, 0);
        }
        status = cedm_cuda_call_check(net, "cudaStreamWaitEvent", code);
    }
    if (status == CEDM_OK) {
        view->state = (const void *)cedm_cuda_arena(net, p->state[0]);
        view->images = cedm_cuda_arena(net, p->images);
        view->overflow = (const void *)cedm_cuda_arena(net, p->overflow);
    }
    return cedm_cuda_call_end(net, &scope, status);
}
