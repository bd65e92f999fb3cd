/* SPDX-License-Identifier: MIT
 *
 * sample.c - runs of an open net: how they begin, what they are given besides,
 * steps.
 *
 * What a call brings is copied to staging, then queued.  Missing images are
 * padded: seed 0, no cluster, black, none of it drawn.  A step is a graph;
 * noise before it and known pixels after it are queued one by one, with
 * scalars of the host, which knows what step it is. */
#include <string.h>

#include "runtime/cuda/call.h"
#include "runtime/diffusion/mask.h"
#include "runtime/model_check.h"

/* ---- what images begin with --------------------------------------------- */

/* One of net->places.in_starts. */
static void *staged(const cedm_cuda_net *net, uint64_t offset)
{
    return cedm_cuda_staging(net, offset);
}

/* Nothing is between two seeds and clusters. */
static void stage_starts(const cedm_cuda_net *net, const uint64_t *seeds,
                         const int32_t *clusters, uint32_t n)
{
    const cedm_cuda_starts *s = &net->places.in_starts;
    uint32_t batch = net->exec.batch;
    uint64_t *own = staged(net, s->seeds);
    double *weight = staged(net, s->weights);

    memset(own, 0, (size_t)s->bytes);
    memcpy(own, seeds, n * sizeof *own);
    cedm_cuda_stage_clusters(net, clusters, n);
    for (uint32_t i = 0; i < batch; i++) {
        weight[i] = 1;
    }
}

/* As cedm_sample_mix has it, on top of what is staged. */
static void stage_mix(const cedm_cuda_net *net, const uint64_t *seeds,
                      const int32_t *clusters, const double *shares)
{
    const cedm_cuda_starts *s = &net->places.in_starts;
    uint64_t *own = staged(net, s->seeds), *goals = staged(net, s->goals);
    int32_t *from = staged(net, s->clusters), *to = staged(net, s->others);
    double *weight = staged(net, s->weights);
    float *share = staged(net, s->shares);

    for (uint32_t i = 0; i < net->n; i++) {
        double w[2] = {1, 0};

        if (shares[i] >= 1) {
            own[i] = seeds[i];
            from[i] = clusters[i];
        } else if (shares[i] > 0) {
            goals[i] = seeds[i];
            to[i] = clusters[i];
            cedm_mix_weights(own[i], seeds[i], shares[i], w);
        }
        share[i] = shares[i] < 1 ? (float)shares[i] : 0;
        weight[i] = w[0];
        weight[net->exec.batch + i] = w[1];
    }
}

static cudaError_t send_starts(const cedm_cuda_net *net)
{
    const cedm_cuda_places *p = &net->places;

    return cedm_cuda_send(net, p->starts.seeds, p->in_starts.seeds,
                          (size_t)p->starts.bytes);
}

/* After what was sent. */
static cedm_status end_sending(const cedm_cuda_net *net, cudaError_t code)
{
    if (code == cudaSuccess) {
        code = cudaEventRecord(net->staged, net->exec.stream);
    }
    return cedm_cuda_call_check(net, "cudaMemcpyAsync", code);
}

/* ---- the state ---------------------------------------------------------- */

static double *state(const cedm_cuda_net *net)
{
    return (void *)cedm_cuda_arena(net, net->places.state[0]);
}

static cedm_status queued(const cedm_cuda_net *net, const char *op, int code)
{
    return cedm_cuda_check(net->config.fault, op, code);
}

/* Latents, or other noise, of the runs' seeds, all alike. */
static cedm_status put_noise(const cedm_cuda_net *net, cedm_noising noising)
{
    const cedm_cuda_starts *s = &net->places.starts;
    cedm_cuda_noise op = {
        .seed = (const void *)cedm_cuda_arena(net, s->seeds),
        .draw = noising.draw,
        .base = noising.base,
        .scale = noising.scale,
        .x = state(net),
    };

    return queued(net, "noise", cedm_cuda_run_noise(&net->exec, &op));
}

