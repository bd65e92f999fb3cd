/* SPDX-License-Identifier: MIT
 *
 * passes_test.c - the passes change nothing but speed: for random
 * configurations the graph as built, evaluated layer by layer in float64 by
 * the plain meaning of each layer, against the fused and placed program on
 * every backend. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codegen/arch/arch.h"
#include "tests/unit/memory_net.h"
#include "codegen/pass/pass.h"

/* ---- the plain meaning of each layer, float64, NCHW --------------------- */

typedef struct eval {
    const cg_graph *g;
    cg_memory *m;
    double **value; /* [node], [C][H][W] */
    double h[CEDM_MAX_TAPS];
    int cluster;
    uint32_t label_dim;
} eval;

static double weight(const eval *e, int param, uint64_t i)
{
    return param < 0 ? 0.0
                     : cg_element(e->g->params[param].parts[0].array, i);
}

static double pixel(const double *map, const cg_node *n, uint32_t c, int y,
                    int x)
{
    bool inside = y >= 0 && x >= 0 && y < (int)n->height && x < (int)n->width;
    return inside
               ? map[(c * n->height + (uint32_t)y) * n->width + (uint32_t)x]
               : 0.0;
}

static double conv_at(const eval *e, const cg_node *n, uint32_t o, int y,
                      int x)
{
    const cg_node *in = &e->g->nodes[n->in[0]];
    const double *map = e->value[n->in[0]];
    double sum = weight(e, n->bias, o);
    uint32_t k = n->kernel[0];
    for (uint32_t c = 0; c < in->channels; c++) {
        for (uint32_t t = 0; t < k * k; t++) {
            int sy = y * (int)n->stride + (int)(t / k) - (int)n->pad[0];
            int sx = x * (int)n->stride + (int)(t % k) - (int)n->pad[0];
            sum += weight(e, n->weight, (o * in->channels + c) * k * k + t) *
                   pixel(map, in, c, sy, sx);
        }
    }
    return sum;
}

static double resample_at(const eval *e, const cg_node *n, uint32_t c, int y,
                          int x)
{
    const cg_node *in = &e->g->nodes[n->in[0]];
    const double *map = e->value[n->in[0]];
    int taps = (int)e->g->taps, pad = (int)n->pad[0];
    double sum = 0.0;
    for (int i = 0; i < taps * taps; i++) {
        int a = i / taps, b = i % taps;
        double f = e->h[a] * e->h[b];
        if (n->mode == CEDM_RESAMPLE_DOWN) {
            sum += f * pixel(map, in, c, 2 * y - pad + a, 2 * x - pad + b);
        } else if ((y + pad - a) % 2 == 0 && (x + pad - b) % 2 == 0) {
            sum += 4.0 * f *
                   pixel(map, in, c, (y + pad - a) / 2, (x + pad - b) / 2);
        }
    }
    return sum;
}

static void group_norm(const eval *e, const cg_node *n, double *out)
{
    const double *x = e->value[n->in[0]];
    uint32_t size = n->channels / n->groups * n->height * n->width;
    for (uint32_t g = 0; g < n->groups; g++) {
        double mean = 0.0, var = 0.0;
        for (uint32_t i = 0; i < size; i++) {
            mean += x[g * size + i] / size;
        }
        for (uint32_t i = 0; i < size; i++) {
            double d = x[g * size + i] - mean;
            var += d * d / size;
        }
        for (uint32_t i = 0; i < size; i++) {
            uint32_t c = (g * size + i) / (n->height * n->width);
            double y = (x[g * size + i] - mean) / sqrt(var + (double)n->eps) *
                           weight(e, n->weight, c) +
                       weight(e, n->bias, c);
            const double *v = n->in[1] < 0 ? NULL : e->value[n->in[1]];
            out[g * size + i] =
                v == NULL ? y : y * (1.0 + v[c]) + v[n->channels + c];
        }
    }
}

/* q, k, v interleaved per channel, as the reference lays them out; the
 * channels of a head are neighbours. */
static void attention(const eval *e, const cg_node *n, double *out)
{
    const double *x = e->value[n->in[0]];
    uint32_t t = n->height * n->width, d = n->channels / n->heads;
    double *p = cg_take(e->m, t, sizeof(double));
    for (uint32_t r = 0; r < n->heads * t; r++) {
        uint32_t i = r % t, first = r / t * d;
        double sum = 0.0;
        for (uint32_t j = 0; j < t; j++) {
            double dot = 0.0;
            for (uint32_t k = first; k < first + d; k++) {
                dot += x[(3 * k) * t + i] * x[(3 * k + 1) * t + j];
            }
            p[j] = exp(dot / sqrt((double)d));
            sum += p[j];
        }
        for (uint32_t k = first; k < first + d; k++) {
            out[k * t + i] = 0.0;
            for (uint32_t j = 0; j < t; j++) {
                out[k * t + i] += p[j] / sum * x[(3 * k + 2) * t + j];
            }
        }
    }
}

