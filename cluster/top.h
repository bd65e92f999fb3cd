/* SPDX-License-Identifier: MIT
 *
 * top.h - the k best of scores that come one by one: a heap whose root is
 * the worst of them.
 *
 * Higher values are better; of equal ones the lower index is.  So the k best
 * are the same in whatever order they come. */
#ifndef CEDM_CLUSTER_TOP_H
#define CEDM_CLUSTER_TOP_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct cluster_scored {
    float value; /* not NaN */
    uint32_t index;
} cluster_scored;

static inline bool cluster_better(cluster_scored a, cluster_scored b)
{
    return a.value > b.value || (a.value == b.value && a.index < b.index);
}

/* k places that everything is better than. */
static inline void cluster_top_clear(cluster_scored *top, uint32_t k)
{
    for (uint32_t i = 0; i < k; i++) {
        top[i] = (cluster_scored){-INFINITY, UINT32_MAX};
    }
}

/* Puts `item` at the root of a heap of k and moves it to its place. */
static inline void cluster_top_sink(cluster_scored *top, uint32_t k,
                                    cluster_scored item)
{
    uint32_t at = 0, child;

    while ((child = 2 * at + 1) < k) {
        if (child + 1 < k && cluster_better(top[child], top[child + 1])) {
            child++;
        }
        if (!cluster_better(item, top[child])) {
            break;
        }
        top[at] = top[child];
        at = child;
    }
    top[at] = item;
}

/* Takes an item if it is better than the worst. */
static inline void cluster_top_offer(cluster_scored *top, uint32_t k,
                                     cluster_scored item)
{
    if (cluster_better(item, top[0])) {
        cluster_top_sink(top, k, item);
    }
}

/* From the best to the worst; after that it is no heap. */
static inline void cluster_top_sort(cluster_scored *top, uint32_t k)
{
    for (uint32_t n = k; n > 1; n--) {
        const cluster_scored worst = top[0];

        cluster_top_sink(top, n - 1, top[n - 1]);
        top[n - 1] = worst;
    }
}

#endif
