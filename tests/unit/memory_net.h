/* SPDX-License-Identifier: MIT
 *
 * memory_net.h - a random checkpoint in memory, and its program run on a
 * backend without generated code: for tests of what lies between the two. */
#ifndef CEDM_MEMORY_NET_H
#define CEDM_MEMORY_NET_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codegen/codegen.h"
#include "codegen/ir/memory.h"

static uint64_t rng;

static inline uint32_t draw(uint32_t below)
{
    rng = rng * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(rng >> 33) % below;
}

static inline double uniform(void) /* variance 1 */
{
    return ((double)draw(1u << 30) / (double)(1u << 30) - 0.5) * 3.4641016;
}

/* ---- a checkpoint in memory -------------------------------------------- */

static inline int by_name(const void *a, const void *b)
{
    return strcmp(((const cg_array *)a)->name, ((const cg_array *)b)->name);
}

static inline void fill(float *data, const cg_spec *spec, uint64_t elements,
                        const double *h, uint32_t taps)
{
    uint64_t fan_in = spec->rank > 1 ? elements / spec->shape[0] : 10;
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

static inline cg_file make_file(cg_memory *m, const char *json,
                                const double *h, uint32_t taps)
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

/* ---- the fused program --------------------------------------------------- */

static inline float *blob_data(cg_memory *m, const cg_program *p)
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
                out[to] =
                    a == NULL ? part->values[j] : (float)cg_element(a, j);
            }
            out += part->elements;
        }
    }
    return data;
}

static inline void *aligned(size_t bytes)
{
    void *p = aligned_alloc(64, (size_t)CEDM_ALIGN_UP(bytes) + 64);
    assert_non_null(p);
    memset(p, 0xff, (size_t)CEDM_ALIGN_UP(bytes) + 64); /* NaN everywhere */
    return p;
}

static inline void run_fused(const cg_program *p, const cedm_backend *backend,
                             const float *data, uint32_t n,
                             const double *features, const double *image,
                             const int32_t *cluster, float *out)
{
    uint32_t size = p->denoiser.resolution * p->denoiser.resolution;
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
        cedm_prepare_ctx ctx = {.data = copy,
                                .weights = weights,
                                .used = CEDM_ALIGN_UP(p->op_count * 4u)};
        cg_run(p, backend->prepare, &ctx);
        assert_true(ctx.used <= p->weights_bytes);
        e.weights = weights;
    }
    float *f =
        e.f32 +
        (size_t)e.batch * CEDM_REF_OFFSET(p->inputs[CEDM_INPUT_FEATURES].ref);
    float *x = e.f32 + (size_t)e.batch *
                           CEDM_REF_OFFSET(p->inputs[CEDM_INPUT_IMAGE].ref);
    for (uint32_t i = 0; i < n * p->denoiser.features.channels; i++) {
        f[i] = (float)features[i];
    }
    for (uint32_t i = 0; i < n * size * p->denoiser.channels; i++) {
        uint32_t image_i = i / (size * p->denoiser.channels);
        uint32_t c = i % p->denoiser.channels,
                 at = i / p->denoiser.channels % size;
        x[i] = (float)image[(image_i * p->denoiser.channels + c) * size + at];
    }
    cg_run(p, backend->run, &e);
    memcpy(out, e.f32 + (size_t)e.batch * CEDM_REF_OFFSET(p->outputs[0].ref),
           (size_t)n * size * p->denoiser.channels * 4);
    free(copy);
    free(e.act);
    free(e.f32);
    free(e.scratch);
    free(weights);
}

#endif
