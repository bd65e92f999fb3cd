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

#include "bench.h"
#include "engine.h"

typedef struct inputs {
    cedm_real *x, *out, *sigma; /* x, out: [n][H][W][C] */
    float *planes;              /* [n][C][H][W] */
    int32_t *cluster;
    uint32_t n, channels, area;
} inputs;

static void stop(const char *what, const char *where)
{
    fprintf(stderr, "turn: %s: %s\n", where, what);
    exit(EXIT_FAILED);
}

static void *array(size_t count, size_t size)
{
    void *memory = calloc(count, size);

    if (memory == NULL) {
        stop("out of memory", "inputs");
    }
    return memory;
}

static float *read_floats(const char *folder, const char *name, size_t count)
{
    float *values = array(count, sizeof *values);
    char path[4096];
    FILE *file;

    (void)snprintf(path, sizeof path, "%s/%s.f32", folder, name);
    file = fopen(path, "rb");
    if (file == NULL || fread(values, sizeof *values, count, file) != count) {
        stop("cannot be read, or is too short", path);
    }
    fclose(file);
    return values;
}

/* Index of value c of pixel i in image k of [n][C][H][W]. */
static size_t plane(const inputs *in, uint32_t k, uint32_t i, uint32_t c)
{
    return ((size_t)k * in->channels + c) * in->area + i;
}

static size_t pixel(const inputs *in, uint32_t k, uint32_t i, uint32_t c)
{
    return ((size_t)k * in->area + i) * in->channels + c;
}

static void transpose(inputs *in, bool to_planes)
{
    for (uint32_t k = 0; k < in->n; k++) {
        for (uint32_t i = 0; i < in->area; i++) {
            for (uint32_t c = 0; c < in->channels; c++) {
                size_t a = plane(in, k, i, c), b = pixel(in, k, i, c);

                if (to_planes) {
                    in->planes[a] = (float)in->out[b];
                } else {
                    in->x[b] = (cedm_real)in->planes[a];
                }
            }
        }
    }
}

static inputs read_inputs(const cedm_model *code, uint32_t n,
                          const char *folder)
{
    uint32_t area = code->resolution * code->resolution;
    size_t size = (size_t)n * area * code->channels;
    inputs in = {.n = n, .channels = code->channels, .area = area};
    float *sigma = read_floats(folder, "sigma", n);
    float *labels =
        read_floats(folder, "labels", (size_t)n * code->label_dim);

    in.x = array(size, sizeof *in.x);
    in.out = array(size, sizeof *in.out);
    in.sigma = array(n, sizeof *in.sigma);
    in.cluster = array(n, sizeof *in.cluster);
    in.planes = read_floats(folder, "x", size);
    transpose(&in, false);
    for (uint32_t k = 0; k < n; k++) {
        in.sigma[k] = (cedm_real)sigma[k];
        in.cluster[k] = -1;
        for (uint32_t c = 0; c < code->label_dim; c++) {
            if (labels[(size_t)k * code->label_dim + c] > 0.5f) {
                in.cluster[k] = (int32_t)c;
            }
        }
    }
    free(sigma);
    free(labels);
    return in;
}

static void evaluate(engine *e, const inputs *in)
{
    cedm_status status = cedm_denoise(&e->net, in->x, in->sigma, in->cluster,
                                      in->n, in->out);

    if (status != CEDM_OK) {
        stop(cedm_status_text(status), e->model->label);
    }
}

static void check(engine *e, inputs *in, const char *path)
{
    size_t size = (size_t)in->n * in->area * in->channels;
    FILE *file = fopen(path, "wb");

    evaluate(e, in);
    transpose(in, true);
    if (file == NULL ||
        fwrite(in->planes, sizeof *in->planes, size, file) != size ||
        fclose(file) != 0) {
        stop("cannot be written", path);
    }
    printf("{\"done\": true}\n");
}

static void measure(engine *e, const inputs *in, unsigned count)
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

static void serve(engine *e, inputs *in)
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
    engine_config config = {0};
    failure f = FAILURE_UNSAID;
    model m = {0};
    static engine e;
    inputs in;
    double start = bench_now(CLOCK_MONOTONIC), loaded;

    if (argc != 5) {
        fprintf(stderr, "turn: wanted M.so BATCH THREADS INPUTS\n");
        return EXIT_USAGE;
    }
    config.batch = (uint32_t)strtoul(argv[2], NULL, 10);
    config.threads = (uint32_t)strtoul(argv[3], NULL, 10);
    if (!model_load(&m, argv[1], &f)) {
        return failure_report("turn", &f);
    }
    loaded = bench_now(CLOCK_MONOTONIC);
    if (!engine_open(&e, &m, &config, &f)) {
        return failure_report("turn", &f);
    }
    printf("{\"version\": \"cedm %s, %s\", \"load\": %.6f, "
           "\"prepare\": %.6f}\n", CEDM_VERSION, e.backend->name,
           loaded - start, bench_now(CLOCK_MONOTONIC) - loaded);
    fflush(stdout);
    in = read_inputs(m.code, config.batch, argv[4]);
    serve(&e, &in);
    return EXIT_DONE;
}
