/* SPDX-License-Identifier: MIT
 *
 * panels.c - packing, a square of panels at a time: a source's cache line is
 * read once and a panel's written once. */
#include "cluster/panels.h"

#include <string.h>

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

void cluster_pack(float *panels, const float *src, size_t step,
                  uint32_t columns, uint32_t k)
{
    for (uint32_t first = 0; first < columns; first += CLUSTER_PANEL) {
        const uint32_t n = smaller(columns - first, CLUSTER_PANEL);
        float *panel = panels + (size_t)first * k;

        if (n < CLUSTER_PANEL) {
            memset(panel, 0, (size_t)k * CLUSTER_PANEL * sizeof *panel);
        }
        for (uint32_t row = 0; row < k; row += CLUSTER_PANEL) {
            const uint32_t end = row + smaller(k - row, CLUSTER_PANEL);

            for (uint32_t c = 0; c < n; c++) {
                const float *from = src + (first + c) * step;

                for (uint32_t i = row; i < end; i++) {
                    panel[(size_t)i * CLUSTER_PANEL + c] = from[i];
                }
            }
        }
    }
}

void cluster_pack_transposed(float *to, const float *from, uint32_t columns,
                             uint32_t k)
{
    for (uint32_t row = 0; row < k; row += CLUSTER_PANEL) {
        float *panel = to + (size_t)row * columns;
        const uint32_t n = smaller(k - row, CLUSTER_PANEL);

        for (uint32_t c = 0; c < columns; c++, panel += CLUSTER_PANEL) {
            const float *column =
                from + c % CLUSTER_PANEL +
                ((size_t)(c / CLUSTER_PANEL) * k + row) * CLUSTER_PANEL;

            for (uint32_t i = 0; i < CLUSTER_PANEL; i++) {
                panel[i] = i < n ? column[(size_t)i * CLUSTER_PANEL] : 0.0f;
            }
        }
    }
}
