/* SPDX-License-Identifier: MIT
 *
 * gaussian_net.h - a network that is known in closed form, for tests.
 *
 * Data of cluster c are normal with mean MEAN[c] and deviation SIGMA_DATA
 * in every pixel, so D(x; sigma) = (s^2 x + sigma^2 mean) / (s^2 + sigma^2),
 * and the ODE's solution is known.  The all-zero label has a mean, too.  All
 * ops are written out here from the contract, in float64, and take notes. */
#ifndef CEDM_TEST_GAUSSIAN_NET_H
#define CEDM_TEST_GAUSSIAN_NET_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cedm.h"
#include "runtime/philox.h"
#include "tests/denoiser_model.h"

#define SIDE 4u
#define MAP_CHANNELS 2u
#define MAP (SIDE * SIDE * MAP_CHANNELS)
#define SIGMA_DATA 0.5
#define CLUSTERS 3u
#define MAX_IMAGES 8u
#define MAX_NOTES 2048u

typedef struct gaussian {
    cedm_load load;            /* of the pass under way */
    double mean[MAX_IMAGES];   /* of the pass under way */
    uint32_t precond;          /* what F is made for */
    int poisoned_pass;         /* this pass gives a NaN; -1: none */
    int passes;                /* evaluations so far */
    uint32_t draws[MAX_NOTES]; /* of every `noise` but the latents */
    int draw_count;
} gaussian;

static inline double gaussian_mean(int32_t cluster)
{
    return cluster < 0 ? 0.25 : 0.5 - 0.75 * cluster;
}

static inline void gaussian_noise(cedm_exec *exec, const cedm_noise *op)
{
    gaussian *g = exec->pool;
    if (op->draw > 0) {
        g->draws[g->draw_count++] = op->draw;
    }
    for (uint32_t i = 0; i < op->n * MAP; i++) {
        uint32_t pixel = i % MAP / MAP_CHANNELS, c = i % MAP_CHANNELS;
        uint64_t element = c * SIDE * SIDE + pixel;
        uint64_t seed = op->seed[i / MAP];
        double z = op->draw == 0 ? (double)cedm_normal_f32(seed, element, 0)
                                 : cedm_normal_f64(seed, element, op->draw);
        op->dst[i] =
            (op->base ? op->base_scale * op->base[i] : 0) + op->scale * z;
    }
}

static inline void gaussian_from_image(cedm_exec *exec,
                                       const cedm_from_image *op)
{
    gaussian *g = exec->pool;
    if (op->draw > 0) {
        g->draws[g->draw_count++] = op->draw;
    }
    for (uint32_t i = 0; i < op->n * MAP; i++) {
        uint32_t pixel = i % MAP / MAP_CHANNELS, c = i % MAP_CHANNELS;
        uint64_t element = c * SIDE * SIDE + pixel;
        uint64_t seed = op->seed[i / MAP];
        double a = op->mask ? op->mask[i / MAP_CHANNELS] / 255.0 : 0;
        double z = op->draw == 0 ? (double)cedm_normal_f32(seed, element, 0)
                                 : cedm_normal_f64(seed, element, op->draw);
        double v = op->scale * (op->image[i] / 127.5 - 1) + op->noise * z;
        op->x[i] = a < 1 ? a * op->x[i] + (1 - a) * v : op->x[i];
    }
}

static inline void gaussian_load(cedm_exec *exec, const cedm_load *op)
{
    gaussian *g = exec->pool;
    g->load = *op;
}

/* The network's only op; what it computes is used by `unload`. */
static inline void gaussian_embed(void *ctx, const cedm_embed *op)
{
    gaussian *g = ctx;
    (void)op;
    for (uint32_t i = 0; i < g->load.n; i++) {
        double share = g->load.share ? (double)g->load.share[i] : 0;
        double own = gaussian_mean(g->load.cluster[i]);
        g->mean[i] = share > 0 ? (1 - share) * own +
                                     share * gaussian_mean(g->load.other[i])
                               : own;
    }
    if (g->passes++ == g->poisoned_pass) {
        g->mean[g->load.n - 1] = (double)NAN;
    }
}

/* The network's output for an input, c_in y.  EDM: F = (sigma / h) (mean / s)
 * with h = 1 / c_in = sqrt(sigma^2 + s^2), so that c_out F = sigma^2 mean /
 * h^2; sigma / h = c_out / s.  The others have |c_out| = sigma and c_skip = 1:
 * F = (D - y) / c_out. */
static inline double gaussian_network(const gaussian *g, double input,
                                      double c_out, uint32_t image)
{
    double s2 = SIGMA_DATA * SIGMA_DATA, v = c_out * c_out;
    double y = g->precond == CEDM_PRECOND_VE ? input : input * sqrt(1 + v);
    if (g->precond == CEDM_PRECOND_EDM) {
        return c_out / SIGMA_DATA * g->mean[image] / SIGMA_DATA;
    }
    return v / (s2 + v) * (g->mean[image] - y) / c_out;
}

