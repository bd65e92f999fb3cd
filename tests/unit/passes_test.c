/* SPDX-License-Identifier: MIT
 *
 * passes_test.c - the passes change nothing but speed: for random
 * configurations the graph as built, evaluated layer by layer in float64 by
 * the plain meaning of each layer, against the fused and placed program on
 * every backend. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arch/arch.h"
#include "pass/pass.h"

static uint64_t rng;

static uint32_t draw(uint32_t below)
{
    rng = rng * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(rng >> 33) % below;
}

static double uniform(void) /* variance 1 */
{
    return ((double)draw(1u << 30) / (double)(1u << 30) - 0.5) * 3.4641016;
}

/* ---- a checkpoint in memory -------------------------------------------- */

static int by_name(const void *a, const void *b)
{
    return strcmp(((const cg_array *)a)->name, ((const cg_array *)b)->name);
}

static void fill(float *data, const cg_spec *spec, uint64_t elements,
                 const double *h, uint32_t taps)
{
    uint64_t fan_in = spec->rank > 1 ? elements / spec->shape[0] : 100;
    double sum = 0.0;
    for (uint32_t i = 0; i < taps; i++) {
        sum += h[i];
    }
    for (uint64_t i = 0; i < elements; i++) {
        if (strstr(spec->name, "resample_filter") != NULL) {
            data[i] = (float)(h[i / taps] * h[i % taps] / (sum * sum));
        } else if (strstr(spec->name, "norm") != NULL && spec->rank == 1 &&
                   strstr(spec->name, ".weight") != NULL) {
            data[i] = (float)(1.0 + 0.2 * uniform());
        } else {
            data[i] = (float)(uniform() / sqrt((double)fan_in));
        }
    }
}

static cg_file make_file(cg_memory *m, const char *json, const double *h,
                         uint32_t taps)
{
    cg_error error = {""};
    size_t count = 0;
    cg_spec *specs = cg_expected(json, &count, &error);
    if (specs == NULL) {
        fail_msg("%s\n%s", error.text, json);
    }
    cg_file file = {.path = "memory", .array_count = count};
    file.arrays = cg_take(m, count, sizeof(cg_array));
    file.metadata = cg_take(m, 1, sizeof(cg_metadata));
    file.metadata[0].key = "cedm.config";
    file.metadata[0].value = json;
    file.metadata_count = 1;
    for (size_t i = 0; i < count; i++) {
        cg_array *a = &file.arrays[i];
        a->name = cg_format(m, "%s", specs[i].name);
        a->dtype = CG_F32;
        a->rank = specs[i].rank;
        a->elements = 1;
        for (int r = 0; r < a->rank; r++) {
            a->shape[r] = specs[i].shape[r];
            a->elements *= a->shape[r];
        }
        float *data = cg_take(m, a->elements, sizeof(float));
        fill(data, &specs[i], a->elements, h, taps);
        a->data = (const unsigned char *)data;
    }
    cg_expected_free(specs, count);
    qsort(file.arrays, count, sizeof(cg_array), by_name);
    return file;
}

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
    return inside ? map[(c * n->height + (uint32_t)y) * n->width +
                        (uint32_t)x]
                  : 0.0;
}

