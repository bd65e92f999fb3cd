/* SPDX-License-Identifier: MIT
 *
 * heads_write.c - heads on disk, under the names of TEMI's checkpoints. */
#include "tools/cluster/heads_write.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "host/files/arrays_write.h"

#define NAME_MAX_BYTES 128u

/* Arrays of all heads with names of their own. */
typedef struct heads_arrays {
    host_array *arrays;
    char (*names)[NAME_MAX_BYTES];
    float *values;
    size_t count;
} heads_arrays;

static void add_head(heads_arrays *h, const cluster_temi *t, uint32_t head,
                     float **at)
{
    for (uint32_t i = 0; i < CLUSTER_HEAD_COUNT; i++) {
        const cluster_head_place *p = &t->layout.tensors[i];
        const bool vector = p->columns == 1 && i != CLUSTER_HEAD_g;

        (void)snprintf(h->names[h->count], NAME_MAX_BYTES,
                       "head.heads.%" PRIu32 ".%s", head, p->name);
        h->arrays[h->count] = (host_array){h->names[h->count],
                                           CG_F32,
                                           vector ? 1 : 2,
                                           {p->rows, p->columns},
                                           *at};
        cluster_head_get(p, cluster_temi_teacher(t, head), *at);
        *at += (size_t)p->rows * p->columns;
        h->count++;
    }
}

bool cluster_heads_write(const char *path, const cluster_temi *t,
                         const float *mean, const float *deviation,
                         const char *about, host_failure *f)
{
    const uint32_t heads = t->options.heads;
    const size_t most = (size_t)heads * CLUSTER_HEAD_COUNT + 3;
    const int64_t best = t->best;
    const uint64_t width = t->layout.shape.width;
    const cg_metadata note = {"cedm.cluster", about};
    heads_arrays h = {malloc(most * sizeof *h.arrays),
                      malloc(most * sizeof *h.names),
                      malloc(heads * t->layout.floats * sizeof *h.values), 0};
    float *at = h.values;
    bool good = (h.arrays != NULL && h.names != NULL && h.values != NULL) ||
                host_fail(f, "%s: out of memory", path);

    for (uint32_t i = 0; good && i < heads; i++) {
        add_head(&h, t, i, &at);
    }
    if (good) {
        h.arrays[h.count++] =
            (host_array){"head.best_head_idx", CG_I64, 0, {0}, &best};
    }
    if (good && mean != NULL) {
        h.arrays[h.count++] =
            (host_array){"embed_mean", CG_F32, 1, {width}, mean};
        h.arrays[h.count++] =
            (host_array){"embed_std", CG_F32, 1, {width}, deviation};
    }
    good = good && host_arrays_write(path, h.arrays, h.count, &note, 1, f);
    free(h.arrays);
    free(h.names);
    free(h.values);
    return good;
}