static inline void gaussian_unload(cedm_exec *exec, const cedm_unload *op)
{
    const gaussian *g = exec->pool;
    for (uint32_t i = 0; i < op->n * MAP; i++) {
        uint32_t image = i / MAP;
        double f = gaussian_network(g, g->load.c_in[image] * g->load.x[i],
                                    op->c_out[image], image);
        double d = op->c_skip[image] * op->x[i] + op->c_out[image] * f;
        d = op->weight == 0 ? d : op->weight * d;
        op->dst[i] = op->first ? d : op->dst[i] + d;
    }
}

static inline void gaussian_euler(cedm_exec *exec, const cedm_euler *op)
{
    (void)exec;
    for (uint32_t i = 0; i < op->n * MAP; i++) {
        double d = (op->s * op->x[i] - op->denoised[i]) / op->t;
        op->d[i] = d;
        op->next[i] = op->x[i] + op->h * d;
    }
}

static inline void gaussian_heun(cedm_exec *exec, const cedm_heun *op)
{
    (void)exec;
    for (uint32_t i = 0; i < op->n * MAP; i++) {
        double d = (op->s * op->next[i] - op->denoised[i]) / op->t;
        op->next[i] = op->x[i] + op->h * (op->d[i] + d) / 2;
    }
}

static inline void gaussian_combine(cedm_exec *exec, const cedm_combine *op)
{
    (void)exec;
    for (uint32_t i = 0; i < op->n * MAP; i++) {
        double after[CEDM_STATE_MAPS] = {0};
        for (uint32_t j = 0; j < CEDM_STATE_MAPS; j++) {
            for (uint32_t k = 0; k < CEDM_STATE_MAPS; k++) {
                if (op->weight[j][k] != 0) {
                    after[j] += op->weight[j][k] * op->map[k][i];
                }
            }
        }
        for (uint32_t j = 0; j < CEDM_STATE_MAPS; j++) {
            op->map[j][i] = after[j];
        }
    }
}

static inline void gaussian_to_image(cedm_exec *exec, const cedm_to_image *op)
{
    (void)exec;
    for (uint32_t i = 0; i < op->n * MAP; i++) {
        op->dst[i] = (uint8_t)fmin(fmax(127.5 * op->x[i] + 128, 0), 255);
    }
}

static const cedm_ops gaussian_ops = {.embed = gaussian_embed};

/* Their notes are the exec's pool. */
static const cedm_sampler_ops gaussian_sampler = {
    .noise = gaussian_noise,
    .load = gaussian_load,
    .unload = gaussian_unload,
    .euler = gaussian_euler,
    .heun = gaussian_heun,
    .to_image = gaussian_to_image,
    .combine = gaussian_combine,
    .from_image = gaussian_from_image,
};

static inline void gaussian_size_embed(void *ctx, const cedm_embed *op)
{
    (void)ctx;
    (void)op;
}

static const cedm_ops gaussian_sizes = {.embed = gaussian_size_embed};

static inline void gaussian_eval(const cedm_ops *ops, void *ctx)
{
    static const cedm_embed embed = {.id = 0};
    ops->embed(ctx, &embed);
}

/* To be wired by denoiser_model_wire where it stays. */
static inline denoiser_model gaussian_model(uint32_t label_dim)
{
    denoiser_model m = {
        .model = {.abi = CEDM_MODEL_ABI,
                  .size = sizeof(cedm_model),
                  .name = "gaussian",
                  .graph = {.op_count = 1, .eval = gaussian_eval}},
        .denoiser = {.resolution = SIDE,
                     .channels = MAP_CHANNELS,
                     .label_dim = label_dim,
                     .sigma_data = SIGMA_DATA,
                     .sigma_max = 1e308,
                     .features = {.channels = 16,
                                  .endpoint = 1,
                                  .freqs = CEDM_NONE}},
    };
    return m;
}

/* A model, a network in an arena, and its notes. */
typedef struct gaussian_net {
    denoiser_model m;
    gaussian notes;
    cedm_backend backend;
    cedm_net net;
    void *arena;
} gaussian_net;

/* NULL if something fails. */
static inline gaussian_net *gaussian_new(uint32_t label_dim, uint32_t batch)
{
    gaussian_net *g = calloc(1, sizeof *g);
    if (g == NULL) {
        return NULL;
    }
    g->m = gaussian_model(label_dim);
    denoiser_model_wire(&g->m, 64);
    g->notes.poisoned_pass = -1;
    g->backend = (cedm_backend){
        .name = "gaussian",
        .run = &gaussian_ops,
        .sizes = &gaussian_sizes,
        .sampler = &gaussian_sampler,
    };
    size_t bytes = (size_t)cedm_arena_bytes(&g->m.model, batch, 1);
    g->arena = aligned_alloc(CEDM_ALIGN, bytes);
    cedm_blob blob = {.model = &g->m.model};
    cedm_net_config config = cedm_net_config_default();
    config.backend = &g->backend;
    config.arena = g->arena;
    config.arena_bytes = bytes;
    config.batch = batch;
    config.pool = &g->notes;
    if (g->arena == NULL || cedm_net_init(&g->net, &blob, &config) != 0) {
        free(g->arena);
        free(g);
        return NULL;
    }
    g->net.ctx = &g->notes;
    return g;
}

static inline void gaussian_free(gaussian_net *g)
{
    free(g->arena);
    free(g);
}

#endif
