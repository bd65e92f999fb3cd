/* SPDX-License-Identifier: MIT
 *
 * verify_activations.c - the output of every module for one golden item. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "host/verify/activations.h"
#include "host/verify/verify.h"

#define LIMIT 1e-5        /* relative RMS; why: docs/NUMERICS.md */
#define HALF_LIMIT 5e-3   /* with weights of 16 bits */
#define PAIRED_LIMIT 2e-2 /* of a CPU's products of bfloat16 */
#define ITEM 2 /* of NAME.golden, whose activations were recorded */

/* NAME.golden.safetensors beside NAME.activations.safetensors, whose item
 * was recorded. */
static cg_file *open_inputs(const host_verify *v, host_failure *f)
{
    static const char from[] = ".activations.";
    static const char to[] = ".golden.";
    const char *at = strstr(v->golden->path, from);
    size_t size = strlen(v->golden->path) + sizeof to;
    char *path = at != NULL ? malloc(size) : NULL;
    if (path == NULL) {
        host_fail(f, "%s: wanted a file named NAME.activations.safetensors",
                  v->golden->path);
        return NULL;
    }
    snprintf(path, size, "%.*s%s%s", (int)(at - v->golden->path),
             v->golden->path, to, at + strlen(from));
    cg_file *file = host_golden_open(path, f);
    free(path);
    return file;
}

static host_activation *read_activations(const host_verify *v,
                                         host_failure *f)
{
    size_t count = v->golden->array_count;
    host_activation *list = calloc(count + 1, sizeof *list);
    for (size_t i = 0; list != NULL && i < count; i++) {
        const cg_array *array = &v->golden->arrays[i];
        list[i].name = array->name;
        list[i].elements = (size_t)array->elements;
        list[i].values = host_golden_maps(v->golden, array, f);
    }
    return list;
}

static void free_activations(host_activation *list, size_t count)
{
    for (size_t i = 0; list != NULL && i < count; i++) {
        free(list[i].values);
    }
    free(list);
}

/* Elements ITEM of the arrays that make an input. */
static bool read_input(host_verify *v, const cg_file *file, double **x,
                       double *sigma, int32_t *cluster, host_failure *f)
{
    const cg_array *maps = host_golden_array(file, "x", 4, 0, f);
    const cg_array *level = host_golden_array(file, "sigma", 1, 0, f);
    if (maps == NULL || level == NULL) {
        return false;
    }
    uint64_t n = maps->shape[0];
    if (n <= ITEM || maps->elements != n * v->pixels ||
        level->elements != n) {
        return host_fail(f, "%s: the inputs are those of another model",
                         file->path);
    }
    *x = host_golden_maps(file, maps, f);
    *sigma = cg_element(level, ITEM);
    int32_t *clusters = host_verify_clusters(file, "cluster", n, f);
    if (clusters == NULL) {
        return false;
    }
    *cluster = clusters[ITEM];
    free(clusters);
    return *x != NULL;
}

static double limit_of(const host_verify *v)
{
    return v->paired ? PAIRED_LIMIT : v->half ? HALF_LIMIT : LIMIT;
}

static bool compare_all(host_verify *v, const double *x, double sigma,
                        int32_t cluster, host_failure *f)
{
    size_t count = v->golden->array_count;
    host_activation *list = read_activations(v, f);
    bool good = list != NULL && host_activations_compare(
                                    &v->runner->cpu, x + ITEM * v->pixels,
                                    sigma, cluster, list, count, f);
    for (size_t i = 0; good && i < count; i++) {
        const host_activation *a = &list[i];
        host_verify_judge(v, a->name, a->found,
                          a->seen ? a->found.rms : (double)INFINITY,
                          host_verify_limit(v, limit_of(v)));
    }
    free_activations(list, count);
    return good;
}

/* A table of functions looks at what each op wrote; a GPU has none. */
static bool open_on_cpu(host_verify *v, host_failure *f)
{
    cedm_sampler_params params = v->model.sampler;
    if (v->device != NULL && v->device->kind == HOST_DEVICE_CUDA) {
        return host_bad_usage(f, "--mode activations: wanted --device cpu");
    }
    v->device = NULL;
    return host_verify_open_runner(v, 1, &params, f);
}

bool host_verify_activations(host_verify *v, host_failure *f)
{
    if (!host_model_is(&v->model, false, f)) {
        return false;
    }
    double *x = NULL;
    double sigma = 0;
    int32_t cluster = 0;
    cg_file *inputs = open_inputs(v, f);
    bool good = inputs != NULL &&
                read_input(v, inputs, &x, &sigma, &cluster, f) &&
                open_on_cpu(v, f) && compare_all(v, x, sigma, cluster, f);
    cg_close(inputs);
    free(x);
    return good;
}
