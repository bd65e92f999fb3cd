/* SPDX-License-Identifier: MIT
 *
 * turn.c - evaluations of a network on request, so that they can take turns
 * with those of another program (bench/peers).
 *
 *     build/bench/turn M.so BATCH THREADS INPUTS
 *
 * INPUTS is a folder with what inputs.h reads, for BATCH images or more; of a
 * network that encodes images.u8 [n][H][W][C].  Commands and answers are those
 * of bench/peers/peer.py.  The first answer has the seconds that opening took:
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

/* A network with its inputs: those of one that denoises, or images. */
typedef struct turn {
    host_engine e;
    inputs in;
    uint8_t *images;
    float *features; /* [batch][features] */
    size_t count;    /* of all features */
} turn;

static void read_images(turn *t, const char *folder)
{
    const cedm_encoder *c = t->e.model->code->encoder;
    size_t size = (size_t)t->e.batch * c->height * c->width * c->channels;
    char path[4096];

    t->count = (size_t)t->e.batch * c->features;
    t->features = inputs_array(t->count, sizeof *t->features);
    t->images = inputs_array(size, 1);
    (void)snprintf(path, sizeof path, "%s/images.u8", folder);
    FILE *file = fopen(path, "rb");
    if (file == NULL || fread(t->images, 1, size, file) != size) {
        stop("cannot be read, or is too short", path);
    }
    fclose(file);
}

static void evaluate(turn *t)
{
    const inputs *in = &t->in;
    cedm_net *net = &t->e.net;
    cedm_status status =
        t->images != NULL
            ? cedm_encode(net, t->images, t->e.batch, t->features)
            : cedm_denoise(net, in->x, in->sigma, in->cluster, in->n,
                           in->out);

    if (status != CEDM_OK) {
        stop(cedm_status_text(status), t->e.model->label);
    }
}

static void write_features(const turn *t, const char *path)
{
    FILE *file = fopen(path, "wb");

    if (file == NULL ||
        fwrite(t->features, sizeof *t->features, t->count, file) !=
            t->count ||
        fclose(file) != 0) {
        stop("cannot be written", path);
    }
}

static void check(turn *t, const char *path)
{
    evaluate(t);
    if (t->images != NULL) {
        write_features(t, path);
    } else {
        write_planes(&t->in, path);
    }
    printf("{\"done\": true}\n");
}

static void measure(turn *t, unsigned count)
{
    printf("{\"seconds\": [");
    for (unsigned i = 0; i < count; i++) {
        double start = bench_now(CLOCK_MONOTONIC);

        evaluate(t);
        printf("%s%.9f", i > 0 ? ", " : "",
               bench_now(CLOCK_MONOTONIC) - start);
    }
    printf("]}\n");
}

static void serve(turn *t)
{
    char line[4096], word[8], last[4000];
    uint32_t batch;

    evaluate(t); /* the first one touches the arena's pages */
    while (fgets(line, sizeof line, stdin) != NULL) {
        if (sscanf(line, "%7s %u %3999s", word, &batch, last) != 3 ||
            batch != t->e.batch) {
            stop("wanted check or time, the batch, and a file or count",
                 line);
        }
        if (strcmp(word, "check") == 0) {
            check(t, last);
        } else {
            measure(t, (unsigned)strtoul(last, NULL, 10));
        }
        fflush(stdout);
    }
}

int main(int argc, char **argv)
{
    host_engine_config config = {0};
    host_failure f = HOST_FAILURE_UNSAID;
    host_model m = {0};
    static turn t;
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
    if (!host_engine_open(&t.e, &m, &config, &f)) {
        return host_failure_report("turn", &f);
    }
    printf("{\"version\": \"cedm %s, %s\", \"load\": %.6f, "
           "\"prepare\": %.6f}\n",
           CEDM_VERSION, t.e.backend->name, loaded - start,
           bench_now(CLOCK_MONOTONIC) - loaded);
    fflush(stdout);
    if (m.code->encoder != NULL) {
        read_images(&t, argv[4]);
    } else {
        t.in = read_inputs(m.code, config.batch, argv[4]);
    }
    serve(&t);
    return HOST_EXIT_DONE;
}
