/* SPDX-License-Identifier: MIT
 *
 * heads.c - where the tensors of a head lie, and their initial values. */
#include "cluster/heads.h"

#include <math.h>
#include <string.h>

#include "cluster/panels.h"
#include "cluster/draws.h"

static uint32_t whole(uint32_t n)
{
    return cluster_panels(n) * CLUSTER_PANEL;
}

cluster_head_layout cluster_head_layout_of(cluster_head_shape shape)
{
    const uint32_t one = 1;
    cluster_head_layout l = {
        .shape = shape,
        .hidden = whole(shape.hidden),
        .bottleneck = whole(shape.bottleneck),
        .clusters = whole(shape.clusters),
    };
    const struct {
        uint32_t width, hidden, bottleneck, clusters, one;
    } given = {shape.width, shape.hidden, shape.bottleneck, shape.clusters,
               one},
      inner = {shape.width, l.hidden, l.bottleneck, l.clusters, one};
    cluster_head_place *place = l.tensors;

#define PLACE(file_name, member, row_count, column_count, is_decayed)        \
    *place = (cluster_head_place){                                           \
        .name = file_name,                                                   \
        .rows = given.row_count,                                             \
        .columns = given.column_count,                                       \
        .inner = inner.column_count,                                         \
        .at = l.floats,                                                      \
        .decayed = is_decayed,                                               \
        .floats = cluster_packed(given.row_count, inner.column_count),       \
    };                                                                       \
    l.floats += place->floats;                                               \
    place++;
    CLUSTER_HEAD_TENSORS(PLACE)
#undef PLACE
    return l;
}

/* Where element (row, column) lies in a head. */
static size_t element(const cluster_head_place *p, uint32_t row,
                      uint32_t column)
{
    return p->at + row % CLUSTER_PANEL +
           CLUSTER_PANEL *
               ((size_t)(row / CLUSTER_PANEL) * p->inner + column);
}

void cluster_head_get(const cluster_head_place *place, const float *head,
                      float *tensor)
{
    for (uint32_t row = 0; row < place->rows; row++) {
        for (uint32_t column = 0; column < place->columns; column++) {
            *tensor++ = head[element(place, row, column)];
        }
    }
}

void cluster_head_set(const cluster_head_place *place, float *head,
                      const float *tensor)
{
    memset(head + place->at, 0, place->floats * sizeof *head);
    for (uint32_t row = 0; row < place->rows; row++) {
        for (uint32_t column = 0; column < place->columns; column++) {
            head[element(place, row, column)] = *tensor++;
        }
    }
}

/* ---- initial values ----------------------------------------------------- */

static float initial(const cluster_head_layout *l, uint32_t tensor,
                     const host_random_key *key, uint32_t i)
{
    double normal[2];

    switch (tensor) {
    case CLUSTER_HEAD_w1:
    case CLUSTER_HEAD_w2:
        host_random_normal(key, i, normal);
        return (float)(0.02 * normal[0]);
    case CLUSTER_HEAD_v:
        return (float)((2.0 * host_random_uniform(key, i) - 1.0) /
                       sqrt((double)l->shape.bottleneck));
    case CLUSTER_HEAD_g: return 1.0f;
    default: return 0.0f;
    }
}

void cluster_head_init(const cluster_head_layout *l, uint32_t seed,
                       uint32_t index, float *head)
{
    host_random_key key = {
        .seed = seed, .purpose = CLUSTER_DRAW_WEIGHTS, .image = index};

    memset(head, 0, l->floats * sizeof *head);
    for (uint32_t t = 0; t < CLUSTER_HEAD_COUNT; t++) {
        const cluster_head_place *p = &l->tensors[t];
        uint32_t i = 0;

        key.step = t;
        for (uint32_t row = 0; row < p->rows; row++) {
            for (uint32_t column = 0; column < p->columns; column++) {
                head[element(p, row, column)] = initial(l, t, &key, i++);
            }
        }
    }
}
