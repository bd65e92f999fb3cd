/* SPDX-License-Identifier: MIT
 *
 * resize.c - time to resize an image of bytes, weights included, on one
 * thread.
 *
 *     build/bench/resize [FROM TO]      default: 1024 64
 *
 * bench/peers/resize.py runs it in turns with Pillow. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/bench.h"
#include "runtime/resize.h"

typedef struct job {
    cedm_resize_shape shape;
    uint8_t *src, *dst;
    void *scratch;
} job;

static void run(void *arg)
{
    const job *j = arg;
    cedm_resize resize;

    cedm_resize_u8_init(&resize, &j->shape, j->scratch, 1);
    cedm_resize_u8(&resize, j->dst, j->src, (size_t)j->shape.in_width * 3,
                   NULL, NULL);
}

static bool time_filter(uint32_t filter, uint32_t from, uint32_t to)
{
    static const char *const names[CEDM_RESIZE_FILTERS] = {
        "box", "bilinear", "hamming", "bicubic", "lanczos"};
    job j = {.shape = {filter, 3, from, from, to, to}};
    bool good;

    j.scratch = malloc(cedm_resize_u8_bytes(&j.shape, 1));
    j.src = malloc((size_t)from * from * 3);
    j.dst = malloc((size_t)to * to * 3);
    good = j.scratch != NULL && j.src != NULL && j.dst != NULL;
    for (size_t i = 0; good && i < (size_t)from * from * 3; i++) {
        j.src[i] = (uint8_t)(i * 2654435761u >> 16);
    }
    if (good) {
        bench_times t = bench_run(CLOCK_THREAD_CPUTIME_ID, run, &j);

        printf("%s %.3f\n", names[filter], t.min * 1e3);
    }
    free(j.scratch);
    free(j.src);
    free(j.dst);
    return good;
}

int main(int argc, char **argv)
{
    unsigned long from = argc == 3 ? strtoul(argv[1], NULL, 10) : 1024;
    unsigned long to = argc == 3 ? strtoul(argv[2], NULL, 10) : 64;
    bool good = from >= 1 && from <= 8192 && to >= 1 && to <= 8192;

    for (uint32_t filter = 0; good && filter < CEDM_RESIZE_FILTERS;
         filter++) {
        good = time_filter(filter, (uint32_t)from, (uint32_t)to);
    }
    return good ? 0 : 1;
}