static double linear_at(const eval *e, const cg_node *n, uint32_t o)
{
    uint32_t in = e->g->nodes[n->in[0]].channels;
    double sum = weight(e, n->bias, o);
    for (uint32_t i = 0; i < in; i++) {
        sum += weight(e, n->weight, o * in + i) * e->value[n->in[0]][i];
    }
    return sum;
}

static double embed_at(const eval *e, const cg_node *n, uint32_t c)
{
    double sum = e->value[n->in[0]][c] + weight(e, n->bias, c);
    if (e->cluster >= 0) {
        sum += (double)n->scale *
               weight(e, n->weight, c * e->label_dim + (uint32_t)e->cluster);
    }
    return sum;
}

static double element_at(const eval *e, const cg_node *n, uint32_t c,
                         uint32_t i, uint32_t size)
{
    const double *a = e->value[n->in[0]];
    const double *b = n->in[1] < 0 ? NULL : e->value[n->in[1]];
    uint32_t first = e->g->nodes[n->in[0]].channels;
    int y = (int)(i / n->width), x = (int)(i % n->width);
    switch (n->kind) {
    case CG_EMBED: return embed_at(e, n, c);
    case CG_LINEAR: return linear_at(e, n, c);
    case CG_CONV: return conv_at(e, n, c, y, x);
    case CG_RESAMPLE: return resample_at(e, n, c, y, x);
    case CG_SILU: return a[c * size + i] / (1.0 + exp(-a[c * size + i]));
    case CG_ADD_VECTOR: return a[c * size + i] + b[c];
    case CG_ADD: return a[c * size + i] + b[c * size + i];
    case CG_SCALE: return a[c * size + i] * (double)n->scale;
    case CG_CONCAT:
        return c < first ? a[c * size + i] : b[(c - first) * size + i];
    case CG_INPUT:
    case CG_GROUP_NORM:
    case CG_ATTENTION: break;
    /* of encoders, which their golden files compare */
    case CG_PREPROCESS:
    case CG_TOKENS:
    case CG_LAYER_NORM:
    case CG_GELU:
    case CG_RELU:
    case CG_GATE:
    case CG_POOL:
    case CG_JOIN: break;
    }
    fail_msg("node kind %d has no meaning here", (int)n->kind);
    return 0.0;
}

static void evaluate(eval *e, const double *features, const double *image)
{
    for (int i = 0; i < e->g->count; i++) {
        const cg_node *n = &e->g->nodes[i];
        uint32_t size = n->height * n->width;
        double *out = cg_take(e->m, n->channels * size, sizeof(double));
        e->value[i] = out;
        if (n->kind == CG_INPUT) {
            memcpy(out, n->port == CEDM_INPUT_IMAGE ? image : features,
                   n->channels * size * sizeof(double));
        } else if (n->kind == CG_GROUP_NORM) {
            group_norm(e, n, out);
        } else if (n->kind == CG_ATTENTION) {
            attention(e, n, out);
        } else {
            for (uint32_t k = 0; k < n->channels * size; k++) {
                out[k] = element_at(e, n, k / size, k % size, size);
            }
        }
    }
}

/* ---- random configurations --------------------------------------------- */

static const char *random_adm(cg_memory *m, double *h, uint32_t *taps)
{
    uint32_t levels = 1 + draw(2), unit = 3 - levels + draw(2);
    *taps = 2;
    h[0] = h[1] = 1.0;
    return cg_format(
        m,
        "{\"model_type\":\"DhariwalUNet\",\"precond\":\"EDMPrecond\","
        "\"img_resolution\":%u,\"img_channels\":%u,\"label_dim\":%u,"
        "\"augment_dim\":%u,\"model_channels\":%u,\"channel_mult\":[%s],"
        "\"channel_mult_emb\":%u,\"num_blocks\":%u,"
        "\"attn_resolutions\":[%u]}",
        unit << (levels - 1), 1 + draw(4), draw(3) * 2, draw(2) * 9,
        32 * (1 + draw(2)), levels == 1 ? "2" : "1,2", 1 + draw(4),
        1 + draw(2), unit << draw(levels));
}

