/* SPDX-License-Identifier: MIT
 *
 * heads.h - clustering heads of TEMI [TEMI]: from features to logits of
 * clusters.
 *
 *   z = W2 gelu(W1 x + b1) + b2,  n = z / max(|z|, 1e-12),
 *   logit[c] = g[c] (v[c] / |v[c]|) . n
 *
 * The parameters of a head are one array of floats, its matrices packed for
 * products (vector_kernels.h) and every extent rounded up to whole panels;
 * what is only there to fill them is 0 and stays 0. */
#ifndef CEDM_CLUSTER_HEADS_H
#define CEDM_CLUSTER_HEADS_H

#include "cluster/feature_rows.h"

typedef struct cluster_head_shape {
    uint32_t width;  /* of the features, 1.. */
    uint32_t hidden; /* 1..16384, as the next */
    uint32_t bottleneck;
    uint32_t clusters; /* 1..2^20 */
} cluster_head_shape;

/* Tensors of a head in the order of the array; X(name in files after
 * "heads.I.", member, rows, columns, decayed).  Rows are outputs; columns 1
 * is a vector. */
#define CLUSTER_HEAD_TENSORS(X)                                              \
    X("mlp.0.weight", w1, hidden, width, true)                               \
    X("mlp.0.bias", b1, hidden, one, false)                                  \
    X("mlp.2.weight", w2, bottleneck, hidden, true)                          \
    X("mlp.2.bias", b2, bottleneck, one, false)                              \
    X("last_layer.weight_v", v, clusters, bottleneck, true)                  \
    X("last_layer.weight_g", g, clusters, one, true)

enum cluster_head_tensor {
#define CLUSTER_HEAD_ENUM(name, member, rows, columns, decayed)              \
    CLUSTER_HEAD_##member,
    CLUSTER_HEAD_TENSORS(CLUSTER_HEAD_ENUM)
#undef CLUSTER_HEAD_ENUM
        CLUSTER_HEAD_COUNT
};

/* Where a tensor lies: rows [rows] packed as columns of a matrix whose k is
 * `inner`. */
typedef struct cluster_head_place {
    const char *name;
    uint32_t rows, columns; /* as in a file */
    uint32_t inner;         /* columns, rounded up except those of features */
    size_t at, floats;      /* in the array */
    bool decayed;           /* by AdamW */
} cluster_head_place;

/* All of them, and the extents rounded up. */
typedef struct cluster_head_layout {
    cluster_head_shape shape;
    uint32_t hidden, bottleneck, clusters;
    cluster_head_place tensors[CLUSTER_HEAD_COUNT];
    size_t floats; /* of a head */
} cluster_head_layout;

cluster_head_layout cluster_head_layout_of(cluster_head_shape shape);

/* A tensor as in a file, [rows][columns], from a head's array and back. */
void cluster_head_get(const cluster_head_place *place, const float *head,
                      float *tensor);
void cluster_head_set(const cluster_head_place *place, float *head,
                      const float *tensor);

/* Initial values: W normal with deviation 0.02, b 0, v uniform in
 * +-1 / sqrt(bottleneck), g 1; every head its own. */
void cluster_head_init(const cluster_head_layout *l, uint32_t seed,
                       uint32_t index, float *head);

/* ---- evaluation --------------------------------------------------------- */

/* The packed last layer, g v / |v|, floats of tensor v; and factor [clusters
 * rounded up] = g / |v|, 0 where v is. */
void cluster_head_directions(const cluster_head_layout *l, const float *head,
                             float *directions, float *factor);

/* Arrays that a row passes through; a matrix [columns] for some rows is kept
 * as panels of columns, [columns / 16][stride][16]. */
typedef struct cluster_head_states {
    size_t stride; /* rows */
    float *before; /* [hidden]: W1 x + b1 */
    float *after;  /* [hidden]: its gelu */
    float *normal; /* [bottleneck]: n */
    float *length; /* [rows]: max(|z|, 1e-12) */
    float *logits; /* [rows][clusters], row by row; clusters that do not
                        exist: minus infinity */
} cluster_head_states;

/* Evaluates a head for rows first .. first + n - 1 of x, [..][width], and of
 * the states.  directions are those of the head. */
void cluster_head_forward(const cluster_head_layout *l, const float *head,
                          const float *directions,
                          const cluster_kernels *kernels, const float *x,
                          uint32_t first, uint32_t n,
                          const cluster_head_states *s);

/* The cluster with the largest logit of every row, [rows]; the lowest among
 * equals. */
bool cluster_head_assign(const cluster_head_layout *l, const float *head,
                         const cluster_rows *rows, const cluster_workers *w,
                         int32_t *ids, host_failure *f);

#endif
