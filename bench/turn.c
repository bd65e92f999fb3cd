/* SPDX-License-Identifier: MIT
 *
 * turn.c - evaluations of a network on request, so that they can take turns
 * with those of another program (bench/peers).
 *
 *     build/bench/turn M.so BATCH THREADS INPUTS
 *
 * INPUTS is a folder with x.f32 [n][C][H][W], sigma.f32 [n] and labels.f32
 * [n][label_dim], n >= BATCH, one-hot.  Commands and answers are those of
 * bench/peers/peer.py.  The first answer has the seconds that opening took:
 * `load` maps the model and checks all its bytes, `prepare` makes the
 * backend's weights and the arena. */
#include <stdint.h>

#include "bench/bench.h"
#include "host/execution/engine.h"
#include "bench/inputs.h"

static void stop(const char *what, const char *where)
{
    fprintf(stderr, "turn: %s: %s\n", where, what);
    exit(HOST_EXIT_FAILED);
}

static void evaluate(host_engine *e, const inputs *in)
{
    cedm_status status =
        cedm_denoise(&e->net, in->x, in->sigma, in->cluster, in->n, in->out);

    if (status != CEDM_OK) {
        stop(cedm_status_text(status), e->model->label);
    }
}

static void check(host_engine *e, inputs *in, const char *path)
{
    evaluate(e, in);
    write_planes(in, path);
    printf("{\"done\": true}\n");
}

static void measure(host_engine *e, const inputs *in, unsigned count)
{
    printf("{\"seconds\": [");
    for (unsigned i = 0; i < count; i++) {
        double start = bench_now(CLOCK_MONOTONIC);

        evaluate(e, in);
        printf("%s%.9f", i > 0 ? ", " : "",
               bench_now(CLOCK_MONOTONIC) - start);
    }
    printf("]}\n");
}

static void serve(host_engine *e, inputs *in)
{
    char line[4096], word[8], last[4000];
    uint32_t batch;

    evaluate(e, in); /* the first one touches the arena's pages */
    while (fgets(line, sizeof line, stdin) != NULL) {
        if (sscanf(line, "%7s %u %3999s", word, &batch, last) != 3 ||
            batch != in->n) {
            stop("wanted check or time, the batch, and a file or count",
                 line);
        }
        if (strcmp(word, "check") == 0) {
            check(e, in, last);
        } else {
            measure(e, in, (unsigned)strtoul(last, NULL, 10));
        }
        fflush(stdout);
    }
}

int main(int argc, char **argv)
{
    host_engine_config config = {0};
    host_failure f = HOST_FAILURE_UNSAID;
    host_model m = {0};
    static host_engine e;
    inputs in;
    double start = bench_now(CLOCK_MONOTONIC), loaded;

    if (argc != 5) {
        fprintf(stderr, "turn: wanted M.so BATCH THREADS INPUTS\n");
        return HOST_EXIT_USAGE;
    }
    config.batch = (uint32_t)strtoul(argv[2], NULL, 10);
    config.threads = (uint32_t)strtoul(argv[3], NULL, 10);
    if (!host_model_load(&m, argv[1], &f)) {
        return host_failure_report("turn", &f);
    }
    loaded = bench_now(CLOCK_MONOTONIC);
    if (!host_engine_open(&e, &m, &config, &f)) {
        return host_failure_report("turn", &f);
    }
    printf("{\"version\": \"cedm %s, %s\", \"load\": %.6f, "
           "\"prepare\": %.6f}\n",
           CEDM_VERSION, e.backend->name, loaded - start,
           bench_now(CLOCK_MONOTONIC) - loaded);
    fflush(stdout);
    in = read_inputs(m.code, config.batch, argv[4]);
    serve(&e, &in);
    return HOST_EXIT_DONE;
}