static const char *random_song(cg_memory *m, double *h, uint32_t *taps)
{
    static const double filters[4][6] = {
        {1, 1}, {1, 3, 3, 1}, {1, 2, 4, 1}, {1, -2, 6, 5, 3, 1}};
    static const uint32_t lengths[4] = {2, 4, 4, 6};
    static const char *const encoders[] = {"standard", "skip", "residual"};
    uint32_t f = draw(4), levels = 1 + draw(3);
    /* maps of one pixel, but not an image of one: its norms have no scale */
    uint32_t unit = levels > 1 ? 1 + draw(3) : 2 + draw(2);
    char filter[64] = "", mult[32] = "";
    *taps = lengths[f];
    memcpy(h, filters[f], sizeof filters[f]);
    for (uint32_t i = 0; i < *taps; i++) {
        (void)snprintf(filter + strlen(filter), 16, "%s%g", i ? "," : "",
                       h[i]);
    }
    for (uint32_t i = 0; i < levels; i++) {
        (void)snprintf(mult + strlen(mult), 8, "%s%u", i ? "," : "",
                       1 + draw(2));
    }
    uint32_t resolution = unit << (levels - 1);
    return cg_format(
        m,
        "{\"model_type\":\"SongUNet\",\"precond\":\"EDMPrecond\","
        "\"img_resolution\":%u,\"img_channels\":%u,\"label_dim\":%u,"
        "\"augment_dim\":%u,\"model_channels\":%u,\"channel_mult\":[%s],"
        "\"channel_mult_emb\":%u,\"channel_mult_noise\":%u,"
        "\"num_blocks\":%u,\"attn_resolutions\":[%u],"
        "\"embedding_type\":\"%s\",\"encoder_type\":\"%s\","
        "\"decoder_type\":\"%s\",\"resample_filter\":[%s]}",
        resolution, 1 + draw(4), draw(3) * 2, draw(2) * 9, 4 * (1 + draw(5)),
        mult, 1 + draw(4), 1 + draw(2), 1 + draw(2), unit << draw(levels),
        draw(2) ? "fourier" : "positional", encoders[draw(3)],
        draw(2) ? "skip" : "standard", filter);
}

static void compare(const cg_program *p, const cedm_backend *backend,
                    const float *got, const double *wanted, const char *json)
{
    uint32_t size = p->denoiser.resolution * p->denoiser.resolution;
    double diff = 0.0, norm = 0.0;
    for (uint32_t c = 0; c < p->denoiser.channels; c++) {
        for (uint32_t i = 0; i < size; i++) {
            double w = wanted[c * size + i];
            double d = (double)got[i * p->denoiser.channels + c] - w;
            diff += d * d;
            norm += w * w;
        }
    }
    /* float32 rounding, amplified by norms over as few as three values; a
     * wrong fusion errs by more than 1e-2. */
    if (!(sqrt(diff / norm) < 5e-5)) {
        fail_msg("%s: relative RMS error %g\n%s", backend->name,
                 sqrt(diff / norm), json);
    }
}

static void check_config(uint64_t seed)
{
    rng = seed;
    cg_memory *m = cg_memory_new();
    cg_error error = {""};
    double taps[CEDM_MAX_TAPS] = {0}, sum = 0.0;
    uint32_t count;
    const char *json = draw(4) == 0 ? random_adm(m, taps, &count)
                                    : random_song(m, taps, &count);
    cg_file file = make_file(m, json, taps, count);
    cg_program *p = cg_build(&file, NULL, &error);
    if (p == NULL) {
        fail_msg("%s\n%s", error.text, json);
    }
    assert_int_equal(p->act.elements, p->act.lower_bound);

    cg_graph graph = {.memory = m};
    cg_state state = {
        .file = &file, .path = "memory", .memory = m, .error = &error};
    assert_non_null(cg_arch_build(json, &state, &graph));
    uint32_t image_size = p->denoiser.channels * p->denoiser.resolution *
                          p->denoiser.resolution;
    double *features =
        cg_take(m, 2 * p->denoiser.features.channels, sizeof(double));
    double *image = cg_take(m, 2 * image_size, sizeof(double));
    int32_t cluster[2] = {-1, (int32_t)p->denoiser.label_dim - 1};
    for (uint32_t i = 0; i < 2 * p->denoiser.features.channels; i++) {
        features[i] = (double)(float)uniform();
    }
    for (uint32_t i = 0; i < 2 * image_size; i++) {
        image[i] = (double)(float)uniform();
    }
    const cedm_backend *backends[2] = {cedm_backend_portable(),
                                       cedm_backend_cpu(CEDM_ISA_ALL)};
    float *data = blob_data(m, p);
    eval e = {.g = &graph, .m = m, .label_dim = p->denoiser.label_dim};
    for (uint32_t i = 0; i < count; i++) {
        sum += taps[i];
    }
    for (uint32_t i = 0; i < count; i++) {
        e.h[i] = taps[i] / sum;
    }
    for (int b = 0; b < 2; b++) {
        float *out = cg_take(m, 2 * image_size, sizeof(float));
        run_fused(p, backends[b], data, 2, features, image, cluster, out);
        for (uint32_t i = 0; i < 2; i++) {
            e.cluster = cluster[i];
            e.value = cg_take(m, (size_t)graph.count, sizeof(double *));
            evaluate(&e, features + i * p->denoiser.features.channels,
                     image + i * image_size);
            compare(p, backends[b], out + i * image_size,
                    e.value[graph.outputs[0]], json);
        }
    }
    cg_program_free(p);
    cg_memory_free(m);
}

/* A sanitizer finds nothing in the plain evaluation, which takes the time. */
#ifdef __SANITIZE_ADDRESS__
#define CONFIGURATIONS 20
#else
#define CONFIGURATIONS 60
#endif

static void fused_equals_plain(void **unused)
{
    (void)unused;
    for (uint64_t seed = 1; seed <= CONFIGURATIONS; seed++) {
        check_config(seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fused_equals_plain),
    };
    return cmocka_run_group_tests_name("passes", tests, NULL, NULL);
}