/* Latents of both seeds, each with its weight. */
static cedm_status put_latents(const cedm_cuda_net *net)
{
    const cedm_cuda_starts *s = &net->places.starts;
    const double *weights = (const void *)cedm_cuda_arena(net, s->weights);
    cedm_cuda_noise op = {
        .seed = (const void *)cedm_cuda_arena(net, s->seeds),
        .weight = weights,
        .draw = 0,
        .base = 0,
        .scale = net->first.scale,
        .x = state(net),
    };
    int code = cedm_cuda_run_noise(&net->exec, &op);

    op.seed = (const void *)cedm_cuda_arena(net, s->goals);
    op.weight = weights + net->exec.batch;
    op.base = 1;
    if (code == 0) {
        code = cedm_cuda_run_noise(&net->exec, &op);
    }
    return queued(net, "noise", code);
}

/* Images that were sent, with noise, where the mask has them. */
static cedm_status put_images(const cedm_cuda_net *net, bool masked,
                              cedm_noising noising)
{
    const cedm_cuda_places *p = &net->places;
    cedm_cuda_from_image op = {
        .seed = (const void *)cedm_cuda_arena(net, p->starts.seeds),
        .image = cedm_cuda_arena(net, p->known),
        .mask = masked ? cedm_cuda_arena(net, p->mask) : NULL,
        .draw = noising.draw,
        .base = noising.base,
        .scale = noising.scale,
        .x = state(net),
    };

    return queued(net, "from_image",
                  cedm_cuda_run_from_image(&net->exec, &op));
}

/* ---- begin -------------------------------------------------------------- */