static double conv_at(const eval *e, const cg_node *n, uint32_t o, int y,
                      int x)
{
    const cg_node *in = &e->g->nodes[n->in[0]];
    const double *map = e->value[n->in[0]];
    double sum = weight(e, n->bias, o);
    uint32_t k = n->kernel;
    for (uint32_t c = 0; c < in->channels; c++) {
        for (uint32_t t = 0; t < k * k; t++) {
            int sy = y * (int)n->stride + (int)(t / k) - (int)n->pad;
            int sx = x * (int)n->stride + (int)(t % k) - (int)n->pad;
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
    int taps = (int)e->g->taps, pad = (int)n->pad;
    double sum = 0.0;
    for (int i = 0; i < taps * taps; i++) {
        int a = i / taps, b = i % taps;
        double f = e->h[a] * e->h[b];
        if (n->mode == CEDM_RESAMPLE_DOWN) {
            sum += f * pixel(map, in, c, 2 * y - pad + a, 2 * x - pad + b);
        } else if ((y + pad - a) % 2 == 0 && (x + pad - b) % 2 == 0) {
            sum += 4.0 * f * pixel(map, in, c, (y + pad - a) / 2,
                                   (x + pad - b) / 2);
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
            out[g * size + i] = (x[g * size + i] - mean) /
                                    sqrt(var + (double)n->eps) *
                                    weight(e, n->weight, c) +
                                weight(e, n->bias, c);
        }
    }
}

/* q, k, v interleaved per channel, as the reference lays them out. */
static void attention(const eval *e, const cg_node *n, double *out)
{
    const double *x = e->value[n->in[0]];
    uint32_t t = n->height * n->width, c = n->channels;
    double *p = cg_take(e->m, t, sizeof(double));
    for (uint32_t i = 0; i < t; i++) {
        double sum = 0.0;
        for (uint32_t j = 0; j < t; j++) {
            double dot = 0.0;
            for (uint32_t k = 0; k < c; k++) {
                dot += x[(3 * k) * t + i] * x[(3 * k + 1) * t + j];
            }
            p[j] = exp(dot / sqrt((double)c));
            sum += p[j];
        }
        for (uint32_t k = 0; k < c; k++) {
            double o = 0.0;
            for (uint32_t j = 0; j < t; j++) {
                o += p[j] / sum * x[(3 * k + 2) * t + j];
            }
            out[k * t + i] = o;
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
        sum += sqrt((double)e->label_dim) *
               weight(e, n->weight,
                      c * e->label_dim + (uint32_t)e->cluster);
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
    case CG_EMBED:
        return embed_at(e, n, c);
    case CG_LINEAR:
        return linear_at(e, n, c);
    case CG_CONV:
        return conv_at(e, n, c, y, x);
    case CG_RESAMPLE:
        return resample_at(e, n, c, y, x);
    case CG_SILU:
        return a[c * size + i] / (1.0 + exp(-a[c * size + i]));
    case CG_ADD_VECTOR:
        return a[c * size + i] + b[c];
    case CG_ADD:
        return a[c * size + i] + b[c * size + i];
    case CG_SCALE:
        return a[c * size + i] * (double)n->scale;
    case CG_CONCAT:
        return c < first ? a[c * size + i] : b[(c - first) * size + i];
    case CG_IMAGE:
    case CG_FEATURES:
    case CG_GROUP_NORM:
    case CG_ATTENTION:
        break;
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
        if (n->kind == CG_FEATURES || n->kind == CG_IMAGE) {
            memcpy(out, n->kind == CG_IMAGE ? image : features,
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

/* ---- the fused program --------------------------------------------------- */

static float *blob_data(cg_memory *m, const cg_program *p)
{
    float *data = cg_take(m, p->data_elements, sizeof(float));
    for (uint32_t i = 0; i < p->param_count; i++) {
        float *out = data + p->params[i].offset;
        for (uint32_t k = 0; k < p->params[i].part_count; k++) {
            const cg_part *part = &p->params[i].parts[k];
            const cg_array *a = part->array;
            uint64_t rows = a == NULL ? 1 : a->shape[0];
            uint64_t row = part->elements / rows;
            for (uint64_t j = 0; j < part->elements; j++) {
                uint64_t r = j / row, c = j % row, to = j;
                if (part->layout == CG_LAYOUT_CONV) {
                    uint64_t k2 = a->shape[2] * a->shape[3];
                    to = r * row + c % k2 * a->shape[1] + c / k2;
                } else if (part->layout == CG_LAYOUT_QKV) {
                    to = (r % 3 * (rows / 3) + r / 3) * row + c;
                } else if (part->layout == CG_LAYOUT_TRANSPOSE) {
                    to = c * rows + r;
                }
                out[to] = a == NULL ? part->values[j]
                                    : (float)cg_element(a, j);
            }
            out += part->elements;
        }
    }
    return data;
}

static void *aligned(size_t bytes)
{
    void *p = aligned_alloc(64, (size_t)CEDM_ALIGN_UP(bytes) + 64);
    assert_non_null(p);
    memset(p, 0xff, (size_t)CEDM_ALIGN_UP(bytes) + 64); /* NaN everywhere */
    return p;
}

static void run_fused(const cg_program *p, const cedm_backend *backend,
                      const float *data, uint32_t n, const double *features,
                      const double *image, const int32_t *cluster,
                      float *out)
{
    uint32_t size = p->resolution * p->resolution;
    cedm_exec e = {.batch = n + 1, .n = n, .workers = 1, .cluster = cluster};
    float *copy = aligned(p->data_elements * 4);
    memcpy(copy, data, p->data_elements * 4);
    e.data = copy;
    e.act = aligned((size_t)e.batch * p->act.elements * 4);
    e.f32 = aligned((size_t)e.batch * p->f32.elements * 4);
    e.scratch_stride = (size_t)CEDM_ALIGN_UP(p->scratch_bytes);
    e.scratch = aligned(e.scratch_stride);
    unsigned char *weights = aligned((size_t)p->weights_bytes);
    if (backend->prepare != NULL) {
        cedm_prepare_ctx ctx = {copy, weights,
                                CEDM_ALIGN_UP(p->op_count * 4u)};
        cg_run(p, backend->prepare, &ctx);
        assert_true(ctx.used <= p->weights_bytes);
        e.weights = weights;
    }
    float *f = e.f32 + (size_t)e.batch * CEDM_REF_OFFSET(p->features_ref);
    float *x = e.f32 + (size_t)e.batch * CEDM_REF_OFFSET(p->input_ref);
    for (uint32_t i = 0; i < n * p->features.channels; i++) {
        f[i] = (float)features[i];
    }
    for (uint32_t i = 0; i < n * size * p->channels; i++) {
        uint32_t image_i = i / (size * p->channels);
        uint32_t c = i % p->channels, at = i / p->channels % size;
        x[i] = (float)image[(image_i * p->channels + c) * size + at];
    }
    cg_run(p, backend->run, &e);
    memcpy(out, e.f32 + (size_t)e.batch * CEDM_REF_OFFSET(p->output_ref),
           (size_t)n * size * p->channels * 4);
    free(copy);
    free(e.act);
    free(e.f32);
    free(e.scratch);
    free(weights);
}

/* ---- random configurations ------------------------------------------------ */

static const char *random_config(cg_memory *m, double *h, uint32_t *taps)
{
    static const double filters[4][6] = {
        {1, 1}, {1, 3, 3, 1}, {1, 2, 4, 1}, {1, -2, 6, 5, 3, 1}};
    static const uint32_t lengths[4] = {2, 4, 4, 6};
    static const char *const encoders[] = {"standard", "skip", "residual"};
    uint32_t f = draw(4), levels = 1 + draw(3);
    uint32_t unit = 1 + draw(3);
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
    uint32_t size = p->resolution * p->resolution;
    double diff = 0.0, norm = 0.0;
    for (uint32_t c = 0; c < p->channels; c++) {
        for (uint32_t i = 0; i < size; i++) {
            double w = wanted[c * size + i];
            double d = (double)got[i * p->channels + c] - w;
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
    const char *json = random_config(m, taps, &count);
    cg_file file = make_file(m, json, taps, count);
    cg_program *p = cg_build(&file, &error);
    if (p == NULL) {
        fail_msg("%s\n%s", error.text, json);
    }
    assert_int_equal(p->act.elements, p->act.lower_bound);

    cg_config config;
    cg_graph graph = {.memory = m};
    cg_state state = {.file = &file, .path = "memory", .memory = m,
                      .error = &error};
    assert_true(cg_config_parse(&config, "memory", json, &error));
    assert_true(cg_song_build(&config, &state, &graph));
    uint32_t image_size = p->channels * p->resolution * p->resolution;
    double *features = cg_take(m, 2 * p->features.channels, sizeof(double));
    double *image = cg_take(m, 2 * image_size, sizeof(double));
    int32_t cluster[2] = {-1, (int32_t)p->label_dim - 1};
    for (uint32_t i = 0; i < 2 * p->features.channels; i++) {
        features[i] = (double)(float)uniform();
    }
    for (uint32_t i = 0; i < 2 * image_size; i++) {
        image[i] = (double)(float)uniform();
    }
    const cedm_backend *backends[2] = {cedm_backend_portable(),
                                       cedm_backend_cpu(CEDM_ISA_ALL)};
    float *data = blob_data(m, p);
    eval e = {.g = &graph, .m = m, .label_dim = p->label_dim};
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
            evaluate(&e, features + i * p->features.channels,
                     image + i * image_size);
            compare(p, backends[b], out + i * image_size,
                    e.value[graph.output], json);
        }
    }
    cg_program_free(p);
    cg_memory_free(m);
}

static void fused_equals_plain(void **unused)
{
    (void)unused;
    for (uint64_t seed = 1; seed <= 60; seed++) {
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
