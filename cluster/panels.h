/* SPDX-License-Identifier: MIT
 *
 * panels.h - matrices packed for products, as vector_kernels.h says. */
#ifndef CEDM_CLUSTER_PANELS_H
#define CEDM_CLUSTER_PANELS_H

#include "cluster/vector_kernels.h"

static inline uint32_t cluster_panels(uint64_t columns)
{
    return (uint32_t)((columns + CLUSTER_PANEL - 1) / CLUSTER_PANEL);
}

/* Floats of a packed matrix. */
static inline size_t cluster_packed(uint64_t columns, size_t k)
{
    return (size_t)cluster_panels(columns) * k * CLUSTER_PANEL;
}

/* Packs vectors as columns: column c is src + c * step, k floats.  Columns
 * that fill the last panel become zero. */
void cluster_pack(float *panels, const float *src, size_t step,
                  uint32_t columns, uint32_t k);

/* The transpose of a packed matrix, packed: rows become columns.  `columns`
 * of `from` are rows of `to`, k rows of `from` its columns, and what does
 * not exist is zero on both sides.  to is cluster_packed(k, columns). */
void cluster_pack_transposed(float *to, const float *from, uint32_t columns,
                             uint32_t k);

#endif
