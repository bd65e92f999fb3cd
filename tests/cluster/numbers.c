/* SPDX-License-Identifier: MIT
 *
 * numbers.c - random numbers and kernels for the tests of clustering. */
#include "tests/cluster/numbers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "cedm.h"
#include "host/execution/pool.h"

double numbers_uniform(uint32_t seed, uint64_t i)
{
    uint64_t z = ((uint64_t)seed << 40) + (i + 1) * 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u; /* splitmix64 */
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (double)((z ^ z >> 31) >> 11) * 0x1p-53;
}

void numbers_fill(float *out, size_t n, uint32_t seed)
{
    for (size_t i = 0; i < n; i++) {
        out[i] = (float)(2.0 * numbers_uniform(seed, i) - 1.0);
    }
}

uint32_t numbers_kernels(const cluster_kernels *out[NUMBERS_KERNELS_MAX])
{
    uint32_t count = 0;

    out[count++] = cluster_kernels_for(0);
    for (uint32_t bit = 1; bit <= CEDM_ISA_ALL; bit <<= 1) {
        const cluster_kernels *kernels = cluster_kernels_for(bit);

        if (kernels != out[0]) {
            assert_in_range(count, 1, NUMBERS_KERNELS_MAX - 1);
            out[count++] = kernels;
        }
    }
    return count;
}

cluster_workers numbers_workers(uint32_t threads,
                                const cluster_kernels *kernels)
{
    host_failure f = HOST_FAILURE_UNSAID;
    cluster_workers w = {.count = threads, .kernels = kernels};

    if (threads > 1) {
        w.pool = host_pool_open(threads, threads, &f);
        assert_non_null(w.pool);
        w.parallel_for = host_pool_for;
    }
    return w;
}

void numbers_close(cluster_workers *workers)
{
    host_pool_close(workers->pool);
}
