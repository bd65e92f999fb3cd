/* SPDX-License-Identifier: MIT
 *
 * heads_read.c - heads read from our files and TEMI's. */
#include "cluster/heads_read.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define NAME_MAX_BYTES 128u

/* What may stand before "heads.": ours and a TEMI model's, a teacher's in a
 * checkpoint, heads alone. */
static const char *const prefixes[] = {
    "head.", "teacher.head.", "teacher.module.head.", "teacher.", ""};

static const cg_array *find(const cg_file *file, const char *prefix,
                            uint32_t head, const char *name)
{
    char whole[NAME_MAX_BYTES];

    (void)snprintf(whole, sizeof whole, "%sheads.%" PRIu32 ".%s", prefix,
                   head, name);
    return cg_find(file, whole);
}

static const char *prefix_of(const cg_file *file)
{
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        if (find(file, prefixes[i], 0, "mlp.0.weight") != NULL) {
            return prefixes[i];
        }
    }
    return NULL;
}

bool cluster_heads_there(const cg_file *file)
{
    return prefix_of(file) != NULL;
}

static bool set_shape(cluster_heads_file *h, const cg_file *file,
                      const char *prefix, host_failure *f)
{
    const cg_array *first = find(file, prefix, 0, "mlp.0.weight");
    const cg_array *second = find(file, prefix, 0, "mlp.2.weight");
    const cg_array *last = find(file, prefix, 0, "last_layer.weight_v");

    if (second == NULL || last == NULL || first->rank != 2 ||
        second->rank != 2 || last->rank != 2 || first->elements == 0 ||
        second->elements == 0 || last->elements == 0 ||
        first->shape[1] > 1u << 20 || first->shape[0] > 16384 ||
        second->shape[0] > 16384 || last->shape[0] > 1u << 20) {
        return host_fail(f,
                         "%s: wanted heads of two layers and a last one, "
                         "as TEMI's",
                         file->path);
    }
    h->layout = cluster_head_layout_of((cluster_head_shape){
        (uint32_t)first->shape[1], (uint32_t)first->shape[0],
        (uint32_t)second->shape[0], (uint32_t)last->shape[0]});
    while (find(file, prefix, h->heads, "mlp.0.weight") != NULL) {
        h->heads++;
    }
    return true;
}

static bool set_best(cluster_heads_file *h, const cg_file *file,
                     const char *prefix, host_failure *f)
{
    char name[NAME_MAX_BYTES];

    (void)snprintf(name, sizeof name, "%sbest_head_idx", prefix);
    const cg_array *best = cg_find(file, name);

    if (best == NULL && h->heads == 1) {
        return true;
    }
    const double value =
        best != NULL && best->elements == 1 ? cg_element(best, 0) : -1.0;

    if (!(value >= 0.0 && value < h->heads)) {
        return host_fail(f,
                         "%s: %" PRIu32 " heads, and %s does not say which "
                         "is the best",
                         file->path, h->heads, name);
    }
    h->best = (uint32_t)value;
    return true;
}

static bool take_tensor(cluster_heads_file *h, const cg_file *file,
                        const char *prefix, const cluster_head_place *p,
                        host_failure *f)
{
    const cg_array *a = find(file, prefix, h->best, p->name);
    const uint64_t elements = (uint64_t)p->rows * p->columns;

    if (a == NULL || a->elements != elements) {
        return host_fail(f,
                         "%s: heads.%" PRIu32 ".%s: wanted %" PRIu64
                         " elements, got %" PRIu64,
                         file->path, h->best, p->name, elements,
                         a != NULL ? a->elements : 0);
    }
    float *values = malloc(elements * sizeof *values);

    if (values == NULL) {
        return host_fail(f, "%s: out of memory", file->path);
    }
    bool good = true;

    for (uint64_t i = 0; good && i < elements; i++) {
        values[i] = (float)cg_element(a, i);
        good = isfinite(values[i]) ||
               host_fail(f,
                         "%s: heads.%" PRIu32 ".%s: element %" PRIu64
                         " is not finite",
                         file->path, h->best, p->name, i);
    }
    if (good) {
        cluster_head_set(p, h->best_head, values);
    }
    free(values);
    return good;
}

/* mean, or 1 / deviation, of every feature: NULL if the file has none. */
static bool take_row(float **out, const cg_file *file, const char *name,
                     uint32_t width, bool inverse, host_failure *f)
{
    const cg_array *a = cg_find(file, name);

    if (a == NULL) {
        return true;
    }
    if (a->elements != width) {
        return host_fail(f,
                         "%s: %s: wanted %" PRIu32 " elements, got %" PRIu64,
                         file->path, name, width, a->elements);
    }
    *out = malloc(width * sizeof **out);
    if (*out == NULL) {
        return host_fail(f, "%s: out of memory", file->path);
    }
    for (uint32_t i = 0; i < width; i++) {
        const double value = cg_element(a, i);

        if (!isfinite(value)) {
            return host_fail(f, "%s: %s: element %" PRIu32 " is not finite",
                             file->path, name, i);
        }
        (*out)[i] = (float)(!inverse      ? value
                            : value > 0.0 ? 1.0 / value
                                          : 0.0);
    }
    return true;
}

bool cluster_heads_read(cluster_heads_file *h, const cg_file *file,
                        host_failure *f)
{
    const char *prefix = prefix_of(file);
    bool good;

    *h = (cluster_heads_file){0};
    good = set_shape(h, file, prefix, f) && set_best(h, file, prefix, f);
    h->best_head =
        good ? calloc(h->layout.floats, sizeof *h->best_head) : NULL;
    good = good && (h->best_head != NULL ||
                    host_fail(f, "%s: out of memory", file->path));
    for (uint32_t i = 0; good && i < CLUSTER_HEAD_COUNT; i++) {
        good = take_tensor(h, file, prefix, &h->layout.tensors[i], f);
    }
    return good &&
           take_row(&h->shift, file, "embed_mean", h->layout.shape.width,
                    false, f) &&
           take_row(&h->scale, file, "embed_std", h->layout.shape.width, true,
                    f);
}

void cluster_heads_close(cluster_heads_file *h)
{
    free(h->best_head);
    free(h->shift);
    free(h->scale);
    *h = (cluster_heads_file){0};
}
