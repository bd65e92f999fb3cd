/* SPDX-License-Identifier: MIT
 *
 * inputs.h - what compare.py and compare_gpu.py give to a network: a folder
 * with x.f32 [n][C][H][W], sigma.f32 [n] and labels.f32 [n][label_dim],
 * one-hot. */
#ifndef CEDM_BENCH_INPUTS_H
#define CEDM_BENCH_INPUTS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "cedm.h"

typedef struct inputs {
    cedm_real *x, *out, *sigma; /* x, out: [n][H][W][C] */
    float *planes;              /* [n][C][H][W] */
    int32_t *cluster;
    uint32_t n, channels, area;
} inputs;

static inline void inputs_stop(const char *what, const char *where)
{
    fprintf(stderr, "%s: %s\n", where, what);
    exit(1);
}

static inline void *inputs_array(size_t count, size_t size)
{
    void *memory = calloc(count, size);

    if (memory == NULL) {
        inputs_stop("out of memory", "inputs");
    }
    return memory;
}

static inline float *read_floats(const char *folder, const char *name,
                                 size_t count)
{
    float *values = inputs_array(count, sizeof *values);
    char path[4096];
    FILE *file;

    (void)snprintf(path, sizeof path, "%s/%s.f32", folder, name);
    file = fopen(path, "rb");
    if (file == NULL || fread(values, sizeof *values, count, file) != count) {
        inputs_stop("cannot be read, or is too short", path);
    }
    fclose(file);
    return values;
}

/* Index of value c of pixel i in image k of [n][C][H][W]. */
static inline size_t plane(const inputs *in, uint32_t k, uint32_t i,
                           uint32_t c)
{
    return ((size_t)k * in->channels + c) * in->area + i;
}

static inline size_t pixel(const inputs *in, uint32_t k, uint32_t i,
                           uint32_t c)
{
    return ((size_t)k * in->area + i) * in->channels + c;
}

static inline void transpose(inputs *in, bool to_planes)
{
    for (uint32_t k = 0; k < in->n; k++) {
        for (uint32_t i = 0; i < in->area; i++) {
            for (uint32_t c = 0; c < in->channels; c++) {
                size_t a = plane(in, k, i, c), b = pixel(in, k, i, c);

                if (to_planes) {
                    in->planes[a] = (float)in->out[b];
                } else {
                    in->x[b] = (cedm_real)in->planes[a];
                }
            }
        }
    }
}

static inline inputs read_inputs(const cedm_model *code, uint32_t n,
                                 const char *folder)
{
    uint32_t area = code->denoiser->resolution * code->denoiser->resolution;
    size_t size = (size_t)n * area * code->denoiser->channels;
    inputs in = {.n = n, .channels = code->denoiser->channels, .area = area};
    float *sigma = read_floats(folder, "sigma", n);
    float *labels =
        read_floats(folder, "labels", (size_t)n * code->denoiser->label_dim);

    in.x = inputs_array(size, sizeof *in.x);
    in.out = inputs_array(size, sizeof *in.out);
    in.sigma = inputs_array(n, sizeof *in.sigma);
    in.cluster = inputs_array(n, sizeof *in.cluster);
    in.planes = read_floats(folder, "x", size);
    transpose(&in, false);
    for (uint32_t k = 0; k < n; k++) {
        in.sigma[k] = (cedm_real)sigma[k];
        in.cluster[k] = -1;
        for (uint32_t c = 0; c < code->denoiser->label_dim; c++) {
            if (labels[(size_t)k * code->denoiser->label_dim + c] > 0.5f) {
                in.cluster[k] = (int32_t)c;
            }
        }
    }
    free(sigma);
    free(labels);
    return in;
}

/* Writes `out` as floats, [n][C][H][W]. */
static inline void write_planes(inputs *in, const char *path)
{
    size_t size = (size_t)in->n * in->area * in->channels;
    FILE *file = fopen(path, "wb");

    transpose(in, true);
    if (file == NULL ||
        fwrite(in->planes, sizeof *in->planes, size, file) != size ||
        fclose(file) != 0) {
        inputs_stop("cannot be written", path);
    }
}

#endif
