/* SPDX-License-Identifier: MIT
 *
 * turn.c - a network on a GPU on request, so that it can take turns with
 * those of another program (bench/peers).
 *
 *     build/bench/gpu_turn M.so PRECISION BATCH STEPS INPUTS
 *
 * INPUTS is as for inputs.h.  Commands and answers are those of
 * bench/peers/peer.py: `sample` draws seeds 0 and on, and the images come to
 * the host.  `latents BATCH FILE` writes the float32 latents of those seeds,
 * [n][C][H][W]. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "bench/inputs.h"
#include "bench/gpu/gpu_open.h"

const char gpu_program[] = "gpu_turn";

static void evaluate(gpu_model *m, const inputs *in)
{
    gpu_check(m, "denoise",
              cedm_cuda_denoise(m->net, in->x, in->sigma, in->cluster, in->n,
                                in->out));
}

/* A state before any step is the latents times the first noise level: the
 * division gives back the float. */
static void latents(gpu_model *m, inputs *in, const char *path)
{
    uint64_t *seeds = gpu_array(in->n, sizeof *seeds);
    size_t size = (size_t)in->n * in->area * in->channels;
    double sigma = cedm_sigma(&m->config.params, 0);

    for (uint32_t i = 0; i < in->n; i++) {
        seeds[i] = i;
    }
    gpu_check(m, "begin", cedm_cuda_begin(m->net, seeds, NULL, in->n));
    gpu_check(m, "state", cedm_cuda_state(m->net, in->out));
    for (size_t i = 0; i < size; i++) {
        in->out[i] /= sigma;
    }
    write_planes(in, path);
    free(seeds);
}

static void measure(gpu_model *m, const inputs *in, bool sample,
                    unsigned count)
{
    uint8_t *images = gpu_array((size_t)in->n * in->area, in->channels);

    printf("{\"seconds\": [");
    for (unsigned i = 0; i < count; i++) {
        double start = bench_now(CLOCK_MONOTONIC);

        if (sample) {
            gpu_sample(m, images);
        } else {
            evaluate(m, in);
        }
        printf("%s%.9f", i > 0 ? ", " : "",
               bench_now(CLOCK_MONOTONIC) - start);
    }
    printf("]}\n");
    free(images);
}

static void serve(gpu_model *m, inputs *in)
{
    char line[4096], word[8], last[4000];
    unsigned batch;

    while (fgets(line, sizeof line, stdin) != NULL) {
        if (sscanf(line, "%7s %u %3999s", word, &batch, last) != 3 ||
            batch != in->n) {
            gpu_stop(line, "wanted a command, the batch, a file or count");
        }
        if (strcmp(word, "check") == 0) {
            evaluate(m, in);
            write_planes(in, last);
            puts("{\"done\": true}");
        } else if (strcmp(word, "latents") == 0) {
            latents(m, in, last);
            puts("{\"done\": true}");
        } else if (strcmp(word, "sample") == 0) {
            measure(m, in, true, 1);
        } else {
            measure(m, in, false, (unsigned)strtoul(last, NULL, 10));
        }
        fflush(stdout);
    }
}

int main(int argc, char **argv)
{
    static gpu_model m;
    inputs in;

    if (argc != 6) {
        fprintf(stderr,
                "gpu_turn: wanted M.so PRECISION BATCH STEPS INPUTS\n");
        return 2;
    }
    gpu_load(&m, argv[1]);
    gpu_open(&m, gpu_precision(argv[2]), 0,
             (uint32_t)strtoul(argv[3], NULL, 10),
             (uint32_t)strtoul(argv[4], NULL, 10));
    in = read_inputs(m.code, m.config.batch, argv[5]);
    evaluate(&m, &in);
    printf("{\"version\": \"cedm %s, %s, %s\"}\n", CEDM_VERSION, argv[2],
           m.device.name);
    fflush(stdout);
    serve(&m, &in);
    gpu_close(&m);
    return 0;
}