static cedm_status begin(cedm_cuda_net *net, const uint64_t *seeds,
                         const int32_t *clusters, uint32_t n)
{
    cedm_noising latents = {.base = 0, .scale = net->first.scale, .draw = 0};
    cedm_status status = cedm_cuda_wait_for_staging(net);

    net->begun = false;
    if (status == CEDM_OK) {
        stage_starts(net, seeds, clusters, n);
        status = end_sending(net, send_starts(net));
    }
    if (status == CEDM_OK) {
        status = cedm_cuda_call_check(
            net, "cudaMemsetAsync",
            cudaMemsetAsync(cedm_cuda_arena(net, net->places.step), 0,
                            sizeof(uint32_t), net->exec.stream));
    }
    if (status == CEDM_OK) {
        status = cedm_cuda_call_check(net, "cudaMemsetAsync",
                                      cedm_cuda_clear_overflow(net));
    }
    if (status == CEDM_OK) {
        status = put_noise(net, latents);
    }
    net->begun = status == CEDM_OK;
    net->masked = false;
    net->rounds = 1;
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

/* ---- what a run is given besides ---------------------------------------- */

static cedm_status check_fresh(const cedm_cuda_net *net)
{
    if (net == NULL) {
        return CEDM_E_NULL;
    }
    return net->begun && net->step == net->config.params.start ? CEDM_OK
                                                               : CEDM_E_STATE;
}

static cedm_status mix(cedm_cuda_net *net, const uint64_t *seeds,
                       const int32_t *clusters, const double *shares)
{
    cedm_status status = cedm_cuda_wait_for_staging(net);

    if (status == CEDM_OK) {
        stage_mix(net, seeds, clusters, shares);
        status = end_sending(net, send_starts(net));
    }
    return status == CEDM_OK ? put_latents(net) : status;
}

cedm_status cedm_cuda_mix(cedm_cuda_net *net, const uint64_t *seeds,
                          const int32_t *clusters, const double *shares)
{
    cedm_cuda_scope scope;
    cedm_status status = check_fresh(net);

    if (status == CEDM_OK) {
        status =
            cedm_mix_check(net->exec.model, seeds, clusters, shares, net->n);
    }
    if (status == CEDM_OK) {
        status = cedm_cuda_call_begin(net, &scope);
    }
    if (status != CEDM_OK) {
        return status;
    }
    return cedm_cuda_call_end(net, &scope, mix(net, seeds, clusters, shares));
}

/* Brings images, and a mask if there is one, by way of in_map, which has room
 * for eight of each pixel. */
static cedm_status bring(cedm_cuda_net *net, const uint8_t *images,
                         const uint8_t *mask)
{
    const cedm_cuda_places *p = &net->places;
    size_t pixels = cedm_pixels(net->exec.model);
    size_t area = pixels / net->exec.model->denoiser->channels;
    size_t bytes = net->exec.batch * pixels;
    unsigned char *in = cedm_cuda_staging(net, p->in_map);
    cedm_status status = cedm_cuda_wait_for_staging(net);
    cudaError_t code;

    if (status != CEDM_OK) {
        return status;
    }
    memset(in, 0, 2 * bytes);
    memcpy(in, images, net->n * pixels);
    code = cedm_cuda_send(net, p->known, p->in_map, bytes);
    if (mask != NULL && code == cudaSuccess) {
        memcpy(in + bytes, mask, net->n * area);
        code = cedm_cuda_send(net, p->mask, p->in_map + bytes,
                              net->exec.batch * area);
    }
    return end_sending(net, code);
}

static cedm_status begin_at(cedm_cuda_net *net, const uint8_t *images,
                            const uint8_t *mask)
{
    cedm_status status = bring(net, images, mask);

    return status == CEDM_OK ? put_images(net, mask != NULL, net->first)
                             : status;
}

cedm_status cedm_cuda_from(cedm_cuda_net *net, const uint8_t *images)
{
    cedm_cuda_scope scope;
    cedm_status status = check_fresh(net);

    if (status == CEDM_OK && images == NULL) {
        status = CEDM_E_NULL;
    }
    if (status == CEDM_OK) {
        status = cedm_cuda_call_begin(net, &scope);
    }
    if (status != CEDM_OK) {
        return status;
    }
    return cedm_cuda_call_end(net, &scope, begin_at(net, images, NULL));
}

cedm_status cedm_cuda_mask(cedm_cuda_net *net, const uint8_t *images,
                           const uint8_t *mask, uint32_t rounds)
{
    cedm_cuda_scope scope;
    cedm_status status = check_fresh(net);

    if (status == CEDM_OK && (images == NULL || mask == NULL)) {
        status = CEDM_E_NULL;
    }
    if (status == CEDM_OK) {
        status = cedm_rounds_check(&net->config.params, rounds);
    }
    if (status == CEDM_OK) {
        status = cedm_cuda_call_begin(net, &scope);
    }
    if (status != CEDM_OK) {
        return status;
    }
    net->masked = true;
    net->rounds = rounds;
    return cedm_cuda_call_end(net, &scope, begin_at(net, images, mask));
}

/* ---- steps -------------------------------------------------------------- */

/* Before a graph: once churn, later the way back of a mask's round, after
 * which the graph's number of the step is one too many. */
static cedm_status queue_noise(cedm_cuda_net *net, const cedm_step *step,
                               cedm_round at)
{
    const cedm_cuda_constants *c = &net->constants;
    cedm_noising churn = {
        .base = step->base,
        .scale = step->scale,
        .draw = cedm_first_draw(&c->denoiser, c->data, &net->config.params) +
                at.step,
    };
    cedm_cuda_advance back = {
        .step = (void *)cedm_cuda_arena(net, net->places.step),
        .by = (uint32_t)-1,
    };
    cedm_status status;

    if (at.round == 0) {
        return step->churns ? put_noise(net, churn) : CEDM_OK;
    }
    status = put_noise(net, cedm_back_noising(step, at));
    return status == CEDM_OK
               ? queued(net, "advance",
                        cedm_cuda_run_advance(&net->exec, &back))
               : status;
}

static cedm_status queue_round(cedm_cuda_net *net, const cedm_step *step,
                               cedm_round at)
{
    cedm_status status = queue_noise(net, step, at);

    if (status == CEDM_OK) {
        status = cedm_cuda_call_check(
            net, "cudaGraphLaunch",
            cudaGraphLaunch(net->graphs[cedm_cuda_kind_of(net, step)],
                            net->exec.stream));
    }
    return status == CEDM_OK && net->masked
               ? put_images(net, true,
                            cedm_known_noising(&net->config.params, step, at))
               : status;
}

static cedm_status step(cedm_cuda_net *net)
{
    cedm_step step =
        cedm_step_at(&net->constants.denoiser, net->constants.data,
                     &net->config.params, net->step);
    cedm_round at = {.step = net->step, .rounds = net->rounds};
    uint32_t rounds = cedm_step_rounds(&step, net->rounds);
    cedm_status status = CEDM_OK;

    for (; status == CEDM_OK && at.round < rounds; at.round++) {
        status = queue_round(net, &step, at);
    }
    return status;
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
    status = step(net);
    net->step++;
    status = cedm_cuda_call_end(net, &scope, status);
    return status == CEDM_OK && net->step < steps ? CEDM_MORE : status;
}
